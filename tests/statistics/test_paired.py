"""Paired tests against published values, and the coverage of their intervals by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from cai_ui.statistics.paired import holm, mcnemar, paired_bootstrap


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        # statsmodels.stats.contingency_tables.mcnemar(..., exact=True): its documented table [[., 5], [15, .]] ...
        (5, 15, 0.04138946533203125),
        (0, 6, 0.03125),
        (6, 0, 0.03125),
        (1, 9, 0.021484375),
        (4, 4, 1.0),
        # Prime minister's approval (Agresti, section 11.1.1): 86 and 150 changed their mind; z² = 17.36, so p ~ 3e-5.
        (86, 150, 3.716e-05),
    ],
)
def test_mcnemar_is_the_exact_binomial_test(first: int, second: int, p: float) -> None:
    assert mcnemar(first, second) == pytest.approx(p, rel=2e-3)


def test_without_a_pair_that_differs_there_is_no_p_value() -> None:
    assert mcnemar(0, 0) is None


def test_mcnemar_rejects_at_most_one_in_twenty_of_true_hypotheses() -> None:
    chance = np.random.default_rng(3)
    rejected = sum((mcnemar(int(k), 30 - int(k)) or 1.0) <= 0.05 for k in chance.binomial(30, 0.5, 2000))
    assert 0.02 < rejected / 2000 <= 0.055


def test_the_interval_of_a_difference_holds_the_truth_about_95_times_in_a_hundred() -> None:
    chance, truth, inside = np.random.default_rng(11), 0.15, 0
    for n in range(400):
        drawn = chance.choice([-1.0, 0.0, 1.0], size=80, p=[0.1, 0.65, 0.25])
        found = paired_bootstrap(drawn.tolist(), seed=n, draws=600)
        assert found.low is not None and found.high is not None
        inside += found.low <= truth <= found.high
    assert 0.91 <= inside / 400 <= 0.98


def test_the_interval_is_that_of_the_normal_theory_where_it_holds() -> None:
    drawn = np.random.default_rng(5).normal(2.0, 3.0, 400)
    found = paired_bootstrap(drawn.tolist())
    half = 1.96 * drawn.std() / 20
    assert found.value == pytest.approx(drawn.mean())
    assert (found.low, found.high) == (
        pytest.approx(drawn.mean() - half, abs=0.04),
        pytest.approx(drawn.mean() + half, abs=0.04),
    )


def test_what_says_nothing_gets_no_interval_but_a_reason() -> None:
    assert (paired_bootstrap([]).value, paired_bootstrap([]).why != "") == (None, True)
    one, alike = paired_bootstrap([1.0]), paired_bootstrap([0.0] * 50)
    assert (one.value, one.low, one.why) == (1.0, None, "a single pair")
    assert (alike.value, alike.low, alike.units, alike.why) == (0.0, None, 50, "all pairs differ by the same")


def test_holm_against_the_example_of_r() -> None:
    # p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")
    assert holm([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert holm([0.9, None, 0.01]) == [0.9, None, 0.02]
    assert holm([]) == []
