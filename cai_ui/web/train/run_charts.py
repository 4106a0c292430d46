"""A run's numbers as charts: its own, a small one for the list, and those of several runs in one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from cai_ui.pipeline.train.runs import RunView
from cai_ui.records import NOT_OVER
from cai_ui.train.method import Chart, Line
from cai_ui.train.methods import METHODS
from cai_ui.web.kit.chart_scale import Point, thinned
from cai_ui.web.kit.charts import Colour, Series, colour_of, line_chart
from cai_ui.web.kit.present import esc
from cai_ui.web.train import words
from cai_ui.web.train.probe_card import judged_charts, length_chart, shares_chart

ZOOMS: dict[str, int] = {"all steps": 0, "last 200 steps": 200, "last 50 steps": 50}
"""What the charts show: name, and how many steps (0: all). The choice is the page's, so new rows do not undo it."""
AXES = ("step", "epoch")
_ALONE = {chart.lines[0].name: chart for m in METHODS.values() for chart in m.charts if len(chart.lines) == 1}
COMPARABLE: dict[str, str] = {
    "loss": "Loss",
    "eval_loss": "Held-out loss",
    **{name: chart.title for name, chart in _ALONE.items()},
    **{f"eval_{name}": f"{chart.title}, held out" for name, chart in _ALONE.items()},
    "learning_rate": "Learning rate",
    "grad_norm": "Gradient norm",
}
"""Logged values that several runs can be compared by."""
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Look:
    """How a person wants the charts: of which steps, over steps or epochs, how smooth, and on which kind of axis.

    `smooth` is the number of values of which a line is the mean; 1 draws them as they are. `whole` has all values go
    along, to be saved.
    """

    zoom: str = "all steps"
    axis: str = "step"
    smooth: int = 1
    log: bool = False
    whole: bool = False

    def chart(self, title: str, lines: Sequence[Series], percent: bool = False) -> str:
        return line_chart(title, lines, self.axis, percent, self.log, self.whole)

    def line(self, rows: Rows, name: str, label: str, tone: Colour = "accent") -> Series:
        """One logged value, smoothed with the values themselves behind it."""
        points = series(rows, name, self.axis)
        if self.smooth <= 1:
            return Series(label, points, tone)
        return Series(label, smoothed(points, self.smooth), tone, points, self.smooth)


def charts_html(view: RunView, look: Look = Look()) -> str:
    """Loss, rate and gradient, what the method tells beside them, and the probe answers."""
    rows, look = zoomed(view.metrics, look.zoom), replace(look, whole=view.run.state not in NOT_OVER)
    charts = [look.chart("Loss (lower is better)", _both(rows, Line("loss", "loss"), look, "warn"))]
    if view.run.method in METHODS:
        charts += [_of_method(chart, rows, look) for chart in METHODS[view.run.method].charts]
    if view.probes:
        place = partial(_place, steps_per_epoch(view.metrics)) if look.axis == "epoch" else float
        charts += [
            draw(view.probes, place, look.axis, look.log) for draw in (shares_chart, judged_charts, length_chart)
        ]
    charts.append(look.chart("Gradient norm", [look.line(rows, "grad_norm", "before clipping")]))
    charts.append(look.chart("Learning rate", [Series("rate", series(rows, "learning_rate", look.axis), "muted")]))
    return f'<div class="cai-charts">{"".join(charts)}</div>'


def _of_method(chart: Chart, rows: Rows, look: Look) -> str:
    lines = [one for line in chart.lines for one in _both(rows, line, look, line.tone)]
    return look.chart(chart.title, lines, percent=chart.percent)


def _both(rows: Rows, line: Line, look: Look, tone: Colour) -> list[Series]:
    """A value on the rows that are trained on, and on the held-out ones where it was measured; told apart by dashes."""
    held_out = series(rows, f"eval_{line.name}", look.axis)
    measured = [Series(f"{line.label}, held out", held_out, tone)] if held_out else []
    return [look.line(rows, line.name, line.label, line.tone), *measured]


def _place(per_epoch: float | None, step: float) -> float:
    return step / per_epoch if per_epoch else step


def steps_per_epoch(rows: Rows) -> float | None:
    """From the last row that knows its epoch; None where none does."""
    told = next((row for row in reversed(rows) if row.get("epoch") and row.get("step")), None)
    return None if told is None else float(told["step"]) / float(told["epoch"])


def compare_html(runs: Sequence[tuple[str, Rows]], name: str, look: Look = Look()) -> str:
    """One logged value of several runs (name and rows of each) in one chart."""
    logged = [(title, rows) for title, rows in runs if series(rows, name)]
    if not logged:
        return f'<p class="cai-chart-note">{esc(words.NOT_LOGGED)}</p>'
    lines = [look.line(rows, name, title, colour_of(i)) for i, (title, rows) in enumerate(logged)]
    plain = name.removeprefix("eval_")
    look = replace(look, whole=True)
    chart = look.chart(COMPARABLE.get(name, name), lines, percent=plain in _ALONE and _ALONE[plain].percent)
    return f'<div class="cai-charts">{chart}</div>'


def sparkline(rows: Sequence[Mapping[str, Any]]) -> str:
    """The loss as a line of a few words' size; "" where there is not enough of it."""
    points = [(x, y) for x, y in thinned(series(rows, "loss"), 40) if y is not None and y == y and abs(y) < 1e12]
    if len(points) < 2:
        return ""
    low, high = min(y for _, y in points), max(y for _, y in points)
    left, right = points[0][0], points[-1][0]
    places = [
        f"{100 * (x - left) / ((right - left) or 1):.1f} {20 - 18 * (y - low) / ((high - low) or 1) - 1:.1f}"
        for x, y in points
    ]
    said = f"Loss from {points[0][1]:.3g} to {points[-1][1]:.3g}"
    return (
        f'<svg class="cai-spark" viewBox="0 0 100 20" preserveAspectRatio="none" role="img" aria-label="{esc(said)}">'
        f'<path class="cai-chart-line" style="stroke:var(--cai-accent)" d="M{"L".join(places)}"/></svg>'
    )


def zoomed(rows: Sequence[Mapping[str, Any]], zoom: str) -> Sequence[Mapping[str, Any]]:
    """The rows that a choice of ZOOMS shows."""
    last = ZOOMS.get(zoom, 0)
    if not last or not rows:
        return rows
    return [row for row in rows if row["step"] > rows[-1]["step"] - last]


def smoothed(points: Sequence[Point], width: int) -> list[Point]:
    """The mean of each value and up to `width` - 1 before it; places without a number stay as they are."""
    if width <= 1:
        return list(points)
    found: list[Point] = []
    recent: list[float] = []
    for x, y in points:
        if y is None or y != y:
            found.append((x, y))
            continue
        recent = [*recent, y][-width:]
        found.append((x, sum(recent) / len(recent)))
    return found


def series(rows: Iterable[Mapping[str, Any]], name: str, axis: str = "step") -> list[Point]:
    """One logged value over the axis, in the words of TRL's log; rows without it or its place are passed over."""
    return [(float(row[axis]), _value(row[name])) for row in rows if name in row and axis in row]


def newest(rows: Sequence[Mapping[str, Any]], name: str) -> float | None:
    """The last number logged under a name."""
    return next((v for row in reversed(rows) if (v := _value(row.get(name))) is not None), None)


def _value(value: Any) -> float | None:
    """A logged number; NaN and infinity may have been written as words, since JSON has none."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
