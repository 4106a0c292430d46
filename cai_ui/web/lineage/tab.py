"""Lineage: look up an id, walk back to a principle and on to all it touched. Other tabs' links lead here."""

from __future__ import annotations

from urllib.parse import parse_qs

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.pipeline.lineage.beginnings import beginnings
from cai_ui.pipeline.lineage.nearest import nearest_rows
from cai_ui.pipeline.lineage.walking import follow, lineage, look_up
from cai_ui.records.lineage import Lineage
from cai_ui.web.kit.events import ASIDE, NEWEST, SLOW, Changes
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import empty_state, hint, lead
from cai_ui.web.kit.sight import sees
from cai_ui.web.lineage import words
from cai_ui.web.lineage.lineage_html import begin_html, lineage_html, nearest_html, several_html
from cai_ui.web.lineage.where_from import FIELD
from cai_ui.web.session import ADDRESS_LIMIT, ASKED, SessionParts

OF_ANSWERS = ("answer", "vote")


def asked_id(address: object) -> str:
    """The id that an address such as "?tab=lineage&id=run:…" asks for; "" where it asks for none."""
    asked = parse_qs(str(address or "")[:ADDRESS_LIMIT].lstrip("?"), max_num_fields=50)
    return asked.get("id", [""])[0] if asked.get("tab") == ["lineage"] else ""


class LineageTab:
    """The field for an id, the view of one thing, and its nearest training rows."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.go = gr.Textbox(visible="hidden", elem_id=FIELD, render=False)
        self.address = gr.Textbox(visible="hidden", elem_id="lineage-address", render=False)
        with gr.Tab(words.TAB, id="lineage", elem_id="tab-lineage") as self.tab:
            gr.HTML(lead(words.TITLE, words.WHAT))
            with gr.Row(elem_classes="toolbar"):
                self.id = gr.Textbox("", label=words.ID, info=words.ID_HELP, max_lines=1, elem_id="lineage-id", scale=3)
                self.look = gr.Button(words.LOOK_UP, variant="primary", elem_id="lineage-look", scale=0)
            self.view = gr.HTML(empty_state(*words.NOTHING), elem_id="lineage-view")
            self.near = gr.Button(words.NEAREST, elem_id="lineage-near", visible=False, scale=0)
            self.nearest = gr.HTML(elem_id="lineage-nearest")
            self.begin = gr.HTML(elem_id="lineage-begin")
            gr.HTML(hint(words.NEXT))

    def wire(self, session: SessionParts) -> None:
        """Connect the tab, and the hidden field that links of all tabs write into.

        The field stands outside the tabs: what is in a tab is on the page only once that was opened.
        """
        self.go.render()
        self.address.render()
        shown = [self.id, self.view, self.near, self.nearest]
        for asked in (self.look.click, self.id.submit):
            asked(bind(self._look), [self.id], shown, **NEWEST).success(**sees("lineage-view"))
        self.tabs = session.tabs
        self.go.input(bind(self._go), [self.go], [session.tabs, *shown], **ASIDE).success(**sees("lineage-view"))
        self.near.click(bind(self._nearest), [self.id], [self.nearest], **SLOW).success(**sees("lineage-nearest"))
        session.page.load(bind(self._address), [self.address], shown, js=ASKED, **ASIDE)
        for visit in (self.tab.select, session.ready.then):
            visit(bind(self._begin, quiet=True), None, [self.begin], **ASIDE)

    def _look(self, text: str | None) -> Changes:
        found = follow(self.services.store, text or "")
        if not isinstance(found, Lineage):
            return {self.view: several_html(found), self.near: gr.update(visible=False), self.nearest: ""}
        near = gr.update(visible=found.place.kind in OF_ANSWERS)
        return {self.id: found.place.text, self.view: lineage_html(found), self.near: near, self.nearest: ""}

    def _go(self, text: str | None) -> Changes:
        """A link of some tab was pressed."""
        return {self.tabs: gr.Tabs(selected="lineage"), **self._look(text)}

    def _address(self, address: str | None) -> Changes:
        """What the page's address asks for."""
        asked = asked_id(address)
        return self._look(asked) if asked else {self.view: gr.skip()}

    def _nearest(self, text: str | None) -> str:
        store = self.services.store
        return nearest_html(nearest_rows(store, lineage(store, look_up(store, text or "")[0]).place))

    def _begin(self) -> str:
        return begin_html(beginnings(self.services.store))
