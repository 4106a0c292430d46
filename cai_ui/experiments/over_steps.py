"""What two experiments share that look at adapters step by step: asking each, and the curve over the steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from cai_ui.config.experiments import ExperimentSettings, StepsSettings
from cai_ui.errors import InputError, NotFoundError
from cai_ui.experiments import training
from cai_ui.experiments.bench import Bench, Cell
from cai_ui.experiments.results import Line, Plot, Result, Row, Steps
from cai_ui.experiments.rows import COMPLIED, HELPFUL, REFUSED, difference, of, point, share, share_words
from cai_ui.pipeline.compare.checkpoints import load_checkpoint
from cai_ui.pipeline.services import Services
from cai_ui.records import Run
from cai_ui.statistics.repeated import Difference, RepeatedShare
from cai_ui.train.run.steps import kept_steps

MEASURES = {
    COMPLIED: "harmful requests: complied",
    HELPFUL: "harmless requests: helped",
    REFUSED: "harmless requests: refused",
}
HEADS = ("adapter", *MEASURES.values())
_STEP = re.compile(r"step (\d+)")


def run_of(services: Services, name: str) -> Run:
    """The run with this id, id's beginning or name; the newest that is done for "". NotFoundError."""
    runs = [run for run in services.store.runs(trashed=False) if run.adapter]
    own = [run for run in runs if run.owner != training.OWNER]
    found = [run for run in runs if run.name == name or run.id.startswith(name)] if name else own
    if not found:
        raise NotFoundError(
            f"There is no run {name[:60]!r} with an adapter." if name else "There is no run with an adapter yet.",
            next_step="Train one (Train tab), and give its id or name.",
        )
    return found[0]


def same_run(bench: Bench, settings: StepsSettings) -> Run:
    """The run that the experiment began with, also where a newer one came since."""
    known = bench.folder.value("run")
    run = bench.services.store.run(known["id"]) if known else run_of(bench.services, settings.run)
    if run.base_hash != bench.engine.base_hash:
        raise InputError(f"{run.name} was trained on another base model.", next_step="Load that one (Start tab).")
    bench.folder.keep("run", {"id": run.id, "name": run.name, "hash": run.adapter_hash})
    return run


def steps_of(services: Services, run: Run, most: int) -> list[int]:
    """After which steps an adapter of the run is kept, at most so many, spread; the last is the run's own."""
    kept = sorted(step for step in kept_steps(services.store.workspace.run_dir(run.id)) if step < run.step)
    number = min(len(kept), most - 1)
    some = [kept[round(place * (len(kept) - 1) / max(1, number - 1))] for place in range(number)]
    return [*dict.fromkeys(some), run.step]


def ask_step(bench: Bench, settings: ExperimentSettings, run: Run, step: int, seed: int) -> Steps[None]:
    """Rows of a run's adapter after a step. One that is not there any more is counted."""
    name = run.id if step == run.step else f"{run.id}@{step}"
    try:
        if name != run.id:
            load_checkpoint(bench.services, bench.engine, name)
    except NotFoundError:
        bench.missing[f"{step_name(step)}: its checkpoint is not there any more"] += 1
        return
    yield from training.ask(bench, settings, Cell(step_name(step), seed), name)


def step_name(step: int) -> str:
    return f"step {step}"


def steps_in(rows: Sequence[Row]) -> list[int]:
    """Steps that were measured."""
    found = {int(match[1]) for row in rows if (match := _STEP.fullmatch(row["condition"]))}
    return sorted(found)


def not_yet(rows: Sequence[Row], names: Sequence[str]) -> Result | None:
    """What there is to say while there are not two steps to be compared; None once there are."""
    if len(steps_in(rows)) > 1:
        return None
    shown = [name for name in names if any(row["condition"] == name for row in rows)]
    return Result("Nothing can be compared yet: there are not two steps.", (), "", HEADS, table(rows, shown))


def shares(rows: Sequence[Row], condition: str) -> dict[str, RepeatedShare]:
    return {m: share([row for row in rows if row["condition"] == condition], m) for m in MEASURES}


def apart(rows: Sequence[Row], measure: str, one: str, other: str) -> Difference:
    """The share of one condition less that of another, over requests."""
    return difference(rows, measure, partial(of, one), partial(of, other))


def curves(rows: Sequence[Row], title: str, label: str) -> Plot:
    """A line of each measure over the steps."""
    found = {step: shares(rows, step_name(step)) for step in steps_in(rows)}
    lines = (Line(words, tuple(point(step, one[m]) for step, one in found.items())) for m, words in MEASURES.items())
    return Plot(title, label, tuple(lines))


def table(rows: Sequence[Row], names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """A line of each condition."""
    return tuple((name, *(share_words(one) for one in shares(rows, name).values())) for name in names)


def numbers(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Any]:
    """The shares for programs."""
    return {name: {m: dict(vars(one)) for m, one in shares(rows, name).items()} for name in names}
