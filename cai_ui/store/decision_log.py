"""The log of decisions in the database, and its projections `standing` and `readings`. Called inside a transaction."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cai_ui.records import Decision, Example
from cai_ui.store import schema, words
from cai_ui.store.columns import stamp
from cai_ui.store.encoding import batches, load, now
from cai_ui.store.events import Event, EventKind, Standing, replay
from cai_ui.text import rough_change

_CHUNK = 500  # rows per statement: far below what either database allows in one list
LOTS = 10_000
"""Every example draws a fixed random number below this one."""
_events = schema.events
_standing = schema.standing
_readings = schema.readings
_marks = schema.marks


def append(
    connection: sa.Connection,
    decisions: Sequence[Decision],
    batch: str | None,
    kind: EventKind = "decide",
    repeats: Mapping[str, str] | None = None,
) -> None:
    """Add decisions, one per example and each one revision further, to the log and the projections.

    `repeats`: for decisions that do again what was taken back, event id by event id of the first time.
    """
    repeats = repeats or {}
    number = stamp(connection)
    for chunk in batches(list(decisions), _CHUNK):
        rows = [
            {
                **{
                    name: getattr(d, name)
                    for name in ("event_id", "example_id", "verdict", "rater", "text", "note", "at")
                },
                "kind": kind,
                "labels": json.dumps(d.labels) if d.labels else "",
                "spans": json.dumps([dataclasses.asdict(span) for span in d.spans]) if d.spans else "",
                "base_rev": d.rev - 1,
                "rev": d.rev,
                "batch": batch,
                "restores": repeats.get(d.event_id),
            }
            for d in chunk
        ]
        connection.execute(_events.insert(), rows)
        refresh(connection, [d.example_id for d in chunk], number)


def take_back(connection: sa.Connection, rows: Sequence[Any], rater: str) -> None:
    """Add the inverse of judgements: what stood before each of them stands again.

    Of a row: `seq`, `event_id`, `example_id`, `kind` of the event, and `stands_at`, the example's revision.
    """
    group, number = uuid.uuid4().hex, stamp(connection)
    for chunk in batches(list(rows), _CHUNK):
        told: dict[str, list[Event]] = {row.example_id: [] for row in chunk}
        for event in log(connection, list(told)):
            told[event.example_id].append(event)
        inverse = []
        for row in chunk:
            earlier = replay(event for event in told[row.example_id] if event.seq < row.seq)
            before = earlier.get(row.example_id, Standing()).event if row.kind == "decide" else None
            inverse.append(_inverse(row, before, rater, group if len(rows) > 1 else None))
        connection.execute(_events.insert(), inverse)
        refresh(connection, list(told), number)


def _inverse(row: Any, before: Event | None, rater: str, group: str | None) -> dict[str, Any]:
    return {
        "event_id": uuid.uuid4().hex,
        "example_id": row.example_id,
        "kind": "undo",
        "rater": rater,
        "note": "",
        "labels": "",
        "spans": "",
        "at": now(),
        "base_rev": row.stands_at,
        "rev": row.stands_at + 1,
        "batch": group,
        "undoes": row.event_id,
        "restores": before.event_id if before else None,
    }


def log(connection: sa.Connection, example_ids: Sequence[str] | None = None) -> Iterator[Event]:
    """The events in order; only those of some examples where these are given."""
    c = _events.c
    query = sa.select(
        c.seq, c.event_id, c.example_id, c.kind, c.verdict, c.rater, c.rev, c.restores, c.undoes
    ).order_by(c.seq)  # fmt: skip
    if example_ids is not None:
        query = query.where(c.example_id.in_(example_ids))
    for row in connection.execute(query):
        yield Event(*row)


def refresh(connection: sa.Connection, example_ids: Sequence[str], number: int) -> None:
    """Show what stands now for these examples, as their log says. `number`: of the transaction."""
    told = replay(log(connection, example_ids))
    places = sa.select(_standing.c.example_id, _standing.c.seq).where(_standing.c.example_id.in_(example_ids))
    seqs = {row.example_id: row.seq for row in connection.execute(places)}
    update = _standing.update().where(_standing.c.example_id == sa.bindparam("of_example"))
    connection.execute(
        update, [{"of_example": id, "changed": number, **_columns(told.get(id, Standing()))} for id in example_ids]
    )
    connection.execute(_readings.delete().where(_readings.c.seq.in_(list(seqs.values()))))
    _insert_readings(connection, {seqs[id]: told.get(id, Standing()) for id in seqs})


def _insert_readings(connection: sa.Connection, standings: Mapping[int, Standing]) -> None:
    rows = [
        {"seq": seq, "rater": rater, "event_seq": event.seq, "second": int(event.kind != "decide")}
        for seq, standing in standings.items()
        for rater, event in standing.readings.items()
    ]
    if rows:
        connection.execute(_readings.insert(), rows)


def differences(connection: sa.Connection) -> list[str]:
    """Where the projections differ from the log, in words."""
    told = replay(log(connection))
    found = []
    read: dict[int, set[tuple[str, int]]] = {}
    for row in connection.execute(sa.select(_readings)):
        read.setdefault(row.seq, set()).add((row.rater, row.event_seq))
    for row in connection.execute(sa.select(_standing)):
        wanted = told.get(row.example_id, Standing())
        if _columns(wanted) != {name: row._mapping[name] for name in _columns(wanted)}:
            found.append(f"example {row.example_id} is shown as {row.status}, its log says {wanted.status}")
        elif read.get(row.seq, set()) != {(rater, event.seq) for rater, event in wanted.readings.items()}:
            found.append(f"example {row.example_id} has other readings than its log says")
    missing = (
        sa.select(sa.func.count()).select_from(schema.examples.outerjoin(_standing)).where(_standing.c.seq.is_(None))
    )
    if number := connection.scalar(missing):
        found.append(f"{number} examples are missing from the queue")
    if number := words.missing(connection):
        found.append(f"{number} examples cannot be found by their words")
    return found


def rebuild(connection: sa.Connection) -> int:
    """Derive the projections anew from the examples and the log; gives the number of examples."""
    told, number = replay(log(connection)), stamp(connection, whole=True)
    words.clear(connection)
    connection.execute(_standing.delete())
    connection.execute(_readings.delete())
    connection.execute(_marks.delete().where(_marks.c.kind == PRINCIPLE))
    after, count = -1, 0
    while rows := connection.execute(
        sa.select(schema.examples).where(schema.examples.c.seq > after).order_by(schema.examples.c.seq).limit(_CHUNK)
    ).all():
        examples = {row.seq: load(Example, row.body) for row in rows}
        standings = {seq: told.get(example.id, Standing()) for seq, example in examples.items()}
        known = _preferences(connection, [example.id for example in examples.values()])
        connection.execute(
            _standing.insert(),
            [
                {
                    **place_of(example),
                    "seq": seq,
                    **_columns(standings[seq]),
                    "preference": known.get(example.id),
                    "changed": number,
                    "marked": number,
                }
                for seq, example in examples.items()
            ],
        )
        _insert_readings(connection, standings)
        mark_principles(connection, examples)
        words.add(connection, {seq: words.words_of(example) for seq, example in examples.items()})
        after, count = rows[-1].seq, count + len(rows)
    return count


PRINCIPLE = "principle"


def mark_principles(connection: sa.Connection, examples: Mapping[int, Example]) -> None:
    """Let examples be found by the principles they were revised under."""
    rows = [
        {"kind": PRINCIPLE, "value": id[:200], "seq": seq}
        for seq, example in examples.items()
        for id in dict.fromkeys(example.principle_ids)
    ]
    if rows:
        connection.execute(_marks.insert(), rows)


def draw_of(text: str) -> int:
    """A large number that looks random and is always the same for a text."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], "big")


def place_of(example: Example) -> dict[str, Any]:
    """An open example's columns in the projection, but for `seq`."""
    change = None if example.initial is None else round(100 * rough_change(example.initial, example.revision))
    return {
        "example_id": example.id,
        "kind": example.prompt.kind,
        "source": example.source,
        "lot": draw_of(example.id) % LOTS,
        "words": len(example.revision.split()),
        "change": change,
        "constitution": example.constitution_hash,
        "preference": None,
        **_columns(Standing()),
    }


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
        "readings": len(standing.readings),
        "disputed": int(standing.disputed),
    }


def _preferences(connection: sa.Connection, example_ids: Sequence[str]) -> dict[str, int]:
    """The newest judge's preference for the revision, per mille."""
    t = schema.judgements
    query = sa.select(t.c.example_id, t.c.body).where(t.c.example_id.in_(example_ids)).order_by(t.c.at, t.c.seq)
    return {
        row.example_id: per_mille
        for row in connection.execute(query)
        if (per_mille := preference_of(row.body)) is not None
    }


def preference_of(body: str) -> int | None:
    """The preference for the revision in a stored judgement, per mille; None where it could not be read."""
    value = json.loads(body).get("preference")
    return None if value is None else round(1000 * float(value))
