"""The share of wins at equal length: against a published regression, by simulation, and where it is undefined."""

from __future__ import annotations

import numpy as np
import pytest

from cai_ui.statistics.length_control import length_controlled, logistic

TEMPERATURES = [
    66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58,
]  # fmt: skip
DISTRESS = [0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1]
"""O-rings of the space shuttle: Dalal, Fowlkes and Hoadley 1989."""


def test_a_published_regression_comes_out() -> None:
    x = np.column_stack([np.ones(23), np.asarray(TEMPERATURES, float)])
    fitted = logistic(x, np.asarray(DISTRESS, float))
    assert fitted is not None
    found, cover = fitted
    assert found == pytest.approx([15.0429, -0.2322], abs=5e-4)
    assert np.sqrt(np.diag(cover)) == pytest.approx([7.3786, 0.1082], abs=5e-3)


def test_exchanging_the_two_mirrors_the_share_and_keeps_the_slope() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(20, 50, 60), rng.choice([0, 0.5, 1], 60)
    one, other = length_controlled(y.tolist(), x.tolist()), length_controlled((1 - y).tolist(), (-x).tolist())
    assert one.share is not None and other.share is not None
    assert one.share == pytest.approx(1 - other.share)
    assert one.low == pytest.approx(1 - (other.high or 0))
    assert one.slope == pytest.approx(other.slope)


def test_a_win_by_length_alone_is_found_out_and_intervals_hold() -> None:
    """The first is longer and wins 73 % by that alone: at equal length the truth is one half."""
    rng, hits, raw = np.random.default_rng(3), 0, 0.0
    for _ in range(200):
        x = rng.normal(100, 100, 150)
        y = (rng.random(150) < 1 / (1 + np.exp(-x / 100))).astype(float)
        found = length_controlled(y.tolist(), x.tolist())
        assert found.low is not None and found.high is not None
        hits += found.low <= 0.5 <= found.high
        raw += y.mean() / 200
    assert raw > 0.65
    assert hits >= 176, "fewer than 176 of 200 has a chance below 1e-4 at 95 % coverage"


@pytest.mark.parametrize(
    ("scores", "differences", "why"),
    [
        ([1.0] * 3, [1.0] * 3, "10 votes"),
        ([1.0, 0.0] * 6, [0.0] * 12, "as long as each other"),
        ([1.0] * 6 + [0.0] * 6, [5.0] * 6 + [-5.0] * 6, "decided every vote"),
        ([1.0] * 12, [5.0, -5.0] * 6, "decided every vote"),
    ],
)
def test_what_cannot_be_told_is_none_with_a_reason(scores: list[float], differences: list[float], why: str) -> None:
    found = length_controlled(scores, differences)
    assert found.share is None and why in found.why
