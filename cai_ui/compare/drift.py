"""How answers of variants drift away from the base's: longer or shorter, and in circles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cai_ui.records import Rate
from cai_ui.statistics import rate_of
from cai_ui.statistics.paired import Difference, paired_bootstrap

_TOGETHER = 3
"""Words whose return counts as repetition."""


@dataclass(frozen=True)
class Drift:
    """A variant on harmless requests. `tokens` and `repetition` are means; `longer` and `more` are by how much they
    are above the first variant's on the same requests. `circles`: answers that were ended since they repeated
    themselves. None where nothing is known."""

    variant: str
    tokens: float | None
    longer: Difference
    repetition: float | None
    more: Difference
    circles: Rate


def repetition(text: str) -> float | None:
    """The share of runs of three words that were there before in the text; None below three words."""
    words = text.lower().split()
    runs = [tuple(words[n : n + _TOGETHER]) for n in range(len(words) - _TOGETHER + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else None


def drift(rows: Iterable[Mapping[str, Any]]) -> tuple[Drift, ...]:
    """Of every variant; the first is what the others are set against, the base where it was asked. Harmful requests
    are left out: to decline them shortly is no loss."""
    lengths: dict[str, dict[str, float]] = {}
    repeats: dict[str, dict[str, float]] = {}
    ends: dict[str, list[bool | None]] = {}
    for row in rows:
        variant, prompt = str(row["variant"]), str(row["prompt_id"])
        if row["kind"] == "harmful":
            continue
        ends.setdefault(variant, []).append(row["finish"] == "repetition" if "finish" in row else None)
        if isinstance(row.get("tokens"), int):
            lengths.setdefault(variant, {})[prompt] = row["tokens"]
        if (share := repetition(str(row["answer"]))) is not None:
            repeats.setdefault(variant, {})[prompt] = share
    first = next(iter(ends), "")
    return tuple(
        Drift(
            variant,
            _mean(lengths.get(variant, {})),
            _against(lengths, first, variant),
            _mean(repeats.get(variant, {})),
            _against(repeats, first, variant),
            rate_of(seen),
        )
        for variant, seen in ends.items()
    )


def _mean(values: Mapping[str, float]) -> float | None:
    return sum(values.values()) / len(values) if values else None


def _against(found: Mapping[str, Mapping[str, float]], first: str, variant: str) -> Difference:
    before, after = found.get(first, {}), found.get(variant, {})
    return paired_bootstrap([after[prompt] - before[prompt] for prompt in sorted(before.keys() & after.keys())])
