"""Curate: one example per screen, one key per decision, undo and redo; then checks, import, freeze, export.

Decisions go past the queue in which generation waits, so that judging stays instant while a model works.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr
from gradio.blocks import Block

from cai_ui.errors import NotFoundError
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
from cai_ui.web.curate.example_box import OPENING, ExampleBox, guidelines_html, said_html
from cai_ui.web.curate.filter import Menu, filter_of, fixed_menus, known_values, queue_menus, values_of
from cai_ui.web.curate.filter_box import FilterBox
from cai_ui.web.curate.importing import ImportBox
from cai_ui.web.curate.keys import keys_html, rebound
from cai_ui.web.curate.on_policy import OnPolicyBox
from cai_ui.web.curate.preferences import PreferencesBox
from cai_ui.web.curate.raters import RatersBox
from cai_ui.web.curate.remarks import decided_remarks, keep_remarks, marks_html
from cai_ui.web.curate.sights import Sight, Sights
from cai_ui.web.curate.table import TableBox
from cai_ui.web.curate.walking import View, read_place
from cai_ui.web.kit.events import AT_ONCE, EACH, NEWEST, QUIET, Changes, Given
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
        self._wire_walking({*asked, self.example.place})
        self.filter.wire(session, self.example.outputs, bind(self.look, partial(walking.show, self.services)))
        self._wire_visits({*asked, self.example.place})
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
        typed = [self.session.state, example.place, example.text]
        example.text.input(bind(self.keep_draft), typed, [example.drafted], **AT_ONCE | NEWEST)
        for said in (example.note, example.spans):
            said.input(
                bind(self.keep_remarks),
                {self.session.state, example.place, example.note, example.spans},
                [example.remarked, example.marks],
                **AT_ONCE | NEWEST,
            )
        example.original.click(bind(self.put_back), typed[:2], [example.text, example.drafted], **AT_ONCE)
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
            look, js = bind(self.look, partial(does, self.services)), self._pressed(here)
            button.click(look, here, example.outputs, js=js, **EACH)
        filled = [*example.outputs, *self.filter.fields.values()]
        example.command.input(bind(self.follow), {*here, example.command}, filled, **AT_ONCE).success(
            **sees("curate-card")
        )

    def _pressed(self, inputs: set[Block], before: str = "") -> str:
        """Script of a key: the browser says whether the answer to the one before is still underway to the page."""
        example, order = self.example, sorted(inputs, key=lambda block: block._id)  # as Gradio sends them
        to = f"values[{order.index(example.behind)}] = " if example.behind in inputs else ""
        press = f"{to}window.caiPress(values[{order.index(example.place)}])"
        return f"(...values) => {{ {before}; {press}; return values; }}"

    def _wire_visits(self, here: set[Block]) -> None:
        """Reload and tab visits: the same example, whatever happened meanwhile; the name in both tabs."""
        session, example = self.session, self.example
        filled = [*example.outputs, *self.filter.fields.values()]
        mine: list[Block] = [
            self.bar.ask, self.bar.who, self.bar.pending, example.key_list, example.guidelines, self.bar.suggest,
            self.bar.suggested,
        ]  # fmt: skip
        session.restore(bind(self.restore), [session.state, example.memory], [*filled, *mine])
        about = [self.bar.who, example.key_list, example.guidelines, self.bar.suggest, self.bar.suggested]
        looked = [*filled, *about]
        given = {*here, *example.given}
        again: dict[str, Any] = {"fn": bind(self.look_again), "inputs": given, "outputs": looked, **AT_ONCE}
        self.tab.select(**again)
        self.table.wire(session, again)
        self.raters.wire(session)
        for button, share in ((self.bar.double, SUGGESTED_SHARE), (self.bar.single, 0.0)):
            button.click(bind(self.bar.settle, share), None, [self.bar.suggest], **AT_ONCE)
        for changed in (self.imports.wire(self.takes(), session), self.checks.wire()):
            changed.then(**again)
        self._wire_name({*here, *example.given}, filled, mine)

    def _wire_name(self, here: set[Block], filled: list[Block], mine: list[Block]) -> None:
        """Who judges: asked before the first decision, and whenever the name in the bar is pressed."""
        session, bar, example = self.session, self.bar, self.example
        bar.who.click(bind(bar.asking), [session.state], [bar.ask, bar.name, bar.goal, bar.pending], **AT_ONCE).success(
            None, None, None, js=_TO_TOP, **QUIET
        )
        judged = [*filled, *mine[1:]]
        named = [session.state, session.browser, session.name]
        signing: dict[str, Any] = {
            "fn": bind(self.sign),
            "inputs": {session.state, bar.name, bar.goal},
            "outputs": [*named, *mine[:2], example.key_list],
            **AT_ONCE,
        }
        for trigger in (bar.sign.click, bar.name.submit):
            trigger(**signing).success(bind(self.judge_pending), {*here, bar.pending}, judged, **AT_ONCE)
        session.name.blur(lambda name: gr.update(value=name), [session.name], [bar.who], **AT_ONCE)
        example.key_typed.input(bind(self.rebind), [session.state, example.key_typed], [example.key_list], **AT_ONCE)

    def look(self, find: Callable[[str, QueueFilter], View], given: Given) -> Changes:
        """What `find` finds for whoever asks in what the filter holds, without what the page has already: each part
        that is sent costs time before the next example shows, and most of all whether a box is seen, which the browser
        asks of everything in it."""
        session, filter, example = given[self.session.state], self.filter.read(given), self.example
        with self.sights.of(session.page) as sight:
            before = sight.place
            changes = self._show(sight, session.author, filter, find(session.author, filter))
        if not before or given.get(example.place) != before:  # another answer is underway to the page, or none ever was
            return changes
        known: set[Block] = {example.work, example.empty} if changes[example.place] else set()
        if given.get(example.spans) == changes[example.spans]:
            known.add(example.marks)
        return {block: value for block, value in _news(changes, given).items() if block not in known}

    def _show(self, sight: Sight, author: str, filter: QueueFilter, view: View) -> Changes:
        """The page for a view, which is its sight from now on."""
        changes = self.example.show(author, filter, view)
        sight.place, sight.card, sight.text = (
            str(changes[block]) for block in (self.example.place, self.example.card, self.example.text)
        )
        return changes

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
            return {**self._show(sight, session.author, filter, view), **self.filter.changes(filter)}

    def look_again(self, given: Given) -> Changes:
        """The example on the page as it stands now, unless a key led on from it meanwhile, and menus of what is in the
        queue now."""
        place = str(given[self.example.place] or "")
        if place == OPENING:  # a link to this tab selects it; the answer would take back what `restore` shows meanwhile
            return {self.example.place: gr.skip()}
        session: Session = given[self.session.state]
        filter = self.filter.read(given)
        with self.sights.of(session.page) as sight:
            if sight.place in ("", place):
                changes = self._stands(sight, place, session.author, filter, given)
            else:
                changes = self.example.around(session.author, self.services.store.counts(filter, session.author))
        return {
            **changes,
            **self.filter.menus(queue_menus(self.services)),
            self.bar.who: self.bar.signed(session)[self.bar.who],
            self.example.key_list: keys_html(self.services.store.rater_settings(session.author)),
            self.example.guidelines: guidelines_html(self.services.store.guidelines()),
            **self.bar.suggestion(session),
        }

    def _stands(self, sight: Sight, place: str, author: str, filter: QueueFilter, given: Given) -> Changes:
        """The example on the page as it stands now; of one that did not change, only what stands around it. What is
        being typed is never sent again."""
        example, before = self.example, replace(sight)
        view = walking.look_again(self.services, author, filter, place)
        changes = self._show(sight, author, filter, view)
        if not before.place or not place or not read_place(place).same_example(view.place):
            return _news(changes, given)
        typed = given.get(example.text) != before.text
        if sight.card == before.card and (typed or sight.text == before.text):
            sight.place = before.place
            return {block: changes[block] for block in example.around_it}
        theirs = {*example.given, example.marks, example.remarked} - (set() if typed else {example.text})
        return {block: value for block, value in changes.items() if block not in theirs}

    def restore(self, session: Session, memory: object) -> Changes:
        """The page as this browser left it."""
        kept = memory if isinstance(memory, dict) else {}
        menus = queue_menus(self.services, kept.get("source"))
        filter = filter_of(known_values(kept, {**fixed_menus(), **menus}))
        offset = kept.get("offset") if isinstance(kept.get("offset"), int) else 0
        if session.item and self._is_judged(session):
            filter = filter.of_status("all")  # else the next look at open ones would lead away from it
        id = session.item or str(kept.get("id") or "")
        view = walking.resume(self.services, session.author, filter, id, max(0, offset or 0))
        if session.item and (view.item is None or view.item.example.id != session.item):
            view = replace(view, said=words.NO_SUCH)
        return {
            **self._filled(session, filter, view, menus),
            **self.bar.signed(session),
            self.example.key_list: keys_html(self.services.store.rater_settings(session.author)),
            self.example.guidelines: guidelines_html(self.services.store.guidelines()),
            **self.bar.suggestion(session),
        }

    def takes(self) -> Handover:
        """Leads here with a session and a source, whose open examples are shown."""
        return Handover("curate", [*self.example.outputs, *self.filter.fields.values()], self.take)

    def take(self, session: Session, source: str) -> Changes:
        """The open examples of one source, or all where it has none."""
        filter = QueueFilter("open", source=source or None)
        if not self.services.store.open_number(filter):
            filter = QueueFilter("open")
        view = walking.show(self.services, session.author, filter)
        return self._filled(session, filter, view, queue_menus(self.services, source))

    def _filled(self, session: Session, filter: QueueFilter, view: View, menus: Mapping[str, Menu]) -> Changes:
        with self.sights.of(session.page) as sight:
            changes = self._show(sight, session.author, filter, view)
        return {
            **changes,
            **self.filter.changes(filter),
            **self.filter.menus(menus, values_of(filter)),
        }

    def _is_judged(self, session: Session) -> bool:
        try:
            return self.services.store.item(session.item, session.author).decision is not None
        except NotFoundError:
            return False

    def keep_draft(self, session: Session, place: str, text: str) -> Any:
        """Keep what is being typed; says when it was saved."""
        if not place:
            return gr.skip()
        said = judging.keep_draft(self.services, session.author, read_place(place), text or "")
        return said_html(said, aloud=False)

    def keep_remarks(self, given: Given) -> Changes:
        """Keep a comment that is being typed, and the passages that are highlighted; says when they were saved."""
        example = self.example
        if not given[example.place]:
            return {example.remarked: gr.skip()}
        author, place = given[self.session.state].author, read_place(given[example.place])
        kept = keep_remarks(self.services, author, place, given[example.note], given[example.spans])
        if kept is None:
            return {example.remarked: gr.skip()}
        return {
            example.remarked: said_html(f"Saved {judging.clock(kept[0])}", aloud=False),
            example.marks: marks_html(kept[1].spans),
        }

    def put_back(self, session: Session, place: str) -> tuple[str, str]:
        """The model's revision for the box, and a word on it."""
        text = judging.forget_draft(self.services, session.author, read_place(place))
        return text, said_html(words.REVISION_BACK)

    def sign(self, given: Given) -> Changes:
        """The name to sign with, for this visit, for the browser and for the field in Start; and the goal."""
        session = sessions.rename(given[self.session.state], sessions.read_name(given[self.bar.name]))
        with self.sights.of(session.page) as sight:
            sight.place = ""  # drafts and remarks on the page are of who they were before
        settings = keep_goal(self.services, session.author, given[self.bar.goal])
        signed = {block: value for block, value in self.bar.signed(session).items() if block is not self.bar.pending}
        names = {
            self.session.state: session,
            self.session.browser: session.author,
            self.session.name: session.author,
        }
        return {**names, **signed, self.example.key_list: keys_html(settings)}

    def judge_pending(self, given: Given) -> Changes:
        """The decision that waited for a name, or the page as this person sees it."""
        verdict = given[self.bar.pending]
        named = given[self.session.state].named  # else it would be asked for once more
        changes = self.judge(verdict, given) if verdict and named else self.look_again(given)
        return {**changes, self.bar.pending: ""}

    def rebind(self, session: Session, typed: str) -> str:
        """Another key for an action, as the page sent it: "action key"; "reset" gives the usual keys back."""
        settings = self.services.store.rater_settings(session.author)
        action, _, key = str(typed or "").partition(" ")
        settings = replace(settings, keys=()) if action == "reset" else rebound(settings, action, key)
        self.services.store.save_rater_settings(settings)
        return keys_html(settings)


def _news(changes: Changes, given: Given) -> Changes:
    """What is other than the values that an event was sent with."""
    return {block: value for block, value in changes.items() if block not in given or given[block] != value}
