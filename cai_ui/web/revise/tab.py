"""Critique & Revision: one request through draft, critiques and revisions, live; and whole prompt sets.

What the tab does is in `stepper`; its boxes have files of their own, and its words are in `words`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import gradio as gr

from cai_ui.pipeline import Services, left_off
from cai_ui.web.kit.events import MODEL, QUIET, Changes, Given
from cai_ui.web.kit.follows_model import FollowsModel
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.handover import Handover
from cai_ui.web.kit.present import hint, lead
from cai_ui.web.kit.sight import sees
from cai_ui.web.revise import stepper, words
from cai_ui.web.revise.ask import AskBox
from cai_ui.web.revise.batch import BatchBox
from cai_ui.web.revise.branches import BranchBox
from cai_ui.web.revise.few_shot import FewShotBox
from cai_ui.web.revise.format_lab import FormatBox
from cai_ui.web.revise.settings import SettingsBox
from cai_ui.web.revise.traces import TracesBox
from cai_ui.web.session import Session, SessionParts


class ReviseTab:
    """The tab's boxes, from top to bottom."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Tab(words.TAB, id="revise", elem_id="tab-revise") as self.tab:
            gr.HTML(lead(words.TITLE, words.WHAT))
            self.ask = AskBox(services)
            self.settings = SettingsBox(services.settings)
            self.usual = FollowsModel(services, self._settings, self.settings.filled)
            self.branches = BranchBox(services)
            self.traces = TracesBox(services)
            self.few_shot = FewShotBox(services)
            self.formats = FormatBox(services)
            self.batch = BatchBox(services)
            gr.HTML(hint(words.NEXT))

    def wire(self, session: SessionParts, other_menus: Sequence[gr.Dropdown], to_curate: Handover) -> None:
        """Connect the boxes; streams share the model's place in the queue. `other_menus` offer prompt sets too."""
        self.session = session
        self.ask.wire([self.batch.prompt_set, self.formats.prompt_set, *other_menus], session)
        self.settings.wire()
        self.traces.wire(self.branches.trace_id)
        self.few_shot.wire(self.tab, session)
        self.formats.wire(session)
        self.batch.wire(self.settings, self.tab, session, to_curate)
        self._wire_streams()
        opened = [*self.branches.shown, *self.ask.asked]
        self.traces.opened.input(bind(self._open), [session.state, self.traces.opened], opened, **QUIET).success(
            **sees("revise-chain")
        )
        session.restore(bind(self._restore), [session.state], opened)
        self.usual.wire(session)

    def _wire_streams(self) -> None:
        listing = {
            "fn": bind(self._lists),
            "inputs": self.traces.sieve,
            "outputs": [*self.traces.filled, *self.settings.menus],
            **QUIET,
        }
        streams = self.branches.wire(self.ask.run, self.ask.stop, self.session)
        asked = {self.session.state, self.ask.prompt, self.ask.earlier, self.ask.drawn, *self.settings.inputs}
        run = self.ask.run.click(bind(self._run), asked, self.branches.streamed, **MODEL)
        self.ask.run.click(**sees("revise-chain"))
        for event in (run, *streams):
            idle = event.then(self.branches.idle, None, [*self.branches.begin, self.ask.stop], **QUIET)
            idle.then(**listing)
        for trigger in (self.tab.select, self.session.strip.change):
            trigger(**listing)

    def _run(self, given: Given) -> Iterator[Changes]:
        settings, sampling = self.settings.read_from(given)
        session = given[self.session.state]
        stepper.keep_settings(self.services, session, settings, sampling)
        request = given[self.ask.prompt], settings, sampling, given[self.ask.earlier], given[self.ask.drawn]
        for view in stepper.run_trace(self.services, self.session.stops, session, *request):
            yield self.branches.streaming(view)

    def _open(self, session: Session, trace_id: str | None) -> Changes:
        view = stepper.show_trace(self.services, session, trace_id or "")
        return {**self.branches.changes(view), **self.ask.asked_in(view)}

    def _restore(self, session: Session) -> Changes:
        """Trace and request as this person left them."""
        view = stepper.show_last(self.services, session)
        typed = left_off.left_off(self.services, session.author, stepper.TYPED)
        request: Changes = {self.ask.prompt: typed} if isinstance(typed, str) and typed else {}
        return {**self.branches.changes(view), **self.ask.asked_in(view), **request}

    def _settings(self, session: Session) -> Changes:
        return self.settings.changes(*stepper.kept_settings(self.services, session))

    def _lists(self, given: Given) -> Changes:
        """What depends on what is stored: traces, principles, adapters."""
        return {**self.traces.listed(given), **self.settings.listed(self.services)}
