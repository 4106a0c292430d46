"""Strengths of several players from who beat whom in pairs (Bradley and Terry 1952).

The chance that i beats j is 1 / (1 + exp(s_j - s_i)); strengths s are log-odds whose mean is 0. A tie is half a win for
each. Intervals are percentile bootstraps over units (prompts), which keep the votes on one prompt together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RESAMPLES = 1_000
PRIOR = 0.5
"""Wins added each way between two that met, as Haldane and Anscombe do for one pair: somebody who never lost would
otherwise have no finite strength. Published tables are matched with 0."""


@dataclass(frozen=True)
class Strength:
    """`value` in log-odds, mean 0 over all; `share` is the chance to beat another one of them drawn at random."""

    value: float
    low: float
    high: float
    share: float
    share_low: float
    share_high: float


def strengths(wins: Array, prior: float = PRIOR) -> Array:
    """Strengths that make the wins likeliest. `wins[..., i, j]`: how often i beat j, ties as halves; leading axes are
    separate tables. Everybody must be linked to everybody else by those they met: see `linked`."""
    met = (wins + np.swapaxes(wins, -1, -2)) > 0
    wins = wins + prior * met
    games, size = wins + np.swapaxes(wins, -1, -2), wins.shape[-1]
    found = np.zeros(wins.shape[:-1])
    for _ in range(50):  # Newton; the likelihood has one maximum
        chance = 1 / (1 + np.exp(found[..., None, :] - found[..., :, None]))
        slope = (wins - games * chance).sum(-1)
        bend = games * chance * (1 - chance)
        bend = np.eye(size) * bend.sum(-1)[..., None] - bend + 1 / size  # the last term fixes the mean
        step = np.linalg.solve(bend, slope[..., None])[..., 0]
        found = found + np.clip(step, -2, 2)
        if np.abs(step).max(initial=0) < 1e-9:
            break
    centred: Array = found - found.mean(-1, keepdims=True)
    return centred


def linked(wins: Array) -> bool:
    """Whether all are comparable: each met each other, or others between them did."""
    near = (wins + wins.T > 0) | np.eye(len(wins), dtype=bool)
    return bool(np.linalg.matrix_power(near.astype(float), max(1, len(wins) - 1)).all())


def with_intervals(units: Array, seed: int = 0, resamples: int = RESAMPLES) -> list[Strength]:
    """Strengths with 95 % intervals from `units[u, i, j]`, the wins within each unit. ValueError unless `linked`."""
    if not linked(units.sum(0)):
        raise ValueError("some never met the others, not even by way of others")
    rng, number = np.random.default_rng(seed), len(units)
    drawn = (rng.multinomial(number, np.full(number, 1 / number)).astype(float) for _ in range(resamples))
    tables = np.stack([np.tensordot(weights, units, 1) for weights in drawn])
    tables = tables[[linked(table) for table in tables]]  # a resample may lose the only vote between two
    values = np.concatenate([strengths(units.sum(0))[None], strengths(tables)])
    shares = _shares(values)
    ends = [np.quantile(part[1:] if len(part) > 1 else part, (0.025, 0.975), axis=0) for part in (values, shares)]
    columns = (values[0], *ends[0], shares[0], *ends[1])
    return [Strength(*(float(column[i]) for column in columns)) for i in range(values.shape[1])]


def _shares(values: Array) -> Array:
    chance = 1 / (1 + np.exp(values[..., None, :] - values[..., :, None]))
    shares: Array = (chance.sum(-1) - 0.5) / (values.shape[-1] - 1)
    return shares
