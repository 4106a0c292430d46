"""Curate: one example per screen, one key per decision, undo and redo; then checks, import, freeze, export.

Decisions go past the queue in which generation waits, so that judging stays instant while a model works.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr
from gradio.blocks import Block

from cai_ui.pipeline import Services
from cai_ui.pipeline.curate.raters import SUGGESTED_SHARE
from cai_ui.records import Verdict
from cai_ui.store import QueueFilter
from cai_ui.web import session as sessions
from cai_ui.web.curate import judging, walking, words
from cai_ui.web.curate.agreement import AgreementBox
from cai_ui.web.curate.bar import Bar, keep_goal
from cai_ui.web.curate.checks import ChecksBox
from cai_ui.web.curate.datasets import DatasetsBox
from cai_ui.web.curate.example_box import ExampleBox, said_html
from cai_ui.web.curate.filter_box import FilterBox
from cai_ui.web.curate.importing import ImportBox
from cai_ui.web.curate.keys import keys_html, rebound
from cai_ui.web.curate.on_policy import OnPolicyBox
from cai_ui.web.curate.preferences import PreferencesBox
from cai_ui.web.curate.raters import RatersBox
from cai_ui.web.curate.remarks import decided_remarks
from cai_ui.web.curate.sights import Sights, unseen
from cai_ui.web.curate.table import TableBox
from cai_ui.web.curate.typed import Typed
from cai_ui.web.curate.visits import Visits
from cai_ui.web.curate.walking import View, read_place
from cai_ui.web.kit.events import AT_ONCE, EACH, QUIET, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.handover import Handover
from cai_ui.web.kit.present import hint, lead
from cai_ui.web.kit.sight import sees
from cai_ui.web.session import Session, SessionParts

_FOCUS = "() => { const box = document.querySelector('#curate-text textarea'); if (box) { box.focus(); } }"
_TO_TOP = "() => window.caiJudged()"


class CurateTab:
    """The tab; what can be done beside judging is in boxes of their own files."""

    def __init__(self, services: Services) -> None:
        self.services, self.sights = services, Sights()
        with gr.Tab(words.TITLE, id="curate", elem_id="tab-curate") as self.tab:
            gr.HTML(lead(words.TITLE, words.WHAT))
            self.bar = Bar(services)
            self.filter = FilterBox(services)
            self.example = ExampleBox(services, self.bar)
            self.typed = Typed(services, self.example)
            self.visits = Visits(services, self.sights, self.bar, self.filter, self.example)
            self.table = TableBox(services, self.filter)
            self.raters = RatersBox(services, self.example)
            self.checks = ChecksBox(services)
            self.agreement = AgreementBox(services)
            self.preferences = PreferencesBox(services)
            self.pairs = OnPolicyBox(services)
            self.imports = ImportBox(services)
            self.datasets = DatasetsBox(services)
            gr.HTML(hint(words.NEXT))

    def wire(self, session: SessionParts, to_train: Handover) -> None:
        """Connect the components."""
        self.session = session
        asked: set[Block] = {session.state, *self.filter.fields.values()}
        self._wire_judging({*asked, self.example.place})
        self.typed.wire(session)
        self._wire_walking({*asked, self.example.place})
        self.filter.wire(session, self.example.outputs, bind(self.look, partial(walking.show, self.services)))
        self._wire_visits({*asked, self.example.place, *self.example.given})
        self.agreement.wire()
        self.preferences.wire(self.tab, session)
        self.datasets.wire(self.tab, session, self.pairs.wire(self.tab, session), to_train)

    def _wire_judging(self, here: set[Block]) -> None:
        example = self.example
        self.judged: list[Block] = [*example.outputs, self.bar.ask, self.bar.name, self.bar.goal, self.bar.pending]
        for verdict, button in example.verdicts.items():
            given = {*here, *example.given}
            js = self._pressed(given, "document.activeElement?.blur()")
            button.click(bind(self.judge, verdict), given, self.judged, js=js, **EACH).success(
                None, None, None, js=_TO_TOP, **QUIET
            )
        for button, script in (
            (example.edit, _FOCUS),
            (example.blur, "() => window.caiBlur()"),
            (example.keys, "() => window.caiKeyList()"),
            (example.mark, "() => window.caiMark()"),
        ):
            button.click(None, None, None, js=script, **QUIET)

    def _wire_walking(self, here: set[Block]) -> None:
        example = self.example
        walked = {*here, example.behind}
        for button, by in ((example.next, 1), (example.back, -1)):
            button.click(bind(self.step, by), walked, example.outputs, js=self._pressed(walked), **EACH)
        for button, does in ((self.bar.undo, judging.undo), (self.bar.redo, judging.redo)):
            back, js = bind(self.take_back, partial(does, self.services)), self._pressed(here)
            button.click(back, here, example.outputs, js=js, **EACH)
        example.command.input(bind(self.follow), {*here, example.command}, self.visits.filled, **AT_ONCE).success(
            **sees("curate-card")
        )

    def _pressed(self, inputs: set[Block], before: str = "") -> str:
        """Script of a key: the browser says whether the answer to the one before is still underway to the page."""
        example, order = self.example, sorted(inputs, key=lambda block: block._id)  # as Gradio sends them
        to = f"values[{order.index(example.behind)}] = " if example.behind in inputs else ""
        press = f"{to}window.caiPress(values[{order.index(example.place)}])"
        return f"(...values) => {{ {before}; {press}; return values; }}"

    def _wire_visits(self, given: set[Block]) -> None:
        """Reload and tab visits: the same example, whatever happened meanwhile; the name in both tabs."""
        again = self.visits.wire(self.session, given)
        self.tab.select(**again)
        self.table.wire(self.session, again)
        self.raters.wire(self.session)
        for button, share in ((self.bar.double, SUGGESTED_SHARE), (self.bar.single, 0.0)):
            button.click(bind(self.bar.settle, share), None, [self.bar.suggest], **AT_ONCE)
        for changed in (self.imports.wire(self.visits.takes(), self.session), self.checks.wire()):
            changed.then(**again)
        self._wire_name(given)

    def _wire_name(self, given: set[Block]) -> None:
        """Who judges: asked before the first decision, and whenever the name in the bar is pressed."""
        session, bar, example = self.session, self.bar, self.example
        bar.who.click(bind(bar.asking), [session.state], [bar.ask, bar.name, bar.goal, bar.pending], **AT_ONCE).success(
            None, None, None, js=_TO_TOP, **QUIET
        )
        judged = [*self.visits.filled, *self.visits.about, bar.pending]
        named = [session.state, session.browser, session.name]
        signing: dict[str, Any] = {
            "fn": bind(self.sign),
            "inputs": {session.state, bar.name, bar.goal},
            "outputs": [*named, bar.ask, bar.who, example.key_list],
            **AT_ONCE,
        }
        for trigger in (bar.sign.click, bar.name.submit):
            trigger(**signing).success(bind(self.judge_pending), {*given, bar.pending}, judged, **AT_ONCE)
        session.name.blur(lambda name: gr.update(value=name), [session.name], [bar.who], **AT_ONCE)
        example.key_typed.input(bind(self.rebind), [session.state, example.key_typed], [example.key_list], **AT_ONCE)

    def take_back(self, does: Callable[[str, QueueFilter], View], given: Given) -> Changes:
        """What the last decision was about, once it is taken back or made again: a decision, whatever it shows."""
        return self.look(does, given)

    def look(self, find: Callable[[str, QueueFilter], View], given: Given) -> Changes:
        """What `find` finds for whoever asks in what the filter holds, without what the page has already: each part
        that is sent costs time before the next example shows, and most of all whether a box is seen, which the browser
        asks of everything in it."""
        session, filter, example = given[self.session.state], self.filter.read(given), self.example
        with self.sights.of(session.page) as sight:
            before = sight.place
            changes = self.example.show_in(sight, session.author, filter, find(session.author, filter))
        if not before or given.get(example.place) != before:  # another answer is underway to the page, or none ever was
            return changes
        known: set[Block] = {example.work, example.empty} if changes[example.place] else set()
        if given.get(example.spans) == changes[example.spans]:
            known.add(example.marks)
        return {block: value for block, value in unseen(changes, given).items() if block not in known}

    def judge(self, verdict: Verdict, given: Given) -> Changes:
        """Keep a decision on the example on the page, with its quality labels, and show the next one; before the first
        one, ask who decides."""
        session: Session = given[self.session.state]
        if not session.named:
            return {**self.bar.asking(session, verdict), self.bar.said: said_html(words.WHO_FIRST)}
        place, text = read_place(given[self.example.place]), given[self.example.text] or ""
        labels = given[self.example.labels] or ()
        remarks = decided_remarks(
            self.services, session.author, place, given[self.example.note], given[self.example.spans]
        )
        return self.look(
            lambda author, filter: judging.judge(self.services, author, filter, place, verdict, text, labels, remarks),
            given,
        )

    def step(self, by: int, given: Given) -> Changes:
        """The next or the previous example, without a decision: of the one that the key before led to, which the page
        does not show yet where keys come faster than answers. Where that answer was lost, of the one on the page, so
        that none is passed over."""
        page, behind = given[self.session.state].page, given[self.example.behind]

        def onward(author: str, filter: QueueFilter) -> View:
            place = read_place((behind and self.sights.last(page)) or given[self.example.place])
            return walking.step(self.services, author, filter, place, by)

        return self.look(onward, given)

    def follow(self, given: Given) -> Changes:
        """What an entry of a list stands for, and the filter's fields as they are then."""
        session, command = given[self.session.state], str(given[self.example.command])
        with self.sights.of(session.page) as sight:
            filter, view = walking.follow(self.services, session.author, self.filter.read(given), command)
            return {**self.example.show_in(sight, session.author, filter, view), **self.filter.changes(filter)}

    def sign(self, given: Given) -> Changes:
        """The name to sign with, for this visit, for the browser and for the field in Start; and the goal."""
        session = sessions.rename(given[self.session.state], sessions.read_name(given[self.bar.name]))
        with self.sights.of(session.page) as sight:
            sight.place = ""  # drafts and remarks on the page are of who they were before
        settings = keep_goal(self.services, session.author, given[self.bar.goal])
        signed = {block: value for block, value in self.bar.signed(session).items() if block is not self.bar.pending}
        names = {
            self.session.state: session,
            self.session.browser: sessions.kept_name(session),
            self.session.name: session.author,
        }
        return {**names, **signed, self.example.key_list: keys_html(settings)}

    def judge_pending(self, given: Given) -> Changes:
        """The decision that waited for a name, or the page as this person sees it."""
        verdict = given[self.bar.pending]
        named = given[self.session.state].named  # else it would be asked for once more
        changes = self.judge(verdict, given) if verdict and named else self.visits.look_again(given)
        return {**changes, self.bar.pending: ""}

    def rebind(self, session: Session, typed: str) -> str:
        """Another key for an action, as the page sent it: "action key"; "reset" gives the usual keys back."""
        settings = self.services.store.rater_settings(session.author)
        action, _, key = str(typed or "").partition(" ")
        settings = replace(settings, keys=()) if action == "reset" else rebound(settings, action, key)
        self.services.store.save_rater_settings(settings)
        return keys_html(settings)
