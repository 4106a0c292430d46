"""What an event's request must hold before Gradio gets it: an object with an event of the page, its values, a session.

Gradio answers what is none with a traceback and an empty 500, sends a body back whole that it cannot read, and takes
seconds, in which nobody else is answered, for one of millions of small values.
"""

from __future__ import annotations

import json
from collections.abc import Container
from typing import Any

from cai_ui.web import words
from cai_ui.web.addresses import API
from cai_ui.web.session import SESSION_LIMIT

PRESSES = (f"{API}run/", f"{API}queue/join")
ABOUT = (f"{API}cancel", f"{API}reset")
EVENTS = (*PRESSES, *ABOUT)
MARKS = 300_000
"""Commas and brackets of a body: some five million characters of prose have a third of that."""


class NotAnEvent(Exception):
    """A sentence, and the status that goes with it."""

    def __init__(self, said: str, status: int = 400) -> None:
        super().__init__(said)
        self.status = status


def session_of(path: str, body: bytes, events: Container[int] | None) -> str:
    """The session that an event is for; `events` are those of the page (None: any). NotAnEvent for what is no event."""
    if sum(map(body.count, b",[{")) > MARKS:
        raise NotAnEvent(words.TOO_MUCH_TEXT, 413)
    try:
        said = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or not _fits(path, said, events):
        raise NotAnEvent(words.NOT_AN_EVENT)
    return str(said.get("session_hash", ""))


def _fits(path: str, said: dict[str, Any], events: Container[int] | None) -> bool:
    if path.startswith(ABOUT) and not _is_name(said.get("event_id")):
        return False
    if path.startswith(ABOUT[1]):
        return True
    event, values = said.get("fn_index"), said.get("data", [])
    known = type(event) is int and (events is None or event in events)
    whole = isinstance(values, list) and not any(said.get(name) for name in ("batched", "simple_format"))
    return (
        known and whole and _is_name(said.get("session_hash")) and type(said.get("trigger_id", 0)) in (int, type(None))
    )


def _is_name(said: object) -> bool:
    """What a browser calls its page, and the server an event."""
    return isinstance(said, str) and said.isascii() and said.isprintable() and 0 < len(said) <= SESSION_LIMIT
