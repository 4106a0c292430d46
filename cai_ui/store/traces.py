"""Critique-revision chains, stored step by step as they happen, and the trees that branches make of them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from cai_ui.errors import ConflictError, NotFoundError
from cai_ui.records import Step, Trace
from cai_ui.store import schema
from cai_ui.store.database import Database
from cai_ui.store.encoding import dump, load, now
from cai_ui.text import named

_LOOKED_THROUGH = 200
"""So many traces are looked through for words at a time."""

_t = schema.traces
_steps = schema.steps
_branches = schema.branches


class Traces:
    """The part of the store that keeps traces."""

    _db: Database

    def start_trace(self, trace: Trace) -> Trace:
        """Store a new trace with the steps it has so far; gives it with its time of creation."""
        trace = dataclasses.replace(trace, created_at=trace.created_at or now())
        with self._db.write("The trace") as connection:
            added = connection.execute(
                self._db.insert(_t)
                .values(id=trace.id, created_at=trace.created_at, body=dump(dataclasses.replace(trace, steps=())))
                .on_conflict_do_nothing(index_elements=["id"])
                .returning(_t.c.id)  # a count of rows is not to be had from every driver
            )
            if added.first() is None:
                raise ConflictError(f"There is a trace {trace.id} already.", kept="It was left as it is.")
            _insert(connection, trace.id, 0, trace.steps)
            if trace.parent is not None:
                root = connection.scalar(sa.select(_branches.c.root).where(_branches.c.trace_id == trace.parent))
                connection.execute(
                    _branches.insert().values(trace_id=trace.id, root=root or trace.parent, parent=trace.parent)
                )
        return trace

    def append_step(self, trace_id: str, step: Step) -> None:
        """Add the next step. NotFoundError if there is no such trace."""
        with self._db.write("The step") as connection:
            _must_exist(connection, trace_id)
            count = connection.scalar(
                sa.select(sa.func.count()).select_from(_steps).where(_steps.c.trace_id == trace_id)
            )
            _insert(connection, trace_id, count or 0, [step])

    def replace_steps(self, trace_id: str, steps: Sequence[Step]) -> None:
        """Put these steps in place of all that are there (a re-roll or an edit)."""
        with self._db.write("The steps") as connection:
            _must_exist(connection, trace_id)
            connection.execute(_steps.delete().where(_steps.c.trace_id == trace_id))
            _insert(connection, trace_id, 0, steps)

    def drop_traces(self, since: str, until: str) -> int:
        """Delete the traces that were begun in a stretch of time (ISO 8601), with their steps; gives how many. Of a
        public demo alone: elsewhere what is kept is never deleted."""
        with self._db.write("The deletion") as connection:
            begun = sa.and_(_t.c.created_at >= since, _t.c.created_at < until)
            ids = sa.select(_t.c.id).where(begun)
            for table in (_steps, _branches):
                connection.execute(table.delete().where(table.c.trace_id.in_(ids)))
            gone = connection.execute(_t.delete().where(begun).returning(_t.c.id))
            return len(gone.all())

    def trace(self, id: str) -> Trace:
        """The trace with this id. NotFoundError if there is none."""
        with self._db.read() as connection:
            found = _with_steps(connection, sa.select(_t).where(_t.c.id == id))
        if not found:
            raise NotFoundError(f"There is no trace {named(id)}.", next_step="Run the request again.")
        return found[0]

    def traces(self, limit: int = 50, offset: int = 0) -> list[Trace]:
        """Traces with their steps, newest first."""
        with self._db.read() as connection:
            return _with_steps(connection, sa.select(_t).order_by(_t.c.seq.desc()).limit(limit).offset(offset))

    def family(self, id: str) -> list[Trace]:
        """The tree that a trace belongs to: its root, then all branches in the order in which they were made."""
        with self._db.read() as connection:
            root = connection.scalar(sa.select(_branches.c.root).where(_branches.c.trace_id == id)) or id
            ids = [root, *connection.scalars(sa.select(_branches.c.trace_id).where(_branches.c.root == root))]
            return _with_steps(connection, sa.select(_t).where(_t.c.id.in_(ids)).order_by(_t.c.seq))

    def find_traces(self, words: str, limit: int = 50, among: int | None = None) -> list[Trace]:
        """Traces whose prompt or some step holds these words (whatever the case), newest first; at most `limit`, and
        of the newest `among` only where that is given.

        The database looks for the words anywhere in the records; what it finds is then read, so that a word
        such as "seed", which every record holds as a name, finds texts only. It looks through some traces at a time
        and stops when there are enough: to look through 182,831 takes ten seconds and more.
        """
        in_steps = sa.exists().where(_steps.c.trace_id == _t.c.id, _holds(_steps.c.body, words))
        fits = sa.or_(_holds(_t.c.body, words), in_steps)
        found: list[Trace] = []
        with self._db.read() as connection:
            newest = connection.scalar(sa.select(sa.func.max(_t.c.seq))) or 0
            last = 0 if among is None else max(0, newest - among)
            for top in range(newest, last, -_LOOKED_THROUGH):
                here = _t.c.seq.between(max(last, top - _LOOKED_THROUGH) + 1, top)
                traces = _with_steps(connection, sa.select(_t).where(here, fits).order_by(_t.c.seq.desc()))
                found += [trace for trace in traces if _says(trace, words)]
                if len(found) >= limit:
                    break
        return found[:limit]

    def count_traces(self, at_most: int | None = None) -> int:
        """How many traces there are; with `at_most` no further than that, since a server walks over all it counts."""
        counted = sa.select(_t.c.seq).limit(at_most).subquery()
        with self._db.read() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(counted)) or 0


def _holds(body: sa.Column[str], words: str) -> sa.ColumnElement[bool]:
    """Whether a record's JSON holds the words. It has letters beyond ASCII as escapes, which know no case."""
    variants = dict.fromkeys((words, words.lower(), words.upper(), words.capitalize()))
    patterns = dict.fromkeys(json.dumps(variant)[1:-1].lower() for variant in variants)
    escaped = [p.replace("!", "!!").replace("%", "!%").replace("_", "!_") for p in patterns]
    return sa.or_(*(body.ilike(f"%{pattern}%", escape="!") for pattern in escaped))


