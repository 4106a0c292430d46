"""Which part of the queue Curate shows: a filter from what the fields hold and back, its menus, and words for it. Pure
but for the menus, which depend on what is in the queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cai_ui.pipeline import Services
from cai_ui.store import QueueFilter
from cai_ui.web.curate import words
from cai_ui.web.kit.forms import read_number
from cai_ui.web.kit.present import short

Menu = list[tuple[str, str]]

CHOICES = (
    "status", "kind", "source", "search", "order", "constitution", "principle", "finding", "step", "rater"
)  # fmt: skip
"""Fields of a filter that hold one word or nothing; nothing chosen means everything."""
BOUNDS = {"words": 1_000_000, "change": 100, "score": 100}
"""Highest values of the fields that hold a number or nothing, in pairs: `least_words` and `most_words`."""
SOURCES_LISTED = 100
"""So many sources are in the menu, those with most examples; the name of another can be typed."""


def bound_names() -> list[str]:
    """Names of the fields that hold a number."""
    return [f"{end}_{name}" for name in BOUNDS for end in ("least", "most")]


def filter_of(values: Mapping[str, Any]) -> QueueFilter:
    """A filter from what the fields or the browser's memory hold. InputError names a number that is none."""

    def number(field: str, most: int) -> int | None:
        value = read_number(values.get(field), words.FIELDS[field], 0, most)
        return None if value is None else int(value)

    chosen: dict[str, Any] = {name: str(values[name]) for name in CHOICES if values.get(name)}
    ranges = {name: (number(f"least_{name}", most), number(f"most_{name}", most)) for name, most in BOUNDS.items()}
    return QueueFilter(**{"status": "open", **chosen, **ranges})


def values_of(filter: QueueFilter) -> dict[str, Any]:
    """What the fields hold for a filter: the inverse of `filter_of`."""
    numbers = [number for name in BOUNDS for number in getattr(filter, name)]
    return {name: getattr(filter, name) or "" for name in CHOICES} | dict(zip(bound_names(), numbers, strict=True))


def known_values(kept: Mapping[str, Any], menus: Mapping[str, Menu]) -> dict[str, Any]:
    """What a browser remembers of the fields, as far as it can still be chosen."""
    known = {name: kept.get(name) for name, menu in menus.items() if kept.get(name) in [value for _, value in menu]}
    numbers = {name: kept.get(name) for name in bound_names() if str(kept.get(name)).isdecimal()}
    return {**known, **numbers, "search": kept.get("search") if isinstance(kept.get("search"), str) else ""}


def fixed_menus() -> dict[str, Menu]:
    """The menus that are always the same."""
    listed: dict[str, dict[Any, str]] = {"status": words.STATUSES, "kind": words.KINDS, "order": words.ORDERS}
    return {name: _every(name) + [(said, code) for code, said in menu.items()] for name, menu in listed.items()}


def queue_menus(services: Services, chosen: object = None) -> dict[str, Menu]:
    """The menus that depend on what is in the queue. A source that is chosen is listed, whatever its size."""
    from cai_ui.curate.lint import CHECKS

    sources = [name for name in services.store.sources() if name]
    listed = {*sources[:SOURCES_LISTED], *(name for name in sources[SOURCES_LISTED:] if name == chosen)}
    titles = {v.hash: v.constitution.title for v in services.store.versions()}
    found = services.store.marked_values("finding")
    menus: dict[str, Menu] = {
        "source": [(name, name) for name in sorted(listed)],
        "constitution": [(f"{titles.get(h, 'unknown')} · {short(h)}", h) for h in services.store.queue_constitutions()],
        "rater": [(name, name) for name in services.store.raters()],
        "principle": [(f"{id} ({n:,})", id) for id, n in services.store.marked_values("principle")],
        "step": [(f"{label} ({n:,})", label) for label, n in services.store.marked_values("step")],
        "finding": [(f"{CHECKS[c].title if c in CHECKS else c} ({n:,})", c) for c, n in found],
    }
    many = len(sources) > SOURCES_LISTED
    of = f"All {len(sources):,} sources (the {SOURCES_LISTED} largest are listed, type any other)" if many else ""
    return {name: _every(name, of if name == "source" else "") + menu for name, menu in menus.items()}


def filter_words(filter: QueueFilter) -> str:
    """What a filter narrows the queue to, but for its status."""
    said = [words.KINDS[filter.kind]] if filter.kind else []
    for name, sentence in words.MATCHES.items():
        if value := str(getattr(filter, name) or "").strip():
            said.append(sentence.format(short(value) if name == "constitution" else value))
    for name, unit in words.RANGES.items():
        least, most = getattr(filter, name)
        said += _range(least, most, unit)
    return f"({', '.join(said)})" if said else words.ALL_KINDS


def _every(name: str, said: str = "") -> Menu:
    return [(said or words.EVERY[name], "")] if name in words.EVERY else []


def _range(least: int | None, most: int | None, unit: str) -> list[str]:
    if least is None and most is None:
        return []
    if most is None:
        return [f"at least {least} {unit}"]
    return [f"at most {most} {unit}"] if least is None else [f"{least} to {most} {unit}"]
