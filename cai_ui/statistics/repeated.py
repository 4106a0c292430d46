"""Shares, differences and distances where the same requests were answered several times.

Answers to one request are no independent observations, so the unit is the request: intervals and tests are over
requests, however often each was answered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np
from numpy.typing import NDArray

from cai_ui.statistics.prediction_powered import student_t95
from cai_ui.statistics.rates import wilson_share

EXACT = 16
"""Up to so many differences other than 0 all sign changes are tried; beyond, a sample of them."""
DRAWS = 9_999


@dataclass(frozen=True)
class RepeatedShare:
    """A share of yes over `answers` to `units` requests with its 95 % interval; `unread` answers are in no count.
    All three values are None where nothing was read."""

    value: float | None
    low: float | None
    high: float | None
    units: int
    answers: int
    unread: int = 0


@dataclass(frozen=True)
class Difference:
    """A mean difference over `units` requests, its 95 % interval, and the chance `p` of one at least as large if the
    sign of each request's difference were drawn by lot. None where it cannot be told: `p` without any difference, the
    interval with fewer than two requests or where all differ by the same."""

    value: float | None
    low: float | None
    high: float | None
    p: float | None
    units: int

    @property
    def significant(self) -> bool:
        """At the 5 % level."""
        return self.p is not None and self.p < 0.05


def repeated_share(answers: Mapping[str, Sequence[bool | None]]) -> RepeatedShare:
    """The share of yes over all answers, by request. Wilson's interval with the number of independent answers that
    would have the same variance (Korn and Graubard 1998; never fewer than requests nor more than answers), and with
    Student's t."""
    read = {request: [one for one in given if one is not None] for request, given in answers.items()}
    read = {request: given for request, given in read.items() if given}
    unread = sum(one is None for given in answers.values() for one in given)
    units, total = len(read), sum(map(len, read.values()))
    if not total:
        return RepeatedShare(None, None, None, 0, 0, unread)
    share = sum(map(sum, read.values())) / total
    spread = sum((sum(given) - share * len(given)) ** 2 for given in read.values())
    variance = spread * units / (units - 1) / total**2 if units > 1 else 0.0
    like = min(max(share * (1 - share) / variance, units), total) if variance else units
    low, high = wilson_share(share, like, student_t95(units - 1))
    return RepeatedShare(share, min(low, share), max(high, share), units, total, unread)


def mean_difference(differences: Sequence[float], seed: int = 0, most: float = math.inf) -> Difference:
    """The mean of one difference for each request, with Student's interval and Fisher's randomisation test (1935,
    The Design of Experiments, section 21), two-sided; a sampled p counts what was seen (Phipson and Smyth 2010).

    `most` is the largest difference that can be at all, 1 for one of shares: the interval ends there.
    """
    units = len(differences)
    if not units:
        return Difference(None, None, None, None, 0)
    value = fmean(differences)
    p = _sign_changes([d for d in differences if d], seed)
    if units < 2 or not (spread := stdev(differences)):
        return Difference(value, None, None, p, units)
    half = student_t95(units - 1) * spread / math.sqrt(units)
    return Difference(value, max(value - half, -most), min(value + half, most), p, units)


def _sign_changes(differences: Sequence[float], seed: int) -> float | None:
    if not differences:
        return None
    found = np.asarray(differences)
    seen = abs(found.sum()) * (1 - 1e-9)
    if len(found) <= EXACT:
        sums = np.zeros(1)
        for difference in found:
            sums = np.concatenate([sums + difference, sums - difference])
        return float(np.mean(np.abs(sums) >= seen))
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (DRAWS, len(found)))
    return float((1 + np.sum(np.abs(signs @ found) >= seen)) / (DRAWS + 1))


def holm(chances: Sequence[float | None]) -> list[float | None]:
    """Chances of several tests, adjusted so that any false alarm among them is as rare as one (Holm 1979)."""
    told = sorted((p, place) for place, p in enumerate(chances) if p is not None)
    found: list[float | None] = [None] * len(chances)
    least = 0.0
    for rank, (p, place) in enumerate(told):
        least = max(least, min(1.0, p * (len(told) - rank)))
        found[place] = least
    return found


@dataclass(frozen=True)
class Separation:
    """How much farther apart texts of different groups are than texts of the same group, on the same request: mean
    distances `within` and `between`, their difference with its interval over requests, and the chance `p` of one at
    least as large if the groups were mixed up within each request and repetition (one-sided). `by_group` holds the
    difference of each group alone."""

    within: float | None
    between: float | None
    difference: Difference
    p: float | None
    by_group: tuple[Difference, ...]


def separation(blocks: Sequence[NDArray[np.float64]], draws: int = 1999, seed: int = 0) -> Separation:
    """`blocks[i][s, g, t, h]` is the distance between the texts of group g in repetition s and of group h in repetition
    t, on request i; at least two repetitions and two groups. Only pairs of different repetitions count, within groups
    as between them, so what a repetition has in common (a draft, say) favours neither."""
    chance = np.random.default_rng(seed)
    usable = [block for block in blocks if block.shape[0] > 1 and block.shape[1] > 1]
    if not usable:
        nothing = Difference(None, None, None, None, 0)
        return Separation(None, None, nothing, None, ())
    groups = usable[0].shape[1]
    within, between, mixed = np.zeros(len(usable)), np.zeros(len(usable)), np.zeros(draws)
    alone = np.zeros((len(usable), groups))
    for place, block in enumerate(usable):
        same, others = _by_group(block)
        within[place], between[place] = same.mean(), others.mean()
        alone[place] = others - same
        mixed += _mixed_up(block, draws, chance) / len(usable)
    seen = float((between - within).mean())
    return Separation(
        float(within.mean()),
        float(between.mean()),
        mean_difference([float(d) for d in between - within], seed),
        float((1 + np.sum(mixed >= seen - 1e-12)) / (draws + 1)),
        tuple(mean_difference([float(d) for d in alone[:, group]], seed) for group in range(groups)),
    )


def _by_group(block: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each group, its mean distance to itself and to the others, over pairs of different repetitions."""
    repetitions, groups = block.shape[:2]
    apart = np.stack([block[s, :, t, :] for s in range(repetitions) for t in range(repetitions) if s != t]).mean(0)
    same = np.diag(apart)
    both = (apart + apart.T) / 2
    return same, (both.sum(1) - same) / (groups - 1)


def _mixed_up(block: NDArray[np.float64], draws: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """Between minus within, with the groups of each repetition in an order drawn by lot, `draws` times."""
    repetitions, groups = block.shape[:2]
    orders = chance.permuted(np.tile(np.arange(groups), (draws, repetitions, 1)), axis=2)
    pairs = [(s, t) for s in range(repetitions) for t in range(s + 1, repetitions)]
    within = np.mean([block[s, orders[:, s], t, orders[:, t]].mean(1) for s, t in pairs], axis=0)
    everything = np.mean([block[s, :, t, :].mean() for s, t in pairs])
    between = (everything * groups - within) / (groups - 1)
    found: NDArray[np.float64] = between - within
    return found
