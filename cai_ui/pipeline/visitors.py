"""What visitors of a public demo leave behind, and its removal.

Nobody else works there while it is public, so all traces and drafts of that time are theirs. They are deleted a day
later, and at the latest when the workspace is opened in another way.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from cai_ui.records import Trace
from cai_ui.store import Store

SINCE = "public_since"
"""The setting that says from when on a workspace is shown to the public; absent while it is not."""
KEPT, LOOK_S = timedelta(hours=24), 900.0
log = logging.getLogger(__name__)


class Passing:
    """What visitors of a public demo left off at: in memory alone, for as long as other things of theirs are kept, and
    of no more than MOST places."""

    MOST = 2_000

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def leave(self, key: str, value: Any) -> None:
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = time.monotonic(), value
            while len(self._kept) > self.MOST:
                self._kept.pop(next(iter(self._kept)))

    def left(self, key: str) -> Any:
        with self._lock:
            at, value = self._kept.get(key, (0.0, None))
            if time.monotonic() - at > KEPT.total_seconds():
                self._kept.pop(key, None)
                return None
            return value


def are_here(store: Store) -> bool:
    """Whether the workspace is shown to the public now."""
    return store.get_setting(SINCE) is not None


def shown_to_the_public(store: Store, public: bool, now: datetime | None = None) -> None:
    """Say, at the start, whether the page is public. What was left from a public time before is deleted when not."""
    since = store.get_setting(SINCE)
    if public and since is None:
        store.set_setting(SINCE, _text(now or datetime.now(UTC)))
    elif not public and since is not None:
        drop(store, now or datetime.now(UTC))
        store.set_setting(SINCE, None)


def left_by_the_public(store: Store, trace: Trace) -> bool:
    """Whether a trace came in since the page is public."""
    since = store.get_setting(SINCE)
    return isinstance(since, str) and trace.created_at >= since


def drop(store: Store, before: datetime) -> int:
    """Delete what visitors left before a time; gives how many traces and drafts that were."""
    since = store.get_setting(SINCE)
    if since is None:
        return 0
    return store.drop_traces(since, _text(before)) + store.drop_drafts(since, _text(before))


class Cleaning:
    """Deletes it again and again while the page is up, in a thread of its own."""

    def __init__(self, store: Store) -> None:
        self._store, self._over = store, threading.Event()
        self._thread = threading.Thread(target=self._work, name="visitors", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join(10)

    def _work(self) -> None:
        while True:
            gone = drop(self._store, datetime.now(UTC) - KEPT)
            if gone:
                log.info("%d traces and drafts of visitors were deleted", gone)
            if self._over.wait(LOOK_S):
                return


def _text(time: datetime) -> str:
    return time.isoformat(timespec="microseconds")
