"""Shares of an evaluation as bars with their 95 % intervals, as HTML. Pure, all text escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from cai_ui.records import BASE, Evaluation, EvaluationInfo, Rate, VariantResult
from cai_ui.web.kit.present import Html, esc, percent
from cai_ui.web.kit.words import QUESTIONS


def bars_html(
    evaluation: Evaluation | EvaluationInfo,
    titles: Mapping[str, str],
    opened: Callable[[VariantResult, str, str], Html] | None = None,
) -> str:
    """One group of bars per question, one bar per variant with its 95 % interval; `titles` names the variants.

    `opened` makes the words beside a bar, of its result and measure, into something that can be pressed.
    """
    figures = []
    for kind, measure, question in QUESTIONS:
        rows = [
            _bar(
                titles.get(r.variant, r.variant),
                getattr(r, measure),
                r.variant == BASE,
                None if opened is None else partial(opened, r, measure),
            )
            for r in evaluation.results
            if r.kind == kind
        ]
        if rows:
            figures.append(f"<figure><figcaption>{esc(question)}</figcaption>{''.join(rows)}</figure>")
    return f'<div class="cai-bars">{"".join(figures)}</div>'


def _bar(variant: str, rate: Rate, before: bool, opened: Callable[[str], Html] | None) -> str:
    """One bar; what it shows stands beside it in words, so it needs no colour to be read."""
    name = f'<div class="cai-bar-row"><span>{esc(variant)}</span>'
    if rate.value is None or rate.low is None or rate.high is None:
        return f'{name}<div class="cai-bar-track"></div><span class="cai-bar-value">not measured</span></div>'
    low, high = 100 * rate.low, 100 * rate.high
    words = f"{percent(rate.value)} ({low:.0f}–{high:.0f} %)"
    beside = f"{words} of {rate.total}"
    return (
        f'{name}<div class="cai-bar-track" role="img" aria-label="{esc(words)}">'
        f'<div class="cai-bar-fill{" before" if before else ""}" style="width:{100 * rate.value:.1f}%"></div>'
        f'<div class="cai-bar-range" style="left:{low:.1f}%;width:{high - low:.1f}%"></div></div>'
        f'<span class="cai-bar-value">{opened(beside) if opened else esc(beside)}</span></div>'
    )
