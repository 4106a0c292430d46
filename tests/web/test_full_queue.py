"""B5. More wait than the queue takes: who comes too late is told at once, and what goes round the queue goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr
import httpx
import pytest

from cai_ui.pipeline import Services
from cai_ui.web.app import build_app, launch_arguments

PLACES, AT_WORK = 64, 4


def sent(event: Any, session: str) -> dict[str, Any]:
    """What a page that nobody touched sends for an event."""
    data = [None if isinstance(block, gr.State) else getattr(block, "value", None) for block in event.inputs]
    return {"data": data, "fn_index": event._id, "session_hash": session}


def test_who_comes_too_late_is_told_and_decisions_go_on(filled: Services) -> None:
    page, free = build_app(filled), threading.Event()
    named = {event.fn.__qualname__: event for event in page.fns.values() if event.fn}
    ask, keep = named["ReviseTab._run"], named["CurateTab.judge"]

    def answer(*values: Any) -> Iterator[dict[Any, Any]]:
        free.wait(60)
        yield {ask.outputs[0]: gr.skip()}

    answer.__module__, answer.__qualname__ = ask.fn.__module__, ask.fn.__qualname__
    ask.fn = answer
    _, url, _ = page.launch(prevent_thread_lock=True, **launch_arguments(filled))
    try:
        with httpx.Client(base_url=f"{url}gradio_api/", timeout=30, trust_env=False) as browser:
            told = [browser.post("queue/join", json=sent(ask, f"s{n}")) for n in range(PLACES + AT_WORK + 20)]
            taken = [answer.status_code for answer in told].index(503)
            assert PLACES <= taken <= PLACES + AT_WORK
            assert {answer.status_code for answer in told[taken:]} == {503}, "which the page says: it is busy"
            assert not keep.queue
            judged = browser.post("run/predict", json=sent(keep, "rater"))
            assert judged.status_code == 200 or "error" in judged.json(), "a decision waits for nobody"
            free.set()
            for _ in range(200):
                if browser.post("queue/join", json=sent(ask, "later")).status_code == 200:
                    return
            pytest.fail("the places are not free again")
    finally:
        free.set()
        page.close()
