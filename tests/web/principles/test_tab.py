"""The Principles tab: a draft that nothing loses, versions with hashes, import and export."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import gradio as gr
import pytest
from gradio.blocks import Block

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.constitution import PRINCIPLES_LIMIT
from cai_ui.errors import InputError
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.prompts import sets
from cai_ui.pipeline.revise import batch
from cai_ui.records import to_dict
from cai_ui.web.principles import editor as tab
from cai_ui.web.principles import history, trial
from cai_ui.web.principles.fields import FieldsBox, findings_html
from cai_ui.web.principles.tab import PrinciplesTab
from cai_ui.web.session import Session, SessionParts
from cai_ui.web.stops import Stops

ME = Session("me", "page")


def fields(view: tab.View, **changes: object) -> dict[str, object]:
    """The editor's fields as the page would send them, some of them changed."""
    assert view.principle is not None
    values = to_dict(view.principle)
    del values["id"]
    return {**values, "tags": ", ".join(view.principle.tags), **changes}


@pytest.fixture
def page(services: Services) -> PrinciplesTab:
    """The tab, wired, on a page of its own; its components are attributes."""
    with gr.Blocks() as blocks, gr.Tabs() as tabs:
        made = PrinciplesTab(services)
        state, browser = gr.State(ME), gr.BrowserState()
        ready = blocks.load(lambda: None)
        made.wire(SessionParts(blocks, tabs, state, browser, ready, Stops(), gr.State(), gr.Textbox()))
    return made


def typed(page: PrinciplesTab, view: tab.View, search: str = "", **changes: object) -> dict[Block, object]:
    """What the page sends when somebody types into a field."""
    values = fields(view, **changes)
    held = {field: values[name] for name, field in page.fields.fields.items()}
    here = dict(zip(page.here, (ME, view.base, view.chosen), strict=True))
    return {**here, **held, page.search: search, page.navigator: view.chosen}


def test_the_first_start_shows_a_constitution_in_use(services: Services) -> None:
    view = tab.open_current(services, ME)
    assert view.draft == view.saved
    assert view.principle is not None
    assert view.base == constitutions.current_constitution(services).hash
    assert view.base in [value for _, value in tab.version_choices(services)]


def test_one_principle_too_many_is_refused_when_it_is_added(services: Services) -> None:
    view = tab.open_current(services, ME)
    for _ in range(PRINCIPLES_LIMIT - len(view.draft.principles)):
        view = tab.add_principle(services, ME, view.base, view.chosen)
    for more in (tab.add_principle, tab.duplicate_principle):
        with pytest.raises(InputError, match="at most 200"):
            more(services, ME, view.base, view.chosen)
    assert tab.open_current(services, ME).draft == view.draft
    fewer = tab.delete_principle(services, ME, view.base, view.chosen)
    assert len(tab.add_principle(services, ME, view.base, fewer.chosen).draft.principles) == PRINCIPLES_LIMIT


def test_sending_the_fields_back_unchanged_changes_nothing(services: Services) -> None:
    view = tab.open_current(services, ME)
    again = tab.edit_principle(services, ME, view.base, view.chosen, fields(view))
    assert again.draft == view.saved


def test_an_unsaved_edit_is_there_after_a_reload_for_its_author_only(services: Services) -> None:
    view = tab.open_current(services, ME)
    tab.edit_principle(services, ME, view.base, view.chosen, fields(view, name="Reworded"))
    reloaded = tab.open_current(services, Session("me", "another page"))
    assert reloaded.principle is not None
    assert reloaded.principle.name == "Reworded"
    assert reloaded.saved == view.saved
    assert tab.open_current(services, Session("somebody else")).draft == view.saved


def test_edits_of_two_open_pages_do_not_undo_each_other(services: Services) -> None:
    view = tab.open_current(services, ME)
    first, second = view.draft.principles[0].id, view.draft.principles[1].id
    other = tab.open_principle(services, ME, view.base, second)
    tab.edit_principle(services, ME, view.base, first, fields(view, name="First"))
    both = tab.edit_principle(services, ME, view.base, second, fields(other, name="Second"))
    assert [p.name for p in both.draft.principles[:2]] == ["First", "Second"]


