"""Repeated answers: Fisher's own example, sklearn-free simulations of coverage and of the tests' levels."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from cai_ui.statistics.rates import wilson
from cai_ui.statistics.repeated import EXACT, holm, mean_difference, repeated_share, separation

DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
"""Crossed less self-fertilised maize, in eighths of an inch (Darwin 1876; Fisher 1935, section 17)."""


def test_fishers_example() -> None:
    """Of 32,768 arrangements 1,726 have a sum of at least 314 either way: 5.267 % (Fisher 1935, section 21). His
    interval: 0.0 to 5.2 inches."""
    found = mean_difference(DARWIN)
    assert found.p == pytest.approx(1726 / 32768)
    assert found.value == pytest.approx(314 / 15)
    assert found.low is not None and found.high is not None
    assert (found.low / 8, found.high / 8) == pytest.approx((0.0037, 5.2297), abs=0.005)
    assert not found.significant


def test_a_sampled_test_is_close_to_the_exact_one() -> None:
    twice = [*DARWIN, 3, -2]
    assert len(twice) > EXACT
    sums = [abs(sum(signs)) for signs in itertools.product(*((d, -d) for d in twice))]
    exact = sum(s >= abs(sum(twice)) for s in sums) / len(sums)
    assert mean_difference(twice).p == pytest.approx(exact, abs=0.01)


def test_a_difference_of_shares_ends_where_shares_end() -> None:
    """18 of 20 requests that all change by 100 points: Student's interval would reach to 104."""
    changed = [1.0] * 18 + [0.0] * 2
    found = mean_difference(changed, most=1.0)
    assert found.value == pytest.approx(0.9) and found.high == 1.0 and found.low == pytest.approx(0.756, abs=0.001)
    assert mean_difference([-one for one in changed], most=1.0).low == -1.0
    assert (mean_difference(changed).high or 0) > 1.04


def test_what_cannot_be_told_is_none() -> None:
    assert mean_difference([]).value is None
    assert mean_difference([0.0, 0.0]).p is None
    same = mean_difference([0.5, 0.5, 0.5])
    assert (same.value, same.low, same.p) == (0.5, None, 0.25)
    nothing = repeated_share({"a": [None, None]})
    assert (nothing.value, nothing.unread) == (None, 2)
    assert separation([]).p is None
    assert separation([np.zeros((1, 3, 1, 3))]).difference.value is None


def test_a_share_lies_between_counting_requests_and_counting_answers() -> None:
    apart = repeated_share({str(n): [n % 2 == 0] * 3 for n in range(40)})  # all answers to a request are the same
    assert (apart.value, apart.units, apart.answers) == (0.5, 40, 120)
    assert apart.low is not None and apart.low < wilson(20, 40)[0] + 0.001
    alone = repeated_share({str(n): [n % 2 == 0] for n in range(40)})
    assert alone.low == pytest.approx(wilson(20, 40)[0], abs=0.01)
    sure = repeated_share({str(n): [True] * 3 for n in range(10)})
    assert sure.high == 1 and sure.low is not None and sure.low < wilson(10, 10)[0]


@pytest.mark.parametrize("spread", [0.0, 0.35])
def test_the_interval_of_a_share_covers(spread: float) -> None:
    """20 requests, three answers each; requests differ in how likely a yes is."""
    chance, covered = random.Random(4), 0
    for _ in range(600):
        hard = [min(1.0, max(0.0, 0.6 + chance.choice([-spread, spread]))) for _ in range(20)]
        found = repeated_share({str(n): [chance.random() < p for _ in range(3)] for n, p in enumerate(hard)})
        assert found.low is not None and found.high is not None
        covered += found.low <= 0.6 <= found.high
    assert covered / 600 > 0.93


def block(chance: np.random.Generator, apart: float, groups: int = 4, repetitions: int = 3) -> np.ndarray:
    """Distances on one request: groups at places of their own, repetitions around them and moved together."""
    places = apart * np.eye(groups)[None] + chance.normal(size=(repetitions, groups, groups))
    places = places + 3 * chance.normal(size=(repetitions, 1, groups))
    flat = places.reshape(-1, groups)
    found = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    return found.reshape(repetitions, groups, repetitions, groups)


def test_the_separation_test_keeps_its_level_and_sees_an_effect() -> None:
    chance = np.random.default_rng(5)
    level = [separation([block(chance, 0.0) for _ in range(5)], 99, n).p for n in range(300)]
    small = sum(p is not None and p <= 0.05 for p in level)
    assert 3 <= small <= 27  # 15 are expected; 3.2 standard deviations
    seen = separation([block(chance, 4.0) for _ in range(10)], 199)
    assert seen.p == pytest.approx(1 / 200)
    assert seen.between is not None and seen.within is not None and seen.between > seen.within
    assert seen.difference.low is not None and seen.difference.low > 0
    assert all(one.value is not None and one.value > 0 for one in seen.by_group)


def test_separation_against_all_arrangements() -> None:
    """Two repetitions of two groups on three requests: eight arrangements, counted by hand."""
    blocks = [block(np.random.default_rng(n), 1.0, groups=2, repetitions=2) for n in range(3)]
    found = separation(blocks, 4999)
    gains = [b[0, 0, 1, 1] + b[0, 1, 1, 0] - b[0, 0, 1, 0] - b[0, 1, 1, 1] for b in blocks]
    sums = [sum(signs) for signs in itertools.product(*((g, -g) for g in gains))]
    assert found.difference.value == pytest.approx(sum(gains) / 6)
    assert found.p == pytest.approx(np.mean(np.array(sums) >= sum(gains) - 1e-12), abs=0.03)


def test_holms_adjustment() -> None:
    """The usual textbook case: 0.01, 0.04, 0.03, 0.005 become 0.03, 0.06, 0.06, 0.02."""
    assert holm([0.01, 0.04, None, 0.03, 0.005]) == pytest.approx([0.03, 0.06, None, 0.06, 0.02])
    assert holm([]) == [] and holm([0.9, 0.8]) == [1.0, 1.0]
