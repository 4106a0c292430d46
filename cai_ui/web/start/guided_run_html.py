"""The guided run as HTML: its stages, and an example of each kind of request after it. Pure, all text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cai_ui.records import Evaluation
from cai_ui.web.kit.present import duration, esc, notice, percent
from cai_ui.web.kit.words import KINDS, QUESTIONS
from cai_ui.web.start import words

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


def headline_html(evaluation: Evaluation, seconds: float) -> str:
    """What came of it in one sentence: each share of the base and of the last variant; "" where there is none."""
    variants = list(dict.fromkeys(result.variant for result in evaluation.results))
    shares: dict[tuple[str, str], str] = {
        (result.kind, result.variant): percent(getattr(result, measure).value)
        for kind, measure, _ in QUESTIONS
        for result in evaluation.results
        if result.kind == kind
    }
    parts = [
        words.HEADLINE[kind].format(before=shares[kind, variants[0]], after=shares[kind, variants[-1]])
        for kind in words.HEADLINE
        if (kind, variants[0]) in shares and (kind, variants[-1]) in shares
    ]
    if not parts:
        return ""
    return notice(f"{words.DONE_IN.format(time=duration(seconds))}: {'; '.join(parts)}.", "good")


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
            heading = f'<p class="muted">{esc(KINDS[kind])}</p>'
            shown.append(
                heading + answers_html(question, [(titles.get(a, a), answers[a]) for a in variants if a in answers])
            )
    return "".join(shown)


def answers_html(question: str, answers: Sequence[tuple[str, str]]) -> str:
    """One request with the answers of several variants next to each other."""
    blocks = "".join(
        f'<div class="cai-block"><div class="cai-block-label">{esc(variant)}</div>'
        f'<div class="cai-block-text" dir="auto">{esc(text)}</div></div>'
        for variant, text in answers
    )
    return f'<p class="cai-question" dir="auto">{esc(question)}</p><div class="cai-pair">{blocks}</div>'
