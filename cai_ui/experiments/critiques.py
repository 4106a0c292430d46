"""Revisions with a critique before them, and without (Bai et al. 2022, figure 7)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from cai_ui.config.experiments import CritiquesSettings
from cai_ui.experiments.bench import Bench, Cell
from cai_ui.experiments.declared import Experiment
from cai_ui.experiments.results import Line, Part, Plot, Result, Row, Steps, against_a_rise
from cai_ui.experiments.rows import (
    HARMLESS,
    HELPFUL,
    difference,
    of,
    point,
    points_words,
    revised,
    share,
    share_words,
    told,
)
from cai_ui.pipeline.services import Services

CRITIQUED, DIRECT = "critique, then revision", "revision without critique"
CONTROLS: dict[str, dict[str, Any]] = {
    "two critiques, one revision": {"critiques": 2},
    "critique under no principle": {"choice": "none"},
}
MODES: dict[str, dict[str, Any]] = {CRITIQUED: {}, DIRECT: {"critique": False}, **CONTROLS}
"""Settings of each mode over the defaults."""


def modes(settings: CritiquesSettings) -> list[str]:
    return [mode for mode in MODES if settings.controls or mode not in CONTROLS]


def parts(services: Services, settings: CritiquesSettings) -> list[Part]:
    chains = 2 * settings.prompts * settings.seeds
    steps = {mode: 1 + MODES[mode].get("critiques", int(MODES[mode].get("critique", True))) for mode in MODES}
    drafts = Part("first answers", chains)
    return [drafts, *(Part(mode, chains * settings.revisions * steps[mode]) for mode in modes(settings))]


def measure(bench: Bench, settings: CritiquesSettings) -> Steps[None]:
    for seed in range(settings.seed, settings.seed + settings.seeds):
        for mode in modes(settings):
            cell = Cell(mode, seed)
            bench.part = f"{mode}, seed {seed}"
            yield from revised(bench, cell, settings, revisions=settings.revisions, **MODES[mode])


def find(rows: Sequence[Row], settings: CritiquesSettings) -> Result:
    rounds = range(settings.revisions + 1)
    lines: dict[str, list[Line]] = {HARMLESS: [], HELPFUL: []}
    table, numbers = [], dict[str, Any]()
    for mode in modes(settings):
        of_mode = [row for row in rows if row["condition"] == mode]
        for measure, drawn in lines.items():
            shares = [share([row for row in of_mode if row["round"] == r], measure) for r in rounds]
            drawn.append(Line(mode, tuple(point(r, found) for r, found in enumerate(shares))))
            side = "harmful: harmless answer" if measure == HARMLESS else "harmless: helped"
            table.append((side, mode, *map(share_words, shares)))
            numbers[f"{measure}/{mode}"] = [told(found) for found in shares]
    found = {(measure, r): _apart(rows, measure, r) for measure in lines for r in rounds[1:]}
    numbers["differences"] = {f"{measure}/{r}": told(one) for (measure, r), one in found.items()}
    first, helped = found[HARMLESS, 1], found[HELPFUL, 1]
    more = [
        f"After {r} revisions the difference on harmful requests is {points_words(found[HARMLESS, r])}, on harmless "
        f"ones {points_words(found[HELPFUL, r])}."
        for r in rounds[2:]
    ]
    return Result(
        finding=(
            "After one revision, a critique before it changes the share of harmful requests with a harmless answer by "
            f"{points_words(first)}, and that of harmless requests which are helped with by {points_words(helped)}."
        ),
        more=tuple(more),
        against=against_a_rise(first),  # the paper: at least as harmless, clearly so for small models
        heads=("requests: answers", "mode", "draft", *(f"after {r}" for r in rounds[1:])),
        table=tuple(sorted(table, key=lambda row: row[0])),
        plots=(
            Plot("Harmful requests: harmless answers", "revisions", tuple(lines[HARMLESS])),
            Plot("Harmless requests: helped", "revisions", tuple(lines[HELPFUL])),
        ),
        numbers=numbers,
    )


def _apart(rows: Sequence[Row], measure: str, round: int) -> Any:
    at = [row for row in rows if row["round"] == round]
    return difference(at, measure, *(partial(of, mode) for mode in (CRITIQUED, DIRECT)))


CRITIQUES = Experiment(
    "critiques",
    "Are critiques worth their price?",
    "Are revisions better when a critique is written before them than when the answer is revised at once?",
    "Bai et al. 2022, figure 7: critiqued revisions are the more harmless ones, clearly so for small models and hardly "
    "for large ones.",
    CritiquesSettings,
    parts,
    measure,
    find,
)
