"""How much data, and how many helpful rows? The frontier between harmlessness and helpfulness."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from cai_ui.config.experiments import DataSettings
from cai_ui.errors import InputError
from cai_ui.experiments import training
from cai_ui.experiments.bench import Bench, Cell
from cai_ui.experiments.declared import Experiment
from cai_ui.experiments.methods import by_seed, frontier
from cai_ui.experiments.results import Part, Result, Row, Steps
from cai_ui.experiments.rows import HARMLESS, HELPFUL, difference, of, points_words, share, share_words, told
from cai_ui.pipeline.services import Services

_MOST = 24


def grid(settings: DataSettings) -> list[tuple[int, float]]:
    """Sizes and ratios, all with all. InputError where they cannot be read or are too many."""
    try:
        sizes = sorted({int(part) for part in settings.sizes.split(",") if part.strip()})
        ratios = sorted({float(part) for part in settings.ratios.split(",") if part.strip()})
    except ValueError:
        sizes, ratios = [], []
    if not sizes or not ratios or sizes[0] < 4 or not all(0 <= ratio <= 20 for ratio in ratios):
        raise InputError(
            "The sizes or ratios cannot be read.", next_step="Write for example 25, 100 and 0, 0.5; from 4, and to 20."
        )
    if len(sizes) * len(ratios) > _MOST or sizes[-1] * max(1.0, ratios[-1]) > 100_000:
        raise InputError("That is more than can be trained.", next_step=f"Give at most {_MOST} combinations.")
    return [(size, ratio) for size in sizes for ratio in ratios]


def parts(services: Services, settings: DataSettings) -> list[Part]:
    cells, seeds = grid(settings), settings.seeds
    return [
        Part("revisions to learn from", 3 * max(size for size, _ in cells) * seeds),
        Part("helpful answers to mix in", _most_helpful(settings) * seeds),
        *(
            Part(_name(size, ratio), 2 * settings.prompts * seeds, round(size * (1 + ratio)) * seeds)
            for size, ratio in cells
        ),
    ]


def measure(bench: Bench, settings: DataSettings) -> Steps[None]:
    """Smaller data is a part of the larger one."""
    cells = grid(settings)
    most = settings.model_copy(update={"learnt": max(size for size, _ in cells), "helpful": _most_helpful(settings)})
    for seed in range(settings.seed, settings.seed + settings.seeds):
        bench.part = f"data, seed {seed}"
        data = yield from training.learnt(bench, most, seed)
        for size, ratio in cells:
            some = training.Learnt(data.examples[:size], data.helpful[: round(size * ratio)])
            name = _name(size, ratio)
            frozen = training.freeze(bench, f"{name}, seed {seed}", some, seed)
            adapter = yield from training.train(bench, settings, name, settings.method, frozen, seed)
            yield from training.ask(bench, settings, Cell(name, seed), adapter)


def find(rows: Sequence[Row], settings: DataSettings) -> Result:
    cells = grid(settings)
    sizes, ratios = sorted({size for size, _ in cells}), sorted({ratio for _, ratio in cells})
    names = [_name(*cell) for cell in cells]
    more_rows = {m: _apart(rows, m, (sizes[-1], ratios[-1]), (sizes[0], ratios[-1])) for m in (HARMLESS, HELPFUL)}
    more_help = {m: _apart(rows, m, (sizes[-1], ratios[-1]), (sizes[-1], ratios[0])) for m in (HARMLESS, HELPFUL)}
    return Result(
        finding=(
            f"With {sizes[-1]} in place of {sizes[0]} revisions, at {ratios[-1]:g} helpful rows for each, harmless "
            f"answers to harmful requests change by {points_words(more_rows[HARMLESS])}; with {ratios[-1]:g} in place "
            f"of {ratios[0]:g} helpful rows for each of {sizes[-1]} revisions, help with harmless requests changes by "
            f"{points_words(more_help[HELPFUL])}."
        ),
        more=(
            f"What more revisions do to help: {points_words(more_rows[HELPFUL])}; what helpful rows do to "
            f"harmlessness: {points_words(more_help[HARMLESS])}.",
        ),
        against="",
        heads=("learnt", "harmful: harmless answer", "by seed", "harmless: helped", "by seed"),
        table=tuple(_row(rows, name) for name in names),
        plots=(frontier(rows, names),),
        numbers={
            "shares": {name: {m: told(_share(rows, name, m)) for m in (HARMLESS, HELPFUL)} for name in names},
            "more revisions": {m: told(one) for m, one in more_rows.items()},
            "more helpful rows": {m: told(one) for m, one in more_help.items()},
        },
    )


def _most_helpful(settings: DataSettings) -> int:
    return max(round(size * ratio) for size, ratio in grid(settings))


def _name(size: int, ratio: float) -> str:
    return f"{size} revisions, {round(size * ratio)} helpful rows"


def _row(rows: Sequence[Row], name: str) -> tuple[str, ...]:
    sides = ((share_words(_share(rows, name, m)), by_seed(rows, name, m)) for m in (HARMLESS, HELPFUL))
    return (name, *(cell for side in sides for cell in side))


def _share(rows: Sequence[Row], name: str, measure: str) -> Any:
    return share([row for row in rows if row["condition"] == name], measure)


def _apart(rows: Sequence[Row], measure: str, one: tuple[int, float], other: tuple[int, float]) -> Any:
    return difference(rows, measure, partial(of, _name(*one)), partial(of, _name(*other)))


DATA: Experiment[Any] = Experiment(
    "data",
    "How much data, and how many helpful rows?",
    "What do more revisions, and more helpful rows beside them, do to harmlessness and to helpfulness?",
    "The study that this project started from mixed in 800 helpful rows for 2,000 revisions and guessed that "
    "helpfulness is lost without them; no figure of the paper.",
    DataSettings,
    parts,
    measure,
    find,
)
