"""Who grades what: the sample of an evaluation and the log of its grades, kept in memory between two keys.

A key costs the same however many answers an evaluation has: the sample is drawn once, the log is followed from where it
was, and of the answers only the one that is shown is read.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from cai_ui.compare.grading import GradingProgress, Key, Sample, draw
from cai_ui.config.compare import GradingSettings
from cai_ui.errors import NotFoundError
from cai_ui.store import Store

_KEPT = 4
"""So many evaluations' desks are kept."""


class Desk:
    """The sample of one evaluation, and its graders. Threads may share it."""

    def __init__(self, store: Store, evaluation_id: str, settings: GradingSettings) -> None:
        names = store.answer_names(evaluation_id)
        self._store, self._evaluation_id, self._lock = store, evaluation_id, threading.Lock()
        self._places = {(prompt, variant): place for place, (prompt, variant, _) in enumerate(names)}
        kinds = {(prompt, variant): kind for prompt, variant, kind in names}
        self.sample: Sample = draw(evaluation_id, kinds, settings)
        self._forget()

    def place(self, key: Key) -> int:
        """Where an answer stands in its evaluation. NotFoundError if it is not there."""
        if key not in self._places:
            raise NotFoundError("This evaluation has no such answer.", next_step="Choose the evaluation again.")
        return self._places[key]

    def next_for(self, rater: str) -> Key | None:
        """The next answer for this rater; None where nothing is left."""
        with self._lock:
            self._follow()
            return self.sample.next_for(rater, self._raters)

    def progress(self, rater: str) -> GradingProgress:
        """How far everybody is, and this rater."""
        with self._lock:
            self._follow()
            return self.sample.progress(rater, self._raters)

    def _forget(self) -> None:
        self._seen, self._number = -1, 0
        self._of: dict[str, tuple[Key, str]] = {}
        self._standing: dict[tuple[Key, str], int] = {}
        self._raters: dict[Key, set[str]] = {}

    def _follow(self) -> None:
        """Read what came since. Numbers may become visible out of order; then there are fewer than the log has."""
        number, events = self._store.grade_events(self._evaluation_id, self._seen)
        if self._number + len(events) != number:
            self._forget()
            number, events = self._store.grade_events(self._evaluation_id)
        for event in events:
            if event.grade is not None:
                self._of[event.event_id] = ((event.grade.prompt_id, event.grade.variant), event.grade.rater)
                self._count(event.event_id, 1)
            elif event.undoes in self._of:
                self._count(event.undoes, -1)
            self._seen = event.seq
        self._number += len(events)

    def _count(self, event_id: str, by: int) -> None:
        """One grade more or less of an answer by a rater, who may have graded it before."""
        key, rater = said = self._of[event_id]
        self._standing[said] = self._standing.get(said, 0) + by
        people = self._raters.setdefault(key, set())
        (people.add if self._standing[said] else people.discard)(rater)


class Desks:
    """The desks of the evaluations that were graded last."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()
        self._there: OrderedDict[tuple[str, GradingSettings], Desk] = OrderedDict()

    def at(self, evaluation_id: str, settings: GradingSettings) -> Desk:
        """The desk of an evaluation. NotFoundError if there is no such evaluation."""
        key = (evaluation_id, settings)
        with self._lock:
            if key not in self._there:
                self._there[key] = Desk(self._store, evaluation_id, settings)
            self._there.move_to_end(key)
            while len(self._there) > _KEPT:
                self._there.popitem(last=False)
            return self._there[key]
