"""How much is uploaded: a file, by one person in a day, and by all together. Decisions must always find room."""

from __future__ import annotations

import atexit
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from cai_ui.disk import room
from cai_ui.store.lock import take_lock
from cai_ui.web import words

MB = 2**20
UPLOAD_LIMIT = 64 * MB
"""Largest file that can be imported through the page."""
UPLOADS_A_DAY, UPLOADS_IN_ALL = 512 * MB, 2048 * MB
"""What one address or person may upload in 24 hours, and what uploads may take of the disk altogether."""
FRAMES = 64 * 1024
"""What an upload's form adds to its file."""
_LINKS, _HELD = "cai-", "held"
"""How the folders of links begin, and the file in each that its program holds locked."""


@dataclass
class Uploads:
    """How much was uploaded by whom, counted as it comes in."""

    folder: Path
    taken: dict[str, tuple[float, int]] = field(default_factory=dict)
    _looked: float = float("-inf")
    _held: int = 0

    def refused(self, who: str, size: int) -> str:
        """Why `size` more bytes cannot be taken from somebody; "" if they can."""
        since, taken = self.taken.get(who, (time.monotonic(), 0))
        if time.monotonic() - since > 86_400:
            since, taken = time.monotonic(), 0
        if size > UPLOAD_LIMIT + FRAMES or taken + size > UPLOADS_A_DAY:
            return words.UPLOADED_MUCH
        if self.held() + size > UPLOADS_IN_ALL or size > room(self.folder):
            return words.UPLOADS_FULL
        return ""

    def took(self, who: str, size: int) -> None:
        """Count bytes that came in."""
        since, taken = self.taken.get(who, (time.monotonic(), 0))
        fresh = time.monotonic() - since <= 86_400
        self.taken[who] = (since, taken + size) if fresh else (time.monotonic(), size)
        self._held += size
        while len(self.taken) > 100_000:
            self.taken.pop(next(iter(self.taken)))

    def held(self) -> int:
        """Bytes of all uploads that are there; looked up at most every ten seconds."""
        if time.monotonic() - self._looked > 10:
            self._held = sum(_size(path) for path in self.folder.rglob("*"))
            self._looked = time.monotonic()
        return self._held


def link_to(folder: Path) -> Path:
    """A link to a folder, which goes with the program: Gradio tells the browser the path of each file, and where the
    workspace lies is told to nobody but an owner. The folder itself where there can be no link. Links of programs that
    were killed go here, too."""
    for left in Path(tempfile.gettempdir()).glob(f"{_LINKS}{'?' * 8}"):
        _remove_if_left(left)
    place = Path(tempfile.mkdtemp(prefix=_LINKS))
    held = (place / _HELD).open("w")
    take_lock(held)
    atexit.register(_let_go, place, held)
    try:
        (place / "files").symlink_to(folder.resolve(), target_is_directory=True)
    except (OSError, NotImplementedError):
        return folder
    return place / "files"


def _let_go(place: Path, held: IO[str]) -> None:
    held.close()
    shutil.rmtree(place, ignore_errors=True)


def _remove_if_left(place: Path) -> None:
    """Remove a link's folder that is of nobody else's and whose program is gone: its lock went with it."""
    try:
        if not {entry.name for entry in place.iterdir()} <= {_HELD, "files"}:
            return
        with (place / _HELD).open("r+") as held:
            take_lock(held)
        for entry in (place / "files", place / _HELD):
            entry.unlink(missing_ok=True)
        place.rmdir()
    except OSError:
        return


def _size(path: Path) -> int:
    """Bytes of a file; 0 for a folder, and for what was removed while it was looked at."""
    try:
        found = path.lstat()
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
