"""A critique-revision chain as HTML. Pure: steps in, escaped markup out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cai_ui.records import Step, StepKind, Trace
from cai_ui.web.diff import diff_html
from cai_ui.web.present import empty_state, esc, first_line, when

NAMES = {"draft": "Initial answer", "critique": "Critique", "revision": "Revision"}
_ENDS = {
    "length": "cut at the longest answer allowed",
    "stopped": "stopped",
    "timeout": "stopped: it took too long",
}


@dataclass(frozen=True)
class Live:
    """The step being written right now."""

    kind: StepKind
    principle_id: str | None
    text: str


NOTHING_YET = empty_state(
    "No chain yet",
    "Choose or type a request above and press Run. The model answers, criticises its answer by a principle, and "
    "rewrites it.",
)


def chain_html(steps: Sequence[Step], principles: Mapping[str, str], live: Live | None = None) -> str:
    """All steps, and the one being written; `principles` maps ids to names."""
    if not steps and live is None:
        return NOTHING_YET
    shown = [*steps, Step(live.kind, live.text, principle_id=live.principle_id)] if live else steps
    cards = [
        _card(title, step, _under(step.principle_id, principles), writing=number == len(steps))
        for number, (title, step) in enumerate(zip(step_titles(shown), shown, strict=True))
    ]
    return f'<div class="cai-chain" aria-live="polite">{"".join(cards)}</div>'


def step_titles(steps: Sequence[Step]) -> list[str]:
    """ "Initial answer", "Critique 1", "Revision 1", "Critique 2", ..."""
    seen: dict[str, int] = {}
    titles = []
    for step in steps:
        seen[step.kind] = seen.get(step.kind, 0) + 1
        titles.append(NAMES[step.kind] if step.kind == "draft" else f"{NAMES[step.kind]} {seen[step.kind]}")
    return titles


def trace_diff(trace: Trace | None) -> str:
    """Word diff from the initial answer to the last revision, or "" before there is one."""
    if trace is None or trace.initial is None or trace.revision is None:
        return ""
    return diff_html(trace.initial, trace.revision)


def trace_label(trace: Trace) -> str:
    """One line for the list of earlier chains."""
    return f"{when(trace.created_at)} · {first_line(trace.prompt.text)}"


def _under(principle_id: str | None, principles: Mapping[str, str]) -> str:
    return f"by the principle “{principles.get(principle_id, principle_id)}”" if principle_id else ""


def _card(title: str, step: Step, under: str, writing: bool) -> str:
    asked = ""
    if step.request:
        asked = (
            "<details><summary>What the model was asked</summary>"
            f'<div class="cai-step-text" dir="auto">{esc(step.request)}</div></details>'
        )
    live = " cai-step-live" if writing else ""
    return (
        f'<section class="cai-step cai-step-{esc(step.kind)}{live}"><div class="cai-step-head">'
        f'<strong>{esc(title)}</strong><span class="muted">{esc(under)}</span></div>'
        f'<div class="cai-step-text" dir="auto">{esc(step.text)}</div>{_foot(step)}{asked}</section>'
    )


def _foot(step: Step) -> str:
    """How the text came about: length, seed, how it ended, whether a person changed it."""
    if step.answer is None:
        return '<div class="cai-step-foot">changed by hand</div>' if step.edited else ""
    answer = step.answer
    words = [f"{answer.tokens} tokens", f"seed {answer.provenance.seed}", answer.provenance.adapter or "base model"]
    if answer.finish in _ENDS:
        words.append(_ENDS[answer.finish])
    if step.edited:
        words.append("changed by hand")
    return f'<div class="cai-step-foot">{esc(" · ".join(words))}</div>'
