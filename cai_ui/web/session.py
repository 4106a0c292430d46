"""What the page knows about one visitor: ids only. All else is in the store or in the services.

On one's own machine every browser is the same person, so drafts turn up wherever the page is
opened; on a public host each browser gets its own random name, kept in its local storage.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from cai_ui.engine.interface import StopFlag
from cai_ui.errors import ConflictError, InputError
from cai_ui.text import NAME_LIMIT, clean_text

LOCAL_AUTHOR = "local"
RESTARTING = (
    "The server is being restarted. What was said so far is kept; reload the page in a minute and go on from there."
)
LAST_WORDS_S = 1.0
"""How long the server stays up after the last stream has ended, so that its end reaches the page."""


@dataclass(frozen=True)
class Session:
    """One visitor. `author` signs decisions, drafts and versions; `page` tells open pages apart."""

    author: str = LOCAL_AUTHOR
    page: str = ""


class Stops:
    """The stop flag of what each open page is running, so that its Stop button ends that and nothing else."""

    def __init__(self) -> None:
        self._flags: dict[str, StopFlag] = {}
        self._running: set[StopFlag] = set()
        self._changed = threading.Condition()
        self._closed = False

    def start(self, page: str) -> StopFlag:
        """A fresh flag for this page; whatever it still ran is asked to end. ConflictError while the server closes."""
        flag = StopFlag()
        with self._changed:
            if self._closed:
                raise ConflictError(RESTARTING)
            previous = self._flags.get(page)
            self._flags[page] = flag
            self._running.add(flag)
        if previous:
            previous.set()
        return flag

    def stop(self, page: str) -> None:
        """Ask what this page runs to end; nothing happens when it runs nothing."""
        with self._changed:
            flag = self._flags.get(page)
        if flag:
            flag.set()

    def finish(self, page: str, flag: StopFlag) -> None:
        """Set the flag and forget it, so that closed pages leave nothing behind; says why if the server closes."""
        flag.set()
        with self._changed:
            if self._flags.get(page) is flag:
                del self._flags[page]
            self._running.discard(flag)
            self._changed.notify_all()
            closed = self._closed
        if closed:
            gr.Warning(RESTARTING, title="Ended early", duration=None)

    def close(self, wait_s: float) -> None:
        """Ask all that any page runs to end, let nothing new begin, and wait for the ends for at most `wait_s`."""
        end = time.monotonic() + wait_s
        with self._changed:
            self._closed = True
            for flag in self._running:
                flag.set()
            if not self._running:
                return
            while self._running and time.monotonic() < end:
                self._changed.wait(end - time.monotonic())
        time.sleep(LAST_WORDS_S)


@dataclass(frozen=True)
class SessionParts:
    """What tabs need of the page around them.

    `stops` holds the flags of streaming events. `ready` is the event after which `state` holds the
    visitor's session: fill menus with `session.ready.then(...)`, but bring back what a person had left in
    fields with `restore`. `strip` is what the header shows; its change means that the model, its work or
    the constitution in use changed.
    """

    page: gr.Blocks
    tabs: gr.Tabs
    state: gr.State
    browser: gr.BrowserState
    ready: gr.events.Dependency
    stops: Stops
    strip: gr.State
    _restores: list[dict[str, Any]] = field(default_factory=list)

    def restore(self, handler: Callable[..., Any], inputs: list[Any], outputs: list[Any], **how: Any) -> None:
        """Have fields filled once per visit, before the page takes any input.

        A field that is filled later would overwrite what a quick person has typed into it meanwhile.
        """
        self._restores.append({"fn": handler, "inputs": inputs, "outputs": outputs, **how})

    def open_page(self) -> None:
        """Wire the restores one after another; after the last one, `assets/ready.js` lets the person in."""
        step = self.ready
        for restore in self._restores:
            step = step.then(**{"show_progress": "hidden", "api_visibility": "private", **restore})
        step.then(None, js="() => window.caiReady()", show_progress="hidden", api_visibility="private")


def restore_session(stored: object) -> tuple[Session, str]:
    """The visitor's session and the name to keep in the browser, from what the browser had kept."""
    try:
        author = clean_text(stored, "Name", limit=NAME_LIMIT)
    except InputError:
        author = default_author()
    return Session(author, secrets.token_hex(8)), author


def default_author() -> str:
    """One name for everybody on a machine of one's own, a random one where strangers meet."""
    return f"guest-{secrets.token_hex(3)}" if os.environ.get("SPACE_ID") else LOCAL_AUTHOR
