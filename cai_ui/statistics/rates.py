"""Counts to statements: a share with its interval, and how surprising a number of wins is.

Undefined values are None, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from cai_ui.records import Rate

Z95 = 1.959963984540054
"""Standard normal quantile for a two-sided 95 % interval."""


def wilson(successes: int, total: int, z: float = Z95) -> tuple[float, float]:
    """The Wilson score interval of a share, within [0, 1]. `total` must be at least 1.

    Unlike the share plus or minus its standard error it stays sensible at 0 and at `total` successes.
    """
    if not 0 <= successes <= total or total < 1:
        raise ValueError(f"no share of {successes} in {total}")
    low, high = wilson_share(successes / total, total, z)
    return (0.0 if successes == 0 else low), (1.0 if successes == total else high)


def wilson_share(share: float, total: float, z: float = Z95) -> tuple[float, float]:
    """The same for a share that was not counted but estimated, with the precision of so many counts."""
    denominator = 1 + z * z / total
    centre = (share + z * z / (2 * total)) / denominator
    half = z / denominator * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return max(0.0, centre - half), min(1.0, centre + half)


def rate(successes: int, total: int, unread: int = 0) -> Rate:
    """A share with its interval; all three values are None where nothing was counted."""
    if total == 0:
        return Rate(0, 0, unread)
    low, high = wilson(successes, total)
    return Rate(successes, total, unread, successes / total, low, high)


def rate_of(outcomes: Iterable[bool | None]) -> Rate:
    """The share of True among True and False; None counts as unread."""
    seen = list(outcomes)
    return rate(seen.count(True), seen.count(True) + seen.count(False), seen.count(None))


def sign_test(wins: int, losses: int) -> float | None:
    """Chance of a split at least as uneven if both were equally good (two-sided, exact). None without votes."""
    total = wins + losses
    if total == 0:
        return None
    fewer = min(wins, losses)
    if total <= _EXACT:
        return min(1.0, 2 * float(sum(math.comb(total, k) for k in range(fewer + 1)) / 2**total))
    logs = math.lgamma(total + 1) - math.lgamma(fewer + 1) - math.lgamma(total - fewer + 1) - total * math.log(2)
    term = tail = math.exp(logs)
    for k in range(fewer, 0, -1):
        term *= k / (total - k + 1)
        tail += term
    return min(1.0, 2 * tail)


_EXACT = 500
"""Votes up to which the sum is one of whole numbers; beyond, it is one of logarithms and right to ten digits."""


Z80 = 0.8416212335729143
"""Standard normal quantile for a power of 80 %."""


def decided_to_separate(wins: int, losses: int) -> int | None:
    """About how many more decided votes a sign test needs to find the split seen so far, at 5 % with a power of 80 %.

    0 where the split is beyond chance already; None where none is seen, so that no number of votes would show it.
    """
    if (found := sign_test(wins, losses)) is not None and found < 0.05:
        return 0
    if wins == losses:
        return None
    share, total = max(wins, losses) / (wins + losses), wins + losses
    needed = ((Z95 / 2 + Z80 * math.sqrt(share * (1 - share))) / (share - 0.5)) ** 2
    return max(1, math.ceil(max(needed, 6)) - total)  # five to nothing is still within chance
