"""A run's numbers as charts: its own, a small one for the list, and those of several runs in one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cai_ui.pipeline.train.runs import RunView
from cai_ui.train.method import Chart
from cai_ui.train.methods import METHODS
from cai_ui.web.kit.charts import Colour, Point, Series, line_chart, thinned
from cai_ui.web.kit.present import esc
from cai_ui.web.train import words
from cai_ui.web.train.probe_card import judged_charts, length_chart, shares_chart

ZOOMS: dict[str, int] = {"all steps": 0, "last 200 steps": 200, "last 50 steps": 50}
"""What the charts show: name, and how many steps (0: all). The choice is the page's, so new rows do not undo it."""
_ALONE = {chart.lines[0].name: chart for m in METHODS.values() for chart in m.charts if len(chart.lines) == 1}
COMPARABLE: dict[str, str] = {
    "loss": "Loss",
    "eval_loss": "Held-out loss",
    **{name: chart.title for name, chart in _ALONE.items()},
    "learning_rate": "Learning rate",
    "grad_norm": "Gradient norm",
}
"""Logged values that several runs can be compared by."""
_COLOURS: tuple[Colour, ...] = ("accent", "ok", "warn", "bad", "muted")


def charts_html(view: RunView, zoom: str = "all steps", smooth: int = 1) -> str:
    """Loss, rate and gradient, what the method tells beside them, and the probe answers."""
    rows = zoomed(view.metrics, zoom)
    loss = [Series("loss", smoothed(series(rows, "loss"), smooth))]
    held_out = series(rows, "eval_loss")
    if held_out:
        loss.append(Series("loss on held-out rows", held_out, "warn"))
    charts = [line_chart("Loss (lower is better)", loss)]
    if view.run.method in METHODS:
        charts += [_of_method(chart, rows, smooth) for chart in METHODS[view.run.method].charts]
    if view.probes:
        charts += [shares_chart(view.probes), *judged_charts(view.probes), length_chart(view.probes)]
    charts.append(line_chart("Gradient norm", [Series("before clipping", smoothed(series(rows, "grad_norm"), smooth))]))
    charts.append(line_chart("Learning rate", [Series("rate", series(rows, "learning_rate"), "muted")]))
    return f'<div class="cai-charts">{"".join(charts)}</div>'


def _of_method(chart: Chart, rows: Sequence[Mapping[str, Any]], smooth: int) -> str:
    lines = [Series(line.label, smoothed(series(rows, line.name), smooth), line.tone) for line in chart.lines]
    return line_chart(chart.title, lines, percent=chart.percent)


def compare_html(runs: Sequence[tuple[str, Sequence[Mapping[str, Any]]]], name: str) -> str:
    """One logged value of several runs (name and rows of each) in one chart."""
    lines = [
        Series(title, series(rows, name), _COLOURS[i % len(_COLOURS)])
        for i, (title, rows) in enumerate(runs)
        if series(rows, name)
    ]
    if not lines:
        return f'<p class="cai-chart-note">{esc(words.NOT_LOGGED)}</p>'
    percent = name in _ALONE and _ALONE[name].percent
    return f'<div class="cai-charts">{line_chart(COMPARABLE.get(name, name), lines, percent=percent)}</div>'


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


def series(rows: Iterable[Mapping[str, Any]], name: str) -> list[Point]:
    """One logged value over the steps, in the words of TRL's log; rows without it are passed over."""
    return [(float(row["step"]), _value(row[name])) for row in rows if name in row and "step" in row]


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
