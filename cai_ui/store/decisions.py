"""Decisions of people: written to the log and to its projection in one transaction, then acknowledged."""

from __future__ import annotations

import contextlib
import dataclasses
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, get_args

import sqlalchemy as sa

from cai_ui.errors import ConflictError, InputError
from cai_ui.records import Decision, Example, Verdict
from cai_ui.store import decision_log, raters, schema
from cai_ui.store.columns import QueueColumns
from cai_ui.store.database import Database
from cai_ui.store.drafts import NOTE_LIMIT, check_spans, forget_drafts
from cai_ui.store.encoding import batches, load, now
from cai_ui.store.events import EventKind
from cai_ui.store.queue import NOBODY, QueueFilter, decision_columns, decision_of
from cai_ui.store.selection import select
from cai_ui.store.standing import conflict, standing_of
from cai_ui.text import ANSWER_LIMIT, clean_name, clean_text

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
LABELS_LIMIT = 20
DONE = QueueFilter("done")

_t = schema.examples
_events = schema.events
_standing = schema.standing


class Decisions:
    """The part of the store that keeps human work."""

    _db: Database
    _columns: QueueColumns

    def decide(self, decision: Decision, base_rev: int, second: bool = False) -> Decision:
        """Save a decision made by someone who saw revision `base_rev` of the example (0 = open).

        `second`: a judgement beside the one that stands, made without seeing it; what stands does not change.
        Gives it with its revision and time, after the commit. The same event again gives the saved
        one. ConflictError, with nothing written, if the example was decided meanwhile.
        """
        decision = _checked(decision)
        with self._db.write("The decision") as connection:
            known = _event(connection, decision.event_id)
            if known is not None:
                return _same(known, decision)
            place = standing_of(connection, decision.example_id)
            seen_open = base_rev == 0 and place.event_id is None and not second
            if place.rev != base_rev and not seen_open:
                raise conflict(place)
            if second and (place.event_id is None or place.rater == decision.rater):
                raise conflict(place)
            if decision.verdict in ("flip", "tie"):
                _must_have_initial(connection, decision.example_id)
            saved = dataclasses.replace(decision, at=now(), rev=place.rev + 1)
            kind: EventKind = "second" if second else "decide"
            if second and raters.is_gold(connection, place.seq):
                kind = "gold"
            decision_log.append(connection, [saved], None, kind)
            forget_drafts(connection, saved.example_id, saved.rater)
        return saved

    def decide_many(self, example_ids: Sequence[str], verdict: Verdict, rater: str) -> int:
        """Give the same verdict to those of the examples that are open; one undo takes all of it back.

        Gives their number. Examples without an initial answer cannot be flipped or tied and stay open.
        """
        if verdict == "edit":
            raise InputError("Editing needs a text for each example.", next_step="Edit them one by one.")
        _checked(Decision("-", "-", verdict, rater))
        batch, at, count = uuid.uuid4().hex, now(), 0
        with self._db.write("The decisions") as connection:
            for chunk in batches(list(dict.fromkeys(example_ids)), 500):
                query = sa.select(_standing.c.example_id, _standing.c.rev).where(
                    _standing.c.example_id.in_(chunk), _standing.c.done == 0
                )
                revs = {row.example_id: row.rev for row in connection.execute(query.with_for_update())}
                ids = [id for id in chunk if id in revs]
                if verdict in ("flip", "tie"):
                    ids = _with_initial(connection, ids)
                decisions = [Decision(uuid.uuid4().hex, id, verdict, rater, at=at, rev=revs[id] + 1) for id in ids]
                decision_log.append(connection, decisions, batch)
                count += len(ids)
        return count

    def history(self, rater: str, limit: int = 50) -> list[Decision]:
        """This rater's decisions that were not taken back, newest first."""
        inverse = _events.alias()
        query = (
            sa.select(*decision_columns(), _events.c.rev)
            .outerjoin(inverse, inverse.c.undoes == _events.c.event_id)
            .where(_events.c.rater == rater, _events.c.kind != "undo", inverse.c.seq.is_(None))
            .order_by(_events.c.seq.desc())
            .limit(limit)
        )
        with self._db.read() as connection:
            found = [decision_of(row, row.rev) for row in connection.execute(query)]
        return [decision for decision in found if decision is not None]

    def decided(self, filter: QueueFilter = DONE) -> Iterator[tuple[Example, Decision]]:
        """Decided examples that fit the filter, in order of arrival, as of one moment, read bit by bit."""
        columns = (_t.c.body, _standing.c.seq.label("place"), _standing.c.rev, *decision_columns())
        query = (
            sa.select(*columns)
            .select_from(_standing)
            .join(_t, _t.c.seq == _standing.c.seq)
            .join(_events, _events.c.seq == _standing.c.event_seq)
            .order_by(_standing.c.seq)
        )
        with contextlib.ExitStack() as view:
            with self._columns.lock:
                connection = view.enter_context(self._db.read())
                self._columns.follow(connection)
                every = dataclasses.replace(filter, order="arrival")
                rows = select(self._columns, connection, every, NOBODY).rows
                seqs = [int(seq) for seq in self._columns["seq"][rows]]
            for chunk in batches(seqs, 500):
                for row in connection.execute(query.where(_standing.c.seq.in_(chunk))):
                    decision = decision_of(row, row.rev)
                    if decision is not None:
                        yield load(Example, row.body), decision


