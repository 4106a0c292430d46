"""Training runs, the states they go through, and the adapters they leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

RunState = Literal[
    "queued", "preparing", "running", "stopping", "stopped", "cancelled", "interrupted", "failed", "done"
]
WAITING: tuple[RunState, ...] = ("queued",)
GOING_ON: tuple[RunState, ...] = ("preparing", "running", "stopping")
NOT_OVER: tuple[RunState, ...] = WAITING + GOING_ON
RESUMABLE: tuple[RunState, ...] = ("interrupted", "stopped", "failed")
"""Over, but to be gone on with; "cancelled" and "done" are ends for good."""

BASE = "base"
"""Name of the variant that answers without an adapter."""


@dataclass(frozen=True)
class Run:
    """A training run as the page sees it. The run's folder holds the rest.

    `method` is a name in the table of `cai_ui.train.methods`. `error` is the named cause where `state` is "failed".
    `adapter` is the adapter's name once one was saved. `note` is a person's; `trashed_at` is set while it lies in the
    trash; `place` orders the queue (smaller first); `group` names the sweep it belongs to.
    """

    id: str
    name: str
    method: str
    state: RunState
    dataset_hash: str
    config: dict[str, Any]
    owner: str
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    step: int = 0
    total_steps: int = 0
    error: str | None = None
    adapter: str | None = None
    adapter_hash: str | None = None
    start_adapter: str | None = None
    base_hash: str = ""
    summary: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    trashed_at: str | None = None
    place: int = 0
    group: str = ""


@dataclass(frozen=True)
class AdapterInfo:
    """An adapter that can be chosen: `name` is its handle, `hash` identifies its weights."""

    name: str
    title: str
    hash: str
    base_hash: str
    method: str
    run_id: str | None
    path: str
