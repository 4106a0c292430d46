"""Background work whose last word is kept, so that it can be shown after a restart."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, TypeVar

from cai_ui.background import Background, Snapshot
from cai_ui.records import to_dict
from cai_ui.store import Store
from cai_ui.store.encoding import from_dict

INTERRUPTED = (
    "The program was closed or stopped before the end. What was finished by then is kept. Start it again to go on."
)
_EVERY_S = 2.0
P = TypeVar("P")


@dataclass(frozen=True)
class ExperimentProgress:
    """Where the experiment of this name and key is: `part` is being asked, `done` of at most `total` answers there."""

    name: str
    key: str
    part: str = ""
    done: int = 0
    total: int = 0
    eta_s: float | None = None


@dataclass(frozen=True)
class StudyProgress:
    """Where a study is: `done` of `total` pieces of a stage; `study` is its key."""

    stage: str
    done: int
    total: int
    study: str = ""


class RememberedWork(Background[P]):
    """A place for one job at a time whose progress, a record of class `kind`, is kept under `key`: its end always, and
    not more often than every two seconds on the way."""

    def __init__(self, what: str, store: Store, key: str, kind: type[P]) -> None:
        super().__init__(what, self._write)
        self._store, self._key, self._kind = store, f"background.{key}", kind
        self._written = 0.0

    def last(self) -> Snapshot[P] | None:
        """The job that runs, or the last one, also from before a restart; None if there never was one."""
        return self.snapshot() or self._before()

    def _before(self) -> Snapshot[P] | None:
        """The job that ran before this process began. One that was cut off has failed."""
        kept = self._store.get_setting(self._key, None)
        if not isinstance(kept, dict) or not isinstance(kept.get("progress"), dict):
            return None
        fields: dict[str, Any] = {
            "seconds": 0.0,
            "owner": "",
            **kept,
            "progress": from_dict(self._kind, kept["progress"]),
        }
        if fields["state"] in ("running", "stopping"):
            fields |= {"state": "failed", "error": INTERRUPTED}
        return Snapshot(**fields)

    def _write(self, snapshot: Snapshot[P]) -> None:
        if snapshot.active and time.monotonic() - self._written < _EVERY_S:
            return
        self._written = time.monotonic()
        self._store.set_setting(self._key, to_dict(snapshot))
