"""The two sides share no prompt, whatever the prompts are."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from cai_ui.curate.split import eval_keys, prompt_key
from cai_ui.records import Message


def key(*texts: str) -> str:
    return prompt_key([Message("user" if i % 2 == 0 else "assistant", text) for i, text in enumerate(texts)])


def test_duplicates_that_differ_in_signs_case_and_form_have_one_key() -> None:
    assert key("How do I  pick a LOCK?") == key("how do i pick a lock") == key("“How do I pick — a lock…”\n")
    assert key("cafe\u0301") == key("CAF\u00c9") and key("ﬁne") == key("fine")
    assert key("one question", "an answer", "more") == key("One question!")
    assert key("one question") != key("another question")
    assert prompt_key([Message("system", "s"), Message("user", "One")]) == key("one")


def test_prompts_without_words_are_told_apart() -> None:
    assert len({key("???"), key("!!!"), key("👍"), key("👎"), key("你好"), key("再见")}) == 6


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from("abcdefghij") | st.text(max_size=3), max_size=60),
    st.floats(0, 0.5),
    st.integers(0, 2**31 - 1),
)
def test_the_held_out_share_is_never_exceeded_and_nearly_reached(keys: list[str], share: float, seed: int) -> None:
    held_out = eval_keys(keys, share, seed)
    sizes = Counter(keys)
    held = sum(sizes[k] for k in held_out)
    assert held_out <= set(keys)
    assert held <= share * len(keys)
    assert held_out == eval_keys(reversed(keys), share, seed)
    room = int(share * len(keys)) - held
    assert all(sizes[k] > room for k in sizes.keys() - held_out)


def test_the_seed_decides() -> None:
    keys = [str(i) for i in range(100)]
    assert len({frozenset(eval_keys(keys, 0.2, seed)) for seed in range(5)}) == 5
    assert (
        len(eval_keys(keys, 0.2, 0)) == 20 and eval_keys(keys, 0.0, 0) == set() and eval_keys(["one"], 0.5, 0) == set()
    )
