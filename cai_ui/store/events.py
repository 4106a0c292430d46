"""The log of human decisions, and the laws by which it gives the present state. Pure: no database.

Events are only ever added. What stands for each example follows from its events in order; an undo
is an event too and brings back what stood before. `rev` of an example is the number of its events.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

EventKind = Literal["decide", "second", "gold", "undo"]


@dataclass(frozen=True)
class Event:
    """One entry of the log, as far as it decides what stands.

    kind "decide": from now on this event stands. kind "second": another rater's judgement, made without seeing
    the one that stands; it changes nothing but may dispute it. kind "gold": the same of an example whose verdict is
    known, which it does not dispute. kind "undo": takes back `undoes`, and of a
    decision `restores` stands again (None: the example is open again).
    """

    seq: int
    event_id: str
    example_id: str
    kind: EventKind
    verdict: str | None
    rater: str
    rev: int
    restores: str | None = None
    undoes: str | None = None


@dataclass(frozen=True)
class Standing:
    """What stands for one example after `rev` events; `event` is None while it is open.

    `readings` holds each rater's latest judgement that was not taken back.
    """

    rev: int = 0
    event: Event | None = None
    readings: dict[str, Event] = field(default_factory=dict)

    @property
    def status(self) -> str:
        return (self.event.verdict or "open") if self.event else "open"

    @property
    def disputed(self) -> bool:
        """Whether a later second reading says something else than what stands."""
        if self.event is None:
            return False
        stands = self.event
        later = (e for e in self.readings.values() if e.kind == "second" and e.seq > stands.seq)
        return any(differ(stands.verdict, event.verdict) for event in later)


_MEANING = {"accept": "revision", "edit": "revision", "flip": "initial", "reject": "neither", "tie": "either"}


def meaning(verdict: str | None) -> str | None:
    """What a verdict says of a pair, as raters are compared: an edited revision is a better one too. None: nothing."""
    return _MEANING.get(verdict or "")


def differ(one: str | None, other: str | None) -> bool:
    """Whether two verdicts contradict each other; skipping and flagging contradict nothing."""
    first, second = meaning(one), meaning(other)
    return first is not None and second is not None and first != second


def replay(events: Iterable[Event]) -> dict[str, Standing]:
    """What stands for each example that has events, from the whole log in order."""
    judged: dict[str, Event] = {}
    taken: set[str] = set()
    standing: dict[str, Standing] = {}
    of_rater: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        before = standing.get(event.example_id, Standing())
        stands, readings = before.event, dict(before.readings)
        if event.kind == "undo":
            undone = judged.get(event.undoes or "")
            taken.add(event.undoes or "")
            if undone is None or undone.kind == "decide":
                stands = judged[event.restores] if event.restores else None
            if undone is not None:
                _forget(readings, undone, taken, of_rater[undone.example_id, undone.rater])
        else:
            judged[event.event_id] = event
            of_rater.setdefault((event.example_id, event.rater), []).append(event)
            readings[event.rater] = event
            if event.kind == "decide":
                stands = event
        standing[event.example_id] = Standing(before.rev + 1, stands, readings)
    return standing


def _forget(readings: dict[str, Event], undone: Event, taken: set[str], own: list[Event]) -> None:
    """After an undo the rater's judgement before it counts again, if there is one."""
    left = [event for event in own if event.event_id not in taken]
    readings.pop(undone.rater, None)
    if left:
        readings[undone.rater] = left[-1]
