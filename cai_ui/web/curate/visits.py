"""Coming to the tab, and back to it: the example that was left there, as it stands after what happened meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.blocks import Block

from cai_ui.errors import NotFoundError
from cai_ui.pipeline import Services
from cai_ui.store import QueueFilter
from cai_ui.web.curate import walking, words
from cai_ui.web.curate.bar import Bar
from cai_ui.web.curate.example_box import OPENING, ExampleBox, guidelines_html
from cai_ui.web.curate.filter import Menu, filter_of, fixed_menus, known_values, queue_menus, values_of
from cai_ui.web.curate.filter_box import FilterBox
from cai_ui.web.curate.keys import keys_html
from cai_ui.web.curate.sights import Sight, Sights, unseen
from cai_ui.web.curate.walking import View, read_place
from cai_ui.web.kit.events import AT_ONCE, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.handover import Handover
from cai_ui.web.session import Session, SessionParts


class Visits:
    """What the tab shows to whoever reloads the page, comes back to the tab, or is led here by another one."""

    def __init__(self, services: Services, sights: Sights, bar: Bar, filter: FilterBox, example: ExampleBox) -> None:
        self.services, self.sights = services, sights
        self.bar, self.filter, self.example = bar, filter, example
        self.filled: list[Block] = [*example.outputs, *filter.fields.values()]
        """The example and the filter."""
        self.about: list[Block] = [bar.who, example.key_list, example.guidelines, bar.suggest, bar.suggested]
        """What is this person's, whatever the example."""

    def wire(self, session: SessionParts, given: set[Block]) -> dict[str, Any]:
        """Connect the reload; gives the event of a look at how things stand now, of what the page holds (`given`)."""
        self.session = session
        self.example.memory.render()  # outside the tabs: one that is not looked at yet has read nothing when this asks
        mine = [self.bar.ask, self.bar.pending, *self.about]
        session.restore(bind(self.restore), [session.state, self.example.memory], [*self.filled, *mine])
        return {"fn": bind(self.look_again), "inputs": given, "outputs": [*self.filled, *self.about], **AT_ONCE}

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
        return {**self._filled(session, filter, view, menus), **self.bar.signed(session), **self._about(session)}

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
        who = {self.bar.who: self.bar.signed(session)[self.bar.who]}
        return {**changes, **self.filter.menus(queue_menus(self.services)), **who, **self._about(session)}

    def takes(self) -> Handover:
        """Leads here with a session and a source, whose open examples are shown."""
        return Handover("curate", self.filled, self.take)

    def take(self, session: Session, source: str) -> Changes:
        """The open examples of one source, or all where it has none."""
        filter = QueueFilter("open", source=source or None)
        if not self.services.store.open_number(filter):
            filter = QueueFilter("open")
        view = walking.show(self.services, session.author, filter)
        return self._filled(session, filter, view, queue_menus(self.services, source))

    def _stands(self, sight: Sight, place: str, author: str, filter: QueueFilter, given: Given) -> Changes:
        """The example on the page as it stands now; of one that did not change, only what stands around it. What is
        being typed is never sent again."""
        example, before = self.example, replace(sight)
        view = walking.look_again(self.services, author, filter, place)
        changes = example.show_in(sight, author, filter, view)
        if not before.place or not place or not read_place(place).same_example(view.place):
            return unseen(changes, given)
        typed = given.get(example.text) != before.text
        if sight.card == before.card and (typed or sight.text == before.text):
            sight.place = before.place
            return {block: changes[block] for block in example.around_it}
        theirs = {*example.given, example.marks, example.remarked} - (set() if typed else {example.text})
        return {block: value for block, value in changes.items() if block not in theirs}

    def _filled(self, session: Session, filter: QueueFilter, view: View, menus: Mapping[str, Menu]) -> Changes:
        with self.sights.of(session.page) as sight:
            changes = self.example.show_in(sight, session.author, filter, view)
        return {
            **changes,
            **self.filter.changes(filter),
            **self.filter.menus(menus, values_of(filter)),
        }

    def _about(self, session: Session) -> Changes:
        return {
            self.example.key_list: keys_html(self.services.store.rater_settings(session.author)),
            self.example.guidelines: guidelines_html(self.services.store.guidelines()),
            **self.bar.suggestion(session),
        }

    def _is_judged(self, session: Session) -> bool:
        try:
            return self.services.store.item(session.item, session.author).decision is not None
        except NotFoundError:
            return False
