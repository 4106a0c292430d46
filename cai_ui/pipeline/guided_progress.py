"""The guided run as records: its stages, what they left behind, and how a page shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cai_ui.records import Evaluation

TITLES: dict[str, str] = {
    "chains": "Revise answers",
    "accept": "Accept the revisions that changed for the better",
    "freeze": "Freeze a dataset",
    "sft": "Train on the revisions (SFT)",
    "dpo": "Train on preferences (DPO)",
    "measure": "Ask before and after",
}


@dataclass(frozen=True)
class GuidedRunStage:
    """A stage as it is shown. `state`: waiting, running, done, failed, stopped. `seconds` is None before it began,
    `left_s` before it has measured how fast it goes."""

    key: str
    title: str
    state: str = "waiting"
    detail: str = ""
    seconds: float | None = None
    left_s: float | None = None


@dataclass(frozen=True)
class GuidedRunProgress:
    """All stages, and what they left behind."""

    stages: tuple[GuidedRunStage, ...] = tuple(GuidedRunStage(key, title) for key, title in TITLES.items())
    dataset_hash: str | None = None
    run_ids: dict[str, str] = field(default_factory=dict)
    evaluation_id: str | None = None
    example_ids: tuple[str, ...] = ()
    constitution_hash: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def running(self) -> str | None:
        """The stage that runs."""
        return next((stage.key for stage in self.stages if stage.state == "running"), None)


@dataclass(frozen=True)
class GuidedRunView:
    """The guided run as a page shows it. `state`: idle, running, stopping, stopped, done, failed.

    `left_s` are the seconds to its end, as far as can be said; `resumable`, that it ended early and can go on;
    `traces`, how many it has made; `closed`, that the program was closed before its end.
    """

    state: str
    stages: list[GuidedRunStage]
    evaluation: Evaluation | None = None
    error: str = ""
    run_ids: dict[str, str] = field(default_factory=dict)
    dataset_hash: str | None = None
    left_s: float | None = None
    resumable: bool = False
    traces: int = 0
    closed: bool = False
