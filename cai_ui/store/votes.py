"""Blind votes between two answers."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa

from cai_ui.errors import ConflictError
from cai_ui.records import Vote
from cai_ui.store import schema
from cai_ui.store.database import Database
from cai_ui.store.encoding import dump, load, now

_votes = schema.votes


class Votes:
    """The part of the store that keeps votes."""

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

    def votes_after(self, seq: int) -> list[tuple[int, Vote]]:
        """Votes with their numbers, in the order they came, beyond this number (-1: all)."""
        query = sa.select(_votes.c.seq, _votes.c.body).where(_votes.c.seq > seq).order_by(_votes.c.seq)
        with self._db.read() as connection:
            return [(row.seq, load(Vote, row.body)) for row in connection.execute(query)]