def test_saving_makes_a_version_that_is_in_use_and_leaves_no_draft(services: Services) -> None:
    view = tab.open_current(services, ME)
    tab.edit_principle(services, ME, view.base, view.chosen, fields(view, enabled=False, weight=2))
    saved = tab.save_version(services, ME, view.base, view.chosen, "switched one off")
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
    view = tab.open_current(services, ME)
    tab.delete_principle(services, ME, view.base, view.chosen)
    assert tab.open_current(services, ME).draft != view.saved
    assert tab.discard_draft(services, ME, view.base).draft == view.saved
    assert tab.open_current(services, ME).draft == view.saved


def test_a_draft_stays_in_sight_when_another_version_of_it_is_chosen(services: Services) -> None:
    view = tab.open_current(services, ME)
    tab.edit_principle(services, ME, view.base, view.chosen, fields(view, name="v2"))
    newer = tab.save_version(services, ME, view.base, view.chosen, "v2")
    tab.edit_principle(services, ME, newer.base, view.chosen, fields(newer, name="not saved"))
    shown = tab.open_version(services, ME, view.base)
    assert shown.base == newer.base
    assert shown.principle is not None
    assert shown.principle.name == "not saved"


def test_added_and_copied_principles_are_opened(services: Services) -> None:
    view = tab.open_current(services, ME)
    added = tab.add_principle(services, ME, view.base, view.chosen)
    assert added.draft.principles[-1].id == added.chosen
    copied = tab.duplicate_principle(services, ME, view.base, added.chosen)
    assert len(copied.draft.principles) == len(view.draft.principles) + 2
    assert copied.chosen != added.chosen


@pytest.mark.parametrize("bad", ["\x00", "\ud800", "x" * 5_000_000])
@pytest.mark.parametrize("field", ["name", "critique_request", "revision_request", "tags"])
def test_text_that_cannot_be_kept_is_refused_and_the_draft_stays(services: Services, field: str, bad: str) -> None:
    view = tab.open_current(services, ME)
    tab.edit_principle(services, ME, view.base, view.chosen, fields(view, name="kept"))
    with pytest.raises(InputError):
        tab.edit_principle(services, ME, view.base, view.chosen, fields(view, **{field: bad}))
    assert tab.open_current(services, ME).draft.principles[0].name == "kept"


def test_an_empty_request_is_kept_in_the_draft_and_named_beside_it(services: Services) -> None:
    view = tab.open_current(services, ME)
    edited = tab.edit_principle(services, ME, view.base, view.chosen, fields(view, critique_request=" "))
    assert "Issues found" in findings_html(services, edited)
    with pytest.raises(InputError):
        tab.save_version(services, ME, view.base, view.chosen, "")
    assert tab.open_current(services, ME).draft == edited.draft


def test_markup_in_names_stays_text_beside_the_editor(services: Services, page: PrinciplesTab) -> None:
    view = tab.open_current(services, ME)
    edited = tab.edit_principle(
        services, ME, view.base, view.chosen, fields(view, name="<img src=x>", critique_request="")
    )
    assert "<img" not in findings_html(services, edited)
    assert "<img" not in str(page.saving.changes(edited)[page.saving.state])


def test_what_was_exported_can_be_imported(services: Services) -> None:
    view = tab.open_current(services, ME)
    path = constitutions.export_constitution(services, view.base)
    assert path.suffix == ".yaml"
    imported, said = tab.import_file(services, ME, str(path))
    assert "our YAML" in said
    assert imported.saved.principles == view.saved.principles


