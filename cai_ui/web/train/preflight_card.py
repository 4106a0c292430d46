"""The check before a training run as HTML: verdict, costs, lengths, and one row with the learnt part marked. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from cai_ui.train.check.preflight import PreflightReport, size
from cai_ui.train.jobs.slices import slices_for
from cai_ui.web.kit.present import Kind, counted, duration, esc, facts, notice
from cai_ui.web.train import words

BARS = 12
"""Bars of the histogram of lengths."""


def preflight_html(report: PreflightReport) -> str:
    """Everything the check found, the verdict first."""
    if report.problems:
        parts = [_list(words.REFUSED, report.problems, "bad")]
    else:
        time = "" if report.estimate.seconds is None else f", about {duration(report.estimate.seconds)}"
        parts = [notice(f"Ready: {report.rows:,} rows, {report.steps:,} steps{time}.", "good")]
    if report.warnings:
        parts.append(_list(words.WARNINGS, report.warnings, "warn"))
    parts.append(facts(_facts(report)))
    if report.lengths:
        parts.append(lengths_html(report.lengths, report.limit))
    if report.decoded_example:
        parts.append(_decoded(report.decoded_example))
    return f'<div class="cai-sets">{"".join(parts)}</div>'


def lengths_html(lengths: Sequence[int], limit: int) -> str:
    """A histogram of tokens per row, with its numbers in words for those who do not see it."""
    edges, counts = histogram(lengths)
    most = max(counts)
    bars = "".join(
        f'<rect x="{10 * i + 1}" y="{60 - 56 * count / most:.1f}" width="8" height="{56 * count / most:.1f}">'
        f"<title>{edges[i]:,} to {edges[i + 1] - 1:,} tokens: {count:,} rows</title></rect>"
        for i, count in enumerate(counts)
    )
    ordered = sorted(lengths)
    said = (
        f"Tokens per row: {ordered[0]:,} to {ordered[-1]:,}, half of the rows have at most "
        f"{ordered[(len(ordered) - 1) // 2]:,}. Limit: {limit:,}; longer rows are left out whole, none is cut."
    )
    return (
        f'<figure class="cai-chart cai-bars"><figcaption>{esc(words.LENGTHS)}</figcaption>'
        f'<svg viewBox="0 0 {10 * len(counts)} 60" preserveAspectRatio="none" role="img" aria-label="{esc(said)}">'
        f'{bars}</svg><div class="cai-bars-x" aria-hidden="true"><span>{edges[0]:,}</span>'
        f'<span>{edges[-1] - 1:,}</span></div><p class="cai-bars-note">{esc(said)}</p></figure>'
    )


def histogram(lengths: Sequence[int]) -> tuple[list[int], list[int]]:
    """Edges and counts of at most BARS bars of equal width that hold every length."""
    low, high = min(lengths), max(lengths) + 1
    width = max(1, -(-(high - low) // BARS))
    number = -(-(high - low) // width)
    counts = [0] * number
    for length in lengths:
        counts[(length - low) // width] += 1
    return [low + width * i for i in range(number + 1)], counts


def _facts(report: PreflightReport) -> list[tuple[str, object]]:
    costs = report.estimate
    left_out = ", ".join(f"{count:,} {reason}" for reason, count in report.left_out.items()) or "none"
    pairs: list[tuple[str, object]] = [
        ("Held out", f"{report.held_out:,} rows, none of them trained on{_evaluated(report)}"),
        ("Left out", left_out),
        *report.facts.items(),
        ("Trainable parameters", f"{report.trainable_parameters:,} in {', '.join(report.modules)}"),
        ("Padding", report.padding),
        ("Memory", _against(costs.memory_bytes, costs.free_memory)),
        ("Disk", _against(costs.disk_bytes, costs.free_disk)),
    ]
    if costs.seconds is not None:
        low, high = costs.between
        likely = f"about {duration(costs.seconds)}, likely {duration(low)} to {duration(high)}"
        parts = ", ".join(f"{words.PARTS[k]} {duration(v)}" for k, v in costs.parts.items() if v >= 0.5)
        pairs += [("Time", f"{likely}; {words.KNOWN_FROM[costs.source]}"), ("of which", parts)]
    if report.slice_seconds:
        pairs.append(("GPU time", _lent(costs.seconds, report.slice_seconds)))
    if report.probes:
        pairs.append(("Probe prompts", f"{len(report.probes)} while it trains, none of them trained on"))
    return pairs


def _evaluated(report: PreflightReport) -> str:
    """How many of them are evaluated how often, and what share of the time that takes."""
    planned, costs = report.evaluations, report.estimate
    times = planned.times(report.steps)
    if not times:
        return "" if not report.held_out else "; none is evaluated while it trains"
    share = costs.parts.get("evaluations", 0.0) / costs.seconds if costs.seconds else None
    taken = "" if share is None else f", about {share:.0%} of the time"
    return f"; {planned.rows:,} of them evaluated {counted(times, 'time')}{taken}"


def _lent(seconds: float | None, slice_seconds: float) -> str:
    number = "" if seconds is None else f": about {slices_for(seconds, slice_seconds):,}"
    return (
        f"lent for {duration(slice_seconds)} at a time{number}, counted against the daily quota. A checkpoint is kept "
        "at the end of each, so what is done stays done when the quota ends"
    )


def _against(needed: int, free: int | None) -> str:
    return f"about {size(needed)}" + ("" if free is None else f" of {size(free)} free")


def _decoded(pieces: Sequence[tuple[str, bool]]) -> str:
    marked = "".join(
        f'<mark class="cai-learnt">{esc(text)}</mark>' if learnt else f"<span>{esc(text)}</span>"
        for text, learnt in pieces
    )
    return (
        f'<div class="cai-block"><div class="cai-block-label">{esc(words.MASKED)}</div>'
        f'<div class="cai-tokens" dir="auto">{marked}</div></div>'
    )


def _list(title: str, sentences: Sequence[str], kind: Kind) -> str:
    items = "".join(f"<li>{esc(sentence)}</li>" for sentence in sentences)
    return f'<div class="cai-notice cai-notice-{kind}" data-said><strong>{esc(title)}</strong><ul>{items}</ul></div>'
