"""How a run tells how far it is, and how it is asked to end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

Wish = Literal["", "stop", "cancel", "close"]
WISHES: tuple[Wish, ...] = ("", "close", "stop", "cancel")
"""The stronger ones last."""
Report = Callable[[int, int], None]
"""Called after each step with the steps done and the steps in all."""


class StopSignal:
    """Set from any thread, read by the run after each step. The first wish counts.

    stop: keep the adapter. cancel: keep nothing. close: the program ends; keep a checkpoint to go on from.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self.wish: Wish = ""

    def ask(self, wish: Wish) -> None:
        if not self._event.is_set():
            self.wish = wish
            self._event.set()

    def is_set(self) -> bool:
        return self._event.is_set()

    @property
    def flag(self) -> threading.Event:
        """The same as an event, for a generation that is to end with the run."""
        return self._event

    @property
    def keeps(self) -> bool:
        """Whether a checkpoint is to be written at the end."""
        return self.wish in ("stop", "close")
