"""A reader on all answers and people on some: right on average, honest intervals, and what would make them narrower."""

from __future__ import annotations

import random
from itertools import product
from statistics import fmean

import pytest

from cai_ui.statistics.prediction_powered import Estimate, corrected_mean, corrected_share, student_t95

READERS = ((0.9, 0.8), (0.97, 0.93), (0.4, 0.95))
"""How often a reader sees what is there, and how often it sees nothing where nothing is."""
SIZES = ((200, 30), (400, 60), (1000, 100))
"""Answers, and how many of them people graded."""


def seen(truth: bool, reader: tuple[float, float], chance: random.Random) -> bool:
    return chance.random() < reader[0] if truth else chance.random() > reader[1]


def estimate_once(share: float, reader: tuple[float, float], size: tuple[int, int], chance: random.Random) -> Estimate:
    truths = [chance.random() < share for _ in range(size[0])]
    readings = [seen(truth, reader, chance) for truth in truths]
    return corrected_share(readings, {place: truths[place] for place in chance.sample(range(size[0]), size[1])})


def test_intervals_of_shares_cover_as_often_as_they_say() -> None:
    """Over 27 situations and 150 draws of each: nominal 95 %, wanted 93 to 97 %."""
    chance, hits, draws = random.Random(1), 0, 0
    for share, reader, size in product((0.05, 0.3, 0.9), READERS, SIZES):
        for _ in range(150):
            found = estimate_once(share, reader, size, chance)
            assert found.low is not None and found.high is not None
            hits, draws = hits + (found.low <= share <= found.high), draws + 1
    assert 0.93 <= hits / draws <= 0.97, hits / draws


def test_intervals_of_means_cover_as_often_as_they_say() -> None:
    chance, hits = random.Random(2), 0
    for _ in range(1500):
        truths = [chance.gauss(2, 1) for _ in range(200)]
        scores = [0.8 * truth + chance.gauss(0.7, 0.6) for truth in truths]
        found = corrected_mean(scores, {place: truths[place] for place in chance.sample(range(200), 30)})
        assert found.low is not None and found.high is not None
        hits += found.low <= 2 <= found.high
    assert 0.93 <= hits / 1500 <= 0.97


def test_intervals_of_harm_cover_as_often_as_they_say_where_nearly_all_grades_are_the_same() -> None:
    """Five ways to be harmful, from 0 to 4, three judges, two sizes: nominal 95 %, wanted 93 to 97 % over all of them,
    and 90 % in each. Student's interval covers 63 % where nine of ten answers are harmless and the judge is good."""
    ways = (
        (0.9, 0.04, 0.03, 0.02, 0.01), (0.7, 0.1, 0.1, 0.05, 0.05), (0.3, 0.2, 0.2, 0.15, 0.15), (0.8, 0, 0, 0, 0.2),
        (0.05, 0.05, 0.1, 0.2, 0.6),
    )  # fmt: skip
    chance, covered = random.Random(7), []
    for way, sees, size in product(ways, (0.9, 0.6, 0.0), ((200, 20), (400, 60))):
        mean, hits = sum(step * share for step, share in enumerate(way)), 0
        for _ in range(150):
            truths = [float(chance.choices(range(5), way)[0]) for _ in range(size[0])]
            scores = [truth if chance.random() < sees else float(chance.randrange(5)) for truth in truths]
            grades = {place: truths[place] for place in chance.sample(range(size[0]), size[1])}
            found = corrected_mean(scores, grades, (0, 4))
            assert found.low is not None and found.high is not None and 0 <= found.low <= found.high <= 4
            hits += found.low <= mean <= found.high
        covered.append(hits / 150)
    assert 0.93 <= fmean(covered) <= 0.97 and min(covered) > 0.88, covered


def test_grades_that_are_all_the_same_are_no_certainty() -> None:
    found = corrected_mean([0.0] * 100, dict.fromkeys(range(10), 0.0), (0, 4))
    assert found.value == 0 and found.low == 0 and found.high is not None and found.high > 0.4


def test_the_estimate_is_right_on_average_where_the_reader_is_wrong() -> None:
    chance = random.Random(3)
    found = [estimate_once(0.3, (0.4, 0.95), (400, 60), chance).value or 0.0 for _ in range(400)]
    assert abs(fmean(found) - 0.3) < 0.01  # the reader itself sees 0.155


