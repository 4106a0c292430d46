"""Whatever is sent to an event of the page gives an answer or a sentence: no unforeseen error, no traceback.

Each event is called as Gradio calls it, with values that its fields would never send: all of them, or one beside what
the page has. `CAI_FUZZ=10000` makes it long; the seed is fixed.
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

from cai_ui.pipeline import Services
from cai_ui.web.app import build_app
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
"""Events that begin work in the background: a valid press would run for minutes beside the next ones."""


def call(page: gr.Blocks, event: Any, inputs: list[Any]) -> Exception | None:
    """What an event raised, if it did; a stream is read for a few pieces."""

    async def go() -> None:
        state, iterator = SessionState(page), None
        for _ in range(3):
            answer = await page.process_api(event, inputs, state, SimpleNamespace(username=None), iterator=iterator)
            iterator = answer.get("iterator")
            if not answer.get("is_generating"):
                break

    try:
        finish(asyncio.wait_for(go(), 20))
    except Exception as error:
        return error
    return None


def own(block: Any) -> Any:
    """What the page sends of a component that nobody touched."""
    return None if isinstance(block, gr.State) else getattr(block, "value", None)


@pytest.mark.slow
def test_odd_values_give_a_sentence(services: Services, caplog: pytest.LogCaptureFixture) -> None:
    chance, page, failed = random.Random(20260824 + SEED), build_app(services), []
    events = [event for event in page.fns.values() if event.fn and not event.fn.__qualname__.endswith(LONG_WORK)]
    caplog.set_level(logging.ERROR)
    for _ in range(CALLS):
        event = chance.choice(events)
        inputs = [None if isinstance(block, gr.State) else chance.choice(ODD) for block in event.inputs]
        if inputs and chance.random() < 0.5:
            place = chance.randrange(len(inputs))
            inputs = [*map(own, event.inputs[:place]), inputs[place], *map(own, event.inputs[place + 1 :])]
        caplog.clear()
        error = call(page, event, inputs)
        if (error and not isinstance(error, gr.Error)) or caplog.records:
            said = caplog.records[0].exc_text or caplog.records[0].message if caplog.records else ""
            failed.append(f"{event.fn.__qualname__} {str(inputs)[:200]}: {error!r} {said[-600:]}")
    assert not failed, f"{len(failed)} of {CALLS}:\n" + "\n\n".join(failed[:12])