def _checked(decision: Decision) -> Decision:
    """The decision with admissible texts; InputError says what does not fit."""
    if decision.verdict not in VERDICTS:
        raise InputError(f"There is no verdict {decision.verdict!r}.", next_step=f"Use one of {', '.join(VERDICTS)}.")
    clean_text(decision.event_id, "The event's id", limit=200)
    decision = dataclasses.replace(decision, rater=clean_name(decision.rater, "Annotator name"))
    note = clean_text(decision.note, "The comment", limit=NOTE_LIMIT, required=False)
    check_spans(decision.spans)
    for label in decision.labels:
        clean_text(label, "A label", limit=40)
    if len(decision.labels) > LABELS_LIMIT:
        raise InputError(
            f"There are {len(decision.labels)} labels; at most {LABELS_LIMIT} fit.", next_step="Take some away."
        )
    if decision.verdict != "edit":
        return dataclasses.replace(decision, text=None, note=note)
    text = clean_text(decision.text or "", "The edited text", limit=ANSWER_LIMIT)
    return dataclasses.replace(decision, text=text, note=note)


def _event(connection: sa.Connection, event_id: str) -> Any:
    query = sa.select(*decision_columns(), _events.c.kind, _events.c.rev).where(_events.c.event_id == event_id)
    return connection.execute(query).one_or_none()


def _same(known: Any, decision: Decision) -> Decision:
    """The stored decision of a repeated event. ConflictError if the id stands for something else."""
    saved = decision_of(known, known.rev) if known.kind != "undo" else None
    if saved is None or dataclasses.replace(decision, at=saved.at, rev=saved.rev) != saved:
        raise ConflictError(
            "This event id was used for another decision.", kept="Nothing was saved.", next_step="Reload the page."
        )
    return saved


def _with_initial(connection: sa.Connection, ids: list[str]) -> list[str]:
    rows = connection.execute(sa.select(_t.c.id, _t.c.body).where(_t.c.id.in_(ids)))
    having = {row.id for row in rows if load(Example, row.body).initial}
    return [id for id in ids if id in having]


def _must_have_initial(connection: sa.Connection, example_id: str) -> None:
    if not _with_initial(connection, [example_id]):
        raise InputError(
            "This example has no initial answer that could be better.",
            kept="Nothing was saved.",
            next_step="Accept, edit, reject or skip it.",
        )
