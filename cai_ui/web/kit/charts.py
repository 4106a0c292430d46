"""Line charts as HTML with an SVG inside: series in, escaped markup out. Pure.

Why not a plotting component, tried with two lines of 500 points: `gr.LinePlot` loads 0.7 MB of script, has neither a
logarithmic axis nor dashes; Altair in `gr.Plot` has both, but stays white on a dark page, loses its legend on a phone
and brings 22 MB of packages; Plotly's script alone is 4.6 MB. Here the lines stretch with the page, the words around
them are HTML and keep their size, and colours come from the theme. `assets/charts.js` reads values under the pointer
and saves a chart as PNG or CSV, from what stands in the figure.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cai_ui.web.kit.chart_scale import (
    HEIGHT,
    MOST_POINTS,
    WHOLE_POINTS,
    WIDTH,
    Frame,
    Point,
    is_finite,
    log_scale,
    number,
    scale,
    thinned,
)
from cai_ui.web.kit.present import esc

Colour = Literal["accent", "ok", "warn", "bad", "muted"]

_COLOURS: tuple[Colour, ...] = ("accent", "warn", "bad", "ok", "muted")
_DASHES = ("", "7 4", "2 4", "12 4 2 4")
"""A dash pattern for each series in turn, so that lines can be told apart without colour."""
_NAMED = 5
"""Steps named one by one where a value is not a number."""


@dataclass(frozen=True)
class Series:
    """A line: points in the order of x. A y that is None, NaN or infinite leaves a gap and is named below.

    `points` may be means of `smooth` values each; those values, `raw`, are then drawn faintly behind the line.
    """

    name: str
    points: Sequence[Point]
    colour: Colour = "accent"
    raw: Sequence[Point] = ()
    smooth: int = 1

    @property
    def title(self) -> str:
        """What the line is called in the legend."""
        return self.name if self.smooth <= 1 else f"{self.name}, mean of {self.smooth}"


def colour_of(place: int) -> Colour:
    """For a line that is one of many of its kind. With five colours and four dashes, 20 lines differ."""
    return _COLOURS[place % len(_COLOURS)]


def line_chart(
    title: str,
    series: Sequence[Series],
    x_label: str = "step",
    percent: bool = False,
    log: bool = False,
    whole: bool = False,
) -> str:
    """A chart with axes, legend, last values in words, and a note on values that are not numbers.

    `percent` marks shares from 0 to 1. `log` asks for a logarithmic axis, which a chart of shares or of values below 0
    does not take. `whole` has all points go along, for the file that the chart is saved as; while values still come,
    all of them would be sent again with each. Without a single finite value there is a sentence instead of a plot.
    """
    found = [(x, float(y)) for one in series for x, y in (*one.points, *one.raw) if y is not None and is_finite(y)]
    log = log and not percent and any(y > 0 for _, y in found) and all(y >= 0 for _, y in found)
    notes = _notes(series, log)
    head = f"<figcaption>{esc(title)}</figcaption>"
    if not found:
        waiting = "" if notes else '<p class="cai-chart-note">Nothing has been logged yet.</p>'
        return f'<figure class="cai-chart">{head}{waiting}{notes}</figure>'
    values, xs = [y for _, y in found if y > 0 or not log], [x for x, _ in found]
    low, high, ticks = log_scale(values) if log else scale(values, percent)
    frame = Frame(min(xs), max(xs), low, high, log)
    data = json.dumps(
        _data(title, series, x_label, percent, frame, WHOLE_POINTS if whole else MOST_POINTS), allow_nan=False
    )
    return (
        f'<figure class="cai-chart" data-chart="{esc(data)}"><div class="cai-chart-head">{head}{_SAVE}</div>'
        f"{_legend(series, percent)}{_plot(title, series, frame, ticks, percent)}"
        f'<div class="cai-chart-x" aria-hidden="true"><span>{esc(number(frame.left))}</span>'
        f"<span>{esc(x_label)}</span><span>{esc(number(frame.right))}</span></div>{notes}</figure>"
    )


_SAVE = (
    '<span class="cai-chart-save"><button type="button" data-chart-save="png">PNG</button>'
    '<button type="button" data-chart-save="csv">CSV</button></span>'
)


def _plot(title: str, series: Sequence[Series], frame: Frame, ticks: Sequence[float], percent: bool) -> str:
    """Axis, grid and lines; it takes the focus, so that arrow keys can walk along the points."""
    raw = "".join(_line(one.raw, one.colour, frame, "", " cai-chart-raw") for one in series if one.raw)
    lines = "".join(_line(one.points, one.colour, frame, _DASHES[i % len(_DASHES)]) for i, one in enumerate(series))
    grid = "".join(f'<path class="cai-chart-grid" d="M0 {frame.y(tick):.1f}H{WIDTH:.0f}"/>' for tick in ticks)
    marks = "".join(
        f'<span style="top:{100 * frame.y(tick) / HEIGHT:.1f}%">{esc(number(tick, percent))}</span>' for tick in ticks
    )
    said = "; ".join(_last_value(one, percent) for one in series if _last(one) is not None)
    return (
        f'<div class="cai-chart-body"><div class="cai-chart-y" aria-hidden="true">{marks}</div>'
        f'<div class="cai-chart-plot" tabindex="0" role="group" aria-label="{esc(title)}: arrow keys read the values">'
        f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" preserveAspectRatio="none" role="img" '
        f'aria-label="{esc(f"{title}, last values: {said}")}">{grid}{raw}{lines}</svg></div></div>'
    )


def _data(
    title: str, series: Sequence[Series], x_label: str, percent: bool, frame: Frame, most: int
) -> dict[str, object]:
    """What the script reads: at most so many values of each line, six digits each, and the frame they are drawn in."""
    lines = [(one.title, one.points) for one in series] + [(one.name, one.raw) for one in series if one.raw]
    return {
        "title": title,
        "x": x_label,
        "percent": percent,
        "frame": [frame.left, frame.right, frame.low, frame.high, int(frame.log)],
        "lines": [
            {"name": name, "all": len(points), "points": [[_digits(x), _digits(y)] for x, y in thinned(points, most)]}
            for name, points in lines
        ],
    }


def _digits(value: float | None) -> float | int | None:
    if value is None or not is_finite(value):
        return None
    short = float(f"{value:.6g}")
    return int(short) if short.is_integer() else short


def _line(points: Sequence[Point], colour: Colour, frame: Frame, dash: str, look: str = "") -> str:
    """The line, broken where a value is missing. A point alone is drawn as a dot."""
    line, dots = "", ""
    for stretch in _stretches(points, frame.log):
        places = [f"{frame.x(x):.1f} {frame.y(y):.1f}" for x, y in stretch]
        if len(places) == 1:
            dots += f"M{places[0]}h0"
        else:
            line += f"M{'L'.join(places)}"
    stroke = f'style="stroke:var(--cai-chart-{colour})"'
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    drawn = f'<path class="cai-chart-line{look}" {stroke}{dashes} d="{line}"/>' if line else ""
    return drawn + (f'<path class="cai-chart-line cai-chart-dot{look}" {stroke} d="{dots}"/>' if dots else "")


def _stretches(points: Sequence[Point], log: bool) -> list[list[tuple[float, float]]]:
    """The thinned points, parted where a value is missing or has no place on the axis."""
    parted: list[list[tuple[float, float]]] = [[]]
    for x, y in thinned(points):
        if y is not None and math.isfinite(y) and (y > 0 or not log):
            parted[-1].append((x, y))
        elif parted[-1]:
            parted.append([])
    return [stretch for stretch in parted if stretch]


def _legend(series: Sequence[Series], percent: bool) -> str:
    entries = "".join(
        f'<span><svg class="cai-chart-key" viewBox="0 0 24 4" aria-hidden="true"><path class="cai-chart-line" '
        f'style="stroke:var(--cai-chart-{one.colour})" stroke-dasharray="{_DASHES[i % len(_DASHES)]}" d="M0 2H24"/>'
        f"</svg>{esc(_last_value(one, percent))}</span>"
        for i, one in enumerate(series)
    )
    return f'<p class="cai-chart-legend">{entries}</p>'


def _notes(series: Sequence[Series], log: bool) -> str:
    said = [note for one in series if (note := _not_numbers(one))]
    if log and any(y == 0 for one in series for _, y in one.points):
        said.append("Values of 0 have no place on a logarithmic axis and are left out.")
    return "".join(f'<p class="cai-chart-note">{esc(note)}</p>' for note in said)


def _not_numbers(series: Series) -> str:
    """Which values of a series are no numbers, in words; "" if all are."""
    at = [x for x, y in series.points if y is not None and not is_finite(y)]
    if not at:
        return ""
    steps = ", ".join(number(x) for x in at[:_NAMED]) + (" and more" if len(at) > _NAMED else "")
    return f"{series.name}: {len(at)} of {len(series.points)} values are not a number (at {steps})."


def _last(series: Series) -> float | None:
    return next((y for _, y in reversed(series.points) if y is not None and is_finite(y)), None)


def _last_value(series: Series, percent: bool) -> str:
    last = _last(series)
    return f"{series.title} {'–' if last is None else number(last, percent)}"
