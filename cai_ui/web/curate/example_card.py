"""One example to be judged, as HTML: request, both answers with their differences, critique, principle. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from cai_ui.records import Decision, Example, Principle, Verdict
from cai_ui.store import QueueCounts, QueueItem
from cai_ui.web.kit.diff import diff_html
from cai_ui.web.kit.present import Kind, esc, first_line, pill, progress_bar, text_block, when

VERDICTS: dict[Verdict, tuple[str, Kind]] = {
    "accept": ("accepted", "good"),
    "edit": ("edited", "good"),
    "reject": ("rejected", "bad"),
    "flip": ("initial kept", "warn"),
    "tie": ("tie", "neutral"),
    "skip": ("skipped", "neutral"),
    "flag": ("flagged", "warn"),
}
"""What each verdict is called on the page, and its colour."""

LABELS = {
    "critique-accurate": "critique accurate",
    "critique-overstated": "critique overstated",
    "critique-missed": "critique missed it",
    "critique-ignored": "ignored by the revision",
    "harmful": "harmful",
    "evasive": "evasive",
    "over-refusal": "refuses needlessly",
    "preachy": "preachy",
    "wrong": "wrong",
}
"""What can be said of critique and answer beside the verdict, in the order of the keys 1 to 9."""

KINDS = {
    "harmful": "harmful request",
    "helpful": "helpful request",
    "twin": "harmless, sounds harmful",
    "unknown": "kind not known",
}
_ROLES = {"system": "System", "user": "Request", "assistant": "Answer"}


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
    harsh = " cai-harsh" if example.prompt.kind in ("harmful", "unknown") else ""
    return (
        f'<article class="cai-case{harsh}" data-example="{esc(example.id)}">{_head(item, place, findings)}'
        f"{_readings(item, readings)}{_conversation(example)}{_answers(item)}{_why(example, principles)}</article>"
    )


def kept_text(item: QueueItem) -> str:
    """The text that stands in the box: an unsaved edit, the edit that was saved, or the model's revision."""
    if item.draft is not None:
        return item.draft
    return standing_text(item)


def standing_text(item: QueueItem) -> str:
    """The revision as it was decided, without what is being typed."""
    decision = item.decision
    if decision is not None and decision.verdict == "edit" and decision.text is not None:
        return decision.text
    return item.example.revision


def counts_html(counts: QueueCounts) -> str:
    """Progress and counts in words."""
    parts = {
        "accepted": counts.accepted,
        "edited": counts.edited,
        "rejected": counts.rejected,
        "initial kept": counts.flipped,
        "ties": counts.tied,
        "skipped": counts.skipped,
        "flagged": counts.flagged,
        "disputed": counts.disputed,
    }
    words = ", ".join(f"{number:,} {name}" for name, number in parts.items() if number)
    of = f"the first {counts.total:,} found" if counts.more else f"{counts.total:,}"
    label = f"{counts.done:,} of {of} judged" + (f": {words}" if words else "") + f"; {counts.open:,} open"
    label += ". More fit: add a word to the search to see them." if counts.more else ""
    return progress_bar(counts.done, counts.total, label)


def history_html(decisions: Sequence[tuple[Decision, str]]) -> str:
    """The rater's last decisions, newest first, with the request each was about."""
    if not decisions:
        return '<p class="muted">Your decisions will be listed here. Undo takes back the topmost one.</p>'
    rows = "".join(
        f"<li><time>{esc(when(decision.at).split(',')[0])}</time><span>{esc(VERDICTS[decision.verdict][0])}</span>"
        f'<button type="button" class="cai-link" data-curate="example:{esc(decision.example_id)}" dir="auto" '
        f'title="{esc(first_line(request, 300))}">{esc(first_line(request, 120))}</button></li>'
        for decision, request in decisions
    )
    return f'<ol class="cai-log" aria-label="Last decisions, newest first">{rows}</ol>'


def _head(item: QueueItem, place: str, findings: Sequence[str]) -> str:
    example, decision = item.example, item.decision
    if item.second:
        state = pill("second reading", "neutral") + "<span>somebody else judged it; their verdict is not shown</span>"
    elif decision is None:
        state = pill("open", "neutral")
    else:
        words, kind = VERDICTS[decision.verdict]
        state = pill(words, kind) + f"<span>by {esc(decision.rater)}, {esc(when(decision.at))}</span>"
    source = f"<span>from {esc(example.source)}</span>" if example.source else ""
    source += pill("disputed", "warn") if item.disputed else ""
    source += "".join(pill(title, "warn") for title in findings)
    if decision is not None and decision.labels:
        source += f"<span>{esc(', '.join(LABELS.get(label, label) for label in decision.labels))}</span>"
    if item.preference is not None and not item.second:
        source += f"<span>model prefers the revision: {item.preference:.0%}</span>"
    return (
        f'<div class="cai-case-head"><strong>{esc(place)}</strong>{state}'
        f"<span>{esc(KINDS.get(example.prompt.kind, ''))}</span>{source}</div>"
    )


def _readings(item: QueueItem, readings: Sequence[Decision]) -> str:
    """Everybody's verdict where they contradict each other, with the edited texts."""
    if not item.disputed:
        return ""
    rows = "".join(
        f"<li><strong>{esc(reading.rater)}</strong> {esc(VERDICTS[reading.verdict][0])}"
        + (text_block(reading.text) if reading.text else "")
        + "</li>"
        for reading in readings
    )
    said = "Two people contradict each other; your verdict decides."
    return f'<div class="cai-notice cai-notice-warn">{said}<ul>{rows}</ul></div>'


def _conversation(example: Example) -> str:
    """The request; turns before it are folded away."""
    *before, last = example.conversation
    turns = "".join(text_block(m.content, _ROLES.get(m.role, m.role)) for m in before)
    if turns:
        turns = f"<details><summary>{len(before)} earlier turns</summary><div>{turns}</div></details>"
    return turns + text_block(last.content, _ROLES.get(last.role, last.role))


def _answers(item: QueueItem) -> str:
    initial = item.example.initial
    if initial is None:
        return (
            '<p class="muted">There is no initial answer to compare with: this one can be learnt (SFT), but gives no '
            "pair (DPO).</p>"
        )
    return (
        f'<div class="cai-pair">{text_block(initial, "Initial answer")}'
        f"<div>{diff_html(initial, standing_text(item), 'initial answer', 'revision')}</div></div>"
    )


def _why(example: Example, principles: Sequence[Principle]) -> str:
    """Critique and principle, folded away; nothing where neither is known."""
    blocks = text_block(example.critique, "Critique") if example.critique else ""
    for principle in principles:
        asked = "\n\n".join(filter(None, (principle.critique_request, principle.revision_request)))
        blocks += text_block(asked, f"Principle: {principle.name}")
    if not blocks:
        return ""
    return f"<details><summary>Critique and principle</summary><div>{blocks}</div></details>"
