"""Evaluations and their answers, each in a row of its own; what judges say of the answers; and checks of judges."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cai_ui.errors import NotFoundError
from cai_ui.records import Evaluation, EvaluationInfo, JudgeUsed, content_hash
from cai_ui.store import schema
from cai_ui.store.answer_words import index_answers, places_with, rows_in_order
from cai_ui.store.database import Database
from cai_ui.store.encoding import answer_values, batches, dump, load, now
from cai_ui.store.words import Phrase
from cai_ui.text import named

_evaluations = schema.evaluations
_answers = schema.evaluation_answers
_readings = schema.evaluation_readings
_judges = schema.judges
_PAGE = 1_000
Row = dict[str, Any]


class Evaluations:
    """The part of the store that keeps evaluations and what is said of their answers."""

    _db: Database

    def save_evaluation(self, evaluation: Evaluation) -> Evaluation:
        """Keep an evaluation, or put it in place of the one with the same id; gives it with its time."""
        evaluation = dataclasses.replace(evaluation, created_at=evaluation.created_at or now())
        values = {"id": evaluation.id, "body": dump(dataclasses.replace(evaluation, rows=()))}
        with self._db.write("The evaluation") as connection:
            if (known := _seq(connection, evaluation.id)) is not None:
                index_answers(connection, known, evaluation.id, forget=True)
            connection.execute(_answers.delete().where(_answers.c.evaluation_id == evaluation.id))
            _add(connection, evaluation.id, evaluation.rows)
            connection.execute(
                self._db.insert(_evaluations).values(values).on_conflict_do_update(index_elements=["id"], set_=values)
            )
            index_answers(connection, _seq(connection, evaluation.id) or 0, evaluation.id)
        return evaluation

    def name_evaluation(self, id: str, name: str, notes: str) -> EvaluationInfo:
        """Call an evaluation something, and keep what is to be known of it. NotFoundError if there is none."""
        with self._db.write("The name") as connection:
            head = json.loads(_body(connection, id)) | {"name": name, "notes": notes}
            body = json.dumps(head, sort_keys=True, separators=(",", ":"), allow_nan=False)
            connection.execute(_evaluations.update().where(_evaluations.c.id == id).values(body=body))
        return self.evaluation_head(id)

    def evaluation_head(self, id: str) -> EvaluationInfo:
        """An evaluation without its answers. NotFoundError if there is none."""
        counted = sa.select(sa.func.count()).where(_answers.c.evaluation_id == id)
        with self._db.read() as connection:
            head = load(EvaluationInfo, _body(connection, id))
            return dataclasses.replace(head, answers=connection.scalar(counted) or 0)

    def evaluation_mark(self, id: str) -> str:
        """Another text once the evaluation was put in place of another one. NotFoundError if there is none."""
        with self._db.read() as connection:
            return content_hash(load(EvaluationInfo, _body(connection, id)).created_at)

    def answers_in_order(self, evaluation_id: str) -> Iterator[Row]:
        """All answers of an evaluation, a thousand in memory at a time."""
        with self._db.read() as connection:
            for _, row in rows_in_order(connection, evaluation_id):
                yield row

    def answers_at(self, evaluation_id: str, places: Sequence[int]) -> list[Row]:
        """Answers of an evaluation in the order of these places; what is not there is left out."""
        query = sa.select(_answers.c.place, _answers.c.body)
        found: dict[int, Row] = {}
        with self._db.read() as connection:
            for some in batches(list(places), _PAGE // 2):
                these = query.where(_answers.c.evaluation_id == evaluation_id, _answers.c.place.in_(some))
                found |= {row.place: json.loads(row.body) for row in connection.execute(these)}
        return [found[place] for place in places if place in found]

    def answers_with(self, evaluation_id: str, phrase: Phrase) -> NDArray[np.int64]:
        """Places of the answers that hold a phrase, or whose request does. NotFoundError if there is no such
        evaluation."""
        with self._db.read() as connection:
            _body(connection, evaluation_id)
            return places_with(connection, _seq(connection, evaluation_id) or 0, phrase)

    def add_answers(self, evaluation_id: str, rows: Sequence[Row], first: int) -> None:
        """Keep answers of an evaluation that is not finished yet; the first of them stands at place `first`."""
        with self._db.write("The answers") as connection:
            _add(connection, evaluation_id, rows, first)

    def answers(self, evaluation_id: str) -> list[Row]:
        """All answers of an evaluation, finished or not, in their order."""
        query = sa.select(_answers.c.body).where(_answers.c.evaluation_id == evaluation_id).order_by(_answers.c.place)
        with self._db.read() as connection:
            return [json.loads(body) for body in connection.scalars(query)]

    def answer(self, evaluation_id: str, place: int) -> Row:
        """One answer of an evaluation. NotFoundError if there is none at this place."""
        query = sa.select(_answers.c.body).where(_answers.c.evaluation_id == evaluation_id, _answers.c.place == place)
        with self._db.read() as connection:
            body = connection.scalar(query)
        if body is None:
            raise NotFoundError("This evaluation has no such answer.", next_step="Choose the evaluation again.")
        found: Row = json.loads(body)
        return found

    def answer_names(self, evaluation_id: str) -> list[tuple[str, str, str]]:
        """Prompt id, variant and kind of request of every answer, by place. NotFoundError if there is no such
        evaluation."""
        columns = (_answers.c.prompt_id, _answers.c.variant, _answers.c.kind)
        query = sa.select(*columns).where(_answers.c.evaluation_id == evaluation_id).order_by(_answers.c.place)
        with self._db.read() as connection:
            _body(connection, evaluation_id)
            return [(json.loads(row[0]), json.loads(row[1]), row[2]) for row in connection.execute(query)]

    def evaluations(self) -> list[EvaluationInfo]:
        """All evaluations, newest first, without their answers."""
        counted = sa.select(_answers.c.evaluation_id, sa.func.count()).group_by(_answers.c.evaluation_id)
        with self._db.read() as connection:
            numbers = {row[0]: row[1] for row in connection.execute(counted)}
            bodies = connection.scalars(sa.select(_evaluations.c.body).order_by(_evaluations.c.seq.desc())).all()
        found = [load(EvaluationInfo, body) for body in bodies]
        return [dataclasses.replace(one, answers=numbers.get(one.id, 0)) for one in found]

    def evaluation(self, id: str) -> Evaluation:
        """The evaluation with this id. NotFoundError if there is none."""
        with self._db.read() as connection:
            head = load(EvaluationInfo, _body(connection, id))
        rows = tuple(self.answers(id))
        told = head.reader, head.created_at, head.name, head.notes, head.made_with
        return Evaluation(head.id, head.results, rows, head.settings, *told)

    def save_readings(self, evaluation_id: str, judge_id: str, bodies: Mapping[int, Row]) -> None:
        """Keep what a judge says of answers, by their place, in place of what it said before."""
        values = [
            {"evaluation_id": evaluation_id, "judge": judge_id, "place": place, "body": json.dumps(body)}
            for place, body in bodies.items()
        ]
        insert = self._db.insert(_readings)
        keys = ["evaluation_id", "judge", "place"]
        change = insert.on_conflict_do_update(index_elements=keys, set_={"body": insert.excluded.body})
        with self._db.write("The judgements") as connection:
            for page in batches(values, _PAGE):
                connection.execute(change, page)

    def readings_by_judges(self, evaluation_id: str) -> dict[str, dict[int, Row]]:
        """What every judge says of the answers of an evaluation, by its id and their place."""
        query = sa.select(_readings).where(_readings.c.evaluation_id == evaluation_id).order_by(_readings.c.place)
        found: dict[str, dict[int, Row]] = {}
        with self._db.read() as connection:
            for row in connection.execute(query):
                found.setdefault(row.judge, {})[row.place] = json.loads(row.body)
        return found

    def readings_at(self, evaluation_id: str, places: Sequence[int]) -> dict[int, dict[str, Row]]:
        """What judges say of some answers, by place and the judge's id."""
        query = sa.select(_readings).where(_readings.c.evaluation_id == evaluation_id, _readings.c.place.in_(places))
        found: dict[int, dict[str, Row]] = {}
        with self._db.read() as connection:
            for row in connection.execute(query.order_by(_readings.c.place, _readings.c.judge)):
                found.setdefault(row.place, {})[row.judge] = json.loads(row.body)
        return found

    def is_judged(self, evaluation_id: str) -> bool:
        """Whether a judge has read any answer."""
        query = sa.select(_readings.c.place).where(_readings.c.evaluation_id == evaluation_id).limit(1)
        with self._db.read() as connection:
            return connection.scalar(query) is not None

    def judged_places(self, evaluation_id: str, judge_id: str) -> set[int]:
        """Places of the answers that a judge has read."""
        mine = (_readings.c.evaluation_id == evaluation_id, _readings.c.judge == judge_id)
        with self._db.read() as connection:
            return set(connection.scalars(sa.select(_readings.c.place).where(*mine)))

    def keep_judge(self, judge: JudgeUsed, checked: Mapping[str, Any] | None = None) -> None:
        """Know a judge, and its newest check where there is one."""
        values = {"id": judge.id, "body": dump(judge), **({} if checked is None else {"checked": json.dumps(checked)})}
        with self._db.write("The judge") as connection:
            connection.execute(
                self._db.insert(_judges).values(values).on_conflict_do_update(index_elements=["id"], set_=values)
            )

    def judges(self) -> dict[str, tuple[JudgeUsed, dict[str, Any] | None]]:
        """All judges that were asked, by id, each with its last check (None: unproven); the newest last."""
        with self._db.read() as connection:
            rows = connection.execute(sa.select(_judges).order_by(_judges.c.seq)).all()
        return {row.id: (load(JudgeUsed, row.body), json.loads(row.checked) if row.checked else None) for row in rows}


def _add(connection: sa.Connection, evaluation_id: str, rows: Sequence[Row], first: int = 0) -> None:
    for page in batches(answer_values(evaluation_id, rows, first), _PAGE):
        connection.execute(_answers.insert(), page)


def _seq(connection: sa.Connection, id: str) -> int | None:
    return connection.scalar(sa.select(_evaluations.c.seq).where(_evaluations.c.id == id))


def _body(connection: sa.Connection, id: str) -> str:
    body = connection.scalar(sa.select(_evaluations.c.body).where(_evaluations.c.id == id))
    if body is None:
        raise NotFoundError(f"There is no evaluation {named(id)}.", next_step="Choose one from the list.")
    return str(body)
