"""Whether a judge that is sure is right as often as it says (expected calibration error, Naeini et al. 2015)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class CalibrationBar:
    """Of the statements with a probability from `low` to `high`: the mean, and how often they held (`people`)."""

    low: float
    high: float
    pairs: int
    mean: float | None
    people: float | None


def calibration(labelled: Iterable[tuple[float, bool]], bars: int = 10) -> tuple[list[CalibrationBar], float | None]:
    """Bars of equal width and the expected calibration error (None without pairs).

    Each pair is the probability that a model gave to something, and whether people say so too.
    """
    pairs = list(labelled)
    found, error = [], 0.0
    for place in range(bars):
        inside = [p for p in pairs if min(int(p[0] * bars), bars - 1) == place]
        mean = sum(p for p, _ in inside) / len(inside) if inside else None
        people = sum(chosen for _, chosen in inside) / len(inside) if inside else None
        found.append(CalibrationBar(place / bars, (place + 1) / bars, len(inside), mean, people))
        if mean is not None and people is not None:
            error += len(inside) / len(pairs) * abs(mean - people)
    return found, error if pairs else None
