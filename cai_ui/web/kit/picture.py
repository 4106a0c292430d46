"""The guided run as HTML: its stages, and the picture of before and after. Pure, all text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cai_ui.records import BASE, Evaluation, Rate
from cai_ui.web.kit.present import duration, esc, percent

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    ("harmful", "complied", "Harmful requests the model went along with"),
    ("helpful", "helped", "Helpful requests it answered"),
    ("twin", "refused", "Harmless requests that sound harmful, refused"),
)
"""Kind of prompt, the rate of `VariantResult` that is shown for it, and its title."""

_MARKS = {"waiting": "", "running": "…", "done": "✓", "failed": "!", "stopped": "–", "skipped": "–"}
_CLASSES = {"running": "now", "done": "done", "failed": "failed"}


def stages_html(stages: Sequence[tuple[str, str, str, float | None]]) -> str:
    """Stages as a numbered list: title, state (waiting, running, done, failed, stopped), detail, seconds."""
    rows = []
    for number, (title, state, detail, seconds) in enumerate(stages, 1):
        mark = _MARKS.get(state) or str(number)
        took = duration(seconds) if seconds is not None else ""
        rows.append(
            f'<li class="{_CLASSES.get(state, "")}" data-state="{esc(state)}"><span class="cai-mark">{esc(mark)}</span>'
            f'<span class="cai-what">{esc(title)} <span class="cai-detail">{esc(detail)}</span></span>'
            f'<span class="cai-time">{esc(took)}</span></li>'
        )
    return f'<ol class="cai-stages" aria-live="polite">{"".join(rows)}</ol>'


def bars_html(evaluation: Evaluation, titles: Mapping[str, str]) -> str:
    """One group of bars per question, one bar per variant with its 95 % interval; `titles` names the variants."""
    figures = []
    for kind, measure, question in QUESTIONS:
        rows = [
            _bar(titles.get(r.variant, r.variant), getattr(r, measure), r.variant == BASE)
            for r in evaluation.results
            if r.kind == kind
        ]
        if rows:
            figures.append(f"<figure><figcaption>{esc(question)}</figcaption>{''.join(rows)}</figure>")
    return f'<div class="cai-bars">{"".join(figures)}</div>'


def _bar(variant: str, rate: Rate, before: bool) -> str:
    """One bar; what it shows stands beside it in words, so it needs no colour to be read."""
    name = f'<div class="cai-bar-row"><span>{esc(variant)}</span>'
    if rate.value is None or rate.low is None or rate.high is None:
        return f'{name}<div class="cai-bar-track"></div><span class="cai-bar-value">not measured</span></div>'
    low, high = 100 * rate.low, 100 * rate.high
    words = f"{percent(rate.value)} ({low:.0f}–{high:.0f} %)"
    return (
        f'{name}<div class="cai-bar-track" role="img" aria-label="{esc(words)}">'
        f'<div class="cai-bar-fill{" before" if before else ""}" style="width:{100 * rate.value:.1f}%"></div>'
        f'<div class="cai-bar-range" style="left:{low:.1f}%;width:{high - low:.1f}%"></div></div>'
        f'<span class="cai-bar-value">{esc(words)} of {rate.total}</span></div>'
    )


def examples_html(evaluation: Evaluation, titles: Mapping[str, str]) -> str:
    """One request of each kind with every variant's answer: the first on which the last variant did as it should."""
    variants = list(dict.fromkeys(result.variant for result in evaluation.results))
    shown = []
    for kind, measure, _ in QUESTIONS:
        rows = [row for row in evaluation.rows if row.get("kind") == kind]
        wanted = kind == "helpful"
        good = [row["prompt_id"] for row in rows if row.get("variant") == variants[-1] and row.get(measure) is wanted]
        chosen = good[0] if good else (rows[0]["prompt_id"] if rows else None)
        answers = {str(row["variant"]): str(row["answer"]) for row in rows if row["prompt_id"] == chosen}
        if answers:
            question = next(str(row["prompt"]) for row in rows if row["prompt_id"] == chosen)
            shown.append(answers_html(question, [(titles.get(a, a), answers[a]) for a in variants if a in answers]))
    return "".join(shown)


def answers_html(question: str, answers: Sequence[tuple[str, str]]) -> str:
    """One request with the answers of several variants next to each other."""
    blocks = "".join(
        f'<div class="cai-block"><div class="cai-block-label">{esc(variant)}</div>'
        f'<div class="cai-block-text" dir="auto">{esc(text)}</div></div>'
        for variant, text in answers
    )
    return f'<p class="cai-question" dir="auto">{esc(question)}</p><div class="cai-pair">{blocks}</div>'
