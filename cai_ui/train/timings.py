"""What a run spent its seconds on, and how much it got for them, so that the next one can be foretold.

Kinds and what is counted: "start" (runs), "steps" (tokens that were trained on), "evaluations" (held-out rows),
"probes" (answers), "saves" (checkpoints), "reference" (pairs whose reference was computed in advance).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, get_args

Kind = Literal["start", "steps", "evaluations", "probes", "saves", "reference"]
KINDS: tuple[Kind, ...] = get_args(Kind)
OLD_KEYS = {"looks": "evaluations"}
"""What a kind was called in the summaries of older runs."""


class Timings:
    """Seconds and amounts by kind."""

    def __init__(self) -> None:
        self._spent: dict[Kind, tuple[float, float]] = {}

    def add(self, kind: Kind, seconds: float, amount: float) -> None:
        """Note seconds, and what was got for them."""
        before, much = self._spent.get(kind, (0.0, 0.0))
        self._spent[kind] = (before + seconds, much + amount)

    @contextmanager
    def timed(self, kind: Kind, amount: float = 0.0) -> Iterator[None]:
        """Note what the block takes; `amount` 0 where another block counts the same thing."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.add(kind, time.monotonic() - began, amount)

    def seconds(self, *kinds: Kind) -> float:
        """Seconds spent on these kinds."""
        return sum(self._spent.get(kind, (0.0, 0.0))[0] for kind in kinds)

    def each(self, kind: Kind) -> float:
        """Seconds for one of a kind; 0 before there was any."""
        seconds, amount = self._spent.get(kind, (0.0, 0.0))
        return seconds / amount if amount else 0.0

    def rates(self) -> dict[str, float]:
        """Seconds for one of each kind, for the run's summary."""
        return {kind: round(self.each(kind), 7) for kind in KINDS if self.each(kind)}


def read_rates(found: object) -> dict[str, float]:
    """Rates as a summary has them; whatever is not a positive number is passed over."""
    if not isinstance(found, Mapping):
        return {}
    named = {OLD_KEYS.get(name, name): value for name, value in found.items()}
    return {kind: float(v) for kind in KINDS if isinstance(v := named.get(kind), (int, float)) and v > 0}
