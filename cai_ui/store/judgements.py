"""What several raters and models say of the same examples, and what the data checks found in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cai_ui.errors import InputError
from cai_ui.records import Decision
from cai_ui.store import decision_log, schema
from cai_ui.store.columns import QueueColumns, stamp
from cai_ui.store.database import Database
from cai_ui.store.encoding import batches, now
from cai_ui.store.events import Standing
from cai_ui.store.queue import decision_columns, decision_of

FINDING = "finding"
STEP = "step"

_t = schema.judgements
_marks = schema.marks
_standing = schema.standing
_events = schema.events
_readings = schema.readings


@dataclass(frozen=True)
class Reading:
    """One rater's verdict on one example. `blind`: made without seeing what anybody else said of it."""

    example_id: str
    rater: str
    verdict: str
    blind: bool
    principles: tuple[str, ...] = ()


class Judgements:
    """The part of the store that keeps readings, model judgements and findings."""

    _db: Database
    _columns: QueueColumns

    def readings_of(self, example_id: str) -> list[Decision]:
        """Every rater's latest judgement of an example, oldest first."""
        query = (
            sa.select(*decision_columns(), _events.c.rev)
            .join(_readings, _readings.c.event_seq == _events.c.seq)
            .where(_events.c.example_id == example_id)
            .order_by(_events.c.seq)
        )
        with self._db.read() as connection:
            found = [decision_of(row, row.rev) for row in connection.execute(query)]
        return [decision for decision in found if decision is not None]

    def readings(self) -> list[Reading]:
        """Every rater's latest blind and latest other judgement of every example, in the order of the log."""
        with self._db.read() as connection:
            log = list(decision_log.log(connection))
            places = connection.execute(sa.select(_standing.c.example_id, _standing.c.seq))
            seqs = {row.example_id: row.seq for row in places}
            marked: dict[int, list[str]] = {}
            query = sa.select(_marks.c.seq, _marks.c.value).where(_marks.c.kind == decision_log.PRINCIPLE)
            for seq, value in connection.execute(query):
                marked.setdefault(seq, []).append(value)
        taken = {event.undoes for event in log if event.kind == "undo"}
        told: dict[str, Standing] = {}
        found: dict[tuple[str, str, bool], Reading] = {}
        for event in (e for e in log if e.kind != "undo" and e.event_id not in taken):
            before = told.get(event.example_id, Standing())
            blind = event.kind != "decide" or set(before.readings) <= {event.rater}
            principles = tuple(sorted(marked.get(seqs.get(event.example_id, -1), ())))
            reading = Reading(event.example_id, event.rater, event.verdict or "", blind, principles)
            found[event.example_id, event.rater, blind] = reading
            told[event.example_id] = Standing(0, event, {**before.readings, event.rater: event})
        return list(found.values())

    def save_judgements(self, judge: str, bodies: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep what a model says of examples, by id, in place of what this judge said before.

        `preference` in a body is the share, 0 to 1, by which the revision is preferred; None if it could not be read.
        """
        at = now()
        with self._db.write("The judgements") as connection:
            number = stamp(connection)
            for chunk in batches(list(bodies), 500):
                for id in chunk:
                    values = {"example_id": id, "judge": judge, "at": at, "body": _json(bodies[id])}
                    insert = self._db.insert(_t).values(values)
                    keys = ["example_id", "judge"]
                    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=values))
                    shown = {"preference": decision_log.preference_of(values["body"]), "changed": number}
                    connection.execute(_standing.update().where(_standing.c.example_id == id).values(shown))

    def judgements(self, judge: str | None = None) -> dict[str, dict[str, Any]]:
        """What a model said last of each example (of one judge, or of any), by the example's id."""
        query = sa.select(_t.c.example_id, _t.c.judge, _t.c.body).order_by(_t.c.at, _t.c.seq)
        if judge is not None:
            query = query.where(_t.c.judge == judge)
        with self._db.read() as connection:
            return {row.example_id: {"judge": row.judge, **json.loads(row.body)} for row in connection.execute(query)}

    def label_judges(self) -> list[str]:
        """Names of the models that said something of examples."""
        with self._db.read() as connection:
            return list(connection.scalars(sa.select(_t.c.judge).distinct().order_by(_t.c.judge)))

    def set_findings(self, found: Iterable[tuple[str, str]]) -> int:
        """Put these (example id, code) in place of all findings there were; gives how many are of known examples."""
        by_id: dict[str, list[str]] = {}
        for id, code in found:
            by_id.setdefault(id, []).append(code)
        count = 0
        with self._db.write("The findings") as connection:
            stamp(connection, whole=True)
            connection.execute(_marks.delete().where(_marks.c.kind == FINDING))
            for chunk in batches(list(by_id), 500):
                places = sa.select(_standing.c.example_id, _standing.c.seq).where(_standing.c.example_id.in_(chunk))
                rows = [
                    {"kind": FINDING, "value": code, "seq": row.seq}
                    for row in connection.execute(places).all()
                    for code in dict.fromkeys(by_id[row.example_id])
                ]
                if rows:
                    connection.execute(_marks.insert(), rows)
                count += len(rows)
        return count

    def set_step_labels(self, example_id: str, labels: Sequence[str]) -> None:
        """Let an example be found by what the steps of its chain did, in place of what was said of them before.

        Nothing happens where there is no such example.
        """
        with self._db.write("The step labels") as connection:
            number = stamp(connection)
            seq = connection.scalar(sa.select(_standing.c.seq).where(_standing.c.example_id == example_id))
            if seq is None:
                return
            changed = _standing.update().where(_standing.c.seq == seq).values(changed=number, marked=number)
            connection.execute(changed)
            connection.execute(_marks.delete().where(_marks.c.kind == STEP, _marks.c.seq == seq))
            rows = [{"kind": STEP, "value": label[:200], "seq": seq} for label in dict.fromkeys(labels)]
            if rows:
                connection.execute(_marks.insert(), rows)

    def findings_of(self, example_id: str) -> list[str]:
        """Codes of what the last data check found in an example."""
        return self._marked(FINDING, example_id)

    def marked_values(self, kind: str) -> Sequence[tuple[str, int]]:
        """Values of a kind of mark ("principle", "finding" or "step") with the number of examples that have them."""
        with self._columns.lock, self._db.read() as connection:
            self._columns.follow(connection)
            found = self._columns.marks(kind)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def _marked(self, kind: str, example_id: str) -> list[str]:
        query = (
            sa.select(_marks.c.value)
            .join(_standing, _standing.c.seq == _marks.c.seq)
            .where(_marks.c.kind == kind, _standing.c.example_id == example_id)
            .order_by(_marks.c.value)
        )
        with self._db.read() as connection:
            return list(connection.scalars(query))


def _json(body: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(body), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"A judgement cannot be saved: {error}.", kept="Nothing was saved.") from None
