"""Copies of a SQLite database: made while it is in use, looked through, and rotated.

A copy is made by SQLite itself (VACUUM INTO, which reads every row as of one moment and stops at a page it cannot
read), under another name until it is whole, on the disk, and was looked through.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cai_ui.disk import DISK_RESERVE
from cai_ui.errors import StoreError
from cai_ui.store.sqlite_file import DamagedError, look, reading, reason
from cai_ui.store.workspace import Workspace

DAYS, MIGRATIONS_KEPT = 7, 2
"""Beside the newest: the last backup of so many days, and those of so many changes of format."""
PATTERN, _TIME = "cai-*.db", "%Y%m%dT%H%M%S%fZ"
_MIGRATION = "format"


@dataclass(frozen=True)
class Backup:
    """A finished copy. `made_at` is when it was begun, so what it holds is no older; `why` says what made it:
    "auto", "asked", or "format7", before the database left that format."""

    path: Path
    made_at: datetime
    why: str

    @property
    def size(self) -> int:
        """Bytes; 0 if it is gone."""
        return self.path.stat().st_size if self.path.exists() else 0


class Backups:
    """The backups of a workspace. Safe from any thread or process: copies in the making have names of their own."""

    def __init__(self, workspace: Workspace, reserve: int = DISK_RESERVE) -> None:
        self._workspace, self._reserve = workspace, reserve
        self.failed = ""
        """Why the last attempt made none; "" where it did."""

    def all(self) -> list[Backup]:
        """Newest first; those of a time to come, which a wrong clock made, last."""
        now, folder = datetime.now(UTC), self._workspace.backups_dir()
        found = [one for path in folder.glob(PATTERN) if (one := _read_name(path))]
        return sorted(found, key=lambda one: (one.made_at <= now, one.path.name), reverse=True)

    def last(self) -> Backup | None:
        """The newest, or None."""
        return next((one for one in self.all() if one.made_at <= datetime.now(UTC)), None)

    def due(self, hours: float) -> bool:
        """Whether the newest is older than so many hours, and something may have changed since."""
        last, source = self.last(), self._workspace.database
        if last is None:
            return True
        if datetime.now(UTC) - last.made_at < timedelta(hours=hours):
            return False
        log = source.with_name(f"{source.name}-wal")
        changed = max((path.stat().st_mtime for path in (source, log) if path.exists()), default=0.0)
        return changed > last.made_at.timestamp()

    def make(self, why: str, keep: int | None = None) -> Backup:
        """A new backup; then all but the newest `keep` and those of earlier days are removed (None: none is).

        StoreError if there is no room, or the database cannot be read to its end; the older ones are left then.
        """
        now = datetime.now(UTC)
        path = self._workspace.backups_dir() / f"cai-{now.strftime(_TIME)}-{why}.db"
        try:
            copy_database(self._workspace.database, path, self._reserve)
        except StoreError as error:
            self.failed = error.what
            raise
        self.failed = ""
        if keep is not None:
            self._rotate(keep)
        return Backup(path, now, why)

    def _rotate(self, keep: int) -> None:
        found = self.all()
        kept = {one.path for one in found[:keep]}
        kept |= {one.path for one in [one for one in found if one.why.startswith(_MIGRATION)][:MIGRATIONS_KEPT]}
        days: dict[str, Path] = {}
        for one in found:
            days.setdefault(one.made_at.date().isoformat(), one.path)
        kept |= set(list(days.values())[:DAYS])
        for one in found:
            if one.path not in kept:
                one.path.unlink(missing_ok=True)


def copy_database(source: Path, target: Path, reserve: int = 0) -> None:
    """Copy a database as of one moment to a file that is not there yet, while it may be in use.

    StoreError if the target is there, if fewer than `reserve` bytes would be left on the disk, or if it cannot be read
    or written; then nothing is left behind.
    """
    if target.exists():
        raise StoreError(
            f"{target.name} is there already.", kept="It was left as it is.", next_step="Choose another name."
        )
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    size = sum(path.stat().st_size for path in (source, source.with_name(f"{source.name}-wal")) if path.exists())
    try:
        if shutil.disk_usage(target.parent).free - size < reserve:
            raise _unwritten(target, "the disk has too little room")
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        with reading(source) as connection:
            connection.execute("VACUUM INTO ?", (str(partial),))
        look(partial, through=True)
        flush(partial)
        if target.exists():  # by another program meanwhile
            raise _unwritten(target, "a file of that name is there already")
        partial.replace(target)
        flush(target.parent)
    except DamagedError as error:
        raise _unwritten(target, error.why) from None
    except (sqlite3.Error, OSError) as error:
        if isinstance(error, StoreError):
            raise
        raise _unwritten(target, getattr(error, "strerror", None) or reason(error)) from error
    finally:
        for left in (partial, partial.with_name(f"{partial.name}-journal")):
            left.unlink(missing_ok=True)


def drop_partial(workspace: Workspace) -> None:
    """Remove what a process that was killed left half copied. Only for whoever holds the workspace's lock."""
    for path in workspace.backups_dir().glob(f"{PATTERN}.*.part*"):
        path.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Have a file, or the names in a folder, reach the disk."""
    if path.is_dir() and os.name != "posix":  # where a folder cannot be opened
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritten(path: Path, why: str) -> StoreError:
    """Without the folder: the page shows this to everybody."""
    return StoreError(
        f"The backup {path.name} could not be written: {why}.",
        kept="No partial file was left; the database and older backups are unchanged.",
        next_step="Choose another place or free some disk space; store check looks the database through.",
    )


def _read_name(path: Path) -> Backup | None:
    _, _, rest = path.stem.partition("-")
    time, _, why = rest.partition("-")
    try:
        return Backup(path, datetime.strptime(time, _TIME).replace(tzinfo=UTC), why)
    except ValueError:
        return None
