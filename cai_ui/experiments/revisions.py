"""How many revisions are enough? (Bai et al. 2022, figure 5)"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from cai_ui.config.experiments import RoundsSettings
from cai_ui.experiments.bench import Bench, Cell
from cai_ui.experiments.declared import Experiment
from cai_ui.experiments.results import Against, Line, Part, Plot, Result, Row, Steps
from cai_ui.experiments.rows import (
    HARMLESS,
    HELPFUL,
    difference,
    point,
    points_words,
    revised,
    share,
    share_words,
    told,
)
from cai_ui.pipeline.services import Services
from cai_ui.statistics.repeated import Difference

_NAMES = {HARMLESS: "harmful requests: harmless answer", HELPFUL: "harmless requests: helped"}
_TOLD = "critique and revision"


def parts(services: Services, settings: RoundsSettings) -> list[Part]:
    chains = 2 * settings.prompts * settings.seeds
    rounds = [Part(f"revision {r}, with its critique", 2 * chains) for r in range(1, settings.revisions + 1)]
    return [Part("first answers", chains), *rounds]


def measure(bench: Bench, settings: RoundsSettings) -> Steps[None]:
    for seed in range(settings.seed, settings.seed + settings.seeds):
        bench.part = f"seed {seed}"
        yield from revised(bench, Cell(_TOLD, seed), settings, revisions=settings.revisions)


def find(rows: Sequence[Row], settings: RoundsSettings) -> Result:
    rounds = range(settings.revisions + 1)
    shares = {
        measure: [share([row for row in rows if row["round"] == r], measure) for r in rounds] for measure in _NAMES
    }
    whole = {measure: _between(rows, measure, settings.revisions, 0) for measure in _NAMES}
    first = {measure: _between(rows, measure, 1, 0) for measure in _NAMES}
    later = {measure: _between(rows, measure, settings.revisions, 1) for measure in _NAMES}
    lines = [Line(name, tuple(point(r, one) for r, one in enumerate(shares[m]))) for m, name in _NAMES.items()]
    return Result(
        finding=(
            f"{settings.revisions} revisions change the share of harmful requests with a harmless answer by "
            f"{points_words(whole[HARMLESS])}, and that of harmless requests which are helped with by "
            f"{points_words(whole[HELPFUL])}."
        ),
        more=(
            f"The first revision alone: {points_words(first[HARMLESS])}, and {points_words(first[HELPFUL])}.",
            f"From the first revision to the last: {points_words(later[HARMLESS])}, and "
            f"{points_words(later[HELPFUL])}.",
        ),
        against=_against(whole[HARMLESS], later[HARMLESS], whole[HELPFUL]),
        heads=("requests: answers", "draft", *(f"after {r}" for r in rounds[1:])),
        table=tuple((name, *map(share_words, shares[measure])) for measure, name in _NAMES.items()),
        plots=(Plot("After each revision", "revisions", tuple(lines)),),
        numbers={
            **{measure: [told(one) for one in found] for measure, found in shares.items()},
            "differences": {
                measure: {"whole": told(whole[measure]), "first": told(first[measure]), "later": told(later[measure])}
                for measure in _NAMES
            },
        },
    )


def _between(rows: Sequence[Row], measure: str, one: int, other: int) -> Difference:
    return difference(rows, measure, partial(_at, one), partial(_at, other))


def _at(round: int, row: Row) -> bool:
    return bool(row["round"] == round)


def _against(harmless: Difference, later: Difference, helped: Difference) -> Against:
    """The paper: harmlessness rises with every revision, and helpfulness falls."""
    if harmless.value is None:
        return ""
    falls = [one for one in (harmless, later) if one.significant and (one.value or 0) < 0]
    if falls or (helped.significant and (helped.value or 0) > 0):
        return "other than published"
    return "as published" if harmless.significant else "not significant"


REVISIONS: Experiment[Any] = Experiment(
    "revisions",
    "How many revisions are enough?",
    "What does each further critique and revision do to harmlessness, and what to helpfulness?",
    "Bai et al. 2022, figure 5: over four revisions harmlessness rises, by most in the first one, and helpfulness "
    "alone falls.",
    RoundsSettings,
    parts,
    measure,
    find,
)
