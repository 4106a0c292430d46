"""Changes to a draft are exact, and refuse what could not be kept."""

from __future__ import annotations

import dataclasses

import pytest

from cai_ui.constitution import validate
from cai_ui.errors import ConstitutionError, InputError
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
    new, refused = drafts.edited(ONE, FIELDS)
    assert refused == ()
    assert (new.id, new.name, new.tags, new.enabled, new.weight) == ("one", "Name", ("a", "b"), False, 2.0)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("critique_request", "nul \x00", "control character"),
        ("revision_request", "half \ud800", "surrogate"),
        ("revision_request", "x" * 5_000_000, "5,000,000 characters"),
        ("weight", float("nan"), "Weight"),
        ("weight", "2", "Weight"),
        ("weight", None, "Weight"),
    ],
)
def test_a_field_that_cannot_be_kept_is_named_and_the_others_are_kept(field: str, value: object, words: str) -> None:
    new, refused = drafts.edited(ONE, {**FIELDS, field: value})
    assert len(refused) == 1 and words in refused[0]
    whole = drafts.edited(ONE, FIELDS)[0]
    assert new == dataclasses.replace(whole, **{field: getattr(ONE, field)})


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "x" * 121), ("critique_request", "x" * 2_550), ("tags", ",".join(map(str, range(30)))), ("weight", -1)],
)
def test_a_draft_holds_what_a_version_may_not_which_stops_the_saving(field: str, value: object) -> None:
    new, refused = drafts.edited(ONE, {**FIELDS, field: value})
    assert refused == () and new != drafts.edited(ONE, FIELDS)[0]
    with pytest.raises(ConstitutionError):
        validate(drafts.with_principle(BOTH, new))


def test_what_two_windows_changed_is_merged_field_by_field() -> None:
    mine = dataclasses.replace(ONE, critique_request="Mine?", tags=("mine",))
    now = dataclasses.replace(ONE, critique_request="Theirs?", revision_request="Theirs.")
    new, both = drafts.merged(ONE, mine, now)
    assert (new.critique_request, new.revision_request, new.tags) == ("Mine?", "Theirs.", ("mine",))
    assert both == ("critique_request",)
    assert drafts.merged(ONE, mine, mine) == (mine, ()), "both typed the same"


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
    changed, _ = drafts.removed(drafts.with_principle(BOTH, drafts.edited(ONE, FIELDS)[0]), "two")
    assert drafts.what_changed(BOTH, changed) == "removed Two; changed Name"
    assert drafts.what_changed(BOTH, BOTH) == ""
    turned = Constitution("c", "C", "", (TWO, ONE))
    assert drafts.what_changed(BOTH, turned) == "changed the order"
