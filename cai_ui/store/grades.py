"""People's grades of the answers of evaluations: a log that is only added to, and what stands in it."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa

from cai_ui.errors import ConflictError
from cai_ui.records import Grade
from cai_ui.store import schema
from cai_ui.store.database import Database
from cai_ui.store.encoding import dump, load, now

_grades = schema.grades


@dataclasses.dataclass(frozen=True)
class GradeEvent:
    """A line of the log: a grade, or (`undoes`) the taking back of one."""

    seq: int
    event_id: str
    undoes: str | None
    grade: Grade | None


class Grades:
    """The part of the store that keeps grades."""

    _db: Database

    def add_grade(self, grade: Grade) -> Grade:
        """Save a grade; the same event again gives the saved one. ConflictError if its id stands for another event."""
        fresh = dataclasses.replace(grade, at=grade.at or now())
        with self._db.write("The grade") as connection:
            known = _event(connection, grade.event_id)
            if known is None:
                _add(connection, fresh, body=dump(fresh))
                return fresh
        saved = load(Grade, known[0]) if known[0] else None
        if saved is None or dataclasses.replace(fresh, at=saved.at) != saved:
            raise ConflictError("This event id was used for another grade.", kept="Nothing was saved.")
        return saved

    def undo_grade(self, evaluation_id: str, rater: str, event_id: str) -> Grade | None:
        """Take back the rater's newest grade in an evaluation; what the rater said before of that answer stands again.

        Gives the grade that was taken back, also when the same event comes again; None if there is none left.
        """
        with self._db.write("The undo") as connection:
            known = _event(connection, event_id)
            if known is not None:
                undone = _event(connection, known[1] or "")
                return load(Grade, undone[0]) if undone and undone[0] else None
            newest = _newest(connection, evaluation_id, rater)
            if newest is None:
                return None
            _add(connection, dataclasses.replace(newest, event_id=event_id), undoes=newest.event_id)
        return newest

    def grades(self, evaluation_id: str) -> list[Grade]:
        """The newest grade of each rater for each answer of an evaluation, oldest first."""
        with self._db.read() as connection:
            kept = _kept(connection, evaluation_id)
        newest = {(grade.prompt_id, grade.variant, grade.rater): grade.event_id for grade in kept}
        standing = set(newest.values())
        return [grade for grade in kept if grade.event_id in standing]

    def grade_events(self, evaluation_id: str, after: int = -1) -> tuple[int, list[GradeEvent]]:
        """How many events the log of an evaluation has, and those whose number is above `after`, in their order."""
        mine = _grades.c.evaluation_id == evaluation_id
        query = sa.select(_grades).where(mine, _grades.c.seq > after).order_by(_grades.c.seq)
        with self._db.read() as connection:
            number = connection.scalar(sa.select(sa.func.count()).select_from(_grades).where(mine)) or 0
            return number, [
                GradeEvent(row.seq, row.event_id, row.undoes, None if row.body is None else load(Grade, row.body))
                for row in connection.execute(query)
            ]


def _newest(connection: sa.Connection, evaluation_id: str, rater: str) -> Grade | None:
    """The rater's newest grade that was not taken back."""
    mine = (_grades.c.evaluation_id == evaluation_id, _grades.c.rater == rater)
    undone = sa.select(_grades.c.undoes).where(*mine, _grades.c.undoes.is_not(None))
    kept = sa.select(_grades.c.body).where(*mine, _grades.c.body.is_not(None), _grades.c.event_id.not_in(undone))
    body = connection.scalar(kept.order_by(_grades.c.seq.desc()).limit(1))
    return None if body is None else load(Grade, body)


def _event(connection: sa.Connection, event_id: str) -> tuple[str | None, str | None] | None:
    """Body of an event, and which one it takes back."""
    query = sa.select(_grades.c.body, _grades.c.undoes).where(_grades.c.event_id == event_id)
    found = connection.execute(query).first()
    return None if found is None else (found.body, found.undoes)


def _add(connection: sa.Connection, grade: Grade, **columns: str) -> None:
    named = {"event_id": grade.event_id, "evaluation_id": grade.evaluation_id, "rater": grade.rater}
    connection.execute(_grades.insert().values(**named, **columns))


def _kept(connection: sa.Connection, evaluation_id: str) -> list[Grade]:
    """All grades of an evaluation that were not taken back, oldest first."""
    query = sa.select(_grades.c.undoes, _grades.c.body).where(_grades.c.evaluation_id == evaluation_id)
    log = connection.execute(query.order_by(_grades.c.seq)).all()
    undone = {event.undoes for event in log}
    kept = [load(Grade, event.body) for event in log if event.body is not None]
    return [grade for grade in kept if grade.event_id not in undone]
