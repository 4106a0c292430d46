"""Any text is found by its own words, and no text to look for can do harm."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cai_ui.errors import InputError
from cai_ui.records import Evaluation, Message, make_example
from cai_ui.store import QueueFilter, Store, open_store
from cai_ui.store.selection import FITS_LIMIT
from cai_ui.store.words import phrase_of

KEPT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=60)
WORD = st.text("aétz9ßçØжشי東กのฮ😀\u0301क्", min_size=1, max_size=12)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("words")) as opened:
        yield opened


@given(
    before=KEPT, words=st.lists(WORD, min_size=1, max_size=4), after=KEPT, mark=st.sampled_from([" ", "-", ", ", "\n"])
)
def test_a_text_is_found_by_what_stands_in_it(one: Store, before: str, words: list[str], after: str, mark: str) -> None:
    example = make_example((Message("user", f"{before} {mark.join(words)} {after}"),), None, "answer")
    one.add_examples([example])
    sought = " ".join(words)
    if phrase_of(sought).words:
        found = QueueFilter(search=sought.upper() if sought.upper().lower() == sought else sought)
        assert one.place_in_queue(example.id, found) is not None


@given(search=st.text(max_size=210))
def test_whatever_is_sought_there_is_an_answer_or_a_sentence(one: Store, search: str) -> None:
    try:
        number = one.counts(QueueFilter(search=search)).total
    except InputError:
        return
    assert 0 <= number <= one.counts().total


def test_every_beginning_of_a_phrase_is_found_where_a_plain_look_finds_it(store: Store) -> None:
    chance = random.Random(5)
    few, many = [f"lantern{end}" for end in ("", "s", "0", "ish")], [f"lamppost{chr(97 + n)}" for n in range(26)]
    texts = [" ".join(chance.choices([*few, *many, "blue"], k=6)) for _ in range(120)]
    examples = [make_example((Message("user", text),), None, "answer") for text in dict.fromkeys(texts)]
    store.add_examples(examples)
    for before in ("", "blue "):
        for word in ("lanternish", "lamppostq", "lanternz", "lz"):
            for length in range(2, len(word) + 1):
                sought = f" {before}{word[:length]}"
                right = [e.id for e in examples if sought in f" {e.conversation[0].content}"]
                assert [item.example.id for item in store.queue(QueueFilter(search=sought), 200)] == right, sought


def test_rare_and_frequent_phrases_are_found_beyond_the_first_texts(store: Store) -> None:
    words = [
        "often" if n % 10 == 3 else "seldom so" if n in (10, 1_300, 1_350) else "seldom else" for n in range(1_400)
    ]
    examples = [make_example((Message("user", f"{word} {n}"),), None, "answer") for n, word in enumerate(words)]
    store.add_examples(examples)
    for sought, length in (("often", 140), ("seldom so", 3), ("seldom", FITS_LIMIT), ("nowhere", 0)):
        right = [e.id for e in examples if sought in e.conversation[0].content][:FITS_LIMIT]
        assert len(right) == length
        assert [item.example.id for item in store.queue(QueueFilter(search=sought), 1_000)] == right, sought


def test_texts_without_a_word_are_kept_and_the_others_found(store: Store) -> None:
    """On PostgreSQL nothing of them could be saved."""
    said = (("?", "Never"), ("", "…"), ("Where to?", "!"), ("?", "?"))
    rows = [{"prompt_id": str(n), "prompt": prompt, "answer": answer, "variant": "base", "kind": "harmful"}
            for n, (prompt, answer) in enumerate(said)]  # fmt: skip
    kept = store.save_evaluation(Evaluation("e", (), tuple(rows), {}, "rules"))
    assert list(store.answers_with("e", phrase_of("never"))) == [0]
    assert list(store.answers_with("e", phrase_of("to"))) == [2]
    store.save_evaluation(kept)  # forgets the words and keeps them again
    assert list(store.answers_with("e", phrase_of("never"))) == [0]
    marks = [make_example((Message("user", text),), "!", revised) for text, revised in (("?", "…"), ("!", "yes"))]
    store.add_examples(marks)
    assert [item.example.id for item in store.queue(QueueFilter(search="yes"), 9)] == [marks[1].id]
