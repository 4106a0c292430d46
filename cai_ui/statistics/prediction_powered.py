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

Some answers, such as garbled ones, are neither yes nor no and in neither count. So the share is a ratio of estimates,
and its variance that of the ratio's residuals (Särndal et al. 1992, section 5.6). Where several people graded an
answer, each has an equal part of its one vote, and the share is what one of them, drawn by chance, would say.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from cai_ui.statistics.rates import Z95, wilson_share

Votes = bool | Sequence[bool | None]
"""What people say of one answer: yes or no, or the votes of several; None is a vote for neither."""

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


def corrected_share(readings: Sequence[Hashable], grades: Mapping[int, Votes]) -> Estimate:
    """The share of yes among the answers that people would call yes or no.

    `readings[i]` is what the reader saw in answer i, anything that can be counted, unread among them. `grades[i]` is
    what people say of the same answer, for a random part of them. ValueError for a grade of no answer.
    """
    total, graded = len(readings), len(grades)
    if any(not 0 <= place < total for place in grades):
        raise ValueError("a grade of an answer that is not there")
    if not graded:
        return Estimate(None, None, None, 0, total, why="nobody has graded an answer yet")
    votes = {place: _parts(said) for place, said in grades.items()}
    if not any(yes + no for yes, no in votes.values()):
        return Estimate(None, None, None, graded, total, why="people could say neither yes nor no of any of them")
    found = _strata(readings, votes)
    between = found.likely * (1 - found.likely) / found.readable
    spread = between / total + found.within * (1 - graded / total)
    low, high = wilson_share(found.share, max(between * found.readable / spread, 1.0))
    more = _more_to_halve(between, found.within * graded, graded, total)
    return Estimate(found.share, low, high, graded, total, more, _careful(graded))


def corrected_mean(
    scores: Sequence[float], grades: Mapping[int, float], scale: tuple[float, float] | None = None
) -> Estimate:
    """The mean that people would give. `scores[i]` is the judge's score of answer i, `grades[i]` a person's of some.

    Grades on a `scale`, its least and highest, are often nearly all the same, and then Student's interval covers far
    too seldom (63 % in the test's worst case). So half a grade at each end of the scale is added to the variance,
    never to the mean, and the interval is Wilson's, carried over to means: the variance shrinks towards both ends.
    """
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
    if scale is not None:
        value = min(max(value, scale[0]), scale[1])
        ends = sum((end - value) ** 2 for end in scale) / 2
        between, within = ((v * (graded - 1) + ends) / graded for v in (between, within))
    spread = max(between / total + within * (1 / graded - 1 / total), 0.0)
    low, high = _interval(value, spread, graded, scale)
    more = _more_to_halve(between, within, graded, total)
    return Estimate(value, low, high, graded, total, more, _careful(graded))


def _interval(value: float, spread: float, graded: int, scale: tuple[float, float] | None) -> tuple[float, float]:
    t = student_t95(graded - 1)
    if scale is None:
        half = t * math.sqrt(spread)
        return value - half, value + half
    least, width = scale[0], scale[1] - scale[0]
    share = (value - least) / width
    smooth = (share * graded + 0.5) / (graded + 1)
    counts = smooth * (1 - smooth) / (spread / width**2)
    low, high = wilson_share(share, counts, t)
    return least + width * low, least + width * high


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


@dataclass(frozen=True)
class _Strata:
    """The share; the same and the part that is readable with half a yes and half a no added to each reading; and the
    variance that comes from grading only some."""

    share: float
    likely: float
    readable: float
    within: float


def _strata(readings: Sequence[Hashable], votes: Mapping[int, tuple[float, float]]) -> _Strata:
    """A reading of which nothing was graded takes the shares of all grades, and counts as one grade."""
    sizes = Counter(readings)
    said: dict[Hashable, list[tuple[float, float]]] = {reading: [] for reading in sizes}
    for place, vote in votes.items():
        said[readings[place]].append(vote)
    overall = _mean(list(votes.values()))
    weighed = [(size / len(readings), said[reading]) for reading, size in sizes.items()]
    yes, no = _sum([(weight, _mean(grades) if grades else overall) for weight, grades in weighed])
    smooth = [(weight, _mean(grades, 0.5), max(len(grades), 1)) for weight, grades in weighed]
    likely_yes, likely_no = _sum([(weight, parts) for weight, parts, _ in smooth])
    readable = likely_yes + likely_no
    likely = likely_yes / readable
    within = sum(weight**2 * _residual(parts, likely) / number for weight, parts, number in smooth) / readable**2
    return _Strata(yes / (yes + no), likely, readable, within)


def _parts(said: Votes) -> tuple[float, float]:
    """Which part of one vote is yes, and which is no."""
    votes = [said] if isinstance(said, bool) else list(said)
    return votes.count(True) / len(votes), votes.count(False) / len(votes)


def _mean(grades: Sequence[tuple[float, float]], added: float = 0.0) -> tuple[float, float]:
    """Shares of yes and of no, with so much added to the count of each."""
    number = len(grades) + 2 * added
    return (sum(yes for yes, _ in grades) + added) / number, (sum(no for _, no in grades) + added) / number


def _sum(weighed: Sequence[tuple[float, tuple[float, float]]]) -> tuple[float, float]:
    return sum(w * yes for w, (yes, _) in weighed), sum(w * no for w, (_, no) in weighed)


def _residual(parts: tuple[float, float], share: float) -> float:
    """Variance of what one grade adds to the ratio. A vote that is split has less; it is counted as if it had not."""
    yes, no = parts
    return yes * (1 - share) ** 2 + no * share**2 - (yes * (1 - share) - no * share) ** 2


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
