"""Several runs at once: a grid of settings, or the variants of a comparison."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from cai_ui.config.knobs import checked
from cai_ui.config.train import TrainSettings
from cai_ui.errors import InputError
from cai_ui.pipeline.services import Services
from cai_ui.records import Run
from cai_ui.text import NAME_LIMIT, clean_text

MOST_IN_A_SWEEP, JUDGE = 24, "probe_judge"


def start_sweep(
    services: Services,
    method: str,
    dataset_hash: str,
    settings: TrainSettings,
    owner: str,
    grid: Mapping[str, Sequence[Any]],
    name: str = "",
    start_adapter: str | None = None,
) -> list[Run]:
    """Queue a run for every combination of the grid's values (knob name to values).

    All are checked before the first is queued. InputError for an unknown knob, a value out of bounds, or more than
    MOST_IN_A_SWEEP combinations.
    """
    unknown = [knob for knob in grid if knob not in TrainSettings.model_fields]
    if unknown or not grid:
        raise InputError(
            f'Unknown setting "{unknown[0][:60]}".' if unknown else "The grid names no setting.",
            next_step="Write for example: learning_rate=1e-4,2e-4; rank=8,16",
        )
    if JUDGE in grid:
        raise InputError(
            "The runs of a grid are compared, so one judge reads all of them.",
            kept="Nothing was queued.",
            next_step="Choose it among the settings above.",
        )
    places = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    if not 1 < len(places) <= MOST_IN_A_SWEEP:
        raise InputError(
            f"The grid has {len(places)} combinations; 2 to {MOST_IN_A_SWEEP} can be run.",
            next_step="Change its values.",
        )
    wanted = [(place, checked(TrainSettings, {**settings.model_dump(), **place})) for place in places]
    for _, chosen in wanted:
        services.jobs.check(method, dataset_hash, chosen, start_adapter).require()
    words = {knob: knob.replace("_", " ") for knob in grid}
    group = _free_group(services, name or f"sweep of {', '.join(words.values())}")
    return [
        services.jobs.submit(
            method,
            dataset_hash,
            chosen,
            owner,
            name=f"{name or 'sweep'}: {', '.join(f'{words[k]} {value}' for k, value in place.items())}"[:NAME_LIMIT],
            start_adapter=start_adapter,
            group=group,
        )
        for place, chosen in wanted
    ]


def start_variants(
    services: Services, dataset_hash: str, settings: Mapping[str, TrainSettings], owner: str
) -> list[Run]:
    """Queue what the literature compares: SFT alone, DPO from the base, and DPO after that SFT.

    All are checked before the first is queued.
    """
    plan: tuple[tuple[str, str], ...] = (
        ("sft", "SFT alone"),
        ("dpo", "DPO from the base"),
        ("dpo", "DPO after SFT"),
    )
    for method, _ in plan[:2]:
        services.jobs.check(method, dataset_hash, settings[method]).require()
    group = _free_group(services, f"three variants on {services.store.dataset_info(dataset_hash).name}")
    made: list[Run] = []
    for method, title in plan:
        start = made[0].id if title == "DPO after SFT" else None
        name = f"{group}: {title}"[:NAME_LIMIT]
        made.append(services.jobs.submit(method, dataset_hash, settings[method], owner, name, start, group))
    return made


def _free_group(services: Services, wanted: str) -> str:
    """A name for runs that are compared in one table; those of another day are not mixed in."""
    taken = {run.group for run in services.store.runs()}
    names = (wanted if n == 1 else f"{wanted} ({n})" for n in itertools.count(1))
    return next(name for name in names if name not in taken)


SHORT = {"lr": "learning_rate", "r": "rank", "batch": "batch_size", "steps": "max_steps"}
"""What people call some knobs."""


def read_grid(text: str) -> dict[str, list[str]]:
    """A grid written as "learning_rate=1e-4,2e-4; rank=8,16". InputError where it cannot be read."""
    grid: dict[str, list[str]] = {}
    for part in filter(str.strip, clean_text(text, "The grid", limit=500).split(";")):
        knob, equals, values = part.partition("=")
        found = [value.strip() for value in values.split(",") if value.strip()]
        if not equals or not found:
            raise InputError(
                f"{part.strip()[:60]!r} is not a setting with values.",
                next_step="Write for example: learning_rate=1e-4,2e-4; rank=8,16",
            )
        named = knob.strip().lower().replace(" ", "_")
        grid[SHORT.get(named, named)] = found
    return grid
