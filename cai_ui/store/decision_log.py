"""The log of decisions in the database, and its projection `standing`. Called inside a transaction."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cai_ui.records import Decision, Example
from cai_ui.store import schema
from cai_ui.store.database import now
from cai_ui.store.encoding import batches, load
from cai_ui.store.events import Event, Standing, replay

_CHUNK = 500  # rows per statement: far below what either database allows in one list
_events = schema.events
_standing = schema.standing


def append(connection: sa.Connection, decisions: Sequence[Decision], batch: str | None) -> None:
    """Add decisions, one per example and each one revision further, to the log and the projection."""
    for chunk in batches(list(decisions), _CHUNK):
        rows = [{**dataclasses.asdict(d), "kind": "decide", "base_rev": d.rev - 1, "batch": batch} for d in chunk]
        connection.execute(_events.insert(), rows)
        given = sa.select(_events.c.event_id, _events.c.seq).where(_events.c.event_id.in_([d.event_id for d in chunk]))
        seqs = {row.event_id: row.seq for row in connection.execute(given)}
        events = [Event(seqs[d.event_id], d.event_id, d.example_id, "decide", d.verdict, d.rater, d.rev) for d in chunk]
        project(connection, {event.example_id: Standing(event.rev, event) for event in events})


def take_back(connection: sa.Connection, rows: Sequence[Any], rater: str) -> None:
    """Add the inverse of standing decisions: what stood before each of them stands again.

    Of a row: `seq`, `event_id`, `example_id` of the decision, and `stands_at`, the example's revision.
    """
    for chunk in batches(list(rows), _CHUNK):
        told: dict[str, list[Event]] = {row.example_id: [] for row in chunk}
        for event in log(connection, list(told)):
            told[event.example_id].append(event)
        inverse, standings = [], {}
        for row in chunk:
            earlier = replay(event for event in told[row.example_id] if event.seq < row.seq)
            before = earlier.get(row.example_id, Standing()).event
            standings[row.example_id] = Standing(row.stands_at + 1, before)
            inverse.append(_inverse(row, before, rater))
        connection.execute(_events.insert(), inverse)
        project(connection, standings)


def _inverse(row: Any, before: Event | None, rater: str) -> dict[str, Any]:
    return {
        "event_id": uuid.uuid4().hex,
        "example_id": row.example_id,
        "kind": "undo",
        "rater": rater,
        "note": "",
        "at": now(),
        "base_rev": row.stands_at,
        "rev": row.stands_at + 1,
        "undoes": row.event_id,
        "restores": before.event_id if before else None,
    }


def log(connection: sa.Connection, example_ids: Sequence[str] | None = None) -> Iterator[Event]:
    """The events in order; only those of some examples where these are given."""
    c = _events.c
    query = sa.select(c.seq, c.event_id, c.example_id, c.kind, c.verdict, c.rater, c.rev, c.restores).order_by(c.seq)
    if example_ids is not None:
        query = query.where(c.example_id.in_(example_ids))
    for row in connection.execute(query):
        yield Event(*row)


def project(connection: sa.Connection, standings: Mapping[str, Standing]) -> None:
    """Show what stands now for these examples."""
    update = _standing.update().where(_standing.c.example_id == sa.bindparam("of_example"))
    connection.execute(update, [{"of_example": id, **_columns(standing)} for id, standing in standings.items()])


def differences(connection: sa.Connection) -> list[str]:
    """Where the projection differs from the log, in words."""
    told = replay(log(connection))
    found = []
    for row in connection.execute(sa.select(_standing)):
        wanted = told.get(row.example_id, Standing())
        if _columns(wanted) != {name: row._mapping[name] for name in _columns(wanted)}:
            found.append(f"example {row.example_id} is shown as {row.status}, its log says {wanted.status}")
    missing = (
        sa.select(sa.func.count()).select_from(schema.examples.outerjoin(_standing)).where(_standing.c.seq.is_(None))
    )
    if number := connection.scalar(missing):
        found.append(f"{number} examples are missing from the queue")
    return found


def rebuild(connection: sa.Connection) -> int:
    """Derive the projection anew from the examples and the log; gives the number of examples."""
    told = replay(log(connection))
    connection.execute(_standing.delete())
    after, count = -1, 0
    while rows := connection.execute(
        sa.select(schema.examples).where(schema.examples.c.seq > after).order_by(schema.examples.c.seq).limit(_CHUNK)
    ).all():
        places = [place_of(load(Example, row.body)) | {"seq": row.seq} for row in rows]
        places = [place | _columns(told.get(place["example_id"], Standing())) for place in places]
        connection.execute(_standing.insert(), places)
        after, count = rows[-1].seq, count + len(rows)
    return count


def place_of(example: Example) -> dict[str, Any]:
    """An open example's columns in the projection, but for `seq`."""
    columns = _columns(Standing())
    return {"example_id": example.id, "kind": example.prompt.kind, "source": example.source, **columns}


def _columns(standing: Standing) -> dict[str, Any]:
    """What stands, as columns of the projection."""
    event = standing.event
    return {
        "status": standing.status,
        "done": int(event is not None),
        "rev": standing.rev,
        "event_seq": event.seq if event else None,
        "event_id": event.event_id if event else None,
        "rater": event.rater if event else None,
    }
