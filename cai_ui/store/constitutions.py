"""Versions of constitutions, and drafts of the editor with the changes that can be taken back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from cai_ui.errors import InputError, NotFoundError
from cai_ui.records import Constitution, ConstitutionDraft, ConstitutionVersion, DraftChange, content_hash
from cai_ui.records.hashing import canonical_json, to_dict
from cai_ui.store import schema
from cai_ui.store.database import Database
from cai_ui.store.encoding import dump, from_dict, load, now
from cai_ui.store.settings import put_setting
from cai_ui.text import named, whole_characters

CHANGES_KEPT = 10
"""Changes of a draft that can be taken back."""

_t = schema.constitutions
_drafts = schema.constitution_drafts
_changes = schema.draft_changes


class Constitutions:
    """The part of the store that keeps constitutions."""

    _db: Database

    def save_version(
        self,
        constitution: Constitution,
        author: str,
        note: str,
        parent: str | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
        ends_draft: bool = False,
    ) -> ConstitutionVersion:
        """Keep this content for good. The same content saved again gives the version that is there already.

        `settings` are kept with it, and with `ends_draft` the author's draft is dropped: all of it or nothing.
        """
        try:
            digest = constitution.hash
            whole_characters(canonical_json(to_dict(constitution)), "The constitution")
        except InputError:
            raise
        except ValueError as error:
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
            for key, value in (settings or {}).items():
                put_setting(self._db, connection, key, value)
            if ends_draft:
                connection.execute(_drafts.delete().where(*_of(constitution.name, author)))
            row = connection.execute(sa.select(_t).where(_t.c.hash == digest)).one()
        return _version(row)

    def versions(self, name: str | None = None) -> list[ConstitutionVersion]:
        """All versions, newest first; only those of one constitution where `name` is given."""
        query = sa.select(_t).order_by(_t.c.seq.desc())
        if name is not None:
            query = query.where(_t.c.name == name)
        with self._db.read() as connection:
            return [_version(row) for row in connection.execute(query)]

    def newest_version(self, name: str) -> str:
        """The hash of the newest version of the constitution of this name. NotFoundError if there is none."""
        query = sa.select(_t.c.hash).where(_t.c.name == name).order_by(_t.c.seq.desc()).limit(1)
        with self._db.read() as connection:
            found = connection.scalar(query)
        if found is None:
            raise NotFoundError(f"There is no constitution {named(name)}.", next_step="Choose one from the list.")
        return str(found)

    def version(self, hash: str) -> ConstitutionVersion:
        """The version with this hash. NotFoundError if there is none."""
        with self._db.read() as connection:
            row = connection.execute(sa.select(_t).where(_t.c.hash == hash)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no saved constitution {named(hash)}.", next_step="Choose one from the list.")
        return _version(row)

    def save_draft(
        self,
        constitution: Constitution,
        author: str,
        base: str,
        *,
        before: Constitution | None = None,
        undone: DraftChange | None = None,
    ) -> None:
        """Keep what is being edited and the version it began from; one draft per constitution name and author.

        A draft that equals that version is dropped. With the draft `before`, the change can be taken back later;
        the change that was `undone` no longer can. The last `CHANGES_KEPT` changes are kept.
        """
        values = {
            "name": constitution.name,
            "author": author,
            "saved_at": now(),
            "body": dump(constitution),
            "base": base,
        }
        with self._db.write("The draft") as connection:
            saved = connection.scalar(sa.select(_t.c.body).where(_t.c.hash == base))
            if saved is not None and load(Constitution, saved) == constitution:
                connection.execute(_drafts.delete().where(*_of(constitution.name, author)))
            else:
                insert = self._db.insert(_drafts).values(values)
                connection.execute(insert.on_conflict_do_update(index_elements=["name", "author"], set_=values))
            if undone is not None:
                connection.execute(_changes.delete().where(_changes.c.seq == undone.id))
            if before is not None:
                _add_change(connection, _key(constitution.name, author), before, constitution)

    def draft(self, name: str, author: str) -> ConstitutionDraft | None:
        """What this person is editing of the constitution of this name."""
        query = sa.select(_drafts.c.body, _drafts.c.base).where(*_of(name, author))
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else ConstitutionDraft(load(Constitution, row.body), row.base)

    def drop_drafts(self, since: str, until: str) -> int:
        """Delete the drafts that were last saved in a stretch of time (ISO 8601), with what could be taken back; gives
        how many. Of a public demo alone, like `drop_traces`."""
        with self._db.write("The deletion") as connection:
            saved = sa.and_(_drafts.c.saved_at >= since, _drafts.c.saved_at < until)
            gone = connection.execute(_drafts.delete().where(saved).returning(_drafts.c.name, _drafts.c.author)).all()
            for row in gone:
                connection.execute(_changes.delete().where(_changes.c.draft == _key(row.name, row.author)))
            return len(gone)

    def last_change(self, name: str, author: str) -> DraftChange | None:
        """The newest change of the draft that can be taken back. None where there is none."""
        query = sa.select(_changes).where(_changes.c.draft == _key(name, author))
        with self._db.read() as connection:
            row = connection.execute(query.order_by(_changes.c.seq.desc()).limit(1)).one_or_none()
        return None if row is None else DraftChange(row.seq, *_both(row.body))


def _key(name: str, author: str) -> str:
    """What the changes of a draft are kept under."""
    return content_hash([name, author])[:32]


def _both(body: str) -> tuple[Constitution, Constitution]:
    before, after = json.loads(body)
    return from_dict(Constitution, before), from_dict(Constitution, after)


def _add_change(connection: sa.Connection, draft: str, before: Constitution, after: Constitution) -> None:
    body = f"[{dump(before)},{dump(after)}]"
    connection.execute(_changes.insert().values(draft=draft, body=body))
    mine = sa.select(_changes.c.seq).where(_changes.c.draft == draft).order_by(_changes.c.seq.desc())
    kept = connection.scalars(mine.limit(CHANGES_KEPT)).all()
    connection.execute(_changes.delete().where(_changes.c.draft == draft, _changes.c.seq < min(kept)))


def _of(name: str, author: str) -> tuple[sa.ColumnElement[bool], ...]:
    return _drafts.c.name == name, _drafts.c.author == author


def _version(row: Any) -> ConstitutionVersion:
    return ConstitutionVersion(
        hash=row.hash,
        constitution=load(Constitution, row.body),
        author=row.author,
        note=row.note,
        created_at=row.created_at,
        parent=row.parent,
    )
