"""Two variants on the same requests: how surprising the difference is, and how large it may be.

Only differences within a request count, so what makes a request hard for both takes no part in the noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cai_ui.statistics.rates import sign_test

DRAWS = 4_000
"""Bootstrap samples of an interval."""


@dataclass(frozen=True)
class Difference:
    """A mean of differences within `units` pairs with its 95 % interval; None where it cannot be told, and `why`."""

    value: float | None
    low: float | None
    high: float | None
    units: int
    why: str = ""


def mcnemar(only_first: int, only_second: int) -> float | None:
    """Two-sided exact p-value of McNemar's test: of the pairs that differ, each side is as likely where both variants
    are alike (Agresti, Categorical Data Analysis, section 11.1). None without a pair that differs."""
    return sign_test(only_first, only_second)


def paired_bootstrap(differences: Sequence[float], seed: int = 0, draws: int = DRAWS) -> Difference:
    """The mean difference with its percentile interval over pairs that are drawn again with replacement (Efron and
    Tibshirani, An Introduction to the Bootstrap, chapter 13).

    Pairs are drawn by the number of each distinct difference, so that shares over 100,000 pairs cost no more than over
    ten. No interval for fewer than two pairs, nor where all differences are alike: drawing again would show none, and
    an interval without width would claim too much.
    """
    n = len(differences)
    if not n:
        return Difference(None, None, None, 0, "no request was answered and read by both")
    values, counts = np.unique(np.asarray(differences, float), return_counts=True)
    mean = float(values @ counts) / n
    if n < 2 or len(values) == 1:
        why = "a single pair" if n < 2 else "all pairs differ by the same"
        return Difference(mean, None, None, n, why)
    drawn = np.random.default_rng(seed).multinomial(n, counts / n, size=draws) @ values / n
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Difference(mean, float(low), float(high), n)


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """p-values of several tests of one table, so that of all true hypotheses together at most 5 % are rejected at 0.05
    (Holm 1979). None stays None and counts as no test."""
    order = sorted((p, place) for place, p in enumerate(ps) if p is not None)
    found: list[float | None] = [None] * len(ps)
    reached = 0.0
    for rank, (p, place) in enumerate(order):
        reached = max(reached, min(1.0, (len(order) - rank) * p))
        found[place] = reached
    return found
