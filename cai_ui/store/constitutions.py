"""Versions of constitutions, and drafts of the editor."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from cai_ui.errors import InputError, NotFoundError
from cai_ui.records import Constitution, ConstitutionVersion
from cai_ui.store import schema
from cai_ui.store.database import Database
from cai_ui.store.encoding import dump, load, now

_t = schema.constitutions
_drafts = schema.constitution_drafts


class Constitutions:
    """The part of the store that keeps constitutions."""

    _db: Database

    def save_version(
        self, constitution: Constitution, author: str, note: str, parent: str | None = None
    ) -> ConstitutionVersion:
        """Keep this content for good. The same content saved again gives the version that is there already."""
        try:
            digest = constitution.hash
        except (UnicodeEncodeError, ValueError) as error:
            raise InputError(
                f"The constitution cannot be saved ({error.__class__.__name__}: {error}).", kept="Nothing was saved."
            ) from None
        with self._db.write("The constitution") as connection:
            connection.execute(
                self._db.insert(_t)
                .values(
                    hash=digest,
                    name=constitution.name,
                    author=author,
                    note=note,
                    parent=parent,
                    created_at=now(),
                    body=dump(constitution),
                )
                .on_conflict_do_nothing(index_elements=["hash"])
            )
            row = connection.execute(sa.select(_t).where(_t.c.hash == digest)).one()
        return _version(row)

    def versions(self, name: str | None = None) -> list[ConstitutionVersion]:
        """All versions, newest first; only those of one constitution where `name` is given."""
        query = sa.select(_t).order_by(_t.c.seq.desc())
        if name is not None:
            query = query.where(_t.c.name == name)
        with self._db.read() as connection:
            return [_version(row) for row in connection.execute(query)]

    def version(self, hash: str) -> ConstitutionVersion:
        """The version with this hash. NotFoundError if there is none."""
        with self._db.read() as connection:
            row = connection.execute(sa.select(_t).where(_t.c.hash == hash)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no saved constitution {hash[:12]}.", next_step="Choose one from the list.")
        return _version(row)

    def save_draft(self, constitution: Constitution, author: str) -> None:
        """Keep what is being edited; one draft per constitution name and author."""
        values = {
            "name": constitution.name,
            "author": author,
            "saved_at": now(),
            "body": dump(constitution),
        }
        with self._db.write("The draft") as connection:
            connection.execute(
                self._db.insert(_drafts)
                .values(values)
                .on_conflict_do_update(index_elements=["name", "author"], set_=values)
            )

    def load_draft(self, name: str, author: str) -> Constitution | None:
        with self._db.read() as connection:
            body = connection.scalar(
                sa.select(_drafts.c.body).where(_drafts.c.name == name, _drafts.c.author == author)
            )
        return None if body is None else load(Constitution, body)

    def drop_draft(self, name: str, author: str) -> None:
        with self._db.write("The draft") as connection:
            connection.execute(_drafts.delete().where(_drafts.c.name == name, _drafts.c.author == author))


def _version(row: Any) -> ConstitutionVersion:
    return ConstitutionVersion(
        hash=row.hash,
        constitution=load(Constitution, row.body),
        author=row.author,
        note=row.note,
        created_at=row.created_at,
        parent=row.parent,
    )
