"""The revision study as two pictures: shares by round, and principle by principle.

Plain SVG with colours of its own for light and dark viewers. Modes differ in dash and mark as well as in colour, and
every interval is drawn.
"""

from __future__ import annotations

import html

from cai_ui.records import Rate
from cai_ui.studies.revision import ROUNDS, PrincipleShares, RoundShares, Study

_STYLE = (
    "svg{--paper:#fff;--ink:#24211e;--grid:#e2deda;--m0:#1f6b60;--m1:#9a5b00;--m2:#5b4b8a;--m3:#66615b}"
    "@media(prefers-color-scheme:dark){svg{--paper:#1e1d1b;--ink:#ece9e5;--grid:#45423f;--m0:#5cc4b3;--m1:#e8a94a;"
    "--m2:#b9a6f0;--m3:#b5afa8}}"
    ".paper{fill:var(--paper)}text{fill:var(--ink)}.grid{stroke:var(--grid)}"
    ".m0{stroke:var(--m0);fill:var(--m0)}.m1{stroke:var(--m1);fill:var(--m1)}.m2{stroke:var(--m2);fill:var(--m2)}"
    ".m3{stroke:var(--m3);fill:var(--m3)}polyline{fill:none!important;stroke-width:2}"
)
_DASHES = ("", "6 3", "2 3", "10 3 2 3")
_PANELS = (
    ("declined", "harmful: declined"),
    ("explained", "harmful: reason, alternative"),
    ("helped", "harmless: helped"),
)
_ROW = 20
_SCALE = 1.7
"""Pixels for one per cent in the picture of the principles."""


def rounds_svg(study: Study) -> str:
    """Three small charts side by side: shares by round, one line for each mode, intervals as bars."""
    modes = list(dict.fromkeys(r.mode for r in study.rounds))
    body = []
    for place, (key, title) in enumerate(_PANELS):
        body.append(f'<g transform="translate({45 + place * 250},40)">{_axes(title)}')
        for number, mode in enumerate(modes):
            body.append(_line([r for r in study.rounds if r.mode == mode], key, number))
        body.append("</g>")
    for number, mode in enumerate(modes):
        x = 45 + number * 190
        body.append(
            f'<g class="m{number % 4}"><line x1="{x}" x2="{x + 30}" y1="282" y2="282" stroke-width="2" '
            f'stroke-dasharray="{_DASHES[number % 4]}"/>{_mark(x + 15, 282, number)}</g>'
            f'<text x="{x + 36}" y="286">{html.escape(mode)}</text>'
        )
    return _svg(800, 300, "Shares after each revision, by mode", "".join(body))


def principles_svg(study: Study) -> str:
    """A row for each principle: share with its interval, with a critique and without one."""
    body, y, constitution = [], 62, ""
    for shares in study.principles:
        if shares.constitution != constitution:
            constitution = shares.constitution
            body.append(f'<text x="12" y="{y + 4}" font-weight="bold">{html.escape(constitution)}</text>')
            y += _ROW
        body.append(_principle(shares, y))
        y += _ROW
    ticks = "".join(
        f'<line class="grid" x1="{_at(share)}" x2="{_at(share)}" y1="44" y2="{y - 8}"/>'
        f'<text x="{_at(share)}" y="{y + 6}" text-anchor="middle">{share} %</text>'
        for share in (0, 25, 50, 75, 100)
    )
    columns = ("critique names the fault", "revision declines, explains, offers")
    heads = "".join(
        f'<text x="{_at(0, column)}" y="20" font-weight="bold">{title}</text>' for column, title in enumerate(columns)
    )
    legend = (
        f'<g class="m0">{_mark(_at(0, 1) + 6, 34, 0)}</g><text x="{_at(0, 1) + 15}" y="38">with a critique</text>'
        f'<g class="m1">{_mark(_at(0, 1) + 112, 34, 1)}</g><text x="{_at(0, 1) + 121}" y="38">without</text>'
    )
    shifted = f'<g transform="translate({_at(0, 1) - _at(0)},0)">{ticks}</g>'
    return _svg(740, y + 16, "Shares by principle", ticks + shifted + heads + legend + "".join(body))


def _svg(width: int, height: int, title: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="11" role="img" aria-label="{title}"><style>{_STYLE}</style>'
        f'<rect class="paper" width="{width}" height="{height}"/>{body}</svg>\n'
    )


def _axes(title: str) -> str:
    grid = "".join(
        f'<line class="grid" x1="0" x2="210" y1="{200 - 2 * share}" y2="{200 - 2 * share}"/>'
        f'<text x="-6" y="{204 - 2 * share}" text-anchor="end">{share} %</text>'
        for share in (0, 25, 50, 75, 100)
    )
    ticks = "".join(f'<text x="{_x(r)}" y="216" text-anchor="middle">{r}</text>' for r in range(ROUNDS + 1))
    return (
        f'<text x="0" y="-14" font-weight="bold">{html.escape(title)}</text>{grid}{ticks}'
        '<text x="105" y="230" text-anchor="middle">revisions</text>'
    )


def _line(rows: list[RoundShares], key: str, number: int) -> str:
    points, marks = [], []
    for row in rows:
        rate: Rate = getattr(row, key)
        if rate.value is None or rate.low is None or rate.high is None:
            continue
        x, y = _x(row.round) + 4 * (number - 1.5), 200 - 200 * rate.value
        points.append(f"{x:.1f},{y:.1f}")
        marks.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{200 - 200 * rate.low:.1f}" y2="{200 - 200 * rate.high:.1f}"/>'
            + _mark(x, y, number)
        )
    line = f'<polyline stroke-dasharray="{_DASHES[number % 4]}" points="{" ".join(points)}"/>'
    return f'<g class="m{number % 4}">{line}{"".join(marks)}</g>'


def _principle(shares: PrincipleShares, y: int) -> str:
    name = f'<text x="24" y="{y + 4}">{html.escape(shares.principle)}</text>'
    drawn = ((shares.names_fault, 0, 0, 0), (shares.explained, 1, 0, -3), (shares.direct, 1, 1, 3))
    return name + "".join(_interval(rate, column, number, y + shift) for rate, column, number, shift in drawn)


def _interval(rate: Rate, column: int, number: int, y: int) -> str:
    if rate.value is None or rate.low is None or rate.high is None:
        return ""
    low, high = _at(100 * rate.low, column), _at(100 * rate.high, column)
    line = f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}" stroke-width="1.5"/>'
    return f'<g class="m{number}">{line}{_mark(_at(100 * rate.value, column), y, number)}</g>'


def _mark(x: float, y: float, number: int) -> str:
    """A circle, a square, a triangle or a diamond."""
    if number % 4 == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
    corners = {
        1: ((-3, -3), (3, -3), (3, 3), (-3, 3)),
        2: ((0, -4), (4, 3), (-4, 3)),
        3: ((0, -4), (4, 0), (0, 4), (-4, 0)),
    }[number % 4]
    return f'<polygon points="{" ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)}"/>'


def _at(share: float, column: int = 0) -> float:
    """Place of a share, in per cent, in one of the two columns."""
    return 290 + column * 230 + _SCALE * share


def _x(round: int) -> float:
    return 12 + round * 46
