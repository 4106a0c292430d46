"""The results of a seed study as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cai_ui.pipeline.prompts.summary import KINDS
from cai_ui.records import BASE, Rate
from cai_ui.statistics.means import Mean
from cai_ui.studies.seed.results import Cell, SeedResults

TITLES = {BASE: "base, untrained"}


def study_markdown(found: SeedResults, command: str, sets: dict[str, str]) -> str:
    """Tables of all measures. `command` made them; `sets` are the titles of the measured sets by key."""
    return (
        "\n\n".join(
            [
                "# The seed study, measured",
                _head(found, command),
                "## What the variants do",
                _cells(found.cells, sets),
                "## What is left of the helpfulness",
                _kept(found),
                "## Prompt format",
                _formats(found),
                *_critiques(found),
                "## The adapter switched off",
                f"{_share(found.removed)} of the answers of the variant {found.settings['trained'][0]} are then "
                "word for word those of the base.",
            ]
        )
        + "\n"
    )


def _head(found: SeedResults, command: str) -> str:
    settings, made = found.settings, found.made
    unfinished = "" if settings["evaluation"] else "**Not finished: so far** "
    rows = "; ".join(
        f"{variant}: {run['rows']} rows, {run['steps']} steps, {run['seconds'] or 0:.0f} s"
        for variant, run in made["runs"].items()
    )
    left = ", ".join(f"{count} × {reason}" for reason, count in made["left_out"].items()) or "none"
    return (
        f"{unfinished}Model `{settings['model']}` ({str(settings['base'])[:12]}); learnt from {settings['source']}: "
        f"{made['examples']} revisions, left out: {left}. Greedy answers, read by {settings['reader']}. Shares with "
        f"95 % Wilson intervals; one seed, one training each, so the spread between trainings is not in them.\n\n"
        f"Trained: {rows}.\n\nMade by `{command}`."
    )


def _cells(cells: Sequence[Cell], sets: dict[str, str]) -> str:
    columns = ["set", "variant", "refused", "than base: more, fewer (p)", "helped", "broken", "cut at the limit",
               "median tokens", "begin like another"]  # fmt: skip
    rows = []
    for cell in cells:
        against = cell.against_base
        paired = "" if against is None else f"{against.now_refused}, {against.no_longer}{_p(against.p)}"
        helped = "" if cell.kind in ("harmful", "unknown") else _share(cell.good)
        rows.append([
            f"{sets.get(cell.set, cell.set)}: {KINDS[cell.kind]}", TITLES.get(cell.variant, cell.variant),
            _share(cell.refused), paired, helped, _share(cell.broken), _share(cell.cut), f"{cell.median_tokens:.0f}",
            _share(cell.openings),
        ])  # fmt: skip
    return _table(columns, rows)


def _kept(found: SeedResults) -> str:
    n = max((kept.references.units for kept in found.kept), default=0)
    columns = ["variant", "log-probability a token", "less than the base", "KL(base ‖ variant) a token"]
    rows = [
        [TITLES.get(kept.variant, kept.variant), _mean(kept.references), _mean(kept.lost), _mean(kept.divergence)]
        for kept in found.kept
    ]
    return (
        f"{n} held-out helpful answers; KL from one answer to each of their requests, drawn from the base at "
        f"temperature 1. In nats, with 95 % intervals over answers.\n\n{_table(columns, rows)}"
    )


def _formats(found: SeedResults) -> str:
    columns = ["variant", "format", "harmful refused", "in the chat template", "more, fewer (p)", "broken"]
    rows = [
        [TITLES.get(cell.variant, cell.variant), cell.format, _share(cell.refused), _share(cell.template),
         f"{cell.more}, {cell.fewer}{_p(cell.p)}", _share(cell.broken)]
        for cell in found.formats
    ]  # fmt: skip
    return _table(columns, rows)


def _critiques(found: SeedResults) -> Iterable[str]:
    if not found.critiques.get("all"):
        return
    yield "## Critiques and what became of them, by principle"
    shown = {
        "critiques name a fault": ("critique: finding", "critiques"),
        "find nothing": ("critique: no finding", "critiques"),
        "are none": ("critique: no critique", "critiques"),
        "copy a few-shot example's": ("critique: few-shot copy", "critiques"),
        "revisions follow": ("revision: followed", "revisions"),
        "ignore": ("revision: ignored", "revisions"),
        "change anyway": ("revision: changed anyway", "revisions"),
        "were cut": ("revision: truncated", "revisions"),
        "copy a few-shot example": ("revision: few-shot copy", "revisions"),
    }
    rows = [
        [principle, *(f"{counts.get(label, 0)} of {counts.get(of, 0)}" for label, of in shown.values())]
        for principle, counts in found.critiques.items()
    ]
    yield _table(["principle", *shown], rows)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "¦") for cell in line) + " |" for line in lines)


def _share(rate: Rate) -> str:
    if rate.value is None or rate.low is None or rate.high is None:
        return f"not read ({rate.unread})" if rate.unread else "–"
    unread = f", {rate.unread} not read" if rate.unread else ""
    return (
        f"{rate.successes}/{rate.total} = {100 * rate.value:.0f} % ({100 * rate.low:.0f}–{100 * rate.high:.0f}{unread})"
    )


def _mean(mean: Mean) -> str:
    if mean.value is None:
        return "–"
    interval = "" if mean.low is None or mean.high is None else f" ({mean.low:.3f} to {mean.high:.3f})"
    return f"{mean.value:.3f}{interval}"


def _p(p: float | None) -> str:
    return "" if p is None else f" ({p:.2g})"
