"""What belongs to what, asked in both directions. Traces and votes are looked through for at most `LOOKED` rows.

Rows of datasets, traces and votes are records in JSON, whose keys stand in quotation marks; within a text of such a
record a quotation mark is escaped, so `"example_id":"…"` is found where it is a key and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from cai_ui.errors import NotFoundError
from cai_ui.records import Decision, Vote
from cai_ui.records.lineage import PlaceKind
from cai_ui.store import schema
from cai_ui.store.database import Database
from cai_ui.store.datasets import Part
from cai_ui.store.decision_log import PRINCIPLE
from cai_ui.store.encoding import load
from cai_ui.store.queue import decision_columns, decision_of
from cai_ui.text import named

LOOKED = 200_000
"""Rows of a table that one question looks at, the newest first where there are more."""
_events, _rows, _examples, _votes = schema.events, schema.dataset_rows, schema.examples, schema.votes
_ID_LENGTH = 24
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
        query = sa.select(*at).where(_example_id(self._db).in_(list(ids)[:500])).limit(limit)
        with self._db.read() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(query)]

    def rows_under(self, principle_id: str, constitution: str, datasets: Sequence[str]) -> dict[str, int]:
        """How many rows of each of these datasets were made of examples revised under a principle of a version."""
        under = _under(principle_id, constitution, schema.standing.c.example_id)
        counted = sa.select(_rows.c.dataset_hash, sa.func.count()).where(_rows.c.dataset_hash.in_(datasets))
        query = counted.where(_example_id(self._db).in_(under)).group_by(_rows.c.dataset_hash)
        with self._db.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def examples_under(self, principle_id: str, constitution: str, limit: int = 8) -> tuple[dict[str, int], list[str]]:
        """Examples revised under a principle of a version: their number by status, and the ids of the newest."""
        place = schema.standing.c
        status = _under(principle_id, constitution, place.status, sa.func.count()).group_by(place.status)
        newest = _under(principle_id, constitution, place.example_id).order_by(place.seq.desc()).limit(limit)
        with self._db.read() as connection:
            return {row[0]: row[1] for row in connection.execute(status)}, list(connection.scalars(newest))

    def examples_of_constitution(self, constitution: str) -> dict[str, int]:
        """Examples made under a version, by status."""
        place = schema.standing.c
        query = sa.select(place.status, sa.func.count()).where(place.constitution == constitution)
        with self._db.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query.group_by(place.status))}

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


def _under(principle_id: str, constitution: str, *columns: Any) -> Any:
    marks, place = schema.marks.c, schema.standing.c
    query = sa.select(*columns).select_from(schema.standing.join(schema.marks, marks.seq == place.seq))
    return query.where(marks.kind == PRINCIPLE, marks.value == principle_id[:200], place.constitution == constitution)


def _example_id(db: Database) -> sa.ColumnElement[str]:
    """The example that a dataset's row was made of, read from its record; another text where there is none."""
    sign = '"example_id":"'
    where = sa.func.instr if db.is_sqlite else sa.func.strpos
    return sa.func.substr(_rows.c.body, where(_rows.c.body, sign) + len(sign), _ID_LENGTH)
