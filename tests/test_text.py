"""What text may be, and word diffs. Run: python -m pytest tests/test_text.py"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cai_ui.errors import InputError
from cai_ui.text import change_share, clean_name, clean_text, word_diff


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("", "is empty"),
        (" \n\t ", "is empty"),
        ("a\x00b", "control character"),
        ("a\x1bb", "control character"),
        ("a\ud800b", "surrogate"),
        ("x" * 101, "101 characters; at most 100"),
        (None, "is not text"),
        (5, "is not text"),
    ],
)
def test_inadmissible_text_is_refused_with_its_name_and_reason(bad: object, reason: str) -> None:
    with pytest.raises(InputError, match=f"The prompt.*{reason}"):
        clean_text(bad, "The prompt", limit=100)


@pytest.mark.parametrize("good", ["a\tb\nc", "שלום ‮ x", "👩‍👩‍👧", "<img src=x onerror=alert(1)>", "e\u0301", "[INST]"])
def test_admissible_text_is_kept_as_typed(good: str) -> None:
    assert clean_text(good, "The prompt", limit=100) == good


def test_line_ends_become_newlines() -> None:
    assert clean_text("a\r\nb\rc", "It", limit=9) == "a\nb\nc"


def test_empty_text_is_allowed_where_nothing_is_required() -> None:
    assert clean_text("", "A note", limit=9, required=False) == ""


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_word_diff_holds_both_texts(before: str, after: str) -> None:
    pieces = word_diff(before, after)
    assert "".join(t for kind, t in pieces if kind != "added") == before
    assert "".join(t for kind, t in pieces if kind != "removed") == after


@pytest.mark.parametrize("before", ["word " * 20_000, "One thing. And another! " * 4_000, "a, b; " * 8_000])
def test_long_and_repeating_texts_are_compared_in_bounded_work(before: str) -> None:
    """Compared word by word each of these would take minutes."""
    after = before[:20_000] + "Something else. " + before[20_000:-9]
    pieces = word_diff(before, after)
    assert "".join(t for kind, t in pieces if kind != "added") == before
    assert "".join(t for kind, t in pieces if kind != "removed") == after
    assert 0 < change_share(before, after) < 0.1


def test_change_share_is_zero_for_equal_and_one_for_unlike_texts() -> None:
    assert change_share("a b c", "a b c") == 0
    assert change_share("", "") == 0
    assert change_share("a b", "c d") == 1
    assert change_share("a b c d", "a b x y") == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("a\nb", "a b"), (" a \r\n\t b\n", "a b"), ("a\u2028b\x9bc", "a b c"), ("two  blanks", "two  blanks"), ("ä", "ä")],
)
def test_a_name_is_one_line(typed: str, kept: str) -> None:
    assert clean_name(typed, "The name") == kept


@pytest.mark.parametrize("bad", ["\n", "\x9b", "a\x1b[2Jb", "x" * 121, None])
def test_what_is_no_name_is_refused(bad: object) -> None:
    with pytest.raises(InputError, match="The name"):
        clean_name(bad, "The name")
