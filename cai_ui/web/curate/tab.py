"""Curate: one example per screen, one key per decision, undo and redo; then checks, import, freeze, export.

Decisions go past the queue in which generation waits, so that judging stays instant while a model works.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import gradio as gr
from gradio.blocks import Block

from cai_ui.pipeline import Services
from cai_ui.records import Verdict
from cai_ui.store import QueueFilter
from cai_ui.web import session as sessions
from cai_ui.web.curate import judging, walking, words
from cai_ui.web.curate.agreement import AgreementBox
from cai_ui.web.curate.checks import ChecksBox
from cai_ui.web.curate.datasets import DatasetsBox
from cai_ui.web.curate.example_box import ExampleBox, said_html
from cai_ui.web.curate.filter import Menu, filter_of, fixed_menus, known_values, queue_menus, values_of
from cai_ui.web.curate.filter_box import FilterBox
from cai_ui.web.curate.importing import ImportBox
from cai_ui.web.curate.on_policy import OnPolicyBox
from cai_ui.web.curate.preferences import PreferencesBox
from cai_ui.web.curate.walking import View, read_place
from cai_ui.web.kit.events import AT_ONCE, EACH, NEWEST, QUIET, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.handover import Handover
from cai_ui.web.kit.present import hint, lead
from cai_ui.web.kit.sight import sees
from cai_ui.web.session import Session, SessionParts

_FOCUS = "() => { const box = document.querySelector('#curate-text textarea'); if (box) { box.focus(); } }"
_LEAVE = "(...values) => { document.activeElement?.blur(); return values; }"


class CurateTab:
    """The tab; what can be done beside judging is in boxes of their own files."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Tab(words.TITLE, id="curate", elem_id="tab-curate") as self.tab:
            gr.HTML(lead(words.TITLE, words.WHAT))
            counts = gr.HTML(elem_id="curate-counts")
            self.filter = FilterBox(services)
            self.example = ExampleBox(services, counts)
            self.checks = ChecksBox(services)
            self.agreement = AgreementBox(services)
            self.preferences = PreferencesBox(services)
            self.pairs = OnPolicyBox(services)
            self.imports = ImportBox(services)
            self.datasets = DatasetsBox(services)
            gr.HTML(hint(words.NEXT))

    def wire(self, session: SessionParts, author: gr.Textbox, to_train: Handover) -> None:
        """Connect the components; `author` is the field for the visitor's name in Start."""
        self.session, self.author = session, author
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
        for verdict, button in example.verdicts.items():
            button.click(
                bind(self.judge, verdict), {*here, example.text, example.labels}, example.outputs, js=_LEAVE, **EACH
            ).success(**sees("curate-card"))
        typed = [self.session.state, example.place, example.text]
        example.text.input(bind(self.keep_draft), typed, [example.drafted], **AT_ONCE | NEWEST)
        example.original.click(bind(self.put_back), typed[:2], [example.text, example.drafted], **AT_ONCE)
        for button, script in (
            (example.edit, _FOCUS),
            (example.blur, "() => window.caiBlur()"),
            (example.keys, "() => window.caiKeyList()"),
        ):
            button.click(None, None, None, js=script, **QUIET)

    def _wire_walking(self, here: set[Block]) -> None:
        example = self.example
        for button, by in ((example.next, 1), (example.back, -1)):
            button.click(bind(self.step, by), here, example.outputs, **EACH)
        for button, does in ((example.undo, judging.undo), (example.redo, judging.redo)):
            button.click(bind(self.look, partial(does, self.services)), here, example.outputs, **EACH)
        filled = [*example.outputs, *self.filter.fields.values()]
        example.command.input(bind(self.follow), {*here, example.command}, filled, **AT_ONCE).success(
            **sees("curate-card")
        )

    def _wire_visits(self, here: set[Block]) -> None:
        """Reload and tab visits: the same example, whatever happened meanwhile; the name in both tabs."""
        session, example = self.session, self.example
        filled = [*example.outputs, *self.filter.fields.values()]
        session.restore(bind(self.restore), [session.state, example.memory], [*filled, example.name], **AT_ONCE)
        again: dict[str, Any] = {"fn": bind(self.look_again), "inputs": here, "outputs": filled, **AT_ONCE}
        self.tab.select(**again)
        for changed in (self.imports.wire(self.takes(), session), self.checks.wire()):
            changed.then(**again)
        # Not with the look at a visit: its late answer would overwrite a name that is being typed.
        self.author.blur(lambda name: name, [self.author], [example.name], **AT_ONCE)
        example.name.blur(
            bind(self.rename), [session.state, example.name], [session.state, session.browser, self.author], **AT_ONCE
        ).success(**again)

    def look(self, find: Callable[[str, QueueFilter], View], given: Given) -> Changes:
        """What `find` finds for whoever asks in what the filter holds."""
        author, filter = given[self.session.state].author, self.filter.read(given)
        return self.example.show(author, filter, find(author, filter))

    def judge(self, verdict: Verdict, given: Given) -> Changes:
        """Keep a decision on the example on the page, with its quality labels, and show the next one."""
        place, text = read_place(given[self.example.place]), given[self.example.text] or ""
        labels = given[self.example.labels] or ()
        return self.look(
            lambda author, filter: judging.judge(self.services, author, filter, place, verdict, text, labels), given
        )

    def step(self, by: int, given: Given) -> Changes:
        """The next or the previous example, without a decision."""
        place = read_place(given[self.example.place])
        return self.look(lambda author, filter: walking.step(self.services, author, filter, place, by), given)

    def follow(self, given: Given) -> Changes:
        """What an entry of a list stands for, and the filter's fields as they are then."""
        author, command = given[self.session.state].author, str(given[self.example.command])
        filter, view = walking.follow(self.services, author, self.filter.read(given), command)
        return {**self.example.show(author, filter, view), **self.filter.changes(filter)}

    def look_again(self, given: Given) -> Changes:
        """The example on the page as it stands now, and menus of what is in the queue now."""
        place = str(given[self.example.place] or "")
        changes = self.look(lambda author, filter: walking.look_again(self.services, author, filter, place), given)
        return {**changes, **self.filter.menus(queue_menus(self.services))}

    def restore(self, session: Session, memory: object) -> Changes:
        """The page as this browser left it."""
        kept = memory if isinstance(memory, dict) else {}
        menus = queue_menus(self.services, kept.get("source"))
        filter = filter_of(known_values(kept, {**fixed_menus(), **menus}))
        offset = kept.get("offset") if isinstance(kept.get("offset"), int) else 0
        view = walking.resume(self.services, session.author, filter, str(kept.get("id") or ""), max(0, offset or 0))
        return {**self._filled(session, filter, view, menus), self.example.name: session.author}

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
        return {
            **self.example.show(session.author, filter, view),
            **self.filter.changes(filter),
            **self.filter.menus(menus, values_of(filter)),
        }

    def keep_draft(self, session: Session, place: str, text: str) -> Any:
        """Keep what is being typed; says when it was saved."""
        if not place:
            return gr.skip()
        return said_html(judging.keep_draft(self.services, session.author, read_place(place), text or ""))

    def put_back(self, session: Session, place: str) -> tuple[str, str]:
        """The model's revision for the box, and a word on it."""
        text = judging.forget_draft(self.services, session.author, read_place(place))
        return text, said_html(words.REVISION_BACK)

    def rename(self, session: Session, name: str) -> tuple[Session, str, str]:
        """Another name to sign with: for this visit, for the browser, and for the field in Start."""
        renamed = sessions.rename(session, name)
        return renamed, renamed.author, renamed.author
