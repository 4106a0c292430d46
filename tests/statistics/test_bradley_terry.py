"""Strengths from votes in pairs, against published estimates and by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from cai_ui.statistics.bradley_terry import linked, strengths, with_intervals

BASEBALL = np.array(
    [
        [0, 7, 9, 7, 7, 9, 11],
        [6, 0, 7, 5, 11, 9, 9],
        [4, 6, 0, 7, 7, 8, 12],
        [6, 8, 6, 0, 6, 7, 10],
        [6, 2, 6, 7, 0, 7, 12],
        [4, 4, 5, 6, 6, 0, 6],
        [2, 4, 1, 3, 1, 7, 0],
    ],
    dtype=float,
)
"""American League East 1987, winner by loser: Milwaukee, Detroit, Toronto, New York, Boston, Cleveland, Baltimore
(Agresti, Categorical Data Analysis, table on Bradley-Terry models)."""
PUBLISHED = [1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839, 0.0]
"""Turner and Firth 2012 (the R package BradleyTerry2), relative to Baltimore."""


def test_the_published_estimates_come_out() -> None:
    found = strengths(BASEBALL, prior=0)
    assert found - found[-1] == pytest.approx(PUBLISHED, abs=5e-4)


def test_exchanging_winners_and_losers_mirrors_the_strengths() -> None:
    assert strengths(BASEBALL.T) == pytest.approx(-strengths(BASEBALL))


def test_somebody_who_never_lost_has_a_finite_strength_and_a_wide_interval() -> None:
    units = np.zeros((6, 3, 3))
    units[:3, 0, 1] = units[3:, 0, 2] = 1
    units[0, 1, 2] = units[1, 2, 1] = 1
    best, second, third = with_intervals(units)
    assert np.isfinite(best.value) and best.value > second.value
    assert second.low < third.value < second.high


def test_those_who_never_met_are_not_compared() -> None:
    wins = np.zeros((4, 4))
    wins[0, 1] = wins[2, 3] = 3
    assert not linked(wins)
    with pytest.raises(ValueError, match="never met"):
        with_intervals(wins[None])


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """120 studies of 150 prompts each; the chance of fewer than 98 of 120 at 95 % coverage is below 1e-6."""
    rng, truth = np.random.default_rng(7), np.array([0.8, 0.0, -0.8])
    hits = np.zeros(3)
    for study in range(120):
        units = np.zeros((150, 3, 3))
        for unit in units:
            i, j = rng.choice(3, 2, replace=False)
            won = rng.random() < 1 / (1 + np.exp(truth[j] - truth[i]))
            unit[(i, j) if won else (j, i)] = 1
        for place, found in enumerate(with_intervals(units, study, resamples=200)):
            hits[place] += found.low <= truth[place] <= found.high
    assert (hits >= 98).all() and hits.sum() < 360
