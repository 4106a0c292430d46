"""The Principles tab: a draft that nothing loses, versions with hashes, import and export."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
import pytest

from cai_ui import pipeline
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.web.session import Session
from cai_ui.web.tabs import principles as tab

ME = Session("me", "page")


def fields(view: tab.View, **changes: object) -> list[object]:
    """The editor's fields as the page would send them, some of them changed."""
    p = view.principle
    assert p is not None
    values: dict[str, object] = {
        "name": p.name,
        "kind": p.kind,
        "critique": p.critique_request,
        "revision": p.revision_request,
        "tags": ", ".join(p.tags),
        "enabled": p.enabled,
        "weight": p.weight,
    }
    return list({**values, **changes}.values())


def test_the_first_start_shows_a_constitution_in_use(services: Services) -> None:
    view = tab.open_current(services, ME)
    assert view.draft == view.saved
    assert view.principle is not None
    assert view.base == pipeline.current_constitution(services).hash
    assert view.base in [value for _, value in tab.version_choices(services)]


def test_sending_the_fields_back_unchanged_changes_nothing(services: Services) -> None:
    view = tab.open_current(services, ME)
    again = tab.edit_principle(services, ME, view.base, view.chosen, *fields(view))
    assert again.draft == view.saved


def test_an_unsaved_edit_is_there_after_a_reload_for_its_author_only(services: Services) -> None:
    view = tab.open_current(services, ME)
    tab.edit_principle(services, ME, view.base, view.chosen, *fields(view, name="Reworded"))
    reloaded = tab.open_current(services, Session("me", "another page"))
    assert reloaded.principle is not None
    assert reloaded.principle.name == "Reworded"
    assert reloaded.saved == view.saved
    assert tab.open_current(services, Session("somebody else")).draft == view.saved


def test_edits_of_two_open_pages_do_not_undo_each_other(services: Services) -> None:
    view = tab.open_current(services, ME)
    first, second = view.draft.principles[0].id, view.draft.principles[1].id
    other = tab.open_principle(services, ME, view.base, second)
    tab.edit_principle(services, ME, view.base, first, *fields(view, name="First"))
    both = tab.edit_principle(services, ME, view.base, second, *fields(other, name="Second"))
    assert [p.name for p in both.draft.principles[:2]] == ["First", "Second"]


def test_saving_makes_a_version_that_is_in_use_and_leaves_no_draft(services: Services) -> None:
    view = tab.open_current(services, ME)
    tab.edit_principle(services, ME, view.base, view.chosen, *fields(view, enabled=False, weight=2))
    saved = tab.save_version(services, ME, view.base, view.chosen, "switched one off")
    assert saved.base != view.base
    assert saved.draft == saved.saved
    version = pipeline.current_constitution(services)
    assert (version.hash, version.note, version.parent, version.author) == (
        saved.base,
        "switched one off",
        view.base,
        "me",
    )
    assert not version.constitution.principle(view.chosen).enabled
    assert pipeline.version(services, view.base).constitution == view.saved


def test_discarding_brings_the_saved_version_back(services: Services) -> None:
    view = tab.open_current(services, ME)
    tab.delete_principle(services, ME, view.base, view.chosen)
    assert tab.open_current(services, ME).draft != view.saved
    assert tab.discard_draft(services, ME, view.base).draft == view.saved
    assert tab.open_current(services, ME).draft == view.saved


def test_a_draft_stays_in_sight_when_another_version_of_it_is_chosen(services: Services) -> None:
    view = tab.open_current(services, ME)
    tab.edit_principle(services, ME, view.base, view.chosen, *fields(view, name="v2"))
    newer = tab.save_version(services, ME, view.base, view.chosen, "v2")
    tab.edit_principle(services, ME, newer.base, view.chosen, *fields(newer, name="not saved"))
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
@pytest.mark.parametrize("field", ["name", "critique", "revision", "tags"])
def test_text_that_cannot_be_kept_is_refused_and_the_draft_stays(services: Services, field: str, bad: str) -> None:
    view = tab.open_current(services, ME)
    tab.edit_principle(services, ME, view.base, view.chosen, *fields(view, name="kept"))
    with pytest.raises(InputError):
        tab.edit_principle(services, ME, view.base, view.chosen, *fields(view, **{field: bad}))
    assert tab.open_current(services, ME).draft.principles[0].name == "kept"


def test_an_empty_request_is_kept_in_the_draft_and_named_beside_it(services: Services) -> None:
    view = tab.open_current(services, ME)
    edited = tab.edit_principle(services, ME, view.base, view.chosen, *fields(view, critique=" "))
    assert "To look at" in tab.findings_html(services, edited)
    with pytest.raises(InputError):
        tab.save_version(services, ME, view.base, view.chosen, "")
    assert tab.open_current(services, ME).draft == edited.draft


def test_markup_in_names_stays_text_beside_the_editor(services: Services) -> None:
    view = tab.open_current(services, ME)
    edited = tab.edit_principle(services, ME, view.base, view.chosen, *fields(view, name="<img src=x>", critique=""))
    assert "<img" not in tab.findings_html(services, edited)
    assert "<img" not in "".join(str(part) for part in tab.around(services, edited)[1:3])


def test_what_was_exported_can_be_imported(services: Services) -> None:
    view = tab.open_current(services, ME)
    path = Path(tab.export_file(services, ME, view.base))
    assert path.suffix == ".yaml"
    imported = tab.import_file(services, ME, str(path))
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
    tab.edit_principle(services, ME, view.base, view.chosen, *fields(view, name="v2"))
    tab.save_version(services, ME, view.base, view.chosen, "")
    said = tab.use_version(services, ME, view.base)
    assert view.base[:8] in said
    assert pipeline.current_constitution(services).hash == view.base


def test_updates_fit_the_components_they_fill(services: Services) -> None:
    with gr.Blocks(), gr.Tabs():
        parts = tab.build(services)
    view = tab.open_current(services, ME)
    assert len(tab.everything(services, view)) == len(parts.all)
    assert len(tab.around(services, view)) == len(parts.around)
