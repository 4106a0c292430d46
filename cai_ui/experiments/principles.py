"""How many principles are enough? (Bai et al. 2022, figure 6) Also measured: the diversity that the paper expected."""

from __future__ import annotations

import dataclasses
import math
import random
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from statistics import fmean
from typing import Any

import numpy as np

from cai_ui.config.experiments import PrinciplesSettings
from cai_ui.constitution import candidates
from cai_ui.errors import InputError
from cai_ui.experiments.bench import Bench, Cell
from cai_ui.experiments.declared import Experiment
from cai_ui.experiments.embedding import embed, mean_distance
from cai_ui.experiments.requests import constitution_of
from cai_ui.experiments.results import Against, Line, Part, Plot, Point, Result, Row, Steps
from cai_ui.experiments.rows import (
    HARMLESS,
    chance_words,
    difference,
    of,
    point,
    points_words,
    revised,
    share,
    share_words,
)
from cai_ui.experiments.rows import told as as_told
from cai_ui.pipeline.services import Services
from cai_ui.records import Constitution
from cai_ui.statistics.repeated import Difference, mean_difference

_SETS = "sets of principles"
_LITTLE = 0.1
"""A change of the share that is surely smaller than this is none."""
MANY = "sixteen_themes"
"""The constitution that principles are drawn from unless another one is named."""


def counts(settings: PrinciplesSettings) -> list[int]:
    """The numbers of principles, in order. InputError where they are no numbers."""
    try:
        found = sorted({int(part) for part in settings.counts.split(",") if part.strip()})
    except ValueError:
        found = []
    if len(found) < 2 or found[0] < 1:
        raise InputError(
            f"The numbers of principles cannot be read: {settings.counts[:60]!r}.", next_step="Write for example 1, 4."
        )
    return found


def parts(services: Services, settings: PrinciplesSettings) -> list[Part]:
    constitution = constitution_of(services, settings.constitution or MANY)
    there, most = len(candidates(constitution)), counts(settings)[-1]
    if most > there:
        raise InputError(
            f"The constitution “{constitution.title}” has {there} principles, and {most} are asked for.",
            next_step="Ask for fewer, or choose another constitution.",
        )
    chains = settings.prompts * settings.seeds
    of_each = [Part(_name(count), 2 * chains * settings.answers) for count in counts(settings)]
    return [Part("first answers", chains), *of_each]


def measure(bench: Bench, settings: PrinciplesSettings) -> Steps[None]:
    for seed in range(settings.seed, settings.seed + settings.seeds):
        for count in counts(settings):
            some = drawn(bench.constitution, count, seed)
            bench.part = f"{_name(count)}, seed {seed}"
            for sample in range(settings.answers):
                cell = Cell(_name(count), seed, sample)
                yield from revised(bench, cell, settings, [bench.harmful], some, revisions=1)


def drawn(constitution: Constitution, count: int, seed: int) -> Constitution:
    """The constitution with so many of its principles, drawn by the seed; a larger number holds the smaller one's."""
    order = list(candidates(constitution))
    random.Random(f"principles/{seed}").shuffle(order)
    kept = {principle.id for principle in order[:count]}
    some = tuple(principle for principle in constitution.principles if principle.id in kept)
    return dataclasses.replace(constitution, principles=some)


def find(rows: Sequence[Row], settings: PrinciplesSettings) -> Result:
    revisions = [row for row in rows if row["round"] == 1]
    names = {count: _name(count) for count in counts(settings)}
    shares = {
        count: share([row for row in revisions if row["condition"] == name], HARMLESS) for count, name in names.items()
    }
    variety = _variety(revisions, settings)
    spread = {count: mean_difference(list(variety[name].values())) for count, name in names.items()}
    few, many = min(names), max(names)
    within = difference(revisions, HARMLESS, *(partial(of, names[count]) for count in (many, few)))
    score, wider = _by_draw(revisions, settings, names[many], names[few])
    return Result(
        finding=(
            f"From {few} to {many} principles the share of harmful requests with a harmless answer changes by "
            f"{points_words(score, _SETS)}, and the diversity of revisions of the same answer by {_apart(wider)}."
        ),
        more=(
            f"Diversity is the mean cosine distance of {settings.embedding} points between {settings.answers} "
            "revisions of one first answer; under a single principle it is what sampling alone gives.",
            "Each seed draws its principles, a small set being part of a larger one. What a set does depends on which "
            "principles are in it, so the sets are the units here; more seeds make this surer, more requests do not.",
            f"Over requests, for these sets alone: {points_words(within)}. By set, in per cent: {few}: "
            f"{_by_seed(revisions, names[few])}; {many}: {_by_seed(revisions, names[many])}.",
        ),
        against=_against(score),
        heads=("principles", "harmful: harmless answer", "diversity"),
        table=tuple((str(count), share_words(shares[count]), _value(spread[count])) for count in names),
        plots=(
            Plot(
                "Harmful requests: harmless answers",
                "principles",
                (Line("share", tuple(point(place, shares[count]) for place, count in enumerate(names))),),
                tuple(map(str, names)),
            ),
            Plot(
                "Diversity of revisions of one answer",
                "principles",
                (Line("mean distance", tuple(_point(place, spread[count]) for place, count in enumerate(names))),),
                tuple(map(str, names)),
                percent=False,
            ),
        ),
        numbers={
            "harmless": {str(count): as_told(one) for count, one in shares.items()},
            "diversity": {str(count): as_told(one) for count, one in spread.items()},
            "differences": {"harmless": as_told(score), "diversity": as_told(wider), "over requests": as_told(within)},
        },
    )


