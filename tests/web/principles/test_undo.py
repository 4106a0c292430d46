"""What was done to the list, taken back."""

from __future__ import annotations

import pytest

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.web.principles import editor

from .editing import ME, fields


def test_what_was_done_to_the_list_can_be_taken_back_step_by_step(services: Services) -> None:
    view = editor.open_current(services, ME)
    first = view.chosen
    gone = editor.delete_principle(services, ME, view.base, first)
    moved = editor.move_principle(services, ME, view.base, gone.draft.principles[0].id, 2)
    assert [p.id for p in moved.draft.principles] != [p.id for p in gone.draft.principles]
    assert editor.undo_change(services, ME, view.base, "").draft == gone.draft
    assert editor.undo_change(services, ME, view.base, "").draft == view.draft
    with pytest.raises(InputError, match="nothing to undo"):
        editor.undo_change(services, ME, view.base, "")


def test_undo_keeps_what_was_typed_after_the_change_it_takes_back(services: Services) -> None:
    view = editor.open_current(services, ME)
    first, second = view.draft.principles[:2]
    gone = editor.delete_principle(services, ME, view.base, first.id)
    editor.edit_principle(services, ME, view.base, second.id, fields(gone, name="Typed since"))
    added = editor.add_principle(services, ME, view.base, second.id)
    editor.undo_change(services, ME, view.base, added.chosen)
    back = editor.undo_change(services, ME, view.base, second.id).draft
    assert [p.id for p in back.principles] == [p.id for p in view.draft.principles]
    assert back.principles[0] == first
    assert back.principles[1].name == "Typed since"


def test_a_copy_that_was_changed_since_stays_in_its_place(services: Services) -> None:
    view = editor.open_current(services, ME)
    copy = editor.duplicate_principle(services, ME, view.base, view.chosen)
    edited = editor.edit_principle(services, ME, view.base, copy.chosen, fields(copy, name="Mine now"))
    assert editor.undo_change(services, ME, view.base, copy.chosen).draft == edited.draft


def test_a_discarded_draft_comes_back_by_undo(services: Services) -> None:
    view = editor.open_current(services, ME)
    edited = editor.edit_principle(services, ME, view.base, view.chosen, fields(view, name="Mine"))
    editor.discard_draft(services, ME, view.base)
    assert editor.undo_change(services, ME, view.base, "").draft == edited.draft
