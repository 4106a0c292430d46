"""The connection to the database: how it is opened, read and written.

SQLite runs with a write-ahead log and full synchronisation, so what was committed survives the loss
of process or power. All writes and the checkpoints that follow them happen under one lock: SQLite
before 3.51.3 may damage the log when two connections write and checkpoint at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from cai_ui.errors import StoreError
from cai_ui.store import dataset_examples, schema, words
from cai_ui.store.migrations import MIGRATIONS

log = logging.getLogger(__name__)

BUSY_TIMEOUT_S = 15
_PRAGMAS = (
    "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "mmap_size=0", "trusted_schema=OFF", "temp_store=MEMORY",
)  # fmt: skip
DAMAGED = ("the file is not a database", "the file is damaged")


class Database:
    """Short transactions on one database. Threads may share it."""

    def __init__(self, url: sa.URL, place: str) -> None:
        """`place` names the database in messages (a file, or an address without its password)."""
        self._place = place
        self._writing = threading.RLock()
        self.is_sqlite = url.get_backend_name() == "sqlite"
        try:
            self._engine = _sqlite_engine(url) if self.is_sqlite else sa.create_engine(url, pool_pre_ping=True)
            with self.write("The workspace") as connection:
                _prepare(connection, place)
        except (sa.exc.SQLAlchemyError, ImportError) as error:
            raise self._unreadable(error) from error

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
            except sa.exc.DBAPIError as error:
                raise self._unsaved(what, error) from error

    def insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def integrity(self) -> list[str]:
        """What the database itself finds wrong with its file; empty when it is sound."""
        if not self.is_sqlite:
            return []
        with self.read() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        return [] if found == ["ok"] else [str(line) for line in found]

    def backup(self, path: Path) -> None:
        """Copy the database as of one moment, while it is in use. StoreError if it cannot be written.

        SQLite only; a server has its own means (pg_dump).
        """
        if not self.is_sqlite:
            raise StoreError(
                f"The database {self._place} is on a server.",
                kept="Nothing was copied.",
                next_step="Use pg_dump to back it up.",
            )
        partial = path.with_name(f"{path.name}.part")
        try:
            partial.unlink(missing_ok=True)
            with self._writing, self._engine.connect() as connection:
                connection.exec_driver_sql("COMMIT")
                connection.exec_driver_sql("VACUUM INTO ?", (str(partial),))
            partial.replace(path)
        except (sa.exc.DBAPIError, OSError) as error:
            partial.unlink(missing_ok=True)
            raise StoreError(
                f"The backup {path} could not be written: {_reason(error)}.",
                kept="No partial file was left; the database is unchanged.",
                next_step="Choose another place or free some disk space.",
            ) from error

    def close(self) -> None:
        with self._writing:
            self._engine.dispose()

    def _unsaved(self, what: str, error: sa.exc.DBAPIError) -> StoreError:
        if _reason(error) in DAMAGED:
            return self._unreadable(error)
        # The page shows this to everybody; where the database lies is for whoever runs the program.
        log.error("%s could not be saved in %s: %s", what, self._place, _reason(error))
        return StoreError(
            f"{what} could not be saved: {_reason(error)}.",
            kept="Nothing was saved; what was saved before is unchanged.",
            next_step="Free some space on the workspace's disk or check its folder, then try again.",
        )

    def _unreadable(self, error: Exception) -> StoreError:
        return StoreError(
            f"The database cannot be read: {_reason(error)} ({self._place}).",
            kept="It was left as it is.",
            next_step="Restore a copy of it, or start with another folder (CAI_HOME).",
        )


def _reason(error: Exception) -> str:
    """A cause in plain words, without the statement and its values, which may be private."""
    cause = getattr(error, "orig", None) or error
    said = str(cause).splitlines()[0][:200] if str(cause) else type(cause).__name__
    for sign, plain in (
        ("disk is full", "the workspace's disk is full"),
        ("disk I/O error", "the workspace's disk is full or damaged"),
        ("readonly", "there is no write permission"),
        ("unable to open", "the file cannot be opened"),
        ("locked", "another process holds it"),
        ("not a database", "the file is not a database"),
        ("malformed", "the file is damaged"),
    ):
        if sign in said:
            return plain
    return said


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
            next_step="Put a backup in its place, or start with another folder (CAI_HOME).",
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


def open_database(path: Path, database_url: str | None) -> Database:
    """SQLite at `path`, or what the URL names. StoreError if it cannot be opened."""
    if not database_url:
        _not_emptied(path)
        return Database(sa.URL.create("sqlite", database=str(path)), str(path))
    try:
        url = sa.make_url(database_url)
    except sa.exc.ArgumentError:
        raise StoreError(
            "The database address (CAI_DATABASE_URL) cannot be read.",
            kept="Nothing was saved.",
            next_step="Write it as postgresql+psycopg://USER:PASSWORD@HOST/NAME.",
        ) from None
    return Database(url, url.render_as_string(hide_password=True))


def _not_emptied(path: Path) -> None:
    """StoreError for a file without a byte, which SQLite would take for a new database: a lost one would be no loss."""
    if path.exists() and path.stat().st_size == 0 and not path.with_name(f"{path.name}-wal").exists():
        raise StoreError(
            f"The database {path} is empty (0 bytes): it was cut off or replaced.",
            kept="It was left as it is.",
            next_step="Put a backup in its place. To begin with nothing, delete the file.",
        )
