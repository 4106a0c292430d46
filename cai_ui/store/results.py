"""What comparisons gave: blind votes and batch evaluations."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa

from cai_ui.errors import ConflictError, NotFoundError
from cai_ui.records import Evaluation, Vote
from cai_ui.store import schema
from cai_ui.store.database import Database
from cai_ui.store.encoding import dump, load, now

_votes = schema.votes
_evaluations = schema.evaluations


class Results:
    """The part of the store that keeps votes and evaluations."""

    _db: Database

    def add_vote(self, vote: Vote) -> Vote:
        """Save a vote; the same event again gives the saved one. ConflictError if its id stands for another vote."""
        fresh = dataclasses.replace(vote, at=vote.at or now())
        with self._db.write("The vote") as connection:
            known = connection.scalar(sa.select(_votes.c.body).where(_votes.c.event_id == vote.event_id))
            if known is None:
                connection.execute(_votes.insert().values(event_id=fresh.event_id, body=dump(fresh)))
                return fresh
        saved = load(Vote, known)
        if dataclasses.replace(fresh, at=saved.at) != saved:
            raise ConflictError("This event id was used for another vote.", kept="Nothing was saved.")
        return saved

    def votes(self, limit: int = 1_000) -> list[Vote]:
        """Votes, newest first."""
        query = sa.select(_votes.c.body).order_by(_votes.c.seq.desc()).limit(limit)
        with self._db.read() as connection:
            return [load(Vote, body) for body in connection.scalars(query)]

    def save_evaluation(self, evaluation: Evaluation) -> Evaluation:
        """Keep an evaluation, or put it in place of the one with the same id; gives it with its time."""
        evaluation = dataclasses.replace(evaluation, created_at=evaluation.created_at or now())
        values = {"id": evaluation.id, "body": dump(evaluation)}
        with self._db.write("The evaluation") as connection:
            connection.execute(
                self._db.insert(_evaluations).values(values).on_conflict_do_update(index_elements=["id"], set_=values)
            )
        return evaluation

    def evaluations(self) -> list[Evaluation]:
        """All evaluations, newest first."""
        with self._db.read() as connection:
            bodies = connection.scalars(sa.select(_evaluations.c.body).order_by(_evaluations.c.seq.desc()))
            return [load(Evaluation, body) for body in bodies]

    def evaluation(self, id: str) -> Evaluation:
        """The evaluation with this id. NotFoundError if there is none."""
        with self._db.read() as connection:
            body = connection.scalar(sa.select(_evaluations.c.body).where(_evaluations.c.id == id))
        if body is None:
            raise NotFoundError(f"There is no evaluation {id}.", next_step="Choose one from the list.")
        return load(Evaluation, body)
