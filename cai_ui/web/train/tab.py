"""Train: choose data, method and settings, see the check, start; then watch runs that go on by themselves.

A run belongs to the server. The page only reads what the run wrote, so a reload, a second tab or a
closed browser loses nothing.
"""

from __future__ import annotations

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.web.kit.handover import Handover
from cai_ui.web.kit.present import hint, lead
from cai_ui.web.session import SessionParts
from cai_ui.web.train import words
from cai_ui.web.train.form import RunForm
from cai_ui.web.train.result import ResultBox
from cai_ui.web.train.watch import WatchBox


class TrainTab:
    """The tab's boxes, from top to bottom."""

    def __init__(self, services: Services) -> None:
        with gr.Tab(words.TAB, id="train", elem_id="tab-train") as self.tab:
            gr.HTML(lead(words.TITLE, words.WHAT))
            self.form = RunForm(services)
            self.watch = WatchBox(services)
            self.result = ResultBox(services, self.watch)
            gr.HTML(hint(words.NEXT))

    def takes_run(self) -> Handover:
        """Leads here with a run to look at; the newest ones are in the menu by then."""
        return Handover("train", [self.watch.run], self.result.open_run)

    def wire(self, session: SessionParts, to_compare: Handover) -> None:
        """Connect the boxes; `to_compare` takes the run that is shown."""
        self.watch.wire(self.tab, session)
        changed = self.result.wire(session, to_compare)
        self.form.wire(self.watch, self.result.with_dpo, [self.tab.select, *changed], session)
