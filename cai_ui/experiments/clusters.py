"""Do revisions cluster by principle? Every principle revises the same first answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cai_ui.config.experiments import ClustersSettings
from cai_ui.constitution import candidates
from cai_ui.errors import InputError
from cai_ui.experiments.bench import Bench, Cell
from cai_ui.experiments.declared import Experiment
from cai_ui.experiments.embedding import Points, distances, embed, two_dimensions
from cai_ui.experiments.requests import constitution_of
from cai_ui.experiments.results import Against, Dot, DotMap, Line, Part, Plot, Point, Result, Row, Steps
from cai_ui.experiments.rows import HARMLESS, chance_words, points_words, revised, share, share_words, told
from cai_ui.pipeline.services import Services
from cai_ui.statistics.repeated import Difference, Separation, mean_difference, separation

_SHOWN = 160
"""Characters of a text on the map."""


def parts(services: Services, settings: ClustersSettings) -> list[Part]:
    principles = candidates(constitution_of(services, settings.constitution))
    if len(principles) < 2 or settings.seeds < 2:
        raise InputError(
            "Distances within and between need two principles and two seeds.",
            next_step="Choose another constitution, or more seeds.",
        )
    chains = settings.prompts * settings.seeds
    return [Part("first answers", chains), *(Part(principle.name, 2 * chains) for principle in principles)]


def measure(bench: Bench, settings: ClustersSettings) -> Steps[None]:
    for seed in range(settings.seed, settings.seed + settings.seeds):
        for principle in candidates(bench.constitution):
            bench.part = f"{principle.name}, seed {seed}"
            asked: dict[str, Any] = {"revisions": 1, "choice": "fixed", "principle_id": principle.id}
            yield from revised(bench, Cell(principle.name, seed), settings, [bench.harmful], **asked)


def find(rows: Sequence[Row], settings: ClustersSettings) -> Result:
    texts = [row for row in rows if row["round"] == 1]
    points = embed([row["text"] for row in texts], settings)
    groups = list(dict.fromkeys(row["condition"] for row in texts))
    blocks, alone = _blocks(texts, points, groups)
    found = separation(blocks)
    nearest = _nearest(blocks)
    table = [
        (group, share_words(share([row for row in texts if row["condition"] == group], HARMLESS)), _apart(found, place))
        for place, group in enumerate(groups)
    ]
    by_principle = {group: told(one) for group, one in zip(groups, found.by_group, strict=False)}
    return Result(
        finding=_finding(found, nearest, len(groups)),
        more=(
            f"Distances are cosine distances of {settings.embedding} points, only between revisions of the same "
            f"request by different seeds: within a principle {_number(found.within)}, between principles "
            f"{_number(found.between)}.",
            *([f"{alone} requests and seeds lack a revision under some principle and are left out."] if alone else []),
        ),
        against=_against(found),
        heads=("principle", "harmful: harmless answer", "farther from the others than from itself, by"),
        table=tuple(table),
        plots=(_plot(found, groups),),
        map=_map(texts, points, groups),
        numbers={
            "within": found.within, "between": found.between, "difference": told(found.difference), "p": found.p,
            "nearest": told(nearest), "by_principle": by_principle,
        },
    )  # fmt: skip


def _blocks(texts: Sequence[Row], points: Points, groups: Sequence[str]) -> tuple[list[Points], int]:
    """Distances on each request by seed and principle; and how many seeds of requests are left out."""
    places: dict[str, dict[int, dict[str, int]]] = {}
    for place, row in enumerate(texts):
        places.setdefault(row["prompt_id"], {}).setdefault(row["seed"], {})[row["condition"]] = place
    blocks, left_out = [], 0
    for seeds in places.values():
        whole = [[by_group[group] for group in groups] for by_group in seeds.values() if len(by_group) == len(groups)]
        left_out += len(seeds) - len(whole)
        if len(whole) > 1:
            flat = distances(points[np.array(whole).reshape(-1)])
            blocks.append(flat.reshape(len(whole), len(groups), len(whole), len(groups)))
    return blocks, left_out


def _nearest(blocks: Sequence[Points]) -> Difference:
    """How often the nearest revision by another seed is under the same principle, less what chance would give; of
    several that are equally near, each counts in part."""
    gains = []
    for block in blocks:
        seeds, groups = block.shape[:2]
        rows = [(block[s, g, t], g) for s in range(seeds) for t in range(seeds) if s != t for g in range(groups)]
        hits = [(row[g] <= row.min()) / (row <= row.min()).sum() for row, g in rows]
        gains.append(float(np.mean(hits)) - 1 / groups)
    return mean_difference(gains)


def _finding(found: Separation, nearest: Difference, groups: int) -> str:
    gap = found.difference
    if gap.value is None:
        return "Nothing can be told yet: it takes two seeds of all principles on the same request."
    interval = "" if gap.low is None or gap.high is None else f" ({_signed(gap.low)} to {_signed(gap.high)})"
    cluster = "cluster" if found.p is not None and found.p < 0.05 and gap.value > 0 else "do not visibly cluster"
    return (
        f"Revisions {cluster} by principle: those under different principles lie {_signed(gap.value)}{interval} "
        f"farther apart than those under the same one (permutation {chance_words(found.p)}; {gap.units} requests), and "
        f"the nearest revision by another seed is under the same principle {points_words(nearest)} more often than "
        f"the {100 / groups:.0f} % that chance gives."
    )


def _against(found: Separation) -> Against:
    if found.p is None or found.difference.value is None:
        return ""
    return "as published" if found.p < 0.05 else "not significant"


def _apart(found: Separation, place: int) -> str:
    one = found.by_group[place] if place < len(found.by_group) else Difference(None, None, None, None, 0)
    if one.value is None:
        return "not measured"
    interval = "" if one.low is None or one.high is None else f" ({_signed(one.low)} to {_signed(one.high)})"
    return f"{_signed(one.value)}{interval}; {chance_words(one.p)}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _plot(found: Separation, groups: Sequence[str]) -> Plot:
    lines = tuple(
        Line(group, (Point(place, one.value, one.low, one.high),))
        for place, (group, one) in enumerate(zip(groups, found.by_group, strict=False))
    )
    names = tuple(str(place + 1) for place in range(len(groups)))
    return Plot("Farther from the others than from itself", "principle", lines, names, percent=False)


def _map(texts: Sequence[Row], points: Points, groups: Sequence[str]) -> DotMap | None:
    """Each request's mean is taken away first: otherwise the map would show the requests."""
    if len(texts) < 3:
        return None
    centred = points.copy()
    for prompt in {row["prompt_id"] for row in texts}:
        own = np.array([row["prompt_id"] == prompt for row in texts])
        centred[own] -= points[own].mean(axis=0)
    places, kept = two_dimensions(centred)
    dots = tuple(
        Dot(round(float(x), 4), round(float(y), 4), groups.index(row["condition"]), row["text"][:_SHOWN])
        for row, (x, y) in zip(texts, places, strict=True)
    )
    return DotMap("Revisions, less what a request's have in common", tuple(groups), dots, kept)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


CLUSTERS: Experiment[Any] = Experiment(
    "clusters",
    "Do revisions cluster by principle?",
    "Does a principle leave its mark: are revisions of the same answer more alike under the same principle than under "
    "different ones?",
    "The study that this project started from saw clusters by principle in a picture; Bai et al. 2022 did not measure "
    "it.",
    ClustersSettings,
    parts,
    measure,
    find,
)
