"""What belongs to what, asked in both directions. Traces and votes are looked through for at most `LOOKED` rows.

Examples and rows of datasets are counted in memory (`columns`, `dataset_examples`), so that the answer for 100,000
comes as fast as that for 200.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa

from cai_ui.errors import NotFoundError
from cai_ui.records import Decision, Vote
from cai_ui.records.lineage import PlaceKind
from cai_ui.store import schema
from cai_ui.store.columns import STATUSES, Mask, QueueColumns, Rows
from cai_ui.store.database import Database
from cai_ui.store.dataset_examples import DatasetExamples, example_id
from cai_ui.store.datasets import Part
from cai_ui.store.decision_log import PRINCIPLE
from cai_ui.store.encoding import load
from cai_ui.store.queue import decision_columns, decision_of
from cai_ui.text import named

LOOKED = 200_000
"""Rows of a table that one question looks at, the newest first where there are more."""
_events, _rows, _examples, _votes = schema.events, schema.dataset_rows, schema.examples, schema.votes
_IDS: dict[PlaceKind, sa.Column[str]] = {
    "constitution": schema.constitutions.c.hash,
    "dataset": schema.datasets.c.hash,
    "run": schema.runs.c.id,
    "evaluation": schema.evaluations.c.id,
    "trace": schema.traces.c.id,
    "example": _examples.c.id,
    "decision": _events.c.event_id,
    "vote": _votes.c.event_id,
}


class Lineages:
    """The part of the store that tells what belongs to what."""

    _db: Database
    _columns: QueueColumns
    _dataset_examples: DatasetExamples

    def ids_like(self, start: str, limit: int = 10) -> list[tuple[PlaceKind, str]]:
        """Things whose id begins so, of every kind at most `limit`."""
        pattern = start.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
        found: list[tuple[PlaceKind, str]] = []
        with self._db.read() as connection:
            for kind, column in _IDS.items():
                query = sa.select(column).where(column.like(pattern, escape="!")).limit(limit)
                found += [(kind, id) for id in connection.scalars(query)]
        return found

    def decision(self, event_id: str) -> Decision:
        """One decision of the log. NotFoundError if there is none."""
        query = sa.select(*decision_columns(), _events.c.rev).where(_events.c.event_id == event_id)
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none()
        found = decision_of(row, row.rev) if row is not None and row.verdict else None
        if found is None:
            raise NotFoundError(f"There is no decision {named(event_id)}.", next_step="Choose one from an example.")
        return found

    def decisions_of(self, example_id: str, limit: int = 50) -> list[tuple[str, Decision]]:
        """The log of one example, oldest first: kind of event ("taken back" where it was) and decision."""
        columns = (*decision_columns(), _events.c.rev, _events.c.kind)
        query = sa.select(*columns).where(_events.c.example_id == example_id).order_by(_events.c.seq).limit(limit)
        undone = sa.select(_events.c.undoes).where(_events.c.example_id == example_id, _events.c.undoes.is_not(None))
        with self._db.read() as connection:
            gone = set(connection.scalars(undone))
            rows = connection.execute(query).all()
        read = [(row.kind, decision_of(row, row.rev)) for row in rows if row.verdict]
        return [("taken back" if one.event_id in gone else kind, one) for kind, one in read if one is not None]

    def rows_of_examples(self, ids: Sequence[str], limit: int = 50) -> list[tuple[str, Part, int]]:
        """Rows of datasets that were made of these examples: hash, part and position."""
        at = (_rows.c.dataset_hash, _rows.c.part, _rows.c.position)
        with self._db.read() as connection:
            query = sa.select(*at).where(example_id(connection).in_(list(ids)[:500])).limit(limit)
            return [(row[0], row[1], row[2]) for row in connection.execute(query)]

    def rows_under(self, principle_id: str, constitution: str, datasets: Sequence[str]) -> dict[str, int]:
        """How many rows of each of these datasets were made of examples revised under a principle of a version; those
        with none are left out."""
        with self._db.read() as connection, self._columns.lock:
            rows = self._under(connection, principle_id, constitution)
            seqs = self._columns["seq"][rows]
            among = np.zeros(int(seqs.max()) + 1 if len(seqs) else 0, np.bool_)
            among[seqs] = True
            known = len(self._columns)
            counted = {one: self._dataset_examples.count(connection, one, among, known) for one in datasets}
        return {one: count for one, count in counted.items() if count}

    def examples_under(self, principle_id: str, constitution: str, limit: int = 8) -> tuple[dict[str, int], list[str]]:
        """Examples revised under a principle of a version: their number by status, and the ids of the newest."""
        with self._db.read() as connection, self._columns.lock:
            rows = self._under(connection, principle_id, constitution)
            newest = [int(seq) for seq in self._columns["seq"][rows[-limit:]]]
            query = sa.select(_examples.c.id).where(_examples.c.seq.in_(newest)).order_by(_examples.c.seq.desc())
            return self._by_status(rows), list(connection.scalars(query))

    def examples_of_constitution(self, constitution: str) -> dict[str, int]:
        """Examples made under a version, by status."""
        with self._db.read() as connection, self._columns.lock:
            self._columns.follow(connection)
            return self._by_status(np.flatnonzero(self._made_under(constitution)))

    def _under(self, connection: sa.Connection, principle_id: str, constitution: str) -> Rows:
        """Places in the columns of what was revised under a principle of a version."""
        self._columns.follow(connection)
        rows = self._columns.marked(PRINCIPLE, principle_id[:200])
        found: Rows = rows[self._made_under(constitution)[rows]].astype(np.int64)
        return found

    def _made_under(self, constitution: str) -> Mask:
        made: Mask = self._columns["constitution"] == self._columns.code(constitution)
        return made

    def _by_status(self, rows: Rows) -> dict[str, int]:
        numbers = np.bincount(self._columns["status"][rows], minlength=len(STATUSES))
        return {status: int(count) for status, count in zip(STATUSES, numbers, strict=True) if count}

    def examples_of_trace(self, trace_id: str, limit: int = 20) -> list[str]:
        """Ids of the examples that a trace gave, of the newest `LOOKED`."""
        return self._holding(_examples, _examples.c.id, "trace_id", trace_id, limit)

    def votes_about(self, adapter_hash: str, limit: int = 1_000) -> list[str]:
        """Events of the votes on answers of an adapter, of the newest `LOOKED`."""
        return self._holding(_votes, _votes.c.event_id, "adapter_hash", adapter_hash, limit)

    def vote(self, event_id: str) -> Vote:
        """One vote. NotFoundError if there is none."""
        with self._db.read() as connection:
            body = connection.scalar(sa.select(_votes.c.body).where(_votes.c.event_id == event_id))
        if body is None:
            raise NotFoundError(f"There is no vote {named(event_id)}.", next_step="Choose one from the list.")
        return load(Vote, body)

    def _holding(self, table: sa.Table, wanted: sa.Column[str], key: str, value: str, limit: int) -> list[str]:
        said = f"{json.dumps(key)}:{json.dumps(value)}"
        pattern = said.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        with self._db.read() as connection:
            least = (connection.scalar(sa.select(sa.func.max(table.c.seq))) or 0) - LOOKED
            here = sa.select(wanted).where(table.c.seq > least, table.c.body.like(f"%{pattern}%", escape="!"))
            return list(connection.scalars(here.order_by(table.c.seq.desc()).limit(limit)))
