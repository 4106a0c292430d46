"""Backups that make themselves while the page is up, and what is told of them."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime, timedelta

from cai_ui.errors import CaiError
from cai_ui.pipeline.off_site.keeping import Standing
from cai_ui.store import Backups, Store

LOOK_S = 60.0
"""Seconds between two looks at whether a backup is due."""
AFTER_FAILURE = 10
"""So many times as long is waited after one that failed: each try may read the whole database."""
log = logging.getLogger(__name__)


class BackingUp:
    """Makes a backup whenever the last is old enough, in a thread of its own, from the start on.

    It reads as others do, so nobody who saves meanwhile waits for it.
    """

    def __init__(self, store: Store, hours: float, keep: int, look_s: float = LOOK_S) -> None:
        """`hours` between two backups (0: none is made), `keep` of them are kept beside those of earlier days."""
        self._store, self._hours, self._keep, self._look_s = store, hours, keep, look_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="backups", daemon=True)
        if store.backups is not None and hours > 0:
            self._thread.start()

    def close(self) -> None:
        """End it; one that is being made is waited for a moment, and else leaves nothing behind."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _work(self) -> None:
        backups = self._store.backups
        assert backups is not None
        while not self._over.is_set():
            pause_s = self._look_s
            try:
                if backups.due(self._hours):
                    made = backups.make("auto", self._keep)
                    log.info("backed up to %s (%.1f MB)", made.path.name, made.size / 1e6)
            except (CaiError, OSError) as error:
                log.error("no backup was made: %s", error)
                pause_s *= AFTER_FAILURE
            self._over.wait(pause_s)


def backed_up(backups: Backups | None) -> str:
    """How old the last backup is, or why there is none, in a few words."""
    if backups is None:
        return "backups are the database server's"
    if backups.failed:
        return "the last backup failed"
    last = backups.last()
    return f"backed up {age(datetime.now(UTC) - last.made_at)}" if last else "no backup yet"


def off_site(standing: Standing) -> str:
    """How far the repository is, in a few words that change seldom."""
    if standing.whole_at is None:
        return "not backed up off this disk yet"
    minutes = (time.monotonic() - standing.whole_at) / 60
    step = next((step for step in (10, 30, 60) if minutes < step), None)
    return f"off this disk within {step} min" if step else f"off this disk {age(timedelta(minutes=minutes))}"


def age(passed: timedelta) -> str:
    """How long ago something was, in steps that change seldom: "2 h ago"."""
    hours = int(passed.total_seconds() // 3600)
    if hours < 1:
        return "within the hour"
    return f"{hours} h ago" if hours < 48 else f"{hours // 24} days ago"
