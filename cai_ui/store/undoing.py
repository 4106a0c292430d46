"""Decisions taken back and done again: the log grows by an inverse event each time, nothing is removed from it."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from cai_ui.records import Decision
from cai_ui.store import decision_log, drafts, schema
from cai_ui.store.database import Database
from cai_ui.store.encoding import now
from cai_ui.store.queue import decision_columns, decision_of
from cai_ui.store.standing import conflict, standing_of

_REDO_REACH = 2_000
"""So many of a rater's last events are looked through for what can be redone."""

_events = schema.events
_standing = schema.standing
_readings = schema.readings


class Undoing:
    """The part of the store that takes decisions back, and back again."""

    _db: Database

    def undo(self, rater: str) -> Decision | None:
        """Take back this rater's last decision that still stands; gives it, or None if there is none.

        A decision of many examples is taken back as a whole (the last of them is given). The text of an
        edit stays as the rater's draft. What others decided since is not touched.
        """
        undone = self.undo_all(rater)
        return undone[-1] if undone else None

    def undo_all(self, rater: str) -> list[Decision]:
        """As `undo`, giving every decision that was taken back."""
        own = sa.and_(_readings.c.event_seq == _events.c.seq, _readings.c.rater == rater)
        counts = sa.or_(_standing.c.event_seq == _events.c.seq, _readings.c.second == 1)
        query = (
            sa.select(*decision_columns(), *_undoable(), _standing.c.rev.label("stands_at"))
            .join(_readings, own)
            .join(_standing, _standing.c.seq == _readings.c.seq)
            .where(counts)
        )
        with self._db.write("The undo") as connection:
            last = connection.execute(query.order_by(_readings.c.event_seq.desc()).limit(1)).one_or_none()
            if last is None:
                return []
            rows: Sequence[Any] = [last]
            if last.batch is not None:
                rows = connection.execute(query.where(_events.c.batch == last.batch).order_by(_events.c.seq)).all()
            decision_log.take_back(connection, rows, rater)
            taken = [decision for row in rows if (decision := decision_of(row, row.stands_at))]
            for row in taken:
                drafts.give_back(self._db, connection, row)
        return taken

    def redo_all(self, rater: str) -> list[Decision]:
        """Do again what this rater took back last, as long as they judged nothing else since; gives what was redone.

        ConflictError, with nothing written, if somebody else judged one of these examples meanwhile.
        """
        with self._db.write("The decision") as connection:
            undone = _last_undone(connection, rater)
            if not undone:
                return []
            fresh = []
            for undo, first in undone:
                place = standing_of(connection, first.example_id)
                if place.rev != undo.rev:
                    raise conflict(place)
                decision = decision_of(first, 0)
                assert decision is not None
                fresh.append(dataclasses.replace(decision, event_id=uuid.uuid4().hex, at=now(), rev=place.rev + 1))
            batch = uuid.uuid4().hex if len(fresh) > 1 else None
            repeats = {new.event_id: first.event_id for new, (_, first) in zip(fresh, undone, strict=True)}
            decision_log.append(connection, fresh, batch, undone[0][1].kind, repeats)
            for decision in fresh:
                drafts.forget_drafts(connection, decision.example_id, rater)
        return fresh

    def taken_back(self, rater: str) -> int:
        """How many steps this rater could redo now (a bulk decision counts as one)."""
        with self._db.read() as connection:
            return len(_undo_steps(connection, rater))


def _undoable() -> tuple[sa.ColumnElement[Any], ...]:
    return (_events.c.seq, _events.c.batch, _events.c.kind)


def _undo_steps(connection: sa.Connection, rater: str) -> list[list[Any]]:
    """Undo events that were not done again, grouped as they were made, the last one first.

    A judgement that is new, and not one done again, ends what can be redone.
    """
    c = _events.c
    query = sa.select(c.seq, c.kind, c.example_id, c.batch, c.undoes, c.restores, c.rev).where(c.rater == rater)
    steps: list[list[Any]] = []
    again: set[str] = set()
    group = None
    # Bit by bit, since mostly the first one ends it.
    found = connection.execute(query.order_by(c.seq.desc()).limit(_REDO_REACH).execution_options(yield_per=20))
    for row in found:
        if row.kind != "undo" and row.restores is None:
            break
        if row.kind != "undo":
            again.add(row.restores)
        elif row.undoes in again:
            again.discard(row.undoes)
        elif row.batch is not None and row.batch == group:
            steps[-1].append(row)
        else:
            steps.append([row])
            group = row.batch
    found.close()
    return steps


def _last_undone(connection: sa.Connection, rater: str) -> list[tuple[Any, Any]]:
    """The undo events of the last step that can be redone, each with the judgement it took back, oldest first."""
    steps = _undo_steps(connection, rater)
    if not steps:
        return []
    undone = {row.undoes: row for row in steps[0]}
    query = sa.select(*decision_columns(), *_undoable()).where(_events.c.event_id.in_(undone)).order_by(_events.c.seq)
    return [(undone[first.event_id], first) for first in connection.execute(query)]
