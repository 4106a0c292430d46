"""What is lost without a principle? Each one in turn is left out of the revisions that are learnt."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from typing import Any

from cai_ui.config.experiments import LeftOutSettings
from cai_ui.constitution import candidates
from cai_ui.errors import InputError
from cai_ui.experiments import training
from cai_ui.experiments.bench import Bench, Cell
from cai_ui.experiments.declared import Experiment
from cai_ui.experiments.methods import by_seed
from cai_ui.experiments.requests import constitution_of
from cai_ui.experiments.results import Line, Part, Plot, Point, Result, Row, Steps
from cai_ui.experiments.rows import (
    HARMLESS,
    HELPFUL,
    chance_words,
    difference,
    of,
    points_words,
    share,
    share_words,
    told,
)
from cai_ui.pipeline.services import Services
from cai_ui.records import Constitution, Prompt
from cai_ui.statistics.repeated import holm

ALL = "all principles"
_WITHOUT = "without “{}”"


def parts(services: Services, settings: LeftOutSettings) -> list[Part]:
    principles = candidates(constitution_of(services, settings.constitution))
    if len(principles) < 2:
        raise InputError("This constitution has one principle.", next_step="Choose one with several.")
    seeds, rows = settings.seeds, settings.seeds * (settings.learnt + settings.helpful)
    names = [ALL, *(_WITHOUT.format(principle.name) for principle in principles)]
    return [
        Part("revisions to learn from", 5 * settings.learnt * seeds),
        Part("helpful answers to mix in", settings.helpful * seeds),
        *(Part(name, 2 * settings.prompts * seeds, rows) for name in names),
    ]


def measure(bench: Bench, settings: LeftOutSettings) -> Steps[None]:
    for seed in range(settings.seed, settings.seed + settings.seeds):
        bench.part = f"data, seed {seed}"
        data = yield from training.learnt(bench, settings, seed)
        asked = {prompt.id: prompt for prompt in training.requests_to_learn(bench, settings, seed)}
        for principle in (None, *candidates(bench.constitution)):
            name, some = ALL, data
            if principle is not None:
                name = _WITHOUT.format(principle.name)
                some = yield from _without(bench, settings, data, asked, principle.id, seed)
            frozen = training.freeze(bench, f"{name}, seed {seed}", some, seed)
            adapter = yield from training.train(bench, settings, name, settings.method, frozen, seed)
            yield from training.ask(bench, settings, Cell(name, seed), adapter)


def _without(
    bench: Bench,
    settings: LeftOutSettings,
    data: training.Learnt,
    asked: dict[str, Prompt],
    left_out: str,
    seed: int,
) -> Steps[training.Learnt]:
    """The same requests; answers revised under the principle are revised again under one of the others."""
    kept = [example for example in data.examples if left_out not in example.principle_ids]
    theirs = {example.prompt.id for example in data.examples} - {example.prompt.id for example in kept}
    constitution = _less(bench.constitution, left_out)
    again = [prompt for id, prompt in asked.items() if id in theirs]
    cell = Cell(f"without {left_out}", seed)
    found = yield from training.revisions(bench, settings, cell, again, constitution)
    return training.Learnt((*kept, *found), data.helpful)


def _less(constitution: Constitution, left_out: str) -> Constitution:
    some = tuple(principle for principle in constitution.principles if principle.id != left_out)
    return dataclasses.replace(constitution, principles=some)


def find(rows: Sequence[Row], settings: LeftOutSettings) -> Result:
    names = [name for name in dict.fromkeys(row["condition"] for row in rows) if name != ALL]
    found = {m: [_apart(rows, m, name) for name in names] for m in (HARMLESS, HELPFUL)}
    sure = {m: holm([one.p for one in differences]) for m, differences in found.items()}
    felt = [name for name, p in zip(names, sure[HARMLESS], strict=True) if p is not None and p < 0.05]
    worst = min(range(len(names)), key=lambda place: found[HARMLESS][place].value or 0.0, default=None)
    return Result(
        finding=_finding(names, felt, worst, found[HARMLESS]),
        more=("Chances are adjusted for as many tests as there are principles (Holm).",),
        against="",
        heads=("learnt", "harmful: harmless answer", "by seed", "less all", "harmless: helped", "less all"),
        table=(
            (ALL, _share(rows, ALL, HARMLESS), by_seed(rows, ALL, HARMLESS), "", _share(rows, ALL, HELPFUL), ""),
            *(
                (name, _share(rows, name, HARMLESS), by_seed(rows, name, HARMLESS),
                 f"{points_words(found[HARMLESS][place])}; adjusted {chance_words(sure[HARMLESS][place])}",
                 _share(rows, name, HELPFUL),
                 f"{points_words(found[HELPFUL][place])}; adjusted {chance_words(sure[HELPFUL][place])}")
                for place, name in enumerate(names)
            ),
        ),
        plots=(_plot(names, found[HARMLESS]),) if names else (),
        numbers={
            m: {name: told(one) | {"adjusted": p} for name, one, p in zip(names, found[m], sure[m], strict=True)}
            for m in found
        },
    )  # fmt: skip


def _finding(names: Sequence[str], felt: Sequence[str], worst: int | None, found: Sequence[Any]) -> str:
    if worst is None:
        return "Nothing can be told yet: only the adapter of all principles is there."
    if felt:
        return (
            f"Of {len(names)} principles, leaving one out changes the harmless answers to harmful requests "
            f"significantly in {len(felt)}: {', '.join(felt)}; most {names[worst]}, by {points_words(found[worst])}."
        )
    return (
        f"Leaving out any one of {len(names)} principles changes the harmless answers to harmful requests by nothing "
        f"that is significant after adjustment; most {names[worst]}, by {points_words(found[worst])}."
    )


def _plot(names: Sequence[str], found: Sequence[Any]) -> Plot:
    lines = tuple(
        Line(name, (Point(place, one.value, one.low, one.high),))
        for place, (name, one) in enumerate(zip(names, found, strict=True))
    )
    return Plot(
        "Harmless answers, less those with all principles", "left out", lines,
        tuple(str(place + 1) for place in range(len(names))), percent=False,
    )  # fmt: skip


def _share(rows: Sequence[Row], name: str, measure: str) -> str:
    return share_words(share([row for row in rows if row["condition"] == name], measure))


def _apart(rows: Sequence[Row], measure: str, name: str) -> Any:
    return difference(rows, measure, partial(of, name), partial(of, ALL))


LEFT_OUT: Experiment[Any] = Experiment(
    "left-out",
    "What is lost without a principle?",
    "How much less harmless, or more helpful, is a tuned model whose data was made without one of the principles?",
    "Not measured in the paper.",
    LeftOutSettings,
    parts,
    measure,
    find,
)
