"""The last word of a background job, kept so that it can be shown after a restart."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from cai_ui.background import Snapshot
from cai_ui.records import to_dict
from cai_ui.store import Store

INTERRUPTED = (
    "The program was closed or stopped before the end. What was finished by then is kept. Start it again to go on."
)
_EVERY_S = 2.0


def remembering(store: Store, key: str) -> Callable[[Snapshot[Any]], None]:
    """Keeps a job's progress under `key`: its end always, and not more often than every two seconds on the way."""
    last = 0.0

    def keep(snapshot: Snapshot[Any]) -> None:
        nonlocal last
        if snapshot.active and time.monotonic() - last < _EVERY_S:
            return
        last = time.monotonic()
        store.set_setting(_key(key), to_dict(snapshot))

    return keep


def remembered(store: Store, key: str) -> tuple[str, dict[str, Any], str] | None:
    """State, progress and error of the job that ran before this process began, or None."""
    kept = store.get_setting(_key(key), None)
    if not isinstance(kept, dict) or not isinstance(kept.get("progress"), dict):
        return None
    if kept.get("state") in ("running", "stopping"):
        return "failed", kept["progress"], INTERRUPTED
    return str(kept.get("state")), kept["progress"], str(kept.get("error", ""))


def _key(key: str) -> str:
    return f"background.{key}"
