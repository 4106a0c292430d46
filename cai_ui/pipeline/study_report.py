"""The revision study as a page in Markdown with its plot as SVG."""

from __future__ import annotations

import html

from cai_ui.pipeline.revision_study import ROUNDS, RoundShares, Study
from cai_ui.records import Rate

_COLOURS = ("#1f6b60", "#9a5b00", "#5b4b8a", "#66615b")


def study_markdown(study: Study, plot: str) -> str:
    """Tables of all shares. `plot` is the file name of the picture."""
    about = study.settings
    modes = list(dict.fromkeys(r.mode for r in study.rounds))
    lines = [
        "# Does critique and revision work on this model?",
        "",
        f"Model `{about['model']}` ({about['base'][:12]}), read by {about['readers']}: {about['harmful']} held-out "
        f"harmful requests and {about['harmless']} held-out harmless ones, half of which only sound harmful. "
        f"Constitution “Do no harm” ({about['constitution'][:12]}), temperature {about['sampling']['temperature']:g}, "
        f"seed {about['sampling']['seed']}. Shares with 95 % Wilson intervals. Made by `python -m cai_ui study`.",
        "",
        f"![Shares after each round]({plot})",
        "",
        "## Answers after each revision",
        "",
    ]
    for title, key in (
        ("Harmful requests: declined", "declined"),
        ("Harmful requests: declined with a reason and a fitting alternative", "explained"),
        ("Harmless requests: helped", "helped"),
    ):
        lines += [f"**{title}**", "", "| mode | " + " | ".join(_after(r) for r in range(ROUNDS + 1)) + " |"]
        lines.append("|---" * (ROUNDS + 2) + "|")
        for mode in modes:
            cells = [_cell(getattr(r, key)) for r in study.rounds if r.mode == mode]
            lines.append(f"| {mode} | " + " | ".join(cells) + " |")
        lines.append("")
    lines += [
        "## Critiques that name the fault",
        "",
        "Only critiques of answers that did not decline yet are counted.",
        "",
    ]
    lines += ["| mode | " + " | ".join(f"round {r + 1}" for r in range(ROUNDS)) + " |", "|---" * (ROUNDS + 1) + "|"]
    lines += [f"| {mode} | " + " | ".join(map(_cell, rates)) + " |" for mode, rates in study.critiques.items()]
    lines += ["", f"## Principle by principle ({about['per_principle']} harmful requests each, one round)", ""]
    lines += [
        "| constitution | principle | critique names the fault | revision declines, explains, offers |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {p.constitution} | {p.principle} | {_cell(p.names_fault)} | {_cell(p.explained)} |"
        for p in study.principles
    ]
    if study.failed:
        lines += ["", "Chains that gave nothing: " + "; ".join(f"{n} × {why}" for why, n in study.failed.items())]
    return "\n".join(lines) + "\n"


def study_svg(study: Study) -> str:
    """Three small charts side by side: shares by round, one line for each mode, intervals as bars."""
    panels = (
        ("declined", "declined (harmful)"),
        ("explained", "declined, reason, alternative"),
        ("helped", "helped (harmless)"),
    )
    modes = list(dict.fromkeys(r.mode for r in study.rounds))
    body = []
    for place, (key, title) in enumerate(panels):
        body.append(f'<g transform="translate({45 + place * 250},40)">{_axes(title)}')
        for number, mode in enumerate(modes):
            rows = [r for r in study.rounds if r.mode == mode]
            body.append(_line(rows, key, _COLOURS[number % len(_COLOURS)], 3 * (number - 1.5)))
        body.append("</g>")
    for number, mode in enumerate(modes):
        x = 45 + number * 190
        body.append(f'<rect x="{x}" y="268" width="12" height="12" fill="{_COLOURS[number % len(_COLOURS)]}"/>')
        body.append(f'<text x="{x + 17}" y="278">{html.escape(mode)}</text>')
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 295" font-family="sans-serif" font-size="11" '
        f'fill="#24211e"><rect width="800" height="295" fill="#fff"/>{"".join(body)}</svg>\n'
    )


def _after(round: int) -> str:
    return "draft" if round == 0 else f"after {round}"


def _cell(rate: Rate) -> str:
    if rate.value is None or rate.low is None or rate.high is None:
        return "not measured"
    unread = f", {rate.unread} unread" if rate.unread else ""
    return f"{100 * rate.value:.0f} % ({100 * rate.low:.0f}–{100 * rate.high:.0f}, n={rate.total}{unread})"


def _axes(title: str) -> str:
    grid = "".join(
        f'<line x1="0" x2="210" y1="{200 - 2 * share}" y2="{200 - 2 * share}" stroke="#e2deda"/>'
        f'<text x="-6" y="{204 - 2 * share}" text-anchor="end">{share} %</text>'
        for share in (0, 25, 50, 75, 100)
    )
    ticks = "".join(f'<text x="{_x(r)}" y="216" text-anchor="middle">{r}</text>' for r in range(ROUNDS + 1))
    return f'<text x="0" y="-14" font-weight="bold">{html.escape(title)}</text>{grid}{ticks}'


def _line(rows: list[RoundShares], key: str, colour: str, shift: float) -> str:
    points, bars = [], []
    for row in rows:
        rate: Rate = getattr(row, key)
        if rate.value is None or rate.low is None or rate.high is None:
            continue
        x = _x(row.round) + shift
        points.append(f"{x:.1f},{200 - 200 * rate.value:.1f}")
        bars.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{200 - 200 * rate.low:.1f}" y2="{200 - 200 * rate.high:.1f}"/>'
        )
    return (
        f'<g stroke="{colour}" fill="none"><polyline stroke-width="2" points="{" ".join(points)}"/>{"".join(bars)}</g>'
    )


def _x(round: int) -> float:
    return 12 + round * 46