def _says(trace: Trace, words: str) -> bool:
    texts = [m.content for m in trace.conversation] + [step.text for step in trace.steps]
    return any(words.casefold() in text.casefold() for text in texts)


def _insert(connection: sa.Connection, trace_id: str, start: int, steps: Sequence[Step]) -> None:
    if steps:
        rows = [{"trace_id": trace_id, "position": start + i, "body": dump(s)} for i, s in enumerate(steps)]
        connection.execute(_steps.insert(), rows)


def _must_exist(connection: sa.Connection, trace_id: str) -> None:
    # FOR UPDATE makes two writers of one trace take turns where the database has no single writer.
    if connection.scalar(sa.select(_t.c.seq).where(_t.c.id == trace_id).with_for_update()) is None:
        raise NotFoundError(
            f"There is no trace {named(trace_id)}.", kept="Nothing was saved.", next_step="Run the request again."
        )


def _with_steps(connection: sa.Connection, query: sa.Select[Any]) -> list[Trace]:
    traces = [load(Trace, row.body) for row in connection.execute(query)]
    of_trace: dict[str, list[Step]] = {trace.id: [] for trace in traces}
    found = sa.select(_steps).where(_steps.c.trace_id.in_(of_trace)).order_by(_steps.c.trace_id, _steps.c.position)
    for row in connection.execute(found) if traces else ():
        of_trace[row.trace_id].append(load(Step, row.body))
    return [dataclasses.replace(trace, steps=tuple(of_trace[trace.id])) for trace in traces]
