"""Changes to a draft are exact, and refuse what could not be kept."""

from __future__ import annotations

import pytest

from cai_ui.errors import InputError
from cai_ui.records import Constitution, Principle
from cai_ui.web.principles import drafts

ONE = Principle("one", "One", "What is wrong?", "Rewrite.")
TWO = Principle("two", "Two", "And now?", "Again.")
BOTH = Constitution("c", "C", "", (ONE, TWO))
FIELDS = {
    "name": "Name", "kind": "critique", "critique_request": "Ask", "revision_request": "Rewrite", "tags": "a, b,, a",
    "enabled": False, "weight": 2, "source": "",
}  # fmt: skip


def test_fields_become_a_principle() -> None:
    new = drafts.edited(ONE, **FIELDS)
    assert (new.id, new.name, new.tags, new.enabled, new.weight) == ("one", "Name", ("a", "b"), False, 2.0)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "x" * 121, "Name has 121 characters"),
        ("critique_request", "nul \x00", "control character"),
        ("revision_request", "half \ud800", "surrogate"),
        ("revision_request", "x" * 5_000_000, "5,000,000 characters"),
        ("tags", ",".join(map(str, range(30))), "30 tags"),
        ("weight", float("nan"), "Weight"),
        ("weight", -1, "Weight"),
        ("weight", "2", "Weight"),
        ("weight", None, "Weight"),
    ],
)
def test_a_field_that_cannot_be_kept_is_named(field: str, value: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        drafts.edited(ONE, **{**FIELDS, field: value})


def test_new_and_copied_principles_get_free_ids() -> None:
    with_new, new = drafts.added(BOTH)
    with_copy, copy = drafts.duplicated(with_new, "one")
    again, second = drafts.duplicated(with_copy, "one")
    ids = [p.id for p in again.principles]
    assert len(set(ids)) == len(ids) == 5
    assert [p.id for p in with_copy.principles] == ["one", copy, "two", new]
    assert copy != second


def test_deleting_chooses_a_neighbour_and_the_last_one_leaves_nothing() -> None:
    rest, chosen = drafts.removed(BOTH, "two")
    assert chosen == "one"
    empty, chosen = drafts.removed(rest, "one")
    assert (empty.principles, chosen) == ((), "")
    with pytest.raises(InputError, match="No principle is chosen"):
        drafts.removed(empty, "one")


def test_changes_are_named() -> None:
    changed, _ = drafts.removed(drafts.with_principle(BOTH, drafts.edited(ONE, **FIELDS)), "two")
    assert drafts.what_changed(BOTH, changed) == "removed Two; changed Name"
    assert drafts.what_changed(BOTH, BOTH) == ""
    turned = Constitution("c", "C", "", (TWO, ONE))
    assert drafts.what_changed(BOTH, turned) == "changed the order"
