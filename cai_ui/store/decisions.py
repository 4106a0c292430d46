"""Decisions of people: written to the log and to its projection in one transaction, then acknowledged."""

from __future__ import annotations

import contextlib
import dataclasses
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, get_args

import sqlalchemy as sa

from cai_ui.errors import ConflictError, InputError, NotFoundError
from cai_ui.records import Decision, Example, Remarks, Span, SpanPart, Verdict
from cai_ui.store import decision_log, raters, schema
from cai_ui.store.columns import QueueColumns
from cai_ui.store.database import Database
from cai_ui.store.encoding import batches, dump, load, now
from cai_ui.store.events import EventKind
from cai_ui.store.queue import NOBODY, QueueFilter, decision_columns, decision_of
from cai_ui.store.selection import select
from cai_ui.text import ANSWER_LIMIT, NAME_LIMIT, clean_text, named

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
NOTE_LIMIT = 2_000
LABELS_LIMIT = 20
SPANS_LIMIT = 50
DONE = QueueFilter("done")
_REDO_REACH = 2_000
"""So many of a rater's last events are looked through for what can be redone."""

_t = schema.examples
_events = schema.events
_standing = schema.standing
_drafts = schema.text_drafts
_remarks = schema.remark_drafts
_readings = schema.readings


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
            place = _place(connection, decision.example_id)
            seen_open = base_rev == 0 and place.event_id is None and not second
            if place.rev != base_rev and not seen_open:
                raise _conflict(place)
            if second and (place.event_id is None or place.rater == decision.rater):
                raise _conflict(place)
            if decision.verdict in ("flip", "tie"):
                _must_have_initial(connection, decision.example_id)
            saved = dataclasses.replace(decision, at=now(), rev=place.rev + 1)
            kind: EventKind = "second" if second else "decide"
            if second and raters.is_gold(connection, place.seq):
                kind = "gold"
            decision_log.append(connection, [saved], None, kind)
            _forget_drafts(connection, saved.example_id, saved.rater)
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
                if row.verdict == "edit":
                    values = {"example_id": row.example_id, "rater": rater, "text": row.text, "saved_at": now()}
                    _keep_draft(self._db, connection, _drafts, values, replace=False)
                if row.note or row.spans:
                    remarks = _remarks_of(row.example_id, rater, row.note, row.spans)
                    _keep_draft(self._db, connection, _remarks, remarks, replace=False)
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
                place = _place(connection, first.example_id)
                if place.rev != undo.rev:
                    raise _conflict(place)
                decision = decision_of(first, 0)
                assert decision is not None
                fresh.append(dataclasses.replace(decision, event_id=uuid.uuid4().hex, at=now(), rev=place.rev + 1))
            batch = uuid.uuid4().hex if len(fresh) > 1 else None
            repeats = {new.event_id: first.event_id for new, (_, first) in zip(fresh, undone, strict=True)}
            decision_log.append(connection, fresh, batch, undone[0][1].kind, repeats)
            for decision in fresh:
                _forget_drafts(connection, decision.example_id, rater)
        return fresh

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

    def taken_back(self, rater: str) -> int:
        """How many steps this rater could redo now (a bulk decision counts as one)."""
        with self._db.read() as connection:
            return len(_undo_steps(connection, rater))

    def save_text_draft(self, example_id: str, rater: str, text: str) -> str:
        """Keep a text that is being edited; gives the time it was saved."""
        text = clean_text(text, "The text", limit=ANSWER_LIMIT, required=False)
        values = {"example_id": example_id, "rater": rater, "text": text, "saved_at": now()}
        with self._db.write("The draft") as connection:
            _place(connection, example_id)
            _keep_draft(self._db, connection, _drafts, values, replace=True)
        return values["saved_at"]

    def save_remarks(self, example_id: str, rater: str, remarks: Remarks) -> str:
        """Keep a comment and highlighted passages until the example is decided; gives the time they were saved."""
        note = clean_text(remarks.note, "The comment", limit=NOTE_LIMIT, required=False)
        _check_spans(remarks.spans)
        values = _remarks_of(example_id, rater, note, remarks.spans)
        with self._db.write("The comment") as connection:
            _place(connection, example_id)
            _keep_draft(self._db, connection, _remarks, values, replace=True)
        return str(values["saved_at"])

    def text_draft(self, example_id: str, rater: str) -> str | None:
        with self._db.read() as connection:
            return connection.scalar(
                sa.select(_drafts.c.text).where(_drafts.c.example_id == example_id, _drafts.c.rater == rater)
            )

    def drop_text_draft(self, example_id: str, rater: str) -> None:
        with self._db.write("The draft") as connection:
            _forget(connection, _drafts, example_id, rater)

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

    def check(self) -> list[str]:
        """Faults of the database, and places where the projection differs from the log; empty when sound."""
        return self.damage() or self.drifted()

    def damage(self) -> list[str]:
        """Faults of the database's file and rows that name others which are not there; empty when sound."""
        return self._db.integrity()

    def drifted(self) -> list[str]:
        """Places where what is shown differs from the log of decisions."""
        with self._db.read() as connection:
            return decision_log.differences(connection)

    def rebuild(self) -> int:
        """Derive what stands anew from the log; gives the number of examples."""
        with self._db.write("The rebuilt state") as connection:
            return decision_log.rebuild(connection)


