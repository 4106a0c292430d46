"""Examples and the queue: adding, filtering, searching, paging."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from cai_ui.errors import InputError, NotFoundError
from cai_ui.records import Decision, Example, Message, make_example
from cai_ui.store import QueueCounts, QueueFilter, Store
from cai_ui.store.selection import FITS_LIMIT

Make = Callable[..., list[Example]]


def test_adding_twice_adds_once(store: Store, examples: Make) -> None:
    some = examples(1100)
    assert store.add_examples([*some, some[0]]) == 1100
    assert store.add_examples(some[:10]) == 0
    assert store.add_examples([]) == 0
    assert [item.example for item in store.queue(limit=2000)] == some


def test_one_bad_text_and_none_is_added(store: Store, examples: Make) -> None:
    *good, last = examples(4)
    for bad in ("a\x00b", "\ud800", "x" * 50_001):
        with pytest.raises(InputError):
            store.add_examples([*good, dataclasses.replace(last, revision=bad)])
    assert store.counts() == QueueCounts()


def test_pages_cover_the_queue_without_gap_or_overlap(store: Store, examples: Make) -> None:
    some = examples(25)
    store.add_examples(some)
    pages = [store.queue(QueueFilter(), limit=7, offset=o) for o in range(0, 28, 7)]
    assert [item.example for page in pages for item in page] == some
    assert store.queue(offset=100) == []


def test_counts_and_filters_agree(store: Store, examples: Make) -> None:
    store.add_examples(examples(6, source="one") + examples(4, source="two"))
    ids = [item.example.id for item in store.queue(limit=10)]
    for n, verdict in enumerate(["accept", "edit", "reject", "flip", "skip"]):
        store.decide(Decision(f"e{n}", ids[n], verdict, "Ana", text="x"), 0)  # type: ignore[arg-type]
    counts = store.counts()
    assert counts == QueueCounts(open=5, accepted=1, edited=1, rejected=1, flipped=1, skipped=1, total=10, fits=10)
    assert counts.done == 5
    for status, number in [("open", 5), ("done", 5), ("all", 10), ("accept", 1), ("edit", 1), ("skip", 1)]:
        assert len(store.queue(QueueFilter(status), limit=50)) == number  # type: ignore[arg-type]
    assert store.counts(QueueFilter(source="two")).total == 4
    assert store.counts(QueueFilter(kind="harmful")).total == len(store.queue(QueueFilter(kind="harmful"), 50)) == 5
    assert store.sources() == ["one", "two"]
    with pytest.raises(InputError):
        store.queue(QueueFilter("nonsense"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("search", "found"),
    [("straße", 1), ("STRASSE", 1), ("100%", 1), ("100", 2), ("a_b", 1), ("axb", 0), ("été", 1), ("ÉTÉ", 1),
     ("e\u0301te\u0301", 1), ("ete", 0), ("answer", 2), ("ans", 2), ("nswer", 0), ("first answer", 1),
     ("first ans", 1),     ("answer first", 0), ("b first", 0), ("  ", 3), ("criticised", 1), ("nowhere", 0), ("\\", 0),
     ("\N{PILE OF POO}", 1),
     ("東京", 1), ("京東", 0), ("हिन्दी", 1), ("हि", 1), ("a" * 100, 0), ("b" * 150, 1), ("and azb", 1)],
)  # fmt: skip
def test_search_finds_words_and_their_beginnings_in_any_case(store: Store, search: str, found: int) -> None:
    store.add_examples(
        [
            make_example((Message("user", "Die Straße im Été, \N{PILE OF POO}\N{PILE OF POO}"),), None, "100% answer"),
            make_example((Message("user", "a_b"),), "first answer", "then \\ revised", critique="well criticised"),
            make_example((Message("user", "1000 and azb"),), None, f"私は東京に住む हिन्दी में {'b' * 170}"),
        ]
    )
    assert len(store.queue(QueueFilter(search=search))) == found
    assert store.counts(QueueFilter(search=search)).total == found


@pytest.mark.parametrize(
    "search",
    ["' or 1=1 --", '"', '"" *', "*", "a AND b", "NEAR(a b)", "NOT a", "words: a", "a OR b", "^a", "a -b", "(", "a & b",
     "a | !b", "a:*", "<->", "'a':1", "\\'", "{a b}: c", "%", "_", "¶", "answer ¶ then", "answer then"],
)  # fmt: skip
def test_what_means_something_to_a_database_is_only_words(store: Store, search: str) -> None:
    store.add_examples([make_example((Message("user", "x and or not near y"),), "answer", "then")])
    assert store.queue(QueueFilter(search=search)) == []


def test_a_search_beyond_what_is_shown_says_so_and_goes_on_behind_what_was_judged(store: Store) -> None:
    some = [make_example((Message("user", f"alike {n}"),), None, "answer") for n in range(FITS_LIMIT + 3)]
    store.add_examples(some)
    alike = QueueFilter("open", search="alike")
    counts = store.counts(alike)
    assert counts.more and counts.fits == counts.open == FITS_LIMIT
    assert store.open_number(alike) == len(store.open_ids(alike)) == FITS_LIMIT + 3
    assert len(store.queue(dataclasses.replace(alike, order="random"), limit=2_000)) == FITS_LIMIT + 3
    store.decide_many([example.id for example in some[:FITS_LIMIT]], "skip", "Ana")
    assert [item.example for item in store.queue(alike)] == some[FITS_LIMIT:]
    assert store.counts(QueueFilter("skip", search="alike")).fits == FITS_LIMIT


@pytest.mark.parametrize("search", ["x" * 201, "a\x00b", "\ud800"])
def test_a_search_that_cannot_be_made_is_refused(store: Store, search: str) -> None:
    with pytest.raises(InputError):
        store.queue(QueueFilter(search=search))


def test_next_open_goes_on_behind_the_last_and_starts_over_at_the_end(store: Store, examples: Make) -> None:
    a, b, c = examples(3)
    store.add_examples([a, b, c])
    store.decide(Decision("e1", b.id, "accept", "Ana"), 0)
    store.save_text_draft(c.id, "Ana", "d")

    def after(id: str | None) -> str | None:
        item = store.next_open(id, "Ana", QueueFilter("done"))
        return item and item.example.id

    assert (after(None), after(a.id), after(b.id), after(c.id), after("unknown")) == (a.id, c.id, c.id, a.id, a.id)
    item = store.next_open(a.id, "Ana", QueueFilter())
    assert item is not None and item.draft == "d"
    store.decide_many([a.id, c.id], "skip", "Ana")
    assert store.next_open(None, "Ana", QueueFilter()) is None


def test_an_unknown_example_is_named(store: Store) -> None:
    with pytest.raises(NotFoundError, match="nope"):
        store.example("nope")
    with pytest.raises(NotFoundError, match="nope"):
        store.item("nope")


def test_an_example_reads_back_as_it_was(store: Store) -> None:
    odd = "e\u0301 é \u202eabc\u200b " + "z\u0336" * 50 + " 👩‍👩‍👧 \n\ttab"
    example = make_example(
        (Message("system", odd), Message("user", odd)), odd, odd + "!", critique=odd, principle_ids=("a", "b"),
        constitution_hash="h", trace_id="t", source=odd,
    )  # fmt: skip
    store.add_examples([example])
    assert store.example(example.id) == example
    assert store.queue()[0].example == example
    assert dataclasses.asdict(store.queue()[0].example) == dataclasses.asdict(example)


def test_by_a_models_score_and_by_what_a_step_did(store: Store, examples: Make) -> None:
    some = examples(4)
    store.add_examples(some)
    ids = [example.id for example in some]
    shares = {ids[0]: 0.1, ids[1]: 0.5, ids[2]: 0.9}
    store.save_judgements("judge", {id: {"preference": share} for id, share in shares.items()})

    def found(**filter: Any) -> list[str]:
        fits = QueueFilter(**filter)
        page = [item.example.id for item in store.queue(fits)]
        assert store.counts(fits).total == len(page)
        return page

    assert found(score=(50, None)) == ids[1:3] and found(score=(None, 49)) == ids[:1]
    assert found(score=(0, 100)) == ids[:3], "what was not judged does not fit"
    assert found(order="uncertain")[0] == ids[1]
    store.set_step_labels(ids[0], ["finding", "ignored", "ignored"])
    store.set_step_labels(ids[1], ["finding"])
    store.set_step_labels("unknown", ["finding"])
    assert found(step="finding") == ids[:2] and found(step="ignored") == ids[:1]
    store.set_step_labels(ids[0], ["kept"])
    assert store.marked_values("step") == [("finding", 1), ("kept", 1)]
    store.rebuild()
    assert found(step="kept") == ids[:1] and store.check() == []
