"""What a visitor has running, so that it can be stopped, and is when the page is closed."""

from __future__ import annotations

import threading
import time

import gradio as gr

from cai_ui.engine.interface import StopFlag
from cai_ui.errors import ConflictError
from cai_ui.web import words

LAST_WORDS_S = 1.0
"""How long the server stays up after the last stream has ended, so that its end reaches the page."""


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
                raise ConflictError(words.RESTARTING)
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
            gr.Warning(words.RESTARTING, title=words.ENDED_EARLY, duration=None)

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
