"""Means per token with intervals, where a whole answer is drawn at a time and its tokens are not independent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cai_ui.statistics.rates import Z95


@dataclass(frozen=True)
class Mean:
    """A mean over `units` answers with its 95 % interval; None where it cannot be told."""

    value: float | None
    low: float | None
    high: float | None
    units: int


def mean_per_token(totals: Sequence[float], tokens: Sequence[int]) -> Mean:
    """The sum of `totals` over the sum of `tokens`. The interval is that of a ratio of means over answers (delta
    method: Cochran, Sampling Techniques, section 6.4), so it holds for answers that are drawn, not for tokens."""
    n, length = len(totals), sum(tokens)
    if not length:
        return Mean(None, None, None, n)
    ratio = sum(totals) / length
    if n < 2:
        return Mean(ratio, None, None, n)
    spread = sum((total - ratio * count) ** 2 for total, count in zip(totals, tokens, strict=True)) / (n - 1)
    half = Z95 * math.sqrt(spread / n) / (length / n)
    return Mean(ratio, ratio - half, ratio + half, n)
