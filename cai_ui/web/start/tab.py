"""Start: what this is, one button that does all of it, which model answers, and who the visitor is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.pipeline.models import built_in_in_use
from cai_ui.web.kit.events import ASIDE
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.handover import Handover
from cai_ui.web.kit.present import esc, hint, lead
from cai_ui.web.session import Session, SessionParts, kept_name, rename
from cai_ui.web.start import words
from cai_ui.web.start.guided_run import GuidedRunBox, what_html
from cai_ui.web.start.leads import PRINCIPLES, Leads, lead_to
from cai_ui.web.start.model import ModelBox, world_html

_PLACES = {"see": "start-run", "real": "model-panel"}


def doors_html(services: Services) -> str:
    """The three ways to begin, each with what it takes with the model in use."""
    shown, other = [], {} if built_in_in_use(services) else words.TAKES_REAL
    for door, title, what, takes, link in words.DOORS:
        see = esc(_PLACES.get(door, ""))
        way = f'<button type="button" class="cai-link" data-see="{see}">{esc(link)}</button>'
        way = lead_to(PRINCIPLES, "", link) if door == "hand" else way
        takes = other.get(takes, takes)
        shown.append(
            f'<div class="cai-door"><h3>{esc(title)}</h3><p>{esc(what)}</p>'
            f'<p class="cai-takes">{esc(takes)}</p>{way}</div>'
        )
    return f'<div class="cai-doors">{"".join(shown)}</div>'


def next_html(services: Services) -> str:
    """What to try next with the model in use."""
    return hint(words.NEXT if built_in_in_use(services) else words.NEXT_REAL)


class StartTab:
    """The tab; `name` is how the visitor signs, here and in Curate."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Tab(words.TAB, id="start", elem_id="tab-start") as self.tab:
            gr.HTML(lead(words.TITLE, words.WHAT))
            doors = gr.HTML(doors_html(services), elem_id="start-doors")
            world = gr.HTML(world_html(services), elem_id="start-world")
            self.guided_run = GuidedRunBox(services)
            self.model = ModelBox(services)
            with gr.Accordion(words.YOU, open=False, elem_id="start-you"):
                self.name = gr.Textbox(label=words.NAME, info=words.NAME_HELP, max_lines=1, elem_id="start-name")
            following = gr.HTML(next_html(services))
            self.leads = Leads()
        self.by_model = {
            doors: doors_html, world: world_html, self.guided_run.what: what_html, following: next_html
        }  # fmt: skip

    def wire(self, session: SessionParts, takes: Mapping[str, Handover]) -> None:
        """Connect the tab; `takes`: where its links lead."""
        self.leads.wire(session.tabs, takes)
        self.guided_run.wire(self.tab, session)
        self.model.wire(session, self.by_model)
        session.restore(lambda now: now.author, [session.state], [self.name])
        self.name.blur(bind(self._rename), [session.state, self.name], [session.state, session.browser], **ASIDE)

    def _rename(self, session: Session, name: str) -> tuple[Session, Any]:
        renamed = rename(session, name)
        return renamed, kept_name(renamed)
