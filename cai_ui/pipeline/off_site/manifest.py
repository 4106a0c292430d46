"""The one file of the repository that changes: what else is there, by hash, and who writes."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from cai_ui.errors import StoreError
from cai_ui.store.segments import EVALUATIONS, TABLES

FORMAT = 1
NAME, MOST_BYTES = "manifest.json", 2**20
PART = re.compile(r"(base|later)/[0-9a-z.-]{1,120}")
"""How parts are called."""
_HASH = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Part:
    """A file that is never changed. `upto` is the last number of each table with it; `at` when it was made."""

    file: str
    sha256: str
    size: int
    upto: dict[str, int]
    at: str


@dataclass(frozen=True)
class Manifest:
    """`base` is a whole database, `later` what was added after it, in order. `writer` is the copy of the workspace that
    wrote last and may go on ("": it ended)."""

    workspace: str
    writer: str
    base: Part
    later: tuple[Part, ...] = ()

    @property
    def head(self) -> str:
        """What the whole is, in one hash."""
        said = json.dumps([self.workspace, asdict(self.base), [asdict(part) for part in self.later]], sort_keys=True)
        return hashlib.sha256(said.encode("ascii")).hexdigest()

    @property
    def upto(self) -> dict[str, int]:
        """The last number of each table with all parts."""
        parts = [part.upto for part in (self.base, *self.later)]
        return {table: max(part.get(table, 0) for part in parts) for table in self.base.upto}

    @property
    def files(self) -> frozenset[str]:
        """What has to be there to bring it back."""
        return frozenset(part.file for part in (self.base, *self.later))

    @property
    def at(self) -> str:
        """When the last part was made."""
        return max(part.at for part in (self.base, *self.later))

    def dump(self) -> bytes:
        return json.dumps({"format": FORMAT, "head": self.head, **asdict(self)}, indent=1).encode("ascii")


def read(body: bytes) -> Manifest:
    """StoreError for what is none, is of another format, or does not have the hash it says."""
    try:
        said = json.loads(body)
        if said["format"] != FORMAT:
            raise _strange(f"it has format {str(said['format'])[:20]}")
        later = tuple(_part(part, {*TABLES}) for part in said["later"])
        found = Manifest(said["workspace"], said["writer"], _part(said["base"], {*TABLES, EVALUATIONS}), later)
        fits = _ID.fullmatch(found.workspace) and (found.writer == "" or _ID.fullmatch(found.writer))
        if not fits or found.head != said["head"]:
            raise _strange("it does not have the hash that it says")
        return found
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise _strange("it cannot be read") from None


def _part(said: dict[str, Any], tables: set[str]) -> Part:
    part = Part(said["file"], said["sha256"], said["size"], said["upto"], said["at"])
    numbers = [part.size, *part.upto.values()]
    named = PART.fullmatch(part.file) and _HASH.fullmatch(part.sha256) and isinstance(part.at, str)
    if not (named and tables <= set(part.upto) and all(type(n) is int for n in numbers)):
        raise ValueError
    return part


def _strange(why: str) -> StoreError:
    return StoreError(
        f"The backup's list of files ({NAME}) is not used: {why}.",
        kept="It was left as it is.",
        next_step="Look at the repository's history on the Hub, or name another one (CAI_BACKUP_REPO).",
    )
