"""Intervals and tests against values worked out by hand."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cai_ui.statistics import decided_to_separate, rate, rate_of, sign_test, wilson


@pytest.mark.parametrize(
    ("successes", "total", "low", "high"),
    [
        # (k + z²/2 ± z·sqrt(k(n-k)/n + z²/4)) / (n + z²) with z = 1.959964
        (0, 10, 0.0, 0.27753),
        (1, 10, 0.01788, 0.40415),
        (5, 10, 0.23659, 0.76341),
        (10, 10, 0.72247, 1.0),
        (15, 300, 0.03053, 0.08085),
        (81, 263, 0.25529, 0.36621),
    ],
)
def test_wilson_gives_the_values_worked_out_by_hand(successes: int, total: int, low: float, high: float) -> None:
    assert wilson(successes, total) == pytest.approx((low, high), abs=1e-5)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_mirrors(pair: tuple[int, int]) -> None:
    successes, total = pair
    low, high = wilson(successes, total)
    assert 0 <= low <= successes / total <= high <= 1
    mirrored = wilson(total - successes, total)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize(("successes", "total"), [(1, 0), (0, 0), (3, 2), (-1, 2)])
def test_an_impossible_count_is_refused(successes: int, total: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(successes, total)


def test_nothing_counted_is_not_zero() -> None:
    empty = rate(0, 0, unread=3)
    assert (empty.value, empty.low, empty.high, empty.unread) == (None, None, None, 3)


def test_unread_answers_are_in_neither_count() -> None:
    seen = rate_of([True, None, False, True, None])
    assert (seen.successes, seen.total, seen.unread) == (2, 3, 2)
    assert seen.value == pytest.approx(2 / 3)


def test_the_sign_test_counts_both_tails() -> None:
    assert sign_test(0, 0) is None
    assert sign_test(5, 5) == 1.0
    assert sign_test(5, 0) == pytest.approx(2 / 32)
    assert sign_test(8, 2) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert sign_test(2, 8) == sign_test(8, 2)
    assert math.isclose(sign_test(1, 0) or 0, 1.0)


def test_votes_still_needed_give_the_power_they_promise() -> None:
    """A split of 60 to 40 seen in 20 votes: with as many votes as are named, about 80 % of studies find it."""
    more = decided_to_separate(12, 8)
    assert more is not None
    rng = random.Random(0)
    total = 20 + more
    found = 0
    for _ in range(300):
        wins = sum(rng.random() < 0.6 for _ in range(total))
        found += (sign_test(wins, total - wins) or 1) < 0.05
    assert 210 < found < 265
    assert decided_to_separate(12, 8) == decided_to_separate(8, 12)
    assert decided_to_separate(30, 5) == 0
    assert decided_to_separate(5, 5) is None and decided_to_separate(0, 0) is None
    assert (decided_to_separate(1, 0) or 0) >= 5


def test_the_sign_test_of_many_votes_is_quick_and_goes_on_from_that_of_few() -> None:
    exact = 2 * sum(math.comb(501, k) for k in range(221)) / 2**501
    assert sign_test(220, 281) == pytest.approx(exact, rel=1e-9)
    assert 0 < (sign_test(49_000, 51_000) or 0) < 1e-8
