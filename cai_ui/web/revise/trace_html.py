"""A trace as HTML. Pure: steps in, escaped markup out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cai_ui import revise
from cai_ui.records import Step, StepKind, Trace
from cai_ui.web.kit.diff import diff_html
from cai_ui.web.kit.present import answered_by, counted, empty_state, esc, pill
from cai_ui.web.kit.words import ENDS
from cai_ui.web.lineage.where_from import where_from
from cai_ui.web.revise import words

LONG, SHOWN = 1_000, 600
"""Characters from which a step is folded, and about how many of it are shown then."""
_GOOD = ("finding", "followed", "kept", "no finding", "rewritten")
_BAD = ("no critique", "ignored", "few-shot copy", "empty", "role confusion", "language change", "truncated", "broken")


@dataclass(frozen=True)
class Live:
    """The step being written right now. `tokens` and `seconds` are what came so far; `total` steps are planned."""

    kind: StepKind
    principles: tuple[str, ...]
    text: str
    seconds: float = 0.0
    tokens: int = 0
    total: int = 0


NOTHING_YET = empty_state(*words.NOTHING_YET)


def steps_html(trace: Trace | None, principles: Mapping[str, str], live: Live | None = None) -> str:
    """All steps, and the one being written; `principles` maps ids to names."""
    steps = list(trace.steps) if trace else []
    if not steps and live is None:
        return NOTHING_YET
    shown = [*steps, Step(live.kind, live.text, principle_ids=live.principles)] if live else steps
    titles = revise.step_titles(shown)
    cards = []
    for index, (title, step) in enumerate(zip(titles, shown, strict=True)):
        writing = index == len(steps)
        labels = () if writing or trace is None else revise.labels_of(trace, index)
        before = next((s.text for s in reversed(shown[:index]) if s.kind != "critique"), "")
        cards.append(_card(title, step, principles, labels, before, live if writing else None))
    return f'<div class="cai-chain" aria-live="polite">{"".join(cards)}{_end(trace, live)}</div>'


def branch_labels(family: Sequence[Trace]) -> list[tuple[str, str]]:
    """Label and id of each branch of a tree, indented by its depth, parents before their branches."""
    by_parent: dict[str | None, list[Trace]] = {}
    ids = {trace.id for trace in family}
    for trace in family:
        by_parent.setdefault(trace.parent if trace.parent in ids else None, []).append(trace)
    lines: list[tuple[str, str]] = []

    def add(trace: Trace, depth: int) -> None:
        lines.append((("   " * depth + "└ " if depth else "") + _branch_label(trace), trace.id))
        for child in by_parent.get(trace.id, []):
            add(child, depth + 1)

    for root in by_parent.get(None, []):
        add(root, 0)
    return lines


def _branch_label(trace: Trace) -> str:
    at = trace.settings.get("branched_at")
    sampling = trace.settings.get("sampling", {})
    if trace.parent is None or not isinstance(at, int):
        start = words.ROOT
    else:
        titles = revise.step_titles(trace.steps)
        title = titles[at] if at < len(titles) else "next step"
        by_hand = at < len(trace.steps) and trace.steps[at].edited
        start = f"{title} {'by hand' if by_hand else 'again'}"
    drawn = f"seed {sampling.get('seed', 0)}, T {sampling.get('temperature', 0):g}"
    return f"{start} · {drawn} · {counted(len(trace.steps), 'step')}"


def quoted_passages(critique: str, answer: str) -> list[str]:
    """Passages of the answer that the critique quotes word for word (three words or more), in their order."""
    found = []
    for quote in re.findall(r"[\"“„«‘']([^\"“”„«»‘’]{8,400})[\"”“»’']", critique):
        passage = quote.strip(" .,;")
        if len(passage.split()) >= 3 and passage in answer and passage not in found:
            found.append(passage)
    return found


def _card(
    title: str,
    step: Step,
    principles: Mapping[str, str],
    labels: Sequence[str],
    before: str,
    live: Live | None,
) -> str:
    asked = ""
    if step.request:
        text = f'<div class="cai-step-text" dir="auto">{esc(step.request)}</div>'
        asked = f"<details><summary>{words.ASKED}</summary>{text}</details>"
    pills = "".join(pill(label, "good" if label in _GOOD else "bad" if label in _BAD else "warn") for label in labels)
    by_hand = f'<span class="muted">{words.LABELS_BY_HAND}</span>' if step.labels is not None else ""
    passages = quoted_passages(step.text, before) if step.kind == "critique" else []
    beside = "".join(_passage(passage, before) for passage in passages)
    if step.kind == "revision" and before and live is None:
        beside = diff_html(before, step.text, words.BEFORE, words.HERE)
    beside = f"<div>{beside}</div>" if beside else ""
    return (
        f'<section class="cai-step cai-step-{esc(step.kind)}{" cai-step-live" if live else ""}">'
        f'<div class="cai-step-head"><strong>{esc(title)}</strong>'
        f'<span class="muted">{esc(_under(step.principles, principles))}</span></div>'
        f'<div class="cai-step-beside">{_text(step.text, folded=live is None)}{beside}</div>'
        f'<div class="cai-step-labels">{pills}{by_hand}</div>'
        f"{_live_foot(live) if live else _foot(step)}{_scores(step, principles)}{asked}</section>"
    )


def _text(text: str, folded: bool) -> str:
    """The text; of a long one the beginning, and the rest to be opened."""
    place = text.rfind(" ", 0, SHOWN) if folded and len(text) > LONG else -1
    if place < 0:
        return f'<div class="cai-step-text" dir="auto">{esc(text)}</div>'
    rest = text[place:]
    return (
        f'<div><div class="cai-step-text" dir="auto">{esc(text[:place])} …</div>'
        f"<details><summary>{counted(len(rest.split()), 'more word')}</summary>"
        f'<div class="cai-step-text" dir="auto">{esc(rest.strip())}</div></details></div>'
    )


def _under(ids: Sequence[str], principles: Mapping[str, str]) -> str:
    names = [f"“{principles.get(id, id)}”" for id in ids]
    if len(names) > 3:
        return f"by {len(names)} principles at once"
    return f"by {'the principle ' if len(names) == 1 else ''}{' and '.join(names)}" if names else ""


def _passage(passage: str, answer: str) -> str:
    at = answer.index(passage)
    start, end = max(0, at - 60), min(len(answer), at + len(passage) + 60)
    left, right = answer[start:at], answer[at + len(passage) : end]
    return (
        f'<blockquote class="cai-passage"><span class="muted">{words.PASSAGE}</span> '
        f'<span dir="auto">{"…" if start else ""}{esc(left)}<mark>{esc(passage)}</mark>{esc(right)}'
        f"{'…' if end < len(answer) else ''}</span></blockquote>"
    )


def _scores(step: Step, principles: Mapping[str, str]) -> str:
    """How relevant each principle was found, where that decided."""
    if not step.scores:
        return ""
    ranked = sorted(step.scores.items(), key=lambda pair: -pair[1])
    rows = "".join(
        f'<li><meter min="0" max="1" value="{score:.3f}"></meter> {score:.3f} {esc(principles.get(id, id))}</li>'
        for id, score in ranked
    )
    return f'<details><summary>{words.SCORES}</summary><ul class="cai-scores">{rows}</ul></details>'


def _foot(step: Step) -> str:
    """How the text came about: length, speed, seed, how it ended, whether a person changed it."""
    if step.answer is None:
        return f'<div class="cai-step-foot">{words.WRITTEN_BY_HAND}</div>' if step.edited else ""
    answer = step.answer
    limit = answer.provenance.sampling.get("max_new_tokens")
    said = [f"{answer.tokens} of at most {limit} tokens" if limit else f"{answer.tokens} tokens"]
    if step.seconds:
        said.append(f"{answer.tokens / step.seconds:.0f} tokens/s")
    said += [f"seed {answer.provenance.seed}", *answered_by(answer.provenance)]
    if answer.finish in ENDS:
        said.append(ENDS[answer.finish])
    if step.edited:
        said.append(words.CHANGED_BY_HAND)
    return f'<div class="cai-step-foot">{esc(" · ".join(said))}</div>'


def _live_foot(live: Live) -> str:
    speed = f"{live.tokens / live.seconds:.0f} tokens/s" if live.seconds > 0.2 and live.tokens else ""
    said = [f"writing, {live.seconds:.0f} s", f"{live.tokens} tokens" if live.tokens else "", speed]
    return f'<div class="cai-step-foot">{esc(" · ".join(filter(None, said)))}</div>'


def _end(trace: Trace | None, live: Live | None) -> str:
    """How far the trace is, or that it ended early."""
    if live is not None:
        done = len(trace.steps) if trace else 0
        return f'<p class="muted">Step {done + 1} of {max(live.total, done + 1)}</p>'
    if trace is None:
        return ""
    early = f'<p class="muted">{words.NO_FINDING}</p>' if revise.ended_early(trace) else ""
    return f"{early}<p>{where_from('trace', trace.id)}</p>"
