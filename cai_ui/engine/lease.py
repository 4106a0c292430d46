"""A fair lease over one set of weights.

Whoever runs the model holds the lease for one bounded slice (a training step, a slice of decoding),
then gives it back; whoever has waited longest goes next. A holder that asks again goes to the end of
the line, so nobody starves.

The lease belongs to a `with` block, not to a thread: Gradio runs the steps of one generator on
several threads. It is not re-entrant, and it must never be held across a `yield` to a caller.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

TRAINING = "training"
"""What a step of training holds it as."""
POLL_S = 0.05
"""How often a waiting asker looks at its own stop flag, in seconds."""


class Lease:
    """First come, first served; one holder at a time."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._line: deque[object] = deque()
        self._holder = ""

    @property
    def holder(self) -> str:
        """Who holds it now, such as "training"; "" when it is free."""
        return self._holder

    @property
    def waiting(self) -> int:
        """How many wait in line."""
        return len(self._line)

    @contextmanager
    def hold(self, kind: str, owner: str = "", stop: threading.Event | None = None) -> Iterator[bool]:
        """Wait in line, then hold the weights for the block.

        Gives False, without holding anything, if `stop` was set before its turn came.
        """
        taken = self._take(" ".join(part for part in (kind, owner) if part), stop)
        try:
            yield taken
        finally:
            if taken:
                self._give_back()

    def _take(self, label: str, stop: threading.Event | None) -> bool:
        ticket = object()
        with self._changed:
            self._line.append(ticket)
            try:
                while self._holder or self._line[0] is not ticket:
                    if stop is not None and stop.is_set():
                        return False
                    self._changed.wait(POLL_S if stop is not None else None)
                self._holder = label
                return True
            finally:
                self._line.remove(ticket)
                self._changed.notify_all()

    def _give_back(self) -> None:
        with self._changed:
            self._holder = ""
            self._changed.notify_all()
