"""How far raters agree beyond chance: Cohen's kappa for two of them, Krippendorff's alpha for any number.

Labels are categories without an order. Both measures are 1 for full agreement, 0 for as much as chance gives, and
undefined where chance agreement is certain (everybody always says the same) or nothing was judged twice. Kappa is left
open, too, where one of the two gave everything one label and so told nothing apart. That is said instead of a number.
Intervals are percentile bootstraps over the examples (Efron and Tibshirani 1993, 13.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
LEVEL = 0.95
_FEW = 20
"""Under so many examples an interval is given, with a warning."""

Units = Sequence[Mapping[str, str]]
"""For each example the label that each rater gave it."""


@dataclass(frozen=True)
class Agreement:
    """`value` is None where it is undefined, and `why` says why. `units` are examples judged by two or more; `same`
    is the share of pairs of labels that are equal."""

    measure: str
    value: float | None
    low: float | None
    high: float | None
    units: int
    same: float | None
    why: str = ""


def cohen_kappa(units: Units, one: str, other: str, seed: int = 0) -> Agreement:
    """Kappa of two raters over the examples that both judged (Cohen 1960)."""
    both = [(unit[one], unit[other]) for unit in units if one in unit and other in unit]
    if not both:
        return _undefined("kappa", 0, None, "they judged no example in common")
    names = sorted({label for pair in both for label in pair})
    pairs = np.asarray([[names.index(a), names.index(b)] for a, b in both])
    same = float((pairs[:, 0] == pairs[:, 1]).mean())
    for who, labels in ((one, pairs[:, 0]), (other, pairs[:, 1])):
        if len(names) > 1 and len(set(labels.tolist())) == 1:
            # the formula gives 0 for every resample, too, and so an interval that looks certain
            return _undefined("kappa", len(both), same, f"{who} gave one and the same label to all {len(both)}")
    return _with_interval("kappa", lambda chosen: _kappa(pairs[chosen], len(names)), len(both), same, seed)


def krippendorff_alpha(units: Units, seed: int = 0) -> Agreement:
    """Alpha of all raters over the examples that at least two judged (Krippendorff 2019, chapter 12, nominal data)."""
    several = [unit for unit in units if len(unit) > 1]
    if not several:
        return _undefined("alpha", 0, None, "no example was judged by two people")
    names = sorted({label for unit in several for label in unit.values()})
    counts = np.zeros((len(several), len(names)))
    for place, unit in enumerate(several):
        for label in unit.values():
            counts[place, names.index(label)] += 1
    number = counts.sum(axis=1)
    same = float((counts * (counts - 1)).sum() / (number * (number - 1)).sum())
    return _with_interval("alpha", lambda chosen: _alpha(counts[chosen]), len(several), same, seed)


def _kappa(pairs: NDArray[np.int64], categories: int) -> float | None:
    observed = float((pairs[:, 0] == pairs[:, 1]).mean())
    first = np.bincount(pairs[:, 0], minlength=categories) / len(pairs)
    second = np.bincount(pairs[:, 1], minlength=categories) / len(pairs)
    expected = float(first @ second)
    return None if expected >= 1 - 1e-12 else (observed - expected) / (1 - expected)


def _alpha(counts: NDArray[np.float64]) -> float | None:
    number = counts.sum(axis=1)
    total = number.sum()
    unequal = ((number**2 - (counts**2).sum(axis=1)) / (number - 1)).sum() / total
    of_label = counts.sum(axis=0)
    expected = (total**2 - (of_label**2).sum()) / (total * (total - 1))
    return None if expected <= 1e-12 else float(1 - unequal / expected)


def _with_interval(
    measure: str, compute: Callable[[NDArray[np.int64]], float | None], units: int, same: float, seed: int
) -> Agreement:
    value = compute(np.arange(units))
    if value is None:
        return _undefined(measure, units, same, "everybody gave one and the same label, so chance agreement is certain")
    chance = np.random.default_rng(seed)
    drawn = [compute(chance.integers(0, units, units)) for _ in range(RESAMPLES)]
    defined = np.asarray([one for one in drawn if one is not None])
    if len(defined) < LEVEL * RESAMPLES:
        return Agreement(measure, value, None, None, units, same, "too few different labels for an interval")
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    why = f"only {units} examples: read the interval, not the number" if units < _FEW else ""
    return Agreement(measure, value, float(low), float(high), units, same, why)


def _undefined(measure: str, units: int, same: float | None, why: str) -> Agreement:
    return Agreement(measure, None, None, None, units, same, why)
