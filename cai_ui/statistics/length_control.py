"""The share of wins there would be between answers of the same length (after Dubois et al. 2024, AlpacaEval 2.0).

A logistic regression of who won on the difference in length; its constant is the log-odds of a win where lengths are
equal. Exchanging the two turns the share into its complement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cai_ui.statistics.rates import Z95

Array = NDArray[np.float64]
FEWEST = 10
"""Votes under which two unknowns are not told apart."""


@dataclass(frozen=True)
class LengthControlled:
    """`share` with its interval at equal length. `slope`: log-odds of winning gained per standard deviation of the
    difference in length. None where it cannot be told; `why` says why."""

    share: float | None
    low: float | None
    high: float | None
    slope: float | None
    units: int
    why: str = ""


def length_controlled(scores: Sequence[float], differences: Sequence[float]) -> LengthControlled:
    """`scores`: 1 where the first won, 0 where the second did, 0.5 for a tie; `differences`: length of the first less
    that of the second, in any unit."""
    y, x = np.asarray(scores, float), np.asarray(differences, float)
    if len(y) < FEWEST:
        return _unknown(len(y), f"it takes {FEWEST} votes or more")
    spread = float(np.sqrt((x**2).mean()))  # about 0, so that nothing changes when the two are exchanged
    if spread == 0:
        return _unknown(len(y), "all answers are as long as each other")
    fitted = logistic(np.column_stack([np.ones(len(y)), x / spread]), y)
    if fitted is None:
        return _unknown(len(y), "length, or one of the two, decided every vote")
    (constant, slope), cover = fitted
    half = Z95 * float(np.sqrt(cover[0, 0]))
    low, share, high = (float(1 / (1 + np.exp(-value))) for value in (constant - half, constant, constant + half))
    return LengthControlled(share, low, high, float(slope), len(y))


def logistic(x: Array, y: Array) -> tuple[Array, Array] | None:
    """Coefficients and their covariance, by Newton; None where the likelihood has no maximum."""
    found = np.zeros(x.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(x @ found, -30, 30)))
        information = (x * (chance * (1 - chance))[:, None]).T @ x
        if np.linalg.cond(information) > 1e10:
            return None
        step = np.linalg.solve(information, x.T @ (y - chance))
        found = found + step
        if np.abs(step).max() < 1e-9:
            return found, np.asarray(np.linalg.inv(information))
    return None


def _unknown(units: int, why: str) -> LengthControlled:
    return LengthControlled(None, None, None, None, units, why)
