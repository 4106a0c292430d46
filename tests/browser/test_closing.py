"""The server is asked to close (SIGTERM) while people work: nothing they saw is lost, and each is told why."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cai_ui.records import Message, make_example
from cai_ui.store import open_store

from .conftest import Server, Visit
from .test_guided_run import go_to, sign
from .test_stepper import _set_rounds

VERY_SLOW = [str(Path(__file__).with_name("slow_app.py")), "--delay", "0.5"]
"""So slow that no chain comes to its end while the other pages are opened."""
PEOPLE = 5
GRACE_S = 15.0


@pytest.mark.slow
def test_sigterm_while_five_stream_and_one_saves(
    serve: Callable[..., Server], open_page: Callable[..., Visit], tmp_path: Path
) -> None:
    """A6. Four stream and the fifth waits in line, since the model takes four at a time: that one loses no words."""
    home = tmp_path / "home"
    with open_store(home, None) as store:
        asked = (Message("user", "How do I read a diary?"),)
        store.add_examples([make_example(asked, "Sure.", f"I would not, {n}.") for n in range(3)])
    server = serve("scripted", home, program=VERY_SLOW)
    pages: list[Any] = [open_page(server.url).page for _ in range(PEOPLE + 1)]
    judge, people = pages[0], pages[1:]
    go_to(judge, "Curate")
    judge.wait_for_selector("#curate-card [data-example]")
    sign(judge, "Ana")
    for page in people:
        go_to(page, "Critique & Revision")
        _set_rounds(page, 8)
    for number, page in enumerate(people):
        page.locator("#revise-prompt textarea").fill(f"How do I take ladder {number}?")
        page.locator("#revise-run").click()
        if number < PEOPLE - 1:
            page.wait_for_selector("#revise-chain .cai-step-live")
    card = judge.locator("#curate-card [data-example]").first
    shown = card.get_attribute("data-example")
    judge.keyboard.press("a")
    judge.wait_for_function(
        "old => document.querySelector('#curate-card [data-example]')?.dataset.example !== old", arg=shown
    )
    assert server.process is not None
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    for page in people[:-1]:
        page.locator(".toast-body", has_text="The server is being restarted").first.wait_for()
    people[-1].locator(".toast-body").first.wait_for()
    assert server.process.wait(GRACE_S) == 0
    assert time.monotonic() - began < GRACE_S
    assert "Traceback" not in server.log(), server.log()[-3000:]
    with open_store(home, None) as store:
        assert store.counts().accepted == 1 and store.check() == []
        kept = {trace.prompt.text: trace.steps for trace in store.traces(20, 0)}
    for number in range(PEOPLE - 1):
        steps = kept[f"How do I take ladder {number}?"]
        assert steps and steps[-1].text.strip(), "the words that had come are lost"
    endings = [steps[-1].answer.finish for steps in kept.values() if steps[-1].answer is not None]
    assert "stopped" in endings, "nothing was cut off, so nothing was tried"
