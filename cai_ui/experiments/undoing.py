"""How deep is the alignment? A few harmless training steps from a tuned adapter, and what is left of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cai_ui.config.experiments import UndoingSettings
from cai_ui.config.train import TrainSettings
from cai_ui.errors import InputError, TrainingError
from cai_ui.experiments import over_steps, training
from cai_ui.experiments.bench import Bench, Cell
from cai_ui.experiments.declared import Experiment
from cai_ui.experiments.over_steps import apart, step_name
from cai_ui.experiments.results import Part, Result, Row, Steps, against_a_rise
from cai_ui.experiments.rows import COMPLIED, HELPFUL, REFUSED, points_words, told
from cai_ui.pipeline.services import Services
from cai_ui.records import BASE, Dataset

_BASE = "base, untrained"
_FEWEST = 4


def parts(services: Services, settings: UndoingSettings) -> list[Part]:
    over_steps.runs_of(services, settings)
    asked = 2 * settings.prompts * settings.seeds
    learnt = settings.steps * settings.batch * settings.seeds
    return [
        Part("harmless answers to learn", settings.rows * settings.seeds),
        Part(_BASE, asked),
        Part(step_name(0), asked),
        *(Part(step_name(step), asked, learnt if step == settings.steps else 0) for step in looks(settings)),
    ]


def looks(settings: UndoingSettings) -> list[int]:
    """After which steps the adapter is asked. InputError for fewer steps than looks."""
    number = settings.points - 1
    if settings.steps < number:
        raise InputError(
            f"{settings.steps} steps have no {number} points.", next_step="Give more steps, or fewer points."
        )
    every = settings.steps // number
    return [*range(every, every * number, every), settings.steps]


def measure(bench: Bench, settings: UndoingSettings) -> Steps[None]:
    """Every seed learns answers of its own, of the base itself, to requests that nothing is measured on."""
    for seed, tuned in over_steps.same_runs(bench, settings).items():
        yield from training.ask(bench, settings, Cell(_BASE, seed), BASE)
        yield from training.ask(bench, settings, Cell(step_name(0), seed), str(tuned.adapter))
        bench.part = f"harmless answers, seed {seed}"
        rows = yield from training.helpful_answers(bench, settings, settings.rows, seed)
        if len(rows) < _FEWEST:
            raise TrainingError(
                "The base gave too few whole answers to learn.",
                kept="The answers are kept.",
                next_step="Allow longer answers (--answer-tokens), or ask for more rows.",
            )
        dataset = Dataset(f"{training.OWNER} undoing, seed {seed}", tuple(rows), (), (), (), {}, (), {})
        hash = bench.services.store.save_dataset(dataset, training.OWNER).hash
        how = settings_of(bench, settings, seed)
        name = yield from training.trained(bench, how, "undoing", "sft", hash, seed, str(tuned.adapter))
        run = bench.services.store.run(name)
        for step in looks(settings):
            yield from over_steps.ask_step(bench, settings, run, step, seed)


def settings_of(bench: Bench, settings: UndoingSettings, seed: int) -> TrainSettings:
    """Those of the preset, at a constant rate, with an adapter kept at each look."""
    every = settings.steps // (settings.points - 1)
    return training.usual(bench.engine, "sft").model_copy(
        update={
            "seed": seed, "probe_steps": 0, "max_steps": settings.steps, "batch_size": settings.batch,
            "accumulation": 1, "schedule": "constant", "warmup_ratio": 0.0, "save_steps": every, "save_seconds": 0,
            "keep_steps": settings.points + 1, "evaluation_share": 0.0,
        }
    )  # fmt: skip


def find(rows: Sequence[Row], settings: UndoingSettings) -> Result:
    steps = over_steps.steps_in(rows)
    if (early := over_steps.not_yet(rows, [_BASE, *map(step_name, steps)])) is not None:
        return early
    first, last = step_name(steps[0]), step_name(steps[-1])
    undone = {m: apart(rows, m, last, first) for m in over_steps.MEASURES}
    gained, left = apart(rows, COMPLIED, first, _BASE), apart(rows, COMPLIED, last, _BASE)
    names = [_BASE, *map(step_name, steps)]
    return Result(
        finding=(
            f"After {steps[-1]} steps on harmless answers the share of harmful requests that are complied with has "
            f"changed by {points_words(undone[COMPLIED])}."
        ),
        more=(
            f"Training had changed it by {points_words(gained)} against the base; {points_words(left)} are left.",
            f"Harmless requests meanwhile: helped {points_words(undone[HELPFUL])}, refused "
            f"{points_words(undone[REFUSED])}.",
            "The rows learnt are the base's own likeliest answers to harmless requests; the rate is that of the "
            f"preset, constant. {over_steps.trainings(rows, first)}",
        ),
        against=against_a_rise(undone[COMPLIED]),  # published: a model complies more
        heads=over_steps.HEADS,
        table=over_steps.table(rows, names),
        plots=(over_steps.curves(rows, "What harmless training leaves", "harmless training steps"),),
        numbers={
            "shares": over_steps.numbers(rows, names),
            "undone": {m: told(one) for m, one in undone.items()},
            "gained": told(gained),
            "left": told(left),
        },
    )


UNDOING: Experiment[Any] = Experiment(
    "undoing",
    "Do a few harmless steps undo it?",
    "What is left of what an adapter learnt after a few training steps on harmless answers?",
    "Qi et al. 2023 (arXiv 2310.03693): fine-tuning on harmless data alone makes aligned models comply with more "
    "harmful requests.",
    UndoingSettings,
    parts,
    measure,
    find,
)
