"""Training runs: start, stop, resume, look at, keep in order. The work is done by `cai_ui.train`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cai_ui.background import time_left
from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import Engine
from cai_ui.errors import EngineError
from cai_ui.pipeline.curate.linting import lint_dataset
from cai_ui.pipeline.services import Services
from cai_ui.pipeline.train.commands import commands_for
from cai_ui.records import NOT_OVER, Run
from cai_ui.text import clean_name, clean_text

if TYPE_CHECKING:
    from cai_ui.train.check.preflight import PreflightReport
    from cai_ui.train.jobs.slices import SliceUse
    from cai_ui.train.run.probes import ProbeAnswer

_LOG_TAIL = 8_000
NOTE_LIMIT = 4_000
MOST_CHECKED = 10_000
"""Rows of a dataset that the data checks read before a run; more would keep a person waiting."""


@dataclass(frozen=True)
class RunView:
    """A run as a page shows it. `metrics` has one row per logged step, `eta_s` is None unless it is training.

    `commands` and `config` start the same run again; `warnings` are in words; `ahead` counts the runs before it in the
    queue; `made_of` is what its folder says of data, base and libraries; `constitutions` are the hashes its data
    was made under; `slices` is what it used of a lent GPU; `gone` says that the weights it kept are not there any more.
    """

    run: Run
    metrics: list[dict[str, Any]]
    log_tail: str
    eta_s: float | None
    commands: str
    config: str
    probes: list[ProbeAnswer] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    ahead: int = 0
    made_of: dict[str, Any] = field(default_factory=dict)
    constitutions: tuple[str, ...] = ()
    slices: SliceUse | None = None
    gone: bool = False


def preflight(
    services: Services,
    method: str,
    dataset_hash: str,
    settings: TrainSettings,
    start_adapter: str | None = None,
) -> PreflightReport:
    """What would stop a run, before it is started; the verdict of the data checks is among the warnings."""
    services.engine()  # a sentence at once while it is being loaded
    report = services.jobs.check(method, dataset_hash, settings, start_adapter)
    return replace(report, warnings=(*report.warnings, *_data_verdict(services, dataset_hash)))


def _data_verdict(services: Services, dataset_hash: str) -> list[str]:
    """What the data checks find in the dataset, in a line; nothing where all is well."""
    if sum(services.store.dataset_info(dataset_hash).counts.values()) > MOST_CHECKED:
        return ["The dataset is too large to be checked in passing; check it in Curate."]
    found = [f for f in lint_dataset(services, dataset_hash).findings if f.weight != "note"]
    told = "; ".join(f"{f.title} ({len(f.rows):,})" if f.rows else f"{f.title}: {f.detail}" for f in found[:4])
    more = f" (and {len(found) - 4} more)" if len(found) > 4 else ""
    return [f"The data checks found something: {told}{more}. Curate shows the rows."] if found else []


def rename_run(services: Services, run_id: str, name: str) -> Run:
    """Give a run another name; its adapter is shown under it as well."""
    return services.jobs.rename(run_id, clean_name(name, "The name"), _ready(services))


def note_run(services: Services, run_id: str, note: str) -> Run:
    """Keep a person's note with a run."""
    return services.store.update_run(run_id, note=clean_text(note, "The note", limit=NOTE_LIMIT, required=False))


def trash_run(services: Services, run_id: str) -> Run:
    """Put a run that is over into the trash: it is out of lists and menus, and can be brought back."""
    return services.jobs.trash(run_id, _ready(services))


def restore_run(services: Services, run_id: str) -> Run:
    """Bring a run back from the trash."""
    return services.jobs.restore(run_id, _ready(services))


def run_metrics(services: Services, run_id: str) -> list[dict[str, Any]]:
    """What a run has logged, for drawing it beside others."""
    from cai_ui.train.run.metrics import read_rows

    return read_rows(services.store.workspace.run_dir(run_id))


def eta(run: Run, metrics: list[dict[str, Any]]) -> float | None:
    """Seconds left of a run by its logged rows, None where that is not known.

    From the pace of the rows at hand, so that a resumed run is not measured from its first start."""
    if run.state != "running" or not metrics:
        return None
    said = metrics[-1].get("eta_s")
    if isinstance(said, (int, float)):
        return float(said)
    seconds = metrics[-1].get("seconds")
    return time_left(run.step, run.total_steps, float(seconds)) if isinstance(seconds, (int, float)) else None


def run_view(services: Services, run_id: str, after_step: int = 0) -> RunView:
    """A run with the metrics logged after `after_step`, the probe answers and the end of its log."""
    from cai_ui.train.config_file import config_text
    from cai_ui.train.jobs.slices import read_slices
    from cai_ui.train.run.folder import read_config
    from cai_ui.train.run.health import run_warnings
    from cai_ui.train.run.metrics import read_rows
    from cai_ui.train.run.probes import read_probes

    run = services.store.run(run_id)
    folder = services.store.workspace.run_dir(run_id)
    metrics = read_rows(folder, after_step or None)
    probes = read_probes(folder)
    return RunView(
        run,
        metrics,
        _tail(folder / "log.txt"),
        eta(run, metrics),
        commands_for(services, run),
        config_text(run),
        probes,
        run_warnings(run.method, metrics, probes, run.total_steps),
        _ahead(services, run),
        read_config(folder),
        services.store.dataset_info(run.dataset_hash).parents,
        read_slices(folder),
        weights_gone(services, run),
    )


def weights_gone(services: Services, run: Run) -> bool:
    """Whether the weights that a run kept are not there any more."""
    from cai_ui.train.jobs.adapters import RunAdapters

    return RunAdapters(services.store).gone(run)


def _ready(services: Services) -> Engine | None:
    """The engine, unless it is still being loaded: then it finds the adapters as they are by then."""
    try:
        return services.engine()
    except EngineError:
        return None


def _ahead(services: Services, run: Run) -> int:
    """How many runs are done before this one begins."""
    if run.state != "queued":
        return 0
    others = [r for r in services.store.runs() if r.state in NOT_OVER and r.id != run.id]
    order = [r.id for r in services.jobs.queue()]
    return len([r for r in others if r.state != "queued"]) + (order.index(run.id) if run.id in order else 0)


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LOG_TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
