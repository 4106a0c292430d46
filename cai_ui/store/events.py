"""The log of human decisions, and the laws by which it gives the present state. Pure: no database.

Events are only ever added. What stands for each example follows from its events in order; an undo
is an event too and brings back what stood before. `rev` of an example is the number of its events.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Event:
    """One entry of the log, as far as it decides what stands.

    kind "decide": from now on this event stands. kind "undo": `restores` stands again (None: the
    example is open again).
    """

    seq: int
    event_id: str
    example_id: str
    kind: Literal["decide", "undo"]
    verdict: str | None
    rater: str
    rev: int
    restores: str | None = None


@dataclass(frozen=True)
class Standing:
    """What stands for one example after `rev` events; `event` is None while it is open."""

    rev: int = 0
    event: Event | None = None

    @property
    def status(self) -> str:
        return (self.event.verdict or "open") if self.event else "open"


def replay(events: Iterable[Event]) -> dict[str, Standing]:
    """What stands for each example that has events, from the whole log in order."""
    decided: dict[str, Event] = {}
    standing: dict[str, Standing] = {}
    for event in events:
        if event.kind == "decide":
            decided[event.event_id] = event
            stands: Event | None = event
        else:
            stands = decided[event.restores] if event.restores else None
        standing[event.example_id] = Standing(standing.get(event.example_id, Standing()).rev + 1, stands)
    return standing
