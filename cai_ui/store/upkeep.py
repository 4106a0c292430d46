"""What is wrong with the records of a workspace, and what can be made anew of them."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from cai_ui.errors import StoreError
from cai_ui.records import Constitution
from cai_ui.store import decision_log, schema
from cai_ui.store.database import Database
from cai_ui.store.datasets import Datasets, changed
from cai_ui.store.encoding import load


class Upkeep(Datasets):
    """The part of the store that looks through the others, and puts right what follows from the log."""

    _db: Database

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

    def changed_records(self) -> Iterator[StoreError]:
        """What was frozen under a content hash and does not fit it any more: datasets and versions of constitutions."""
        for info in self.datasets():
            try:
                self.dataset(info.hash)
            except StoreError as error:
                yield error
            except (ValueError, KeyError, TypeError):
                yield changed(info.hash)
        with self._db.read() as connection:
            rows = connection.execute(sa.select(schema.constitutions.c.hash, schema.constitutions.c.body)).all()
        for row in rows:
            try:
                fits = load(Constitution, row.body).hash == row.hash
            except (ValueError, KeyError, TypeError):
                fits = False
            if not fits:
                yield changed(row.hash, "Constitution", "Import it again; a backup has it as it was.")
