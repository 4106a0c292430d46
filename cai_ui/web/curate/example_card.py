"""One example as HTML: request, both answers with their differences, critique, principle; and what was judged. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from cai_ui.records import Decision, Example, Principle, Verdict
from cai_ui.store import QueueItem
from cai_ui.web.curate import words
from cai_ui.web.kit.diff import diff_html
from cai_ui.web.kit.present import Kind, esc, first_line, pill, text_block, when
from cai_ui.web.lineage.where_from import where_from

_COLOURS: dict[Verdict, Kind] = {
    "accept": "good", "edit": "good", "reject": "bad", "flip": "warn", "flag": "warn", "tie": "neutral",
    "skip": "neutral",
}  # fmt: skip
_SENSITIVE = ("harmful", "unknown")
"""Kinds of request whose texts are blurred, where a person wants that."""


def card_html(
    item: QueueItem,
    principles: Sequence[Principle],
    place: str,
    findings: Sequence[str] = (),
    readings: Sequence[Decision] = (),
) -> str:
    """The whole example; `place` says where in the queue it stands, `findings` are titles of the data checks, and
    `readings` all raters' judgements of a disputed example."""
    example = item.example
    sensitive = " cai-sensitive" if example.prompt.kind in _SENSITIVE else ""
    return (
        f'<article class="cai-case{sensitive}" data-example="{esc(example.id)}">{_head(item, place, findings)}'
        f"{_readings(item, readings)}{_conversation(example)}{_answers(item)}{_why(example, principles)}</article>"
    )


def kept_text(item: QueueItem) -> str:
    """The text that stands in the box: an unsaved edit, the edit that was saved, or the model's revision."""
    return standing_text(item) if item.draft is None else item.draft


def standing_text(item: QueueItem) -> str:
    """The revision as it was decided, without what is being typed."""
    decision = item.decision
    if decision is not None and decision.verdict == "edit" and decision.text is not None:
        return decision.text
    return item.example.revision


def history_html(decisions: Sequence[tuple[Decision, str]], numbers: str = "") -> str:
    """The rater's last decisions, newest first, with the request each was about; `numbers` says what was judged how."""
    if not decisions:
        return f'<p class="muted">{esc(numbers)}</p><p class="muted">{esc(words.NO_HISTORY)}</p>'
    rows = "".join(
        f"<li><time>{esc(when(decision.at).split(',')[0])}</time><span>{esc(words.VERDICTS[decision.verdict])}</span>"
        f'<button type="button" class="cai-link" data-curate="example:{esc(decision.example_id)}" dir="auto" '
        f'title="{esc(first_line(request, 300))}">{esc(first_line(request, 120))}</button></li>'
        for decision, request in decisions
    )
    return f'<p class="muted">{esc(numbers)}</p><ol class="cai-log" aria-label="{esc(words.HISTORY)}">{rows}</ol>'


def _head(item: QueueItem, place: str, findings: Sequence[str]) -> str:
    example, decision = item.example, item.decision
    if item.second and item.gold:
        state = pill(words.OPEN)  # a gold example looks like any other
    elif item.second:
        state = pill(words.SECOND) + f"<span>{esc(words.SECOND_WHAT)}</span>"
    elif decision is None:
        state = pill(words.OPEN)
    else:
        state = pill(words.VERDICTS[decision.verdict], _COLOURS[decision.verdict])
        state += f"<span>by {esc(decision.rater)}, {esc(when(decision.at))}</span>"
    source = f"<span>from {esc(example.source)}</span>" if example.source else ""
    source += pill(words.DISPUTED, "warn") if item.disputed else ""
    source += "".join(pill(title, "warn") for title in findings)
    if decision is not None and decision.labels:
        source += f"<span>{esc(', '.join(words.LABELS.get(label, label) for label in decision.labels))}</span>"
    if item.preference is not None and not item.second:
        source += f"<span>model prefers the revision: {item.preference:.0%}</span>"
    # A second reader is not to see what others decided.
    origin = "" if item.second else where_from("example", example.id)
    link = f"?tab=curate&item={quote(example.id)}"
    return (
        f'<div class="cai-case-head"><strong>{esc(place)}</strong>'
        f'<a class="cai-link" href="{esc(link)}" data-copy>{esc(words.LINK)}</a>{origin}{state}'
        f"<span>{esc(words.KINDS.get(example.prompt.kind, ''))}</span>{source}</div>"
    )


def _readings(item: QueueItem, readings: Sequence[Decision]) -> str:
    """Everybody's verdict where they contradict each other, with the edited texts."""
    if not item.disputed:
        return ""
    rows = "".join(
        f"<li><strong>{esc(reading.rater)}</strong> {esc(words.VERDICTS[reading.verdict])}"
        + (text_block(reading.text) if reading.text else "")
        + "</li>"
        for reading in readings
    )
    return f'<div class="cai-notice cai-notice-warn">{esc(words.DISPUTED_WHAT)}<ul>{rows}</ul></div>'


def _conversation(example: Example) -> str:
    """The request; turns before it are folded away."""
    *before, last = example.conversation
    turns = "".join(text_block(m.content, words.ROLES.get(m.role, m.role)) for m in before)
    if turns:
        turns = f'<details data-keep="turns"><summary>{len(before)} earlier turns</summary><div>{turns}</div></details>'
    return turns + f'<div data-part="request">{text_block(last.content, words.ROLES.get(last.role, last.role))}</div>'


def _answers(item: QueueItem) -> str:
    initial = item.example.initial
    if initial is None:
        return f'<p class="muted">{esc(words.NO_INITIAL)}</p>'
    return (
        f'<div class="cai-pair"><div data-part="initial">{text_block(initial, words.INITIAL)}</div>'
        f'<div data-part="revision">{diff_html(initial, standing_text(item))}</div></div>'
    )


def _why(example: Example, principles: Sequence[Principle]) -> str:
    """Critique and principle, folded away; nothing where neither is known."""
    blocks = text_block(example.critique, words.CRITIQUE) if example.critique else ""
    for principle in principles:
        asked = "\n\n".join(filter(None, (principle.critique_request, principle.revision_request)))
        blocks += text_block(asked, f"{words.PRINCIPLE}: {principle.name}")
    if not blocks:
        return ""
    return f'<details data-keep="why"><summary id="curate-why">{esc(words.WHY)}</summary><div>{blocks}</div></details>'
