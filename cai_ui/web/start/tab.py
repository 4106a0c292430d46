"""Start: what this is, one button that does all of it, which model answers, and who the visitor is."""

from __future__ import annotations

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.web.kit.events import ASIDE
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import hint, lead
from cai_ui.web.session import Session, SessionParts, rename
from cai_ui.web.start import words
from cai_ui.web.start.guided_run import GuidedRunBox
from cai_ui.web.start.model import ModelBox, world_html


class StartTab:
    """The tab; `name` is how the visitor signs, here and in Curate."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Tab(words.TAB, id="start", elem_id="tab-start") as self.tab:
            gr.HTML(lead(words.TITLE, words.WHAT))
            world = gr.HTML(world_html(services), elem_id="start-world")
            self.guided_run = GuidedRunBox(services)
            self.model = ModelBox(services, world)
            with gr.Accordion(words.YOU, open=False, elem_id="start-you"):
                self.name = gr.Textbox(label=words.NAME, info=words.NAME_HELP, max_lines=1, elem_id="start-name")
            gr.HTML(hint(words.NEXT))

    def wire(self, session: SessionParts) -> None:
        """Connect the tab."""
        self.guided_run.wire(self.tab, session)
        self.model.wire(session)
        session.restore(lambda now: now.author, [session.state], [self.name])
        self.name.blur(bind(self._rename), [session.state, self.name], [session.state, session.browser], **ASIDE)

    def _rename(self, session: Session, name: str) -> tuple[Session, str]:
        renamed = rename(session, name)
        return renamed, renamed.author
