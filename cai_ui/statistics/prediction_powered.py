"""Shares and means from a reader on all answers and people's grades on some of them (Angelopoulos et al. 2023).

A reader or judge has read all N answers; people graded n of them, drawn at random. The reader's share is biased by its
mistakes, the people's share is wide. Together they give an estimate that is right on average however bad the reader is,
and narrower the better the reader is.

For a share the reader's readings are strata: in each, people's grades say how often it is right, and the strata are
weighed by what the reader saw in all answers. This is the prediction-powered estimate with the best use of the reader
(equation 4 of Angelopoulos, Duchi and Zrnic 2023, "PPI++", with one weight per reading). The graded answers are some
of the N, so the variance has the finite-sample form of two-phase sampling (Särndal et al. 1992, section 9.3). The
interval is Wilson's with the number of grades that would have the same variance, since a share near 0 or 1 has no
symmetric interval; within a stratum half a success and half a failure are added to the variance, never to the share.
For a mean of scores the reader's score is one regressor (PPI++, equation 5), with Student's t.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from cai_ui.statistics.rates import Z95, wilson_share

FEW = 20
"""Under so many grades an estimate is given, with a warning."""


@dataclass(frozen=True)
class Estimate:
    """An estimate over `total` answers, `graded` of them by people, with its 95 % interval.

    All three values are None where nothing was graded; `why` says why, or what to be careful about.
    `more` is about how many further grades would halve the interval; None where grades alone cannot (more answers can).
    """

    value: float | None
    low: float | None
    high: float | None
    graded: int
    total: int
    more: int | None = None
    why: str = ""


def corrected_share(readings: Sequence[Hashable], grades: Mapping[int, bool]) -> Estimate:
    """The share of answers that people would call so.

    `readings[i]` is what the reader saw in answer i, anything that can be counted, unread among them. `grades[i]` is
    a person's yes or no to the same answer, for a random part of them. ValueError for a grade of no answer.
    """
    total, graded = len(readings), len(grades)
    if any(not 0 <= place < total for place in grades):
        raise ValueError("a grade of an answer that is not there")
    if not graded:
        return Estimate(None, None, None, 0, total, why="nobody has graded an answer yet")
    share, between, within = _strata(readings, grades)
    spread = between / total + within * (1 - graded / total)
    low, high = wilson_share(share, max(between / spread, 1.0))
    more = _more_to_halve(between, within * graded, graded, total)
    return Estimate(share, low, high, graded, total, more, _careful(graded))


def corrected_mean(scores: Sequence[float], grades: Mapping[int, float]) -> Estimate:
    """The mean that people would give. `scores[i]` is the judge's score of answer i, `grades[i]` a person's of some."""
    total, graded = len(scores), len(grades)
    if any(not 0 <= place < total for place in grades):
        raise ValueError("a grade of an answer that is not there")
    if graded < 2:
        return Estimate(None, None, None, graded, total, why="at least two answers must be graded by people")
    judged = [scores[place] for place in grades]
    given = list(grades.values())
    slope = _slope(judged, given)
    misses = [y - slope * f for y, f in zip(given, judged, strict=True)]
    value = slope * fmean(scores) + fmean(misses)
    between, within = variance(given), variance(misses)
    spread = between / total + within * (1 / graded - 1 / total)
    half = student_t95(graded - 1) * math.sqrt(max(spread, 0.0))
    more = _more_to_halve(between, within, graded, total)
    return Estimate(value, value - half, value + half, graded, total, more, _careful(graded))


def student_t95(freedom: int) -> float:
    """The two-sided 95 % quantile of Student's t, to three digits (Cornish-Fisher from 6 degrees on)."""
    z, v = Z95, max(freedom, 1)
    exact = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571}
    return exact.get(v) or (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )


def _strata(readings: Sequence[Hashable], grades: Mapping[int, bool]) -> tuple[float, float, float]:
    """The share; the variance between answers; and the variance that comes from grading only some.

    A reading of which nothing was graded takes the share of all grades, and counts as one grade.
    """
    sizes: dict[Hashable, int] = defaultdict(int)
    for reading in readings:
        sizes[reading] += 1
    said: dict[Hashable, list[bool]] = defaultdict(list)
    for place, grade in grades.items():
        said[readings[place]].append(grade)
    overall = sum(grades.values()) / len(grades)
    share, smooth, within = 0.0, 0.0, 0.0
    for reading, size in sizes.items():
        weight, yes, number = size / len(readings), sum(said[reading]), len(said[reading])
        share += weight * (yes / number if number else overall)
        likely = (yes + 0.5) / (number + 1)
        smooth += weight * likely
        within += weight**2 * likely * (1 - likely) / max(number, 1)
    return share, smooth * (1 - smooth), within


def _slope(judged: Sequence[float], given: Sequence[float]) -> float:
    """How much of the judge's score to believe: 0 for a judge that says nothing about the grades."""
    spread = variance(judged)
    if not spread:
        return 0.0
    a, b = fmean(judged), fmean(given)
    together = sum((f - a) * (y - b) for f, y in zip(judged, given, strict=True)) / (len(judged) - 1)
    return together / spread


def _more_to_halve(between: float, within: float, graded: int, total: int) -> int | None:
    """Further grades after which the variance is a quarter. `within` is that of one grade."""
    now = between / total + within * (1 / graded - 1 / total)
    room = now / 4 - (between - within) / total
    if room <= 0 or within <= 0:
        return None
    wanted = math.ceil(within / room)
    return wanted - graded if graded < wanted <= total else None


def _careful(graded: int) -> str:
    return f"only {graded} grades: read the interval, not the number" if graded < FEW else ""