def _checked(decision: Decision) -> Decision:
    """The decision with admissible texts; InputError says what does not fit."""
    if decision.verdict not in VERDICTS:
        raise InputError(f"There is no verdict {decision.verdict!r}.", next_step=f"Use one of {', '.join(VERDICTS)}.")
    clean_text(decision.event_id, "The event's id", limit=200)
    clean_text(decision.rater, "Annotator name", limit=NAME_LIMIT)
    note = clean_text(decision.note, "The comment", limit=NOTE_LIMIT, required=False)
    _check_spans(decision.spans)
    for label in decision.labels:
        clean_text(label, "A label", limit=40)
    if len(decision.labels) > LABELS_LIMIT:
        raise InputError(f"There are {len(decision.labels)} labels; at most {LABELS_LIMIT} fit.")
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


def _place(connection: sa.Connection, example_id: str) -> Any:
    row = connection.execute(
        sa.select(_standing).where(_standing.c.example_id == example_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFoundError(
            f"There is no example {named(example_id)}.", kept="Nothing was saved.", next_step="Reload the queue."
        )
    return row


def _conflict(place: Any) -> ConflictError:
    words = {"open": "was opened again", "accept": "was accepted", "reject": "was rejected", "edit": "was edited",
             "flip": "was flipped", "tie": "was called a tie", "skip": "was skipped",
             "flag": "was flagged"}  # fmt: skip
    who = f" by {place.rater}" if place.rater else ""
    return ConflictError(
        f"This example {words[place.status]}{who} while you were looking at it.",
        kept="Nothing was saved; your text is still in the box.",
        next_step="Look at the new state and decide again.",
    )


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


def _check_spans(spans: Sequence[Span]) -> None:
    """InputError if there are too many passages, or one is none."""
    if len(spans) > SPANS_LIMIT:
        raise InputError(f"There are {len(spans)} highlighted passages; at most {SPANS_LIMIT} fit.")
    for span in spans:
        clean_text(span.text, "A highlighted passage", limit=ANSWER_LIMIT)
        if span.part not in get_args(SpanPart) or not 0 <= span.start < span.end:
            raise InputError("A highlighted passage is not in the text.", next_step="Highlight it again.")


def _remarks_of(example_id: str, rater: str, note: str, spans: Sequence[Span]) -> dict[str, Any]:
    body = dump(Remarks(note, tuple(spans)))
    return {"example_id": example_id, "rater": rater, "saved_at": now(), "body": body}


def _keep_draft(
    db: Database, connection: sa.Connection, table: sa.Table, values: dict[str, Any], *, replace: bool
) -> None:
    insert, keys = db.insert(table).values(values), ["example_id", "rater"]
    connection.execute(
        insert.on_conflict_do_update(index_elements=keys, set_=values)
        if replace
        else insert.on_conflict_do_nothing(index_elements=keys)
    )


def _forget_drafts(connection: sa.Connection, example_id: str, rater: str) -> None:
    for table in (_drafts, _remarks):
        _forget(connection, table, example_id, rater)


def _forget(connection: sa.Connection, table: sa.Table, example_id: str, rater: str) -> None:
    connection.execute(table.delete().where(table.c.example_id == example_id, table.c.rater == rater))
