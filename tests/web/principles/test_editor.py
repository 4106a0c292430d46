"""The editor: a draft that nothing loses, versions with hashes, and what is refused."""

from __future__ import annotations

import pytest

from cai_ui.constitution import PRINCIPLES_LIMIT
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.web.principles import editor
from cai_ui.web.session import Session

from .editing import ME, fields


def test_the_first_start_shows_a_constitution_in_use(services: Services) -> None:
    view = editor.open_current(services, ME)
    assert view.draft == view.saved
    assert view.principle is not None
    assert view.base == constitutions.current_constitution(services).hash
    assert view.base in [value for _, value in editor.version_choices(services)]


def test_one_principle_too_many_is_refused_when_it_is_added(services: Services) -> None:
    view = editor.open_current(services, ME)
    for _ in range(PRINCIPLES_LIMIT - len(view.draft.principles)):
        view = editor.add_principle(services, ME, view.base, view.chosen)
    for more in (editor.add_principle, editor.duplicate_principle):
        with pytest.raises(InputError, match="at most 200"):
            more(services, ME, view.base, view.chosen)
    assert editor.open_current(services, ME).draft == view.draft
    fewer = editor.delete_principle(services, ME, view.base, view.chosen)
    assert len(editor.add_principle(services, ME, view.base, fewer.chosen).draft.principles) == PRINCIPLES_LIMIT


def test_sending_the_fields_back_unchanged_changes_nothing(services: Services) -> None:
    view = editor.open_current(services, ME)
    again = editor.edit_principle(services, ME, view.base, view.chosen, fields(view))
    assert again.draft == view.saved


def test_an_unsaved_edit_is_there_after_a_reload_for_its_author_only(services: Services) -> None:
    view = editor.open_current(services, ME)
    editor.edit_principle(services, ME, view.base, view.chosen, fields(view, name="Reworded"))
    reloaded = editor.open_current(services, Session("me", "another page"))
    assert reloaded.principle is not None
    assert reloaded.principle.name == "Reworded"
    assert reloaded.saved == view.saved
    assert editor.open_current(services, Session("somebody else")).draft == view.saved


def test_edits_of_two_open_pages_do_not_undo_each_other(services: Services) -> None:
    view = editor.open_current(services, ME)
    first, second = view.draft.principles[0].id, view.draft.principles[1].id
    other = editor.open_principle(services, ME, view.base, second)
    editor.edit_principle(services, ME, view.base, first, fields(view, name="First"))
    both = editor.edit_principle(services, ME, view.base, second, fields(other, name="Second"))
    assert [p.name for p in both.draft.principles[:2]] == ["First", "Second"]


def test_saving_makes_a_version_that_is_in_use_and_leaves_no_draft(services: Services) -> None:
    view = editor.open_current(services, ME)
    editor.edit_principle(services, ME, view.base, view.chosen, fields(view, enabled=False, weight=2))
    saved = editor.save_version(services, ME, view.base, view.chosen, "switched one off")
    assert saved.base != view.base
    assert saved.draft == saved.saved
    version = constitutions.current_constitution(services)
    assert (version.hash, version.note, version.parent, version.author) == (
        saved.base,
        "switched one off",
        view.base,
        "me",
    )
    assert not version.constitution.principle(view.chosen).enabled
    assert services.store.version(view.base).constitution == view.saved


def test_discarding_brings_the_saved_version_back(services: Services) -> None:
    view = editor.open_current(services, ME)
    editor.delete_principle(services, ME, view.base, view.chosen)
    assert editor.open_current(services, ME).draft != view.saved
    assert editor.discard_draft(services, ME, view.base).draft == view.saved
    assert editor.open_current(services, ME).draft == view.saved


def test_a_draft_stays_in_sight_when_another_version_of_it_is_chosen(services: Services) -> None:
    view = editor.open_current(services, ME)
    editor.edit_principle(services, ME, view.base, view.chosen, fields(view, name="v2"))
    newer = editor.save_version(services, ME, view.base, view.chosen, "v2")
    editor.edit_principle(services, ME, newer.base, view.chosen, fields(newer, name="not saved"))
    shown = editor.open_version(services, ME, view.base)
    assert shown.base == newer.base
    assert shown.principle is not None
    assert shown.principle.name == "not saved"


def test_added_and_copied_principles_are_opened(services: Services) -> None:
    view = editor.open_current(services, ME)
    added = editor.add_principle(services, ME, view.base, view.chosen)
    assert added.draft.principles[-1].id == added.chosen
    copied = editor.duplicate_principle(services, ME, view.base, added.chosen)
    assert len(copied.draft.principles) == len(view.draft.principles) + 2
    assert copied.chosen != added.chosen


@pytest.mark.parametrize("bad", ["\x00", "\ud800", "x" * 5_000_000])
@pytest.mark.parametrize("field", ["name", "critique_request", "revision_request", "tags"])
def test_text_that_cannot_be_kept_is_refused_and_the_draft_stays(services: Services, field: str, bad: str) -> None:
    view = editor.open_current(services, ME)
    editor.edit_principle(services, ME, view.base, view.chosen, fields(view, name="kept"))
    now = editor.open_current(services, ME)
    edited = editor.edit_principle(services, ME, view.base, view.chosen, fields(now, **{field: bad}))
    assert edited.refused and edited.draft == editor.open_current(services, ME).draft == now.draft


def test_another_constitution_can_be_put_to_use(services: Services) -> None:
    view = editor.open_current(services, ME)
    editor.edit_principle(services, ME, view.base, view.chosen, fields(view, name="v2"))
    editor.save_version(services, ME, view.base, view.chosen, "")
    said = editor.use_version(services, ME, view.base)
    assert view.base[:8] in said
    assert constitutions.current_constitution(services).hash == view.base


def test_moving_stops_at_the_ends(services: Services) -> None:
    view = editor.open_current(services, ME)
    assert editor.move_principle(services, ME, view.base, view.chosen, -1).draft == view.draft
    last = editor.move_principle(services, ME, view.base, view.chosen, 99)
    assert last.draft.principles[-1].id == view.chosen


def test_search_finds_words_anywhere_in_a_principle(services: Services) -> None:
    view = editor.open_current(services, ME)
    editor.edit_principle(services, ME, view.base, view.chosen, fields(view, source="Kant", tags="duty"))
    view = editor.open_current(services, ME)
    assert [id for _, id in editor.found_rows(view, "kant DUTY")] == [view.chosen]
    assert editor.found_rows(view, "") == view.rows
    assert editor.found_rows(view, "nowhere to be found") == []


def test_notes_are_kept_and_change_no_version(services: Services) -> None:
    view = editor.open_current(services, ME)
    editor.edit_notes(services, ME, view.base, view.chosen, "Ask the team about this.")
    assert constitutions.notes(services, view.draft.name) == {view.chosen: "Ask the team about this."}
    assert editor.open_current(services, ME) == view
    editor.edit_notes(services, ME, view.base, view.chosen, " ")
    assert constitutions.notes(services, view.draft.name) == {}