def _by_draw(
    revisions: Sequence[Row], settings: PrinciplesSettings, many: str, few: str
) -> tuple[Difference, Difference]:
    """What many principles do less what few do, to the score and to diversity, over the sets that were drawn."""
    scores, varieties = [], []
    for seed in sorted({row["seed"] for row in revisions}):
        own = [row for row in revisions if row["seed"] == seed]
        one, other = (share([row for row in own if row["condition"] == name], HARMLESS).value for name in (many, few))
        variety = _variety(own, settings)
        both = [id for id in variety[few] if id in variety[many]]
        if one is not None and other is not None and both:
            scores.append(one - other)
            varieties.append(fmean(variety[many][id] - variety[few][id] for id in both))
    return mean_difference(scores, most=1.0), mean_difference(varieties)


def _by_seed(revisions: Sequence[Row], name: str) -> str:
    seeds = sorted({row["seed"] for row in revisions})
    shares = (share([r for r in revisions if (r["condition"], r["seed"]) == (name, s)], HARMLESS).value for s in seeds)
    return ", ".join("–" if value is None else f"{100 * value:.0f}" for value in shares)


def _variety(revisions: Sequence[Row], settings: PrinciplesSettings) -> dict[str, dict[str, float]]:
    """By condition and request: the mean distance between revisions of one draft, over the seeds."""
    points = embed([row["text"] for row in revisions], settings)
    places: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for place, row in enumerate(revisions):
        places[row["condition"], row["prompt_id"], row["seed"]].append(place)
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for (condition, prompt, _), own in places.items():
        apart = mean_distance(points[np.array(own)])
        if not math.isnan(apart):
            found[condition][prompt].append(apart)
    told = {condition: {id: fmean(one) for id, one in by_prompt.items()} for condition, by_prompt in found.items()}
    return defaultdict(dict, told)


def _name(count: int) -> str:
    return f"{count} principle{'' if count == 1 else 's'}"


def _point(x: float, found: Difference) -> Point:
    return Point(x, found.value, found.low, found.high)


def _value(found: Difference) -> str:
    if found.value is None:
        return "not measured"
    interval = "" if found.low is None or found.high is None else f" ({found.low:.3f} to {found.high:.3f})"
    return f"{found.value:.3f}{interval}"


def _apart(found: Difference) -> str:
    if found.value is None:
        return "not measured"
    interval = "" if found.low is None or found.high is None else f"{found.low:+.3f} to {found.high:+.3f}; "
    said = f"{found.value:+.3f} ({interval}{chance_words(found.p)}; {found.units} {_SETS})"
    return said.replace("-", "−")


def _against(score: Difference) -> Against:
    """The paper: the number of principles does not change the score."""
    if score.value is None:
        return ""
    if score.significant:
        return "other than published"
    sure = score.low is not None and score.high is not None and max(-score.low, score.high) < _LITTLE
    return "as published" if sure else "not significant"


PRINCIPLES: Experiment[Any] = Experiment(
    "principles",
    "How many principles are enough?",
    "Does a larger number of principles change how harmless revisions are, and are they more diverse?",
    "Bai et al. 2022, figure 6: the number of principles does not change harmlessness; that more of them add diversity "
    "was expected and not measured.",
    PrinciplesSettings,
    parts,
    measure,
    find,
    MANY,
)
