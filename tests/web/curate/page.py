"""The Curate tab as one browser has it: every component's value, changed by what the handlers answer. No server."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import gradio as gr
from gradio.blocks import Block

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.records import Verdict
from cai_ui.web.curate import judging, walking
from cai_ui.web.curate.tab import CurateTab
from cai_ui.web.kit.events import Changes
from cai_ui.web.kit.handover import Handover
from cai_ui.web.session import Session, SessionParts
from cai_ui.web.stops import Stops


class Page:
    """`page[component]` is a component's value, `page.given` holds all of them as an event gets them, and
    `page.of(component)` is the last update of its other properties."""

    def __init__(self, services: Services, author: str = "me") -> None:
        with gr.Blocks() as self.blocks:
            with gr.Tabs() as tabs:
                self.tab = CurateTab(services)
            self.session = gr.State(Session(author, named=True))
            session = SessionParts(
                self.blocks,
                tabs,
                self.session,
                gr.BrowserState(""),
                self.blocks.load(None),
                Stops(),
                gr.State(),
                gr.Textbox(),
            )
            self.tab.wire(session, Handover("train"))
        self.services, self.example, self.filter = services, self.tab.example, self.tab.filter
        self.bar, self.refused = self.tab.bar, ""
        self.given = {block: getattr(block, "value", None) for block in self.blocks.blocks.values()}
        self._looks: dict[Block, dict[str, Any]] = {}

    def __getitem__(self, component: Block) -> Any:
        return self.given[component]

    def of(self, component: Block) -> dict[str, Any]:
        return self._looks.get(component, {})

    def take(self, changes: Changes) -> None:
        """What the browser does with an answer."""
        for component, value in changes.items():
            if not isinstance(value, dict) or value.get("__type__") != "update":
                self.given[component] = value
                continue
            self._looks[component] = {**self.of(component), **value}
            if "value" in value:
                self.given[component] = value["value"]

    def choose(self, **fields: Any) -> None:
        """Other values in the filter's fields."""
        self.given |= {self.filter.fields[name]: value for name, value in fields.items()}
        self.take(self.tab.look(partial(walking.show, self.services), self.given))

    def judge(self, verdict: Verdict, text: str | None = None, labels: list[str] | None = None) -> None:
        if text is not None:
            self.given[self.example.text] = text
        self.given[self.example.labels] = labels or []
        self.take(self.tab.judge(verdict, self.given))

    def sign(self, name: str, goal: str = "") -> None:
        """Say who judges; what was refused stands in `refused`."""
        self.given |= {self.bar.name: name, self.bar.goal: goal}
        try:
            self.take(self.tab.sign(self.given))
            self.take(self.tab.judge_pending(self.given))
        except InputError as error:
            self.refused = str(error)

    def step(self, by: int) -> None:
        self.take(self.tab.step(by, self.given))

    def undo(self) -> None:
        self.take(self.tab.look(partial(judging.undo, self.services), self.given))

    def follow(self, command: str) -> None:
        self.given[self.example.command] = command
        self.take(self.tab.follow(self.given))

    def visit(self) -> None:
        self.take(self.tab.visits.look_again(self.given))

    def reload(self, memory: object) -> None:
        """A fresh page of a browser that remembers this."""
        self.take(self.tab.visits.restore(self[self.session], memory))

    @property
    def shown(self) -> str:
        """Id of the example on the page."""
        return str(json.loads(self[self.example.place])["example_id"])

    @property
    def card(self) -> str:
        return str(self[self.example.card])
