"""Two windows on the same draft: each writes what was changed in it, and says what the other one changed, too."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr
import pytest
from gradio.blocks import Block

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.records import Principle
from cai_ui.web.kit.events import Changes
from cai_ui.web.principles import editor, words
from cai_ui.web.principles.tab import PrinciplesTab
from cai_ui.web.session import SessionParts
from cai_ui.web.stops import Stops

from .editing import ME


class Window:
    """A page as its person sees it: what its components hold, and what an event fills."""

    def __init__(self, services: Services) -> None:
        with gr.Blocks() as blocks, gr.Tabs() as tabs:
            self.tab = PrinciplesTab(services)
            state, browser = gr.State(ME), gr.BrowserState()
            self.tab.wire(SessionParts(blocks, tabs, state, browser, blocks.load(), Stops(), gr.State(), gr.Textbox()))
        self.held: dict[Block, object] = {state: ME, self.tab.saving.note: ""}
        self.fill(self.tab.changes(editor.open_current(services, ME)))

    def fill(self, changes: Changes) -> None:
        for block, value in changes.items():
            if isinstance(value, dict) and "__type__" in value:
                if "value" not in value:
                    continue
                value = value["value"]
            self.held[block] = value

    def type(self, **changes: object) -> None:
        self.only_typed(**changes)
        self.fill(self.tab.edit(self.held))

    def only_typed(self, **changes: object) -> None:
        """Typed so late that no event has told the server of it."""
        self.held.update({self.tab.fields.fields[name]: value for name, value in changes.items()})

    def about(self, **changes: object) -> None:
        self.held.update({self.tab.saving.about_fields[name]: value for name, value in changes.items()})
        self.fill(self.tab._edit_about(self.held))

    def press(self, change: Callable[..., editor.View]) -> None:
        self.fill(self.tab._change(change, *(self.held[part] for part in (self.tab.seen, *self.tab.here))))

    def save(self) -> None:
        self.fill(self.tab._save(self.held))

    def shown(self, field: str) -> object:
        return self.held[self.tab.fields.fields[field]]

    @property
    def told(self) -> str:
        return str(self.held[self.tab.told])

    @property
    def findings(self) -> str:
        return str(self.held[self.tab.findings])


def first(services: Services) -> Principle:
    """Of the version in use."""
    return constitutions.current_constitution(services).constitution.principles[0]


def test_fields_changed_in_two_windows_are_both_in_the_saved_version(services: Services) -> None:
    one, other = Window(services), Window(services)
    one.type(critique_request="Mine?")
    other.type(revision_request="Theirs.")
    other.about(description="Theirs, too")
    one.about(title="Mine")
    one.save()
    made = constitutions.current_constitution(services).constitution
    assert (made.principles[0].critique_request, made.principles[0].revision_request) == ("Mine?", "Theirs.")
    assert (made.title, made.description) == ("Mine", "Theirs, too")
    assert one.shown("critique_request") == "Mine?"
    assert words.REVISION in one.told and words.CRITIQUE not in one.told


def test_a_field_changed_in_two_windows_is_told_in_both_with_the_text_that_was_replaced(services: Services) -> None:
    one, other = Window(services), Window(services)
    one.type(critique_request="<b>Mine?</b>")
    assert one.told == other.told == ""
    other.type(critique_request="Theirs?")
    other.type(critique_request="Theirs? And why?")
    assert words.CRITIQUE in other.told and "&lt;b&gt;Mine?" in other.told
    one.save()
    assert first(services).critique_request == "Theirs? And why?"
    assert words.CRITIQUE in one.told and "&lt;b&gt;Mine?" in one.told


def test_a_window_goes_on_from_what_another_one_saved(services: Services) -> None:
    one, other = Window(services), Window(services)
    one.type(critique_request="Mine?")
    one.save()
    other.type(revision_request="Theirs.")
    other.save()
    newest = constitutions.current_constitution(services)
    assert (first(services).critique_request, first(services).revision_request) == ("Mine?", "Theirs.")
    assert newest.parent == one.held[one.tab.base]
    one.save()
    assert constitutions.current_constitution(services) == newest, "nothing was changed there since"
    assert "Theirs." in str(one.shown("revision_request"))


def test_a_version_chosen_on_purpose_is_not_left_for_the_newest(services: Services) -> None:
    one = Window(services)
    old = str(one.held[one.tab.base])
    one.type(critique_request="Newer?")
    one.save()
    one.fill(one.tab.changes(editor.open_version(services, ME, old)))
    one.type(name="From the old one")
    assert first(services).critique_request == "Newer?"
    assert editor.open_current(services, ME).draft.principles[0].critique_request != "Newer?"


def test_a_list_changed_in_one_window_keeps_what_stands_in_another(services: Services) -> None:
    one, other = Window(services), Window(services)
    one.type(critique_request="Mine?")
    other.type(critique_request="Theirs?")
    one.press(editor.add_principle)
    assert "Mine?" in one.told
    other.press(editor.delete_principle)
    one.fill(one.tab.changes(editor.open_current(services, ME)))
    with pytest.raises(InputError, match="deleted in another window"):
        other.held[other.tab.editing] = "gone"
        other.save()


def test_what_is_too_long_is_kept_in_the_draft_named_beside_it_and_stops_the_saving(services: Services) -> None:
    window = Window(services)
    long, before = "x" * 2_550, first(services)
    window.type(critique_request=long)
    window.type(revision_request="Shorter.")
    assert "2,550 characters; at most 2,000 fit" in window.findings
    assert "Unsaved changes" in str(window.held[window.tab.saving.state])
    with pytest.raises(InputError, match="at most 2,000"):
        window.save()
    assert first(services) == before
    kept = editor.open_current(services, ME).draft.principles[0]
    assert (kept.critique_request, kept.revision_request) == (long, "Shorter.")


def test_a_field_that_cannot_be_kept_is_marked_and_stops_the_saving(services: Services) -> None:
    window = Window(services)
    before = first(services)
    window.type(weight=None)
    window.type(revision_request="Another.")
    assert words.NO_WEIGHT in window.findings
    with pytest.raises(InputError, match="No version was saved"):
        window.save()
    assert first(services) == before
    assert window.shown("weight") is None
    window.only_typed(weight=2.0, critique_request="Typed at the last moment?")
    window.save()
    assert words.NO_WEIGHT not in window.findings
    saved = first(services)
    assert (saved.weight, saved.revision_request) == (2.0, "Another.")
    assert saved.critique_request == "Typed at the last moment?"
