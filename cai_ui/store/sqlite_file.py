"""A file that should be a SQLite database of this program, looked at without changing it.

Whoever opens it for work asks `look` first: damage that SQLite would meet much later, or never, is named before
anything is written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cai_ui.errors import StoreError

APPLICATION = 0x43414957
"""The mark of this program in the header of its databases ("CAIW"); older ones have none (0)."""
QUICK_BYTES = 256 * 2**20
"""A larger file is not looked through at start; a gigabyte takes some 5 s where it is in memory, more where not."""
BUSY_TIMEOUT_S = 15
EMPTY = "it is empty (0 bytes): it was cut off or replaced"
NO_DATABASE = "the file is not a database"
DAMAGED = "the file is damaged"
RESTORE = "Bring back a backup: python -m cai_ui store restore (with --list to see them). "
ELSEWHERE = "Or start with another folder (CAI_HOME)."


@dataclass(frozen=True)
class Facts:
    """What a database says of itself. `workspace` is the id of the one it was made in (None: not written down);
    `last_decision` is the time of the newest one in ISO 8601, None where there is none."""

    version: int
    workspace: str | None
    decisions: int
    last_decision: str | None


class DamagedError(StoreError):
    """A file that must not be worked with; `why` is the cause alone, in words: what the file is ("it is empty"), or
    what kept it from being read ("there is no write permission")."""

    def __init__(self, path: Path, why: str, next_step: str = RESTORE + ELSEWHERE) -> None:
        said = why.removeprefix("it ") if why.startswith("it ") else f"cannot be read: {why}"
        super().__init__(f"The database {path} {said}.", kept="It was left as it is.", next_step=next_step)
        self.why = why


def look(path: Path, through: bool | None = None) -> Facts | None:
    """What the database at `path` says of itself; None if nothing was ever in it. DamagedError if it is not sound.

    `through`: look at the structure of every page, too (None: if the file is no larger than QUICK_BYTES).
    """
    if not path.exists():
        return None
    size = path.stat().st_size
    if size == 0 and not path.with_name(f"{path.name}-wal").exists():
        raise DamagedError(path, EMPTY)
    try:
        with reading(path) as connection:
            facts = _facts(path, connection)
            if through or (through is None and size <= QUICK_BYTES):
                _every_page(path, connection)
            return facts
    except sqlite3.Error as error:
        raise DamagedError(path, reason(error)) from error


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write, beside others that may; closed at the end."""
    address = f"{path.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_S, check_same_thread=False)) as connection:
        connection.isolation_level = None
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.text_factory = _text
        yield connection


def reason(error: Exception) -> str:
    """A cause in plain words, without the statement and its values, which may be private."""
    cause = getattr(error, "orig", None) or error
    said = str(cause).splitlines()[0][:200] if str(cause) else type(cause).__name__
    for sign, plain in (
        ("disk is full", "the workspace's disk is full"),
        ("disk I/O error", "the workspace's disk is full or damaged"),
        ("readonly", "there is no write permission"),
        ("unable to open", "the file cannot be opened"),
        ("locked", "another process holds it"),
        ("not a database", NO_DATABASE),
        ("malformed", DAMAGED),
    ):
        if sign in said:
            return plain
    return said


def _facts(path: Path, connection: sqlite3.Connection) -> Facts | None:
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if mark not in (0, APPLICATION) or (tables and "meta" not in tables and mark == 0):
        raise DamagedError(path, "it belongs to another program")
    if tables and "meta" not in tables:
        raise DamagedError(path, "it has no table meta")
    if not tables:
        return None
    told = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    version = str(told.get("schema_version", ""))
    decisions, last = 0, None
    if "events" in tables:
        decisions, last = connection.execute("SELECT count(*), max(at) FROM events").fetchone()
    return Facts(int(version) if version.isdecimal() else 0, told.get("workspace"), decisions, last)


def _every_page(path: Path, connection: sqlite3.Connection) -> None:
    found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
    if found != ["ok"]:
        where = next((line for line in " ".join(found).split("\n") if "***" not in line), "")[:150]
        raise DamagedError(path, f"it is damaged ({where.strip() or found[0][:150]})")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
