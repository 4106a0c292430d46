"""The connection to the database: how it is opened, read and written.

SQLite runs with a write-ahead log and full synchronisation, so what was committed survives the loss
of process or power. All writes and the checkpoints that follow them happen under one lock: SQLite
before 3.51.3 may damage the log when two connections write and checkpoint at once.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from cai_ui.errors import StoreError
from cai_ui.store import dataset_examples, schema, words
from cai_ui.store.migrations import MIGRATIONS
from cai_ui.store.sqlite_file import APPLICATION, BUSY_TIMEOUT_S, DAMAGED, ELSEWHERE, NO_DATABASE, RESTORE, reason

log = logging.getLogger(__name__)

WORKSPACE = "workspace"
"""The key of `meta` that says which workspace a database was made in."""
SERVER_STEP = "Check the database server; once it is there again, try again."
_PRAGMAS = (
    "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "mmap_size=0", "trusted_schema=OFF", "temp_store=MEMORY",
)  # fmt: skip


class Database:
    """Short transactions on one database. Threads may share it."""

    def __init__(self, url: sa.URL, place: str, workspace: str = "") -> None:
        """`place` names the database in messages (a file, or an address without its password); `workspace` is the id of
        the folder it belongs to ("": of none)."""
        self._place, self.unsaved = place, ""
        """Why the last attempt to write saved nothing; "" where it saved."""
        self._writing = threading.RLock()
        self.is_sqlite = url.get_backend_name() == "sqlite"
        try:
            self._engine = _sqlite_engine(url) if self.is_sqlite else _server_engine(url)
            with self.write("The workspace") as connection:
                if not self.is_sqlite:
                    _holds_all_characters(connection, place)
                _prepare(connection, place)
                if self.is_sqlite:
                    _sign(connection, workspace)
        except (sa.exc.SQLAlchemyError, ImportError) as error:
            raise self._unreadable(error, f" ({place})") from error

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A consistent view. StoreError if the database cannot be read."""
        try:
            with self._engine.connect() as connection:
                if not self.is_sqlite:  # where each statement would see a moment of its own
                    connection.execution_options(isolation_level="REPEATABLE READ")
                yield connection
        except sa.exc.DBAPIError as error:
            raise self._unreadable(error) from error

    @contextmanager
    def write(self, what: str) -> Iterator[sa.Connection]:
        """All or nothing: committed when the block ends, rolled back when it raises.

        `what` begins the sentence of the StoreError that is raised if nothing could be saved.
        """
        with self._writing:
            try:
                with self._engine.connect().execution_options(cai_write=True) as connection, connection.begin():
                    yield connection
                self.unsaved = ""
            except sa.exc.DBAPIError as error:
                raise self._unsaved(what, error) from error

    def insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def integrity(self) -> list[str]:
        """What the database itself finds wrong with its file and with rows that name others; empty when it is sound."""
        if not self.is_sqlite:
            return []
        with self._engine.connect() as connection:
            try:
                found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            except sa.exc.DBAPIError as error:  # of a page that cannot even be looked at
                return [f"{self._place}: {reason(error)}"]
            if found != ["ok"]:
                return [str(line) for line in found]
            lost = Counter((row[0], row[2]) for row in connection.exec_driver_sql("PRAGMA foreign_key_check"))
        return [
            f"{number} rows of {table} name {parent} that are not there" for (table, parent), number in lost.items()
        ]

    def close(self) -> None:
        with self._writing:
            self._engine.dispose()

    def _unsaved(self, what: str, error: sa.exc.DBAPIError) -> StoreError:
        self.unsaved = self._plain(error)
        if reason(error) in (DAMAGED, NO_DATABASE):
            return self._unreadable(error)
        # The page shows this to everybody; where the database lies is for whoever runs the program.
        log.error("%s could not be saved in %s: %s", what, self._place, reason(error))
        return StoreError(
            f"{what} could not be saved: {self.unsaved}.",
            kept="Nothing was saved; what was saved before is unchanged.",
            next_step="Free some space on the workspace's disk or check its folder, then try again."
            if self.is_sqlite
            else SERVER_STEP,
        )

    def _plain(self, error: Exception) -> str:
        """The cause; of a server that is gone without its addresses, which stand in the log."""
        why = reason(error)
        return why if self.is_sqlite or "connection" not in why else "the database server cannot be reached"

    def _unreadable(self, error: Exception, where: str = "") -> StoreError:
        """`where` is for whoever starts the program; once it runs the page shows this to everybody."""
        log.error("the database %s cannot be read: %s", self._place, reason(error))
        return StoreError(
            f"The database cannot be read: {self._plain(error)}{where}.",
            kept="It was left as it is.",
            next_step=RESTORE + ELSEWHERE if self.is_sqlite else SERVER_STEP,
        )


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_S})

    @sa.event.listens_for(engine, "connect")
    def _configure(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # transactions begin where `_begin` says, not where the driver guesses
        cursor = raw.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        for list_of_words in words.OF_CONNECTION:
            cursor.execute(list_of_words)
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A read that turns into a write fails at once when another writer was faster; so say it beforehand.
        write = connection.get_execution_options().get("cai_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _server_engine(url: sa.URL) -> sa.Engine:
    # A database without an encoding (SQL_ASCII) would else answer in bytes, which nothing here expects.
    return sa.create_engine(url, pool_pre_ping=True, connect_args={"client_encoding": "utf8"})


def _holds_all_characters(connection: sa.Connection, place: str) -> None:
    """StoreError for a database that keeps text in an encoding of some languages only, or in none."""
    encoding = str(connection.exec_driver_sql("SHOW server_encoding").scalar())
    if encoding != "UTF8":
        raise StoreError(
            f"The database {place} keeps text as {encoding}, which does not hold all characters.",
            kept="It was left as it is.",
            next_step="Make one that does: CREATE DATABASE cai ENCODING 'UTF8' TEMPLATE template0; and give its name.",
        )


def _prepare(connection: sa.Connection, place: str) -> None:
    """Make the tables, or bring older ones up to date."""
    if not sa.inspect(connection).has_table("meta"):
        schema.metadata.create_all(connection)
        for index in (words.TABLE, words.ANSWERS):
            words.create(connection, index)
        dataset_examples.create(connection)
        connection.execute(schema.meta.insert().values(key="schema_version", value=str(schema.SCHEMA_VERSION)))
        return
    found = connection.scalar(sa.select(schema.meta.c.value).where(schema.meta.c.key == "schema_version"))
    version = int(found) if found and found.isdecimal() else 0
    gone = sorted(set(schema.metadata.tables) - set(sa.inspect(connection).get_table_names()))
    if version == schema.SCHEMA_VERSION and gone:
        # Made anew they would be empty, and what was in them missed by nobody.
        raise StoreError(
            f"The database {place} is damaged: it has no table {', '.join(gone)}.",
            kept="It was left as it is.",
            next_step=RESTORE + ELSEWHERE,
        )
    if not 0 < version <= schema.SCHEMA_VERSION:
        raise StoreError(
            f"The database {place} has format {version or 'unknown'}; this program knows formats up to "
            f"{schema.SCHEMA_VERSION}.",
            kept="It was left as it is.",
            next_step="Update the program, or start with another folder (CAI_HOME).",
        )
    for step in range(version, schema.SCHEMA_VERSION):
        MIGRATIONS[step](connection)
    schema.metadata.create_all(connection)
    dataset_examples.create(connection)
    connection.execute(
        schema.meta.update().where(schema.meta.c.key == "schema_version").values(value=str(schema.SCHEMA_VERSION))
    )


def _sign(connection: sa.Connection, workspace: str) -> None:
    """Mark a file as this program's and of this workspace, if it is not yet."""
    if connection.exec_driver_sql("PRAGMA application_id").scalar() != APPLICATION:
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
    known = sa.select(schema.meta.c.value).where(schema.meta.c.key == WORKSPACE)
    if workspace and connection.scalar(known) is None:
        connection.execute(schema.meta.insert().values(key=WORKSPACE, value=workspace))
