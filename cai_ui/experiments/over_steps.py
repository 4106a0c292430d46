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
from cai_ui.experiments.methods import by_seed
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
HEADS = ("adapter", "harmful requests: complied", "by seed", *list(MEASURES.values())[1:])
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


def runs_of(services: Services, settings: StepsSettings) -> list[Run]:
    """The runs that are named, one at most for each seed. NotFoundError, InputError for more runs than seeds."""
    names = [part.strip() for part in settings.run.split(",") if part.strip()]
    if len(names) < 2 or any(settings.run in (run.id, run.name) for run in services.store.runs(trashed=False)):
        return [run_of(services, settings.run.strip())]
    found = list({run.id: run for run in (run_of(services, name) for name in names)}.values())
    if len(found) > settings.seeds:
        raise InputError(
            f"{len(found)} runs are named and {settings.seeds} seeds, of which each takes one run.",
            next_step=f"Ask for {len(found)} seeds or more.",
        )
    return found


def same_runs(bench: Bench, settings: StepsSettings) -> dict[int, Run]:
    """By seed the run that the experiment began with, also where a newer one came since. InputError for runs of
    another base model."""
    known: list[dict[str, str]] | None = bench.folder.value("runs begun with")
    store = bench.services.store
    runs = [store.run(one["id"]) for one in known] if known else runs_of(bench.services, settings)
    for run in runs:
        if run.base_hash != bench.engine.base_hash:
            raise InputError(f"{run.name} was trained on another base model.", next_step="Load that one (Start tab).")
    bench.folder.keep("runs begun with", [{"id": run.id, "name": run.name, "hash": run.adapter_hash} for run in runs])
    return {settings.seed + place: runs[place % len(runs)] for place in range(settings.seeds)}


def steps_of(services: Services, runs: Sequence[Run], most: int) -> list[int]:
    """After which steps an adapter of every run is kept, at most so many, spread; the last is the runs' own. InputError
    for runs that end after different steps."""
    ends = sorted({run.step for run in runs})
    if len(ends) > 1:
        raise InputError(
            f"These runs end after {', '.join(map(str, ends))} steps, so they make no curve together.",
            next_step="Train them with the same number of steps (--max-steps), or look at one.",
        )
    each = [set(kept_steps(services.store.workspace.run_dir(run.id))) for run in runs]
    kept = sorted(step for step in set.intersection(*each) if step < ends[0])
    number = min(len(kept), most - 1)
    some = [kept[round(place * (len(kept) - 1) / max(1, number - 1))] for place in range(number)]
    return [*dict.fromkeys(some), ends[0]]


def trainings(rows: Sequence[Row], condition: str) -> str:
    """Of how many runs the rows of a condition are."""
    number = len({str(row["adapter"]).partition("@")[0] for row in rows if row["condition"] == condition})
    return "It is one training." if number == 1 else f"These are {number} trainings, one a seed."


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
    return tuple((name, *_cells(rows, name)) for name in names)


def _cells(rows: Sequence[Row], name: str) -> list[str]:
    first, *others = (share_words(one) for one in shares(rows, name).values())
    return [first, by_seed(rows, name, COMPLIED), *others]


def numbers(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Any]:
    """The shares for programs."""
    return {name: {m: dict(vars(one)) for m, one in shares(rows, name).items()} for name in names}
