"""Training runs: start, stop, resume, look at. The work is done by `cai_ui.training`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cai_ui.background import time_left
from cai_ui.config import TrainSettings
from cai_ui.pipeline.services import Services
from cai_ui.records import Method, Run

if TYPE_CHECKING:
    from cai_ui.training.preflight import PreflightReport

_LOG_TAIL = 8_000


@dataclass(frozen=True)
class RunView:
    """A run as a page shows it. `metrics` has one row per logged step, `eta_s` is None unless it is training."""

    run: Run
    metrics: list[dict[str, Any]]
    log_tail: str
    eta_s: float | None
    command: str


def presets(services: Services) -> dict[str, dict[Method, TrainSettings]]:
    """Named settings for "sft" and "dpo"."""
    from cai_ui.training.presets import PRESETS

    return PRESETS


def preflight(
    services: Services,
    method: Method,
    dataset_hash: str,
    settings: TrainSettings,
    start_adapter: str | None = None,
) -> PreflightReport:
    """What would stop a run, before it is started."""
    from cai_ui.training.preflight import preflight as look

    return look(method, services.store.dataset(dataset_hash), settings, services.engine(), start_adapter)


def start_run(
    services: Services,
    method: Method,
    dataset_hash: str,
    settings: TrainSettings,
    owner: str,
    name: str = "",
    start_adapter: str | None = None,
) -> Run:
    """Begin in the background, or queue behind the run there is."""
    return services.jobs.submit(method, dataset_hash, settings, owner, name=name, start_adapter=start_adapter)


def stop_run(services: Services, run_id: str, save: bool = True) -> None:
    """End after the step in hand; with `save` the adapter so far is kept."""
    services.jobs.stop(run_id, save)


def resume_run(services: Services, run_id: str) -> Run:
    """Go on from the last checkpoint of an interrupted or stopped run."""
    return services.jobs.resume(run_id)


def runs(services: Services) -> list[Run]:
    """All runs, newest first."""
    return services.store.runs()


def run_view(services: Services, run_id: str, after_step: int = 0) -> RunView:
    """A run with the metrics logged after `after_step` and the end of its log."""
    from cai_ui.training.metrics import read_metrics
    from cai_ui.training.presets import command_for

    run = services.store.run(run_id)
    folder = services.store.workspace.run_dir(run_id)
    metrics = read_metrics(folder, after_step)
    return RunView(run, metrics, _tail(folder / "log.txt"), _eta(run, metrics), command_for(run))


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LOG_TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _eta(run: Run, metrics: list[dict[str, Any]]) -> float | None:
    """From the pace of the rows at hand, so that a resumed run is not measured from its first start."""
    if run.state != "running" or not metrics:
        return None
    said = metrics[-1].get("eta_s")
    if isinstance(said, (int, float)):
        return float(said)
    seconds = metrics[-1].get("seconds")
    return time_left(run.step, run.total_steps, float(seconds)) if isinstance(seconds, (int, float)) else None
