"""Where the values of a chart stand: axis, marks at round numbers, and which points of a long line are drawn. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float | None]

MOST_POINTS = 500
"""Points of a series that are drawn; more would slow the page down and could not be told apart."""
WHOLE_POINTS = 20_000
"""Points of a series that go along to be saved, where the series is at its end."""
WIDTH, HEIGHT = 1000.0, 240.0
_DECADES = 7
"""Powers of ten that are marked one by one on a logarithmic axis."""


@dataclass(frozen=True)
class Frame:
    """From values to places in the drawing; a frame of no width puts everything in the middle."""

    left: float
    right: float
    low: float
    high: float
    log: bool = False

    def x(self, value: float) -> float:
        span = self.right - self.left
        return WIDTH * (value - self.left) / span if span else WIDTH / 2

    def y(self, value: float) -> float:
        low, high, at = (math.log10(v) if self.log else v for v in (self.low, self.high, value))
        return HEIGHT * (1 - (at - low) / (high - low))


def scale(values: Sequence[float], percent: bool) -> tuple[float, float, list[float]]:
    """Lowest and highest value of the axis, and its marks at round numbers."""
    if percent:
        return 0.0, 1.0, [0.0, 0.5, 1.0]
    low, high = min(values), max(values)
    if high - low < 1e-12 * max(1.0, abs(high)):
        pad = abs(high) * 0.1 or 1.0
        low, high = low - pad, high + pad
    rough = (high - low) / 4
    size = 10 ** math.floor(math.log10(rough))
    step = size * next(m for m in (1, 2, 5, 10) if m * size >= rough * 0.999)
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    marks = [low + step * i for i in range(round((high - low) / step) + 1)]
    return low, high, marks


def log_scale(values: Sequence[float]) -> tuple[float, float, list[float]]:
    """The same for a logarithmic axis over values above 0: marks at 1, 2 and 5 where few powers of ten are spanned."""
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    stride = max(1, math.ceil((last - first) / _DECADES))
    steps = (1, 2, 5) if last - first <= 2 else (1,)
    marks = [step * 10.0**power for power in range(first, last + 1, stride) for step in steps]
    low = max((mark for mark in marks if mark <= min(values)), default=10.0**first)
    high = min((mark for mark in marks if mark >= max(values)), default=10.0**last)
    if low == high:
        low, high = low / 2, high * 2
    return low, high, [mark for mark in marks if low <= mark <= high]


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most `most` of the points: of each stretch its lowest and highest, so that a spike stays visible.

    First and last point are always among them. Points without a finite y are left out of crowded stretches.
    """
    if len(points) <= most:
        return list(points)
    inner, count = points[1:-1], (most - 2) // 2
    kept = [points[0]]
    for number in range(count):
        stretch = inner[number * len(inner) // count : (number + 1) * len(inner) // count]
        finite = [p for p in stretch if is_finite(p[1])]
        if finite:
            kept += sorted({min(finite, key=_height), max(finite, key=_height)})
    return [*kept, points[-1]]


def number(value: float, percent: bool = False) -> str:
    """A value as it stands at an axis."""
    if percent:
        return f"{100 * value:.0f} %"
    if abs(value) < 1e-12:
        return "0"
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e9 else f"{value:.3g}"


def is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _height(point: Point) -> float:
    return point[1] if point[1] is not None else math.nan