def test_a_file_with_a_syntax_error_names_its_line_and_changes_nothing(services: Services, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: x\nprinciples:\n  - id: [\n", encoding="utf-8")
    before = tab.version_choices(services)
    with pytest.raises(InputError, match="line"):
        tab.import_file(services, ME, str(broken))
    assert tab.version_choices(services) == before


def test_another_constitution_can_be_put_to_use(services: Services) -> None:
    view = tab.open_current(services, ME)
    tab.edit_principle(services, ME, view.base, view.chosen, fields(view, name="v2"))
    tab.save_version(services, ME, view.base, view.chosen, "")
    said = tab.use_version(services, ME, view.base)
    assert view.base[:8] in said
    assert constitutions.current_constitution(services).hash == view.base


def test_changes_are_of_the_components_that_events_fill(services: Services, page: PrinciplesTab) -> None:
    view = tab.open_current(services, ME)
    assert set(page.changes(view)) == set(page.all)


def test_an_edit_sends_the_list_again_only_where_a_row_changed(services: Services, page: PrinciplesTab) -> None:
    view = tab.open_current(services, ME)
    reworded = page.edit(typed(page, view, critique_request="Is it honest?"))
    assert page.navigator not in reworded and "changed" in reworded[page.saving.state]
    renamed = page.edit(typed(page, view, name="Renamed"))
    assert len(renamed[page.navigator]["choices"]) == len(view.rows)
    found = page.edit(typed(page, view, search="quite new", name="Quite new"))
    assert found[page.navigator]["choices"] == [("Quite new", view.chosen)]


def test_a_list_shown_whole_is_searched_for_nothing(services: Services, page: PrinciplesTab) -> None:
    view = tab.open_current(services, ME)
    found = page.find(typed(page, view, search="nowhere to be found"))
    assert (found["choices"], found["value"]) == ([], None)
    assert page.changes(view)[page.search] == ""


def test_the_fields_show_the_principle_and_no_field_is_open_without_one(services: Services) -> None:
    with gr.Blocks():
        box = FieldsBox(services)
    view = tab.open_current(services, ME)
    shown = box.changes(view)
    assert {name: shown[field]["value"] for name, field in box.fields.items()} == fields(view)
    assert {update["interactive"] for update in shown.values()} == {True}
    empty = dataclasses.replace(view, chosen="")
    assert {update["interactive"] for update in box.changes(empty).values()} == {False}


def test_what_was_done_to_the_list_can_be_taken_back_step_by_step(services: Services) -> None:
    view = tab.open_current(services, ME)
    first = view.chosen
    gone = tab.delete_principle(services, ME, view.base, first)
    moved = tab.move_principle(services, ME, view.base, gone.draft.principles[0].id, 2)
    assert [p.id for p in moved.draft.principles] != [p.id for p in gone.draft.principles]
    assert tab.undo_change(services, ME, view.base, "").draft == gone.draft
    assert tab.undo_change(services, ME, view.base, "").draft == view.draft
    with pytest.raises(InputError, match="nothing to undo"):
        tab.undo_change(services, ME, view.base, "")


def test_undo_keeps_what_was_typed_after_the_change_it_takes_back(services: Services) -> None:
    view = tab.open_current(services, ME)
    first, second = view.draft.principles[:2]
    gone = tab.delete_principle(services, ME, view.base, first.id)
    tab.edit_principle(services, ME, view.base, second.id, fields(gone, name="Typed since"))
    added = tab.add_principle(services, ME, view.base, second.id)
    tab.undo_change(services, ME, view.base, added.chosen)
    back = tab.undo_change(services, ME, view.base, second.id).draft
    assert [p.id for p in back.principles] == [p.id for p in view.draft.principles]
    assert back.principles[0] == first
    assert back.principles[1].name == "Typed since"


def test_a_copy_that_was_changed_since_stays_in_its_place(services: Services) -> None:
    view = tab.open_current(services, ME)
    copy = tab.duplicate_principle(services, ME, view.base, view.chosen)
    edited = tab.edit_principle(services, ME, view.base, copy.chosen, fields(copy, name="Mine now"))
    assert tab.undo_change(services, ME, view.base, copy.chosen).draft == edited.draft


def test_a_discarded_draft_comes_back_by_undo(services: Services) -> None:
    view = tab.open_current(services, ME)
    edited = tab.edit_principle(services, ME, view.base, view.chosen, fields(view, name="Mine"))
    tab.discard_draft(services, ME, view.base)
    assert tab.undo_change(services, ME, view.base, "").draft == edited.draft


def test_moving_stops_at_the_ends(services: Services) -> None:
    view = tab.open_current(services, ME)
    assert tab.move_principle(services, ME, view.base, view.chosen, -1).draft == view.draft
    last = tab.move_principle(services, ME, view.base, view.chosen, 99)
    assert last.draft.principles[-1].id == view.chosen


def test_search_finds_words_anywhere_in_a_principle(services: Services) -> None:
    view = tab.open_current(services, ME)
    tab.edit_principle(services, ME, view.base, view.chosen, fields(view, source="Kant", tags="duty"))
    view = tab.open_current(services, ME)
    assert [id for _, id in tab.found_rows(view, "kant DUTY")] == [view.chosen]
    assert tab.found_rows(view, "") == view.rows
    assert tab.found_rows(view, "nowhere to be found") == []


def test_notes_are_kept_and_change_no_version(services: Services) -> None:
    view = tab.open_current(services, ME)
    tab.edit_notes(services, ME, view.base, view.chosen, "Ask the team about this.")
    assert constitutions.notes(services, view.draft.name) == {view.chosen: "Ask the team about this."}
    assert tab.open_current(services, ME) == view
    tab.edit_notes(services, ME, view.base, view.chosen, " ")
    assert constitutions.notes(services, view.draft.name) == {}


def test_two_versions_are_compared_word_by_word_and_the_older_one_comes_back(services: Services) -> None:
    view = tab.open_current(services, ME)
    tab.edit_principle(services, ME, view.base, view.chosen, fields(view, name="<b>Other</b> name"))
    newer = tab.save_version(services, ME, view.base, view.chosen, "renamed")
    shown = history.compare_versions(services, view.base, newer.base)
    assert "<del>" in shown and "renamed" in shown and "<b>" not in shown
    assert shown == history.compare_versions(services, newer.base, view.base), "what came later is what was added"
    assert "the same version" in history.compare_versions(services, view.base, view.base)
    restored = tab.restore_version(services, ME, view.base)
    assert restored.draft == view.saved and restored.base == newer.base
    again = tab.save_version(services, ME, restored.base, restored.chosen, "back")
    assert again.base == view.base


def test_a_try_shows_each_principle_beside_the_others(services: Services) -> None:
    view = tab.open_current(services, ME)
    ids = [p.id for p in view.draft.principles[:2]]
    pages = list(trial.run_try(services, Stops(), ME, view.base, "One <b>\n\nTwo", ids, 2, True))
    assert len(pages) == 8
    assert pages[-1].count("cai-question") == 4 and "<b>" not in pages[-1]
    with pytest.raises(InputError, match="at most 20"):
        trial.read_requests("x\n" * 21)
    drawn = trial.draw_requests(services, sets.prompt_sets(services)[0].key, "One")
    assert len(drawn.splitlines()) == 2


def test_statistics_are_a_table_of_words_and_shares(services: Services) -> None:
    view = tab.open_current(services, ME)
    assert "No trace yet" in trial.statistics(services, ME, view.base)
    list(batch.run_batch(services, ["One", "Two"], view.base, RevisionSettings(), Sampling()))
    table = trial.statistics(services, ME, view.base)
    assert "Counted over 2 traces" in table and "not measured" in table


def test_it_says_beside_a_principle_what_the_embedded_model_makes_of_it(services: Services, tmp_path: Path) -> None:
    view = tab.open_current(services, ME)
    assert "embedded model" not in findings_html(services, view), "nothing is known of another model"
    embedded = open_services(AppSettings(home=str(tmp_path / "embedded"), model="embedded"))
    try:
        view = tab.open_current(embedded, ME)
        told = findings_html(embedded, view)
        assert "The embedded model understands: harm of any kind." in told and "does not know" not in told
        odd = fields(view, critique_request="Does it rhyme?", revision_request="Turn it into a <b>rhyme</b>.")
        told = findings_html(embedded, tab.edit_principle(embedded, ME, view.base, view.chosen, odd))
        assert "a real model is needed" in told and f"does not know what to do with: {odd['name']}." in told
    finally:
        embedded.close()
