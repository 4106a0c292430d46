"""Prompt sets of the workspace: each request is a row, found by its place in the set and by what it says."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa

from cai_ui.errors import NotFoundError
from cai_ui.records import PromptSet, SetPrompt
from cai_ui.store import schema
from cai_ui.store.database import Database
from cai_ui.store.encoding import batches, dump, load, now
from cai_ui.text import named

_sets = schema.prompt_sets
_t = schema.prompts
_PAGE = 500


class Prompts:
    """The part of the store that keeps prompt sets."""

    _db: Database

    def save_prompt_set(self, key: str, title: str, prompts: Sequence[SetPrompt]) -> PromptSet:
        """Keep a set of different requests, in place of the one with the same key if there is one."""
        made = PromptSet(key, title, len(prompts), dict(Counter(p.kind for p in prompts)), created_at=now())
        with self._db.write("The prompt set") as connection:
            known = connection.scalar(sa.select(_sets.c.body).where(_sets.c.key == key).with_for_update())
            if known is not None:
                made = dataclasses.replace(made, created_at=load(PromptSet, known).created_at)
                connection.execute(_t.delete().where(_t.c.set_key == key))
            values = {"key": key, "body": dump(made)}
            connection.execute(
                self._db.insert(_sets).values(values).on_conflict_do_update(index_elements=["key"], set_=values)
            )
            rows = [
                {"set_key": key, "position": place, "hash": prompt.hash, "body": dump(prompt)}
                for place, prompt in enumerate(prompts)
            ]
            for page in batches(rows, 1_000):
                connection.execute(_t.insert(), page)
        return made

    def prompt_sets(self) -> list[PromptSet]:
        """The sets of the workspace, oldest first, without their requests."""
        with self._db.read() as connection:
            return [load(PromptSet, body) for body in connection.scalars(sa.select(_sets.c.body).order_by(_sets.c.seq))]

    def prompt_set(self, key: str) -> PromptSet:
        """One of them. NotFoundError if there is none."""
        with self._db.read() as connection:
            body = connection.scalar(sa.select(_sets.c.body).where(_sets.c.key == key))
        if body is None:
            raise NotFoundError(f"There is no prompt set {named(key)}.", next_step="Choose another.")
        return load(PromptSet, body)

    def set_prompts(self, key: str, places: Sequence[int]) -> list[SetPrompt]:
        """The requests at these places of a set, in the order of `places`, which count from 0."""
        found: dict[int, SetPrompt] = {}
        query = sa.select(_t.c.position, _t.c.body).where(_t.c.set_key == key)
        with self._db.read() as connection:
            for page in batches(list(places), _PAGE):
                rows = connection.execute(query.where(_t.c.position.in_(page)))
                found |= {row.position: load(SetPrompt, row.body) for row in rows}
        return [found[place] for place in places if place in found]

    def find_prompt(self, prompt: SetPrompt) -> tuple[str, SetPrompt] | None:
        """The request of the oldest set that says exactly the same, with the key of its set; None if none does."""
        query = sa.select(_t.c.set_key, _t.c.body).join(_sets, _sets.c.key == _t.c.set_key)
        query = query.where(_t.c.hash == prompt.hash).order_by(_sets.c.seq).limit(1)
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (row.set_key, load(SetPrompt, row.body))
