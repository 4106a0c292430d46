"""One process per workspace: a lock that the operating system drops when its holder dies.

The lock is on the open file, not on the file's existence, so a crash leaves nothing to clean up and
a reused process number fools nobody. The holder's number is written inside for the message only.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from cai_ui.errors import StoreError

_OPEN = "open"
_LOCK_BYTE = 1 << 20  # on Windows a locked byte cannot be read by others, so lock one behind the text


class WorkspaceLock:
    """Held from construction to `release`. StoreError if another process (or this one) holds it."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] | None = None
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        file = os.fdopen(descriptor, "r+", encoding="ascii", errors="replace")
        try:
            take_lock(file)
        except BlockingIOError:
            holder = "".join(file.read(20).split()[:1]) or "unknown"
            file.close()
            raise StoreError(
                f"This workspace is in use by another process (pid {holder}, folder {path.parent}).",
                kept="Nothing was changed.",
                next_step="Close that one first, or start with another folder (CAI_HOME).",
            ) from None
        except OSError:
            file.close()
            raise
        self.left_open = _OPEN in file.read(40)
        """Whether the process that held it before was killed while it had the database open."""
        self._file = file
        self.at_work(False)

    def at_work(self, open: bool) -> None:
        """Note, for whoever comes after a kill, whether the database is open: say so once it is, and before it is
        closed."""
        if self._file is None:
            return
        with suppress(OSError):  # a full disk keeps nobody from reading
            os.ftruncate(self._file.fileno(), 0)
            os.lseek(self._file.fileno(), 0, os.SEEK_SET)
            os.write(self._file.fileno(), f"{os.getpid()}\n{_OPEN if open else ''}\n".encode("ascii"))

    def release(self) -> None:
        """Give the workspace free. Calling it twice does no harm."""
        if self._file is not None:
            self._file.close()
            self._file = None


@contextmanager
def wait_for_lock(path: Path) -> Iterator[None]:
    """Hold a lock while the block runs, after whoever holds it now. The empty file stays."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600), "r+") as file:
        while True:
            try:
                take_lock(file)
                break
            except BlockingIOError:
                time.sleep(0.02)
        yield


def take_lock(file: IO[Any]) -> None:
    """Lock an open file for this process alone; BlockingIOError if another holds it."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(_LOCK_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            raise BlockingIOError from None
        finally:
            file.seek(0)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
