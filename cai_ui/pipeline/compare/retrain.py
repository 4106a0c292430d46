"""The runs behind a bundle trained again, in a workspace of their own, and how far the results are the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cai_ui.config.knobs import checked
from cai_ui.config.train import TrainSettings
from cai_ui.errors import FileFormatError, TrainingError
from cai_ui.pipeline.compare.opened_bundle import WRITE_ANEW, Bundle
from cai_ui.pipeline.compare.replay import Figure
from cai_ui.pipeline.services import Services
from cai_ui.records import BASE, NOT_OVER, Run
from cai_ui.train.methods import method_of
from cai_ui.train.run.folder import ADAPTER
from cai_ui.train.run.metrics import read_rows

_POLL_S = 1.0
_OWNER = "replay"


@dataclass(frozen=True)
class RetrainProgress:
    """Where training again stands. `figures` are those of a run that has ended; `adapters` the folders of all adapters
    that were made so far, by the id of the run in the bundle."""

    run: str
    step: int
    total: int
    figures: tuple[Figure, ...] = ()
    adapters: Mapping[str, Path] | None = None


def retrain(services: Services, bundle: Bundle) -> Iterator[RetrainProgress]:
    """Train every run of the bundle in this workspace, those that others began from first.

    FileFormatError where data or an earlier run is not in the bundle; TrainingError where a run fails.
    """
    again: dict[str, Run] = {}
    adapters: dict[str, Path] = {}
    for run in _in_order(bundle.runs):
        made = _submit(services, bundle, run, again)
        while made.state in NOT_OVER:
            yield RetrainProgress(run.name, made.step, made.total_steps)
            made = services.jobs.wait(made.id, _POLL_S)
        if made.state != "done":
            raise TrainingError(
                f"The run {run.name!r} could not be trained again: {made.error or made.state}.",
                next_step="Replay without --train, or where there is more memory.",
            )
        again[run.id] = made
        folder = services.store.workspace.run_dir(made.id)
        adapters[run.id] = folder / ADAPTER
        figures = tuple(_figures(run, bundle.figures(run.id), made, read_rows(folder)))
        yield RetrainProgress(run.name, made.step, made.total_steps, figures, dict(adapters))


def _in_order(runs: Sequence[Run]) -> list[Run]:
    """Each after those it needs. FileFormatError where they need each other, or one that is not there."""
    left, found = {run.id: run for run in runs}, {}
    while left:
        ready = [run for run in left.values() if all(id in found for id in _needed(run))]
        if not ready:
            run = next(iter(left.values()))
            raise FileFormatError(
                f"A run that {run.name[:80]!r} began from is not in the bundle.", next_step=WRITE_ANEW
            )
        for run in ready:
            found[run.id] = left.pop(run.id)
    return list(found.values())


def _needed(run: Run) -> list[str]:
    return [str(id) for id in (run.start_adapter, run.config.get("reference")) if id not in (None, "", BASE, "start")]


def _submit(services: Services, bundle: Bundle, run: Run, again: Mapping[str, Run]) -> Run:
    method_of(run.method)
    dataset = bundle.dataset(run.dataset_hash)
    services.store.save_dataset(dataset, _OWNER)
    config: dict[str, Any] = {**run.config, "probe_judge": ""}
    if config.get("probe_steps") and not _shipped(str(config.get("probe_set") or "")):
        config["probe_steps"] = 0  # their prompts are not in the bundle; the weights do not depend on them
    if config.get("reference") in again:
        config["reference"] = again[str(config["reference"])].id
    start = again[run.start_adapter].id if run.start_adapter and run.start_adapter in again else None
    settings = checked(TrainSettings, config)
    return services.jobs.submit(run.method, run.dataset_hash, settings, _OWNER, run.name, start)


def _shipped(sets: str) -> bool:
    from cai_ui.demo.prompt_sets import SETS

    return all(key.strip() in SETS for key in sets.split(",") if key.strip())


def _figures(
    run: Run, before: Sequence[Mapping[str, Any]], made: Run, now: Sequence[Mapping[str, Any]]
) -> Iterator[Figure]:
    told = run.name or run.id
    yield _figure(f"run {told}: steps", run.step, made.step)
    for key, words in (("loss", "loss"), ("eval_loss", "loss on held-out rows"), ("rewards/margins", "reward margin")):
        old, new = _last(before, key), _last(now, key)
        if old is not None or new is not None:
            yield _figure(f"run {told}: {words} at the end", old, new)
    yield _figure(f"run {told}: adapter", run.adapter_hash, made.adapter_hash)


def _last(rows: Sequence[Mapping[str, Any]], key: str) -> Any:
    return next((row[key] for row in reversed(rows) if key in row), None)


def _figure(name: str, old: Any, new: Any) -> Figure:
    said = ["none" if one is None else f"{one:.9g}" if isinstance(one, float) else str(one) for one in (old, new)]
    return Figure(name, said[0], said[1], old == new)
