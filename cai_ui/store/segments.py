"""What people added to the database since some moment, as a file of lines: made, and put into a copy of that moment.

Only tables whose rows are added and never changed are in it. Rows keep their numbers, so putting a file in twice, or
one that the copy already has a part of, changes nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cai_ui.errors import StoreError
from cai_ui.store import schema
from cai_ui.store.sqlite_file import reading

TABLES = ("examples", "events", "votes", "grades")
"""In the order in which they are written and read: what others name comes first."""
EVALUATIONS = "evaluations"
MOST_ROWS, MOST_BYTES = 20_000, 64 * 2**20
"""Rows of one segment, and bytes after which no row is begun; what is left comes with the next."""


@dataclass(frozen=True)
class Segment:
    """Rows as lines of JSON, and the last number of each table after them."""

    body: bytes
    upto: dict[str, int]


def upto(database: Path) -> dict[str, int]:
    """The last number of each table, and of the evaluations, which no segment holds. StoreError if it is unreadable."""
    try:
        with reading(database) as connection:
            return {table: _last(connection, table) for table in (*TABLES, EVALUATIONS)}
    except sqlite3.Error as error:
        raise _unread(error) from error


def later(database: Path, after: Mapping[str, int]) -> Segment | None:
    """What came after these numbers, as of one moment; None if nothing did. StoreError if it cannot be read."""
    lines: list[bytes] = []
    size, reached = 0, {table: after.get(table, 0) for table in TABLES}
    try:
        with reading(database) as connection:
            connection.execute("BEGIN")
            for table in TABLES:
                rows = connection.execute(f"SELECT * FROM {table} WHERE seq > ? ORDER BY seq", (reached[table],))
                names = [column[0] for column in rows.description]
                for found in rows:
                    if len(lines) >= MOST_ROWS or size >= MOST_BYTES:  # the rest may name what is not in this one
                        return Segment(b"".join(lines), reached)
                    row = dict(zip(names, found, strict=True))
                    lines.append(json.dumps([table, row], separators=(",", ":")).encode("ascii") + b"\n")
                    size, reached[table] = size + len(lines[-1]), row["seq"]
    except sqlite3.Error as error:
        raise _unread(error) from error
    return Segment(b"".join(lines), reached) if lines else None


def put_in(database: Path, body: bytes) -> int:
    """Add the rows of a segment to a copy that nobody works in; gives how many lines there were. All or nothing.

    StoreError for what is no segment, or does not fit the copy. The projections have to be made anew afterwards.
    """
    try:
        rows = [_row(line) for line in body.splitlines()]
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("PRAGMA foreign_keys=ON")
            for table, row in rows:
                names, marks = ", ".join(row), ", ".join("?" * len(row))
                connection.execute(
                    f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT (seq) DO NOTHING", [*row.values()]
                )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, sqlite3.Error) as error:
        raise StoreError(
            f"A part of the backup does not fit ({type(error).__name__}).", kept="Nothing of it was taken."
        ) from None
    return len(rows)


def _unread(error: sqlite3.Error) -> StoreError:
    return StoreError(
        f"The database cannot be read to its end ({type(error).__name__}).",
        kept="It was left as it is.",
        next_step="python -m cai_ui store check says what is wrong with it.",
    )


def _row(line: bytes) -> tuple[str, dict[str, Any]]:
    """ValueError for a table or a column that is none of ours: their names go into the statement."""
    table, row = json.loads(line)
    if table not in TABLES or not row or not set(row) <= set(schema.metadata.tables[table].columns.keys()):
        raise ValueError
    return table, row


def _last(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT coalesce(max(seq), 0) FROM {table}").fetchone()[0])
