"""A backup takes the place of the database; what was there is kept aside, and what it alone holds is written out."""

from __future__ import annotations

import json
import shutil
import sqlite3
import uuid
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cai_ui.errors import NotFoundError, StoreError
from cai_ui.formats.whole_file import write_whole
from cai_ui.store.backups import Backup, Backups, flush
from cai_ui.store.database import WORKSPACE
from cai_ui.store.lock import WorkspaceLock
from cai_ui.store.opening import read_id, write_id
from cai_ui.store.schema import SCHEMA_VERSION
from cai_ui.store.sqlite_file import APPLICATION, DamagedError, Facts, look, reading, reason
from cai_ui.store.workspace import Workspace
from cai_ui.text import named

TABLES = ("examples", "traces", "constitutions", "datasets", "runs", "evaluations", "votes", "grades")
"""Counted in what is kept aside, beside the decisions."""
DECISIONS = "decisions.jsonl"


@dataclass(frozen=True)
class Later:
    """What the database that was kept aside holds and the backup does not, as far as it can be read.

    `decisions` are events of the log, by `raters`, up to `last`; `more` counts rows of other tables. `whole` is False
    where damage kept some of it from being read.
    """

    decisions: int
    raters: tuple[str, ...]
    last: str | None
    more: dict[str, int]
    whole: bool


@dataclass(frozen=True)
class Restored:
    """What a restore did. `aside` is the folder with the former database (None: there was none), `later` what it alone
    holds; its decisions are also in the file DECISIONS there."""

    source: Path
    facts: Facts
    aside: Path | None
    later: Later | None


def newest_sound(workspace: Workspace) -> Backup:
    """The newest backup that can be restored. NotFoundError if there is none."""
    for backup in Backups(workspace).all():
        try:
            checked(backup.path)
            return backup
        except StoreError:
            continue
    raise NotFoundError(
        f"There is no sound backup in {workspace.backups_dir()}.",
        kept="Nothing was changed.",
        next_step="Name a copy of the database: store restore --from FILE.",
    )


def checked(path: Path) -> Facts:
    """What a backup holds, once all its pages were looked at. StoreError if it cannot take the database's place."""
    facts = look(path, through=True)
    if facts is None:
        raise DamagedError(path, "it holds nothing" if path.exists() else "it is not there", "Choose another one.")
    if not 0 < facts.version <= SCHEMA_VERSION:
        raise DamagedError(
            path, f"it has format {facts.version or 'unknown'}", "Update the program, or choose another."
        )
    with reading(path) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' LIMIT 1").fetchone()
    if found:
        raise DamagedError(path, f"it holds a program of its own ({named(found[0])})", "Choose another one.")
    return facts


def restore(workspace: Workspace, source: Path) -> Restored:
    """Put a copy of `source` in the place of the database. StoreError while the workspace is in use.

    It can be repeated if it is killed: the former files are renamed one by one before the copy gets their name.
    """
    lock, partial = WorkspaceLock(workspace.lock_file), workspace.home / "restored.part"
    try:
        facts = checked(source)
        shutil.copyfile(source, partial)
        partial.chmod(0o600)
        id = read_id(workspace) or facts.workspace or uuid.uuid4().hex
        _sign(partial, id)
        flush(partial)
        aside = _put_aside(workspace)
        partial.replace(workspace.database)
        flush(workspace.home)
        write_id(workspace, id)
    except (OSError, sqlite3.Error) as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            f"The backup could not be put in place ({getattr(error, 'strerror', None) or reason(error)}).",
            kept=f"All files are there: in {workspace.home} or {workspace.home / 'aside'}.",
            next_step="Free some disk space and restore again.",
        ) from error
    finally:
        partial.unlink(missing_ok=True)
        lock.release()
    return Restored(source, facts, aside, _written_later(workspace, aside) if aside else None)


def _sign(path: Path, id: str) -> None:
    """Make the copy this workspace's, whichever it came from."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (WORKSPACE, id))


def _put_aside(workspace: Workspace) -> Path | None:
    """Rename the database and its log into a folder of their own; gives it. The database goes first: without it no
    program takes the log for that of another."""
    path = workspace.database
    there = [file for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))) if file.exists()]
    if not there:
        return None
    folder = workspace.aside_dir(datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ"))
    for file in there:
        file.replace(folder / file.name)
    flush(folder)
    return folder


def _written_later(workspace: Workspace, aside: Path) -> Later:
    try:
        return _later(aside / workspace.database.name, workspace.database, aside / DECISIONS)
    except StoreError as error:
        raise StoreError(
            f"The backup is in place. What was decided after it could not be written out: {error.what}",
            kept=f"It is in the former database, {aside / workspace.database.name}.",
            next_step="Free some disk space, restore that file (--from), and then the backup once more.",
        ) from error


def _later(former: Path, restored: Path, out: Path) -> Later:
    """What only the former database holds; its decisions are written to `out`."""
    with reading(restored) as connection:
        known = {row[0] for row in connection.execute("SELECT event_id FROM events")}
        counted = {name: _count(connection, name) or 0 for name in TABLES}
    try:
        with reading(former) as connection:
            events, whole = _events(connection, known)
            now = {name: _count(connection, name) for name in TABLES}
    except sqlite3.Error:
        return Later(0, (), None, {}, False)
    write_whole(out, "".join(json.dumps(event) + "\n" for event in events).encode("ascii"))
    more = {name: count - counted[name] for name, count in now.items() if count is not None and count > counted[name]}
    raters = tuple(sorted({str(event["rater"]) for event in events}))
    last = max((str(event["at"]) for event in events), default=None)
    return Later(len(events), raters, last, more, whole and None not in now.values())


def _events(connection: sqlite3.Connection, known: set[str]) -> tuple[list[dict[str, object]], bool]:
    """Events that are not `known`, in order, and whether all could be read: from the front up to a broken page, then
    from the back."""
    found: dict[int, dict[str, object]] = {}
    whole = False
    for order in ("ASC", "DESC"):
        try:
            cursor = connection.execute(f"SELECT * FROM events ORDER BY seq {order}")
            names = [column[0] for column in cursor.description]
            for row in cursor:
                event = dict(zip(names, row, strict=True))
                if event["event_id"] not in known:
                    found[int(event["seq"])] = event
            whole = True
            break
        except sqlite3.Error:
            continue
    return [found[seq] for seq in sorted(found)], whole


def _count(connection: sqlite3.Connection, table: str) -> int | None:
    """Rows of a table; None where they cannot be counted."""
    try:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    except sqlite3.Error:
        return None