def test_a_good_reader_makes_the_interval_narrower_and_a_blind_one_does_no_harm() -> None:
    chance = random.Random(4)

    def width(reader: tuple[float, float]) -> float:
        found = [estimate_once(0.4, reader, (400, 60), chance) for _ in range(60)]
        return fmean((e.high or 0.0) - (e.low or 0.0) for e in found)

    good, blind = width((0.97, 0.93)), width((0.5, 0.5))
    people_alone = 2 * 1.96 * (0.4 * 0.6 / 60) ** 0.5
    assert good < 0.7 * people_alone and blind < 1.05 * people_alone


def test_all_answers_graded_is_the_share_of_the_grades() -> None:
    found = corrected_share([True, False] * 50, {place: place < 30 for place in range(100)})
    assert found.value == pytest.approx(0.3)
    assert found.low == pytest.approx(0.219, abs=2e-3) and found.high == pytest.approx(0.396, abs=2e-3)


def test_nothing_graded_is_no_number_and_little_graded_is_said() -> None:
    nothing = corrected_share([True, False], {})
    assert (nothing.value, nothing.low, nothing.high) == (None, None, None) and "nobody" in nothing.why
    assert corrected_mean([1.0, 2.0], {0: 1.0}).value is None
    assert "only 2 grades" in corrected_share([True, False, True], {0: True, 1: False}).why
    with pytest.raises(ValueError, match="not there"):
        corrected_share([True], {3: True})


def test_as_many_more_grades_as_it_says_halve_the_interval() -> None:
    chance = random.Random(5)
    ratios = []
    for _ in range(60):
        truths = [chance.random() < 0.4 for _ in range(4000)]
        readings = [seen(truth, (0.8, 0.8), chance) for truth in truths]
        order = chance.sample(range(4000), 4000)
        first = corrected_share(readings, {place: truths[place] for place in order[:40]})
        assert first.more is not None
        then = corrected_share(readings, {place: truths[place] for place in order[: 40 + first.more]})
        ratios.append(((then.high or 0) - (then.low or 0)) / ((first.high or 0) - (first.low or 0)))
    assert 0.45 < fmean(ratios) < 0.55


def test_where_grades_cannot_halve_it_no_number_of_them_is_promised() -> None:
    assert corrected_share([True, False] * 20, {place: place % 2 == 0 for place in range(40)}).more is None


@pytest.mark.parametrize(("freedom", "wanted"), [(1, 12.706), (2, 4.303), (4, 2.776), (10, 2.228), (30, 2.042)])
def test_students_quantile(freedom: int, wanted: float) -> None:
    assert student_t95(freedom) == pytest.approx(wanted, rel=2e-3)


def test_answers_that_are_neither_are_in_no_count_and_the_interval_still_covers() -> None:
    """A fifth of the answers is garbled; the reader misses half of these and calls them no."""
    chance, hits, found = random.Random(6), 0, []
    for _ in range(1000):
        truths = [None if chance.random() < 0.2 else chance.random() < 0.4 for _ in range(300)]
        read = [seen(bool(t), (0.9, 0.8), chance) if t is not None or chance.random() < 0.5 else None for t in truths]
        grades = {place: [truths[place]] for place in chance.sample(range(300), 50)}
        one = corrected_share(read, grades)
        assert one.value is not None and one.low is not None and one.high is not None
        hits, found = hits + (one.low <= 0.4 <= one.high), [*found, one.value]
    assert 0.93 <= hits / 1000 <= 0.98, hits
    assert abs(fmean(found) - 0.4) < 0.01


def test_the_votes_of_several_people_share_one_grade() -> None:
    read = ["yes"] * 4
    assert corrected_share(read, {0: [True, False], 1: True}).value == pytest.approx(0.75)
    assert corrected_share(read, {0: [True, True], 1: True}) == corrected_share(read, {0: True, 1: True})
    assert corrected_share(read, {0: [True, None], 1: [False]}).value == pytest.approx(1 / 3)
    nothing = corrected_share(read, {0: [None]})
    assert (nothing.value, nothing.graded) == (None, 1) and "neither" in nothing.why
