"""The Principles tab as it is wired: what its events fill, and how little they send."""

from __future__ import annotations

import gradio as gr
import pytest
from gradio.blocks import Block

from cai_ui.pipeline import Services
from cai_ui.web.principles import editor
from cai_ui.web.principles.fields import findings_html
from cai_ui.web.principles.tab import PrinciplesTab
from cai_ui.web.session import SessionParts
from cai_ui.web.stops import Stops

from .editing import ME, fields


@pytest.fixture
def page(services: Services) -> PrinciplesTab:
    """The tab, wired, on a page of its own; its components are attributes."""
    with gr.Blocks() as blocks, gr.Tabs() as tabs:
        made = PrinciplesTab(services)
        state, browser = gr.State(ME), gr.BrowserState()
        ready = blocks.load(lambda: None)
        made.wire(SessionParts(blocks, tabs, state, browser, ready, Stops(), gr.State(), gr.Textbox()))
    return made


def typed(page: PrinciplesTab, view: editor.View, search: str = "", **changes: object) -> dict[Block, object]:
    """What the page sends when somebody types into a field."""
    values = fields(view, **changes)
    held = {field: values[name] for name, field in page.fields.fields.items()}
    here = dict(zip(page.here, (ME, view.base, view.chosen), strict=True))
    about = {page.saving.title: view.draft.title, page.saving.description: view.draft.description}
    return {page.seen: view, **here, **held, **about, page.search: search, page.navigator: view.chosen}


def test_markup_in_names_stays_text_beside_the_editor(services: Services, page: PrinciplesTab) -> None:
    view = editor.open_current(services, ME)
    edited = editor.edit_principle(
        services, ME, view.base, view.chosen, fields(view, name="<img src=x>", critique_request="")
    )
    assert "<img" not in findings_html(services, edited)
    assert "<img" not in str(page.saving.changes(edited)[page.saving.state])


def test_changes_are_of_the_components_that_events_fill(services: Services, page: PrinciplesTab) -> None:
    view = editor.open_current(services, ME)
    assert set(page.changes(view)) == set(page.all)


def test_an_edit_sends_the_list_again_only_where_a_row_changed(services: Services, page: PrinciplesTab) -> None:
    view = editor.open_current(services, ME)
    reworded = page.edit(typed(page, view, critique_request="Is it honest?"))
    assert page.navigator not in reworded and "changed" in reworded[page.saving.state]
    renamed = page.edit(typed(page, view, name="Renamed"))
    assert len(renamed[page.navigator]["choices"]) == len(view.rows)
    found = page.edit(typed(page, view, search="quite new", name="Quite new"))
    assert found[page.navigator]["choices"] == [("Quite new", view.chosen)]


def test_a_list_shown_whole_is_searched_for_nothing(services: Services, page: PrinciplesTab) -> None:
    view = editor.open_current(services, ME)
    found = page.find(typed(page, view, search="nowhere to be found"))
    assert (found["choices"], found["value"]) == ([], None)
    assert page.changes(view)[page.search] == ""
