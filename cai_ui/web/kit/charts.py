"""Line charts as HTML with an SVG inside: series in, escaped markup out. Pure.

Why not a plotting component: those load a megabyte of script, remount when data changes (flicker), and
redraw their text too small on a phone. Here the lines stretch with the page, the words around them
are HTML and keep their size, and colours come from the theme, so light and dark need nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cai_ui.web.kit.present import esc

STYLE = (Path(__file__).parents[1] / "assets" / "work.css").read_text(encoding="utf-8")
"""Rules for `gr.HTML(css_template=...)` of components that hold charts, tables and lists."""

Colour = Literal["accent", "ok", "warn", "bad", "muted"]
Point = tuple[float, float | None]

MOST_POINTS = 500
"""Points of a series that are sent to the page; more would slow it down and could not be told apart."""

_WIDTH, _HEIGHT = 1000.0, 240.0
_DASHES = ("", "7 4", "2 4", "12 4 2 4")
"""A dash pattern for each series in turn, so that lines can be told apart without colour."""
_NAMED = 5
"""Steps named one by one where a value is not a number."""


@dataclass(frozen=True)
class Series:
    """A line: points in the order of x. A y that is None, NaN or infinite leaves a gap and is named below."""

    name: str
    points: Sequence[Point]
    colour: Colour = "accent"


def line_chart(title: str, series: Sequence[Series], x_label: str = "step", percent: bool = False) -> str:
    """A chart with axes, legend, last values in words, and a note on values that are not numbers.

    `percent` marks shares from 0 to 1. Without a single finite value there is a sentence instead of a plot.
    """
    finite = [(x, y) for one in series for x, y in one.points if _is_finite(y)]
    notes = "".join(f'<p class="cai-chart-note">{esc(note)}</p>' for note in filter(None, map(_not_numbers, series)))
    head = f"<figcaption>{esc(title)}</figcaption>"
    if not finite:
        waiting = "" if notes else '<p class="cai-chart-note">Nothing has been logged yet.</p>'
        return f'<figure class="cai-chart">{head}{waiting}{notes}</figure>'
    low, high, ticks = _scale([float(y) for _, y in finite if y is not None], percent)
    left, right = min(x for x, _ in finite), max(x for x, _ in finite)
    frame = _Frame(left, right, low, high)
    lines = "".join(_line(one, frame, _DASHES[i % len(_DASHES)]) for i, one in enumerate(series))
    grid = "".join(f'<path class="cai-chart-grid" d="M0 {frame.y(tick):.1f}H{_WIDTH:.0f}"/>' for tick in ticks)
    marks = "".join(
        f'<span style="top:{100 * frame.y(tick) / _HEIGHT:.1f}%">{esc(_number(tick, percent))}</span>' for tick in ticks
    )
    said = "; ".join(_last_value(one, percent) for one in series if _last(one) is not None)
    return (
        f'<figure class="cai-chart">{head}{_legend(series, percent)}<div class="cai-chart-body">'
        f'<div class="cai-chart-y" aria-hidden="true">{marks}</div><div class="cai-chart-plot">'
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" preserveAspectRatio="none" role="img" '
        f'aria-label="{esc(f"{title}, last values: {said}")}">{grid}{lines}</svg></div></div>'
        f'<div class="cai-chart-x" aria-hidden="true"><span>{esc(_number(left))}</span><span>{esc(x_label)}</span>'
        f"<span>{esc(_number(right))}</span></div>{notes}</figure>"
    )


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
        finite = [p for p in stretch if _is_finite(p[1])]
        if finite:
            kept += sorted({min(finite, key=_height), max(finite, key=_height)})
    return [*kept, points[-1]]


@dataclass(frozen=True)
class _Frame:
    """From values to places in the drawing; a frame of no width puts everything in the middle."""

    left: float
    right: float
    low: float
    high: float

    def x(self, value: float) -> float:
        span = self.right - self.left
        return _WIDTH * (value - self.left) / span if span else _WIDTH / 2

    def y(self, value: float) -> float:
        return _HEIGHT * (1 - (value - self.low) / (self.high - self.low))


def _line(series: Series, frame: _Frame, dash: str) -> str:
    """The line, broken where a value is missing. A point alone is drawn as a dot."""
    line, dots = "", ""
    for stretch in _stretches(series.points):
        places = [f"{frame.x(x):.1f} {frame.y(y):.1f}" for x, y in stretch]
        if len(places) == 1:
            dots += f"M{places[0]}h0"
        else:
            line += f"M{'L'.join(places)}"
    colour = f'style="stroke:var(--cai-{series.colour})"'
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    drawn = f'<path class="cai-chart-line" {colour}{dashes} d="{line}"/>' if line else ""
    return drawn + (f'<path class="cai-chart-line cai-chart-dot" {colour} d="{dots}"/>' if dots else "")


def _stretches(points: Sequence[Point]) -> list[list[tuple[float, float]]]:
    """The thinned points, parted where a value is missing."""
    parted: list[list[tuple[float, float]]] = [[]]
    for x, y in thinned(points):
        if y is not None and math.isfinite(y):
            parted[-1].append((x, y))
        elif parted[-1]:
            parted.append([])
    return [stretch for stretch in parted if stretch]


def _legend(series: Sequence[Series], percent: bool) -> str:
    entries = "".join(
        f'<span><svg class="cai-chart-key" viewBox="0 0 24 4" aria-hidden="true"><path class="cai-chart-line" '
        f'style="stroke:var(--cai-{one.colour})" stroke-dasharray="{_DASHES[i % len(_DASHES)]}" d="M0 2H24"/></svg>'
        f"{esc(_last_value(one, percent))}</span>"
        for i, one in enumerate(series)
    )
    return f'<p class="cai-chart-legend">{entries}</p>'


def _scale(values: Sequence[float], percent: bool) -> tuple[float, float, list[float]]:
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


def _not_numbers(series: Series) -> str:
    """Which values of a series are no numbers, in words; "" if all are."""
    at = [x for x, y in series.points if y is not None and not _is_finite(y)]
    if not at:
        return ""
    steps = ", ".join(_number(x) for x in at[:_NAMED]) + (" and more" if len(at) > _NAMED else "")
    return f"{series.name}: {len(at)} of {len(series.points)} values are not a number (at {steps})."


def _last(series: Series) -> float | None:
    return next((y for _, y in reversed(series.points) if y is not None and _is_finite(y)), None)


def _last_value(series: Series, percent: bool) -> str:
    last = _last(series)
    return f"{series.name} {'–' if last is None else _number(last, percent)}"


def _number(value: float, percent: bool = False) -> str:
    if percent:
        return f"{100 * value:.0f} %"
    if abs(value) < 1e-12:
        return "0"
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e9 else f"{value:.3g}"


def _height(point: Point) -> float:
    return point[1] if point[1] is not None else math.nan


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
