"""When does training change what a model does? Adapters kept along a run, asked one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cai_ui.config.experiments import StepsSettings
from cai_ui.experiments import over_steps, training
from cai_ui.experiments.bench import Bench, Cell
from cai_ui.experiments.declared import Experiment
from cai_ui.experiments.over_steps import apart, step_name
from cai_ui.experiments.results import Part, Result, Row, Steps
from cai_ui.experiments.rows import COMPLIED, HELPFUL, REFUSED, points_words, told
from cai_ui.pipeline.services import Services
from cai_ui.records import BASE


def parts(services: Services, settings: StepsSettings) -> list[Part]:
    runs = over_steps.runs_of(services, settings)
    steps = [0, *over_steps.steps_of(services, runs, settings.points - 1)]
    return [Part(step_name(step), 2 * settings.prompts * settings.seeds) for step in steps]


def measure(bench: Bench, settings: StepsSettings) -> Steps[None]:
    """Step 0 is what a run began from: the base, or the adapter of another run."""
    runs = over_steps.same_runs(bench, settings)
    steps = over_steps.steps_of(bench.services, list(runs.values()), settings.points - 1)
    for seed, run in runs.items():
        yield from training.ask(bench, settings, Cell(step_name(0), seed), run.start_adapter or BASE)
        for step in steps:
            yield from over_steps.ask_step(bench, settings, run, step, seed)


def find(rows: Sequence[Row], settings: StepsSettings) -> Result:
    steps = over_steps.steps_in(rows)
    if (early := over_steps.not_yet(rows, [step_name(step) for step in steps])) is not None:
        return early
    first, last = step_name(steps[0]), step_name(steps[-1])
    whole = {m: apart(rows, m, last, first) for m in over_steps.MEASURES}
    half = _half_way(rows, steps)
    names = [step_name(step) for step in steps]
    return Result(
        finding=(
            f"From {first} to {last} the share of harmful requests that are complied with changes by "
            f"{points_words(whole[COMPLIED])}, that of harmless ones helped with by {points_words(whole[HELPFUL])}."
        ),
        more=(
            f"Harmless requests refused: {points_words(whole[REFUSED])}.",
            *([f"Half of the change on harmful requests is there by step {half}."] if half is not None else []),
            f"Only the adapters that a run kept can be asked (keep_steps). {over_steps.trainings(rows, last)}",
        ),
        against="",
        heads=over_steps.HEADS,
        table=over_steps.table(rows, names),
        plots=(over_steps.curves(rows, "What the adapter does along its run", "training steps"),),
        numbers={"shares": over_steps.numbers(rows, names), "whole": {m: told(one) for m, one in whole.items()}},
    )  # fmt: skip


def _half_way(rows: Sequence[Row], steps: Sequence[int]) -> int | None:
    """The first step with half of the whole change; None where the whole may be chance."""
    whole = apart(rows, COMPLIED, step_name(steps[-1]), step_name(steps[0]))
    if whole.value is None or not whole.significant:
        return None
    changes = {step: apart(rows, COMPLIED, step_name(step), step_name(steps[0])).value for step in steps[1:]}
    return next((step for step, value in changes.items() if value is not None and value / whole.value >= 0.5), None)


CHECKPOINTS: Experiment[Any] = Experiment(
    "checkpoints",
    "When does training change the model?",
    "What do the adapters kept along a run do with harmful and harmless requests?",
    "Qi et al. 2024 (arXiv 2406.05946) measure how safety moves along fine-tuning; the curve of a run of one's own is "
    "in no paper.",
    StepsSettings,
    parts,
    measure,
    find,
)
