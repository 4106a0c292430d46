"""Results as SVG: lines with their intervals, and maps of texts. Pure, all text escaped.

Conditions differ in dash and mark as well as in colour. The page gives the colours by its theme (`web/assets`); a file
of its own (`standing`) brings colours for light and dark viewers.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from cai_ui.experiments.results import Dot, DotMap, Line, Plot, Point

COLOURS = ("#1f6b60", "#9a5b00", "#5b4b8a", "#66615b", "#a8324a", "#1d5fa8", "#6b7a12", "#8a3f7d")
DARK = ("#5cc4b3", "#e8a94a", "#b9a6f0", "#b5afa8", "#f08ba0", "#7db4f0", "#c3d35a", "#e39ad3")
_DASHES = ("", "6 3", "2 3", "10 3 2 3")
_LEFT, _TOP, _WIDTH, _HEIGHT = 46, 30, 300, 170
_LEGEND = 17
_NAME = 46
"""Characters of a legend that fit."""


def plot_svg(plot: Plot) -> str:
    """One panel. What could not be read leaves a gap."""
    points = [point for line in plot.lines for point in line.points]
    ys = [y for p in points for y in (p.y, p.low, p.high) if y is not None]
    if not ys:
        return _svg(60, plot.title, f'<text x="12" y="40">{html.escape(plot.title)}: nothing measured yet</text>')
    low, high = (0.0, 1.0) if plot.percent else (min(0.0, *ys), max(0.0, *ys) * 1.05)
    right = max(p.x for p in points) or 1.0
    left = min(p.x for p in points)
    if plot.x_percent:
        left, right = 0.0, 1.0
    frame = _Frame(left, right if right > left else left + 1, low, high, 1 if plot.x_percent else len(plot.lines))
    body = [f'<text x="12" y="16" font-weight="bold">{html.escape(plot.title)}</text>', _axes(plot, frame)]
    for number, line in enumerate(plot.lines):
        body += [
            _line(line, 0 if plot.x_percent else number, number, frame, not plot.names),
            _legend(line.name, number),
        ]
    height = _TOP + _HEIGHT + 44 + _LEGEND * len(plot.lines)
    return _svg(height, plot.title, "".join(body))


def map_svg(found: DotMap) -> str:
    """Texts as marks by group; the text shows under the pointer."""
    body = [f'<text x="12" y="16" font-weight="bold">{html.escape(found.title)}</text>']
    xs, ys = [dot.x for dot in found.dots] or [0.0], [dot.y for dot in found.dots] or [0.0]
    frame = _Frame(min(xs), max(xs), min(ys), max(ys), 1)
    body.append(f'<rect class="grid" fill="none" x="12" y="{_TOP}" width="{_LEFT + _WIDTH - 4}" height="{_HEIGHT}"/>')
    body += [_dot(dot, frame, found.groups) for dot in found.dots]
    body.append(f'<text x="12" y="{_TOP + _HEIGHT + 16}">two dimensions, {100 * found.kept:.0f} % of the spread</text>')
    body += [_legend(name, number) for number, name in enumerate(found.groups)]
    return _svg(_TOP + _HEIGHT + 44 + _LEGEND * len(found.groups), found.title, "".join(body))


def standing(svg: str) -> str:
    """The picture as a file of its own."""
    light, dark = (
        "".join(f"--m{number}:{colour};" for number, colour in enumerate(colours)) for colours in (COLOURS, DARK)
    )
    style = (
        f"svg{{--paper:#fff;--ink:#24211e;--grid:#d8d3ce;{light}}}@media(prefers-color-scheme:dark){{svg{{--paper:"
        f"#1e1d1b;--ink:#ece9e5;--grid:#45423f;{dark}}}}}.paper{{fill:var(--paper)}}text{{fill:var(--ink)}}"
        ".grid{stroke:var(--grid)}.line{fill:none;stroke-width:2}"
        + "".join(f".m{n}{{stroke:var(--m{n});fill:var(--m{n})}}" for n in range(len(COLOURS)))
        + ".line{fill:none}"
    )
    return svg.replace(">", f'><style>{style}</style><rect class="paper" width="100%" height="100%"/>', 1) + "\n"


class _Frame:
    """From values to places in the panel; lines of one x stand a little apart."""

    def __init__(self, left: float, right: float, low: float, high: float, lines: int) -> None:
        self.low, self.high, self.lines = low, high, lines
        self._left, self._across = left, (right - left) or 1.0
        self._up = (high - low) or 1.0

    def x(self, value: float, number: int = 0) -> float:
        shift = 5 * (number - (self.lines - 1) / 2)
        return _LEFT + 14 + (_WIDTH - 28) * (value - self._left) / self._across + shift

    def y(self, value: float) -> float:
        return _TOP + _HEIGHT * (1 - (value - self.low) / self._up)


def _svg(height: float, title: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="cai-plot" viewBox="0 0 {_LEFT + _WIDTH + 14} {height:.0f}" '
        f'font-family="sans-serif" font-size="11" role="img" aria-label="{html.escape(title, quote=True)}">{body}</svg>'
    )


def _axes(plot: Plot, frame: _Frame) -> str:
    drawn = []
    for step in range(5):
        value = frame.low + (frame.high - frame.low) * step / 4
        said = f"{100 * value:.0f} %" if plot.percent else f"{value:.2g}"
        y = frame.y(value)
        drawn.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{said}</text>'
        )
    below = _TOP + _HEIGHT + 15
    xs = sorted({point.x for line in plot.lines for point in line.points})
    for x in (0.0, 0.25, 0.5, 0.75, 1.0) if plot.x_percent else xs:
        said = f"{100 * x:.0f} %" if plot.x_percent else plot.names[int(x)] if plot.names else f"{x:g}"
        drawn.append(f'<text x="{_centre(frame, x):.1f}" y="{below}" text-anchor="middle">{html.escape(said)}</text>')
    middle = _LEFT + _WIDTH / 2
    label = f'<text x="{middle}" y="{below + 15}" text-anchor="middle">{html.escape(plot.x_label)}</text>'
    return "".join(drawn) + label


def _centre(frame: _Frame, x: float) -> float:
    return (frame.x(x, 0) + frame.x(x, frame.lines - 1)) / 2


def _line(line: Line, shift: int, number: int, frame: _Frame, joined: bool) -> str:
    stretches: list[list[Point]] = [[]]
    for point in line.points:
        if point.y is None:
            stretches.append([])
        else:
            stretches[-1].append(point)
    drawn = []
    for stretch in stretches:
        if joined and len(stretch) > 1:
            places = " ".join(f"{frame.x(p.x, shift):.1f},{frame.y(p.y or 0.0):.1f}" for p in stretch)
            drawn.append(f'<polyline class="line" stroke-dasharray="{_DASHES[number % 4]}" points="{places}"/>')
        drawn += [_point(line.name, point, shift, number, frame) for point in stretch]
    return f'<g class="m{number % len(COLOURS)}">{"".join(drawn)}</g>'


def _point(name: str, point: Point, shift: int, number: int, frame: _Frame) -> str:
    assert point.y is not None
    x, range_ = frame.x(point.x, shift), ""
    if point.low is not None and point.high is not None:
        low, high = (frame.y(min(max(y, frame.low), frame.high)) for y in (point.low, point.high))
        range_ = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}" stroke-width="1.5"/>'
    title = f"<title>{html.escape(f'{name}: {point.y:.3g}')}</title>"
    return f"<g>{title}{range_}{_mark(x, frame.y(point.y), number)}</g>"


def _dot(dot: Dot, frame: _Frame, groups: Sequence[str]) -> str:
    title = f"<title>{html.escape(f'{groups[dot.group]}: {dot.text}')}</title>"
    x, y = frame.x(dot.x), frame.y(dot.y)
    return f'<g class="m{dot.group % len(COLOURS)}" opacity=".75">{title}{_mark(x, y, dot.group)}</g>'


def _legend(name: str, number: int) -> str:
    y = _TOP + _HEIGHT + 46 + _LEGEND * number
    short = name if len(name) <= _NAME else name[: _NAME - 1] + "…"
    return (
        f'<g class="m{number % len(COLOURS)}"><line x1="14" x2="40" y1="{y - 4}" y2="{y - 4}" stroke-width="2" '
        f'stroke-dasharray="{_DASHES[number % 4]}"/>{_mark(27, y - 4, number)}</g>'
        f'<text x="48" y="{y}">{html.escape(short)}</text>'
    )


def _mark(x: float, y: float, number: int) -> str:
    """A circle, a square, a triangle or a diamond."""
    if number % 4 == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
    sides, turn = {1: (4, math.pi / 4), 2: (3, -math.pi / 2), 3: (4, 0.0)}[number % 4]
    corners = (turn + 2 * math.pi * corner / sides for corner in range(sides))
    places = " ".join(f"{x + 4 * math.cos(at):.1f},{y + 4 * math.sin(at):.1f}" for at in corners)
    return f'<polygon points="{places}"/>'
