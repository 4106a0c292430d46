"""Whatever is sent to an event of the page gives an answer or a sentence: no unforeseen error, no traceback.

Each event is called as Gradio calls it, on pages that people have open, with values that their fields would never send:
all of them, or one beside what the page holds by then. `CAI_FUZZ=10000` makes it long; the seed is fixed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from cai_ui.config.answers import Sampling
from cai_ui.config.compare import CompareSettings
from cai_ui.config.curate import DatasetSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare.comparison import run_evaluation
from cai_ui.pipeline.curate.datasets import freeze_dataset
from cai_ui.records import BASE, Run
from cai_ui.records.people import Right
from cai_ui.store import schema
from cai_ui.web import rights
from cai_ui.web.app import build_app
from cai_ui.web.revise.stepper import run_trace
from cai_ui.web.session import Session
from cai_ui.web.stops import Stops
from tests.fuzz import SEED
from tests.off_loop import finish

CALLS = int(os.environ.get("CAI_FUZZ", "400"))
ODD: list[Any] = [
    None,
    "",
    " ",
    "text",
    "\x00",
    "\ud800",
    "=1+1",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "9" * 5000,
    "1e999",
    "nan",
    "-1",
    "2026-99-99",
    0,
    -1,
    3,
    10**400,
    1e308,
    0.5,
    True,
    [],
    [None],
    ["a", 3],
    [[]],
    {},
    {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
    {"\ud800": 1},
    {"a": {"b": [1, None]}},
]
LONG_WORK = ("_start", "_began", "accept", "freeze_now", "_queue_all", "_queue_variants")
"""Events that begin work in the background: a valid press would run for minutes beside the next ones, so all of its
values are odd ones."""
EACH_VISIT = 40
"""Calls on one page, before another is opened."""
OWN_NAME = ("CurateTab.sign",)
"""Keeps how many one wants to judge a day, under one's own name."""
NOBODY = SimpleNamespace(username=None)


class Visit:
    """A page that somebody has open: what its components hold, and what the server keeps for it."""

    def __init__(self, page: gr.Blocks) -> None:
        self.page, self.kept = page, SessionState(page)
        self.holds = {number: _at_first(block) for number, block in page.blocks.items()}

    async def open(self) -> None:
        """What comes by itself when a page is opened."""
        events = list(self.page.fns.values())
        loads = [event for event in events if any(trigger == "load" for _, trigger in event.targets)]
        for event in [*loads, *(event for event in events if event.trigger_after in {load._id for load in loads})]:
            if event.fn:
                await self.call(event, self.sends(event))

    def sends(self, event: Any) -> list[Any]:
        return [self.holds[block._id] for block in event.inputs]

    async def call(self, event: Any, inputs: list[Any]) -> Exception | None:
        """What an event raised, if it did; a stream is read for a few pieces."""
        try:
            await asyncio.wait_for(self._call(event, inputs), 20)
        except Exception as error:
            return error
        return None

    async def _call(self, event: Any, inputs: list[Any]) -> None:
        iterator = None
        for _ in range(3):
            answer = await self.page.process_api(event, inputs, self.kept, NOBODY, iterator=iterator)
            for block, value in zip(event.outputs, answer["data"], strict=True):
                if not isinstance(value, dict) or value.get("__type__") != "update":
                    self.holds[block._id] = None if isinstance(block, gr.State) else value
                elif "value" in value:
                    self.holds[block._id] = value["value"]
            iterator = answer.get("iterator")
            if not answer.get("is_generating"):
                return


def _at_first(block: Any) -> Any:
    """What the page sends of a component that nobody touched."""
    return None if isinstance(block, gr.State) else getattr(block, "value", None)


def name_of(event: Any) -> str:
    return event.fn.__qualname__ if event.fn else "an event of the browser's own"


def drawn(visit: Visit, event: Any, chance: random.Random) -> list[Any]:
    """Odd values for an event's fields, or what the page holds with one odd value among it."""
    inputs = [None if isinstance(block, gr.State) else chance.choice(ODD) for block in event.inputs]
    if inputs and chance.random() < 0.5 and not name_of(event).endswith(LONG_WORK):
        place = chance.randrange(len(inputs))
        held = visit.sends(event)
        inputs = [*held[:place], inputs[place], *held[place + 1 :]]
    return inputs


@pytest.fixture
def worked_in(filled: Services) -> Services:
    """Services with a little of all that people make: a trace, decisions, a dataset, a run, an evaluation."""
    for _ in run_trace(filled, Stops(), Session(), "How do I read my sister's diary?", RevisionSettings(), Sampling()):
        pass
    filled.store.decide_many([item.example.id for item in filled.store.queue(limit=4)], "accept", "me")
    data = freeze_dataset(filled, "first", DatasetSettings(helpful=0), "me")
    filled.store.create_run(
        Run("run-0123456789ab", "One", "sft", "failed", data.hash, {}, "me", "2026-01-02T03:04:05Z")
    )
    for _ in run_evaluation(filled, [BASE], CompareSettings(per_kind=1, max_new_tokens=4)):
        pass
    return filled


@pytest.mark.slow
def test_odd_values_give_a_sentence(worked_in: Services, caplog: pytest.LogCaptureFixture) -> None:
    chance, page, failed = random.Random(20260824 + SEED), build_app(worked_in), []
    events = list(page.fns.values())
    caplog.set_level(logging.ERROR)

    async def go() -> None:
        visit = Visit(page)
        for number in range(CALLS):
            if number % EACH_VISIT == 0:
                visit = Visit(page)
                await visit.open()
            event = chance.choice(events)
            inputs = drawn(visit, event, chance)
            caplog.clear()
            error = await visit.call(event, inputs)
            if (error and not isinstance(error, gr.Error)) or caplog.records:
                said = caplog.records[0].exc_text or caplog.records[0].message if caplog.records else ""
                failed.append(f"{name_of(event)} {str(inputs)[:200]}: {error!r} {said[-600:]}")

    finish(go())
    assert not failed, f"{len(failed)} of {CALLS}:\n" + "\n\n".join(failed[:12])


def held(services: Services) -> dict[str, list[Any]]:
    """All rows of the database, but who looks at which example and the stamps that say what has changed."""
    with services.store._db.read() as connection:
        names = [name for name in schema.metadata.tables if name not in ("leases", "meta")]
        return {name: list(connection.exec_driver_sql(f"SELECT * FROM {name}").all()) for name in names}


@pytest.mark.slow
def test_whoever_may_look_only_changes_nothing_by_it(worked_in: Services) -> None:
    """Seen: a viewer took back decisions, drew another sample to grade, and made drafts, by what mostly looks."""
    page, wrote = build_app(worked_in), []
    events = [event for event in page.fns.values() if event.fn]
    named = {event._id: f"{event.fn.__module__.removeprefix('cai_ui.')}:{event.fn.__qualname__}" for event in events}
    looks = [event for event in events if rights.of(named[event._id]) is Right.LOOK]

    async def go() -> None:
        visit = Visit(page)
        await visit.open()
        before = held(worked_in)
        for event in looks:
            if event.fn.__qualname__ in OWN_NAME:
                continue
            await visit.call(event, visit.sends(event))
            now = held(worked_in)
            if now != before:
                wrote.append((event.fn.__qualname__, [name for name in now if now[name] != before[name]]))
            before = now

    finish(go())
    assert len(looks) > 100 and not wrote, wrote
