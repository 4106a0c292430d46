"""A trace as it stands: what is wrong with it, parts of it, edits and branches, and the example it gives."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from cai_ui.errors import InputError
from cai_ui.records import Example, Step, Trace, make_example
from cai_ui.revise.effects import LABELS, nothing_found
from cai_ui.revise.planning import critiques_of_round

NOTHING_FOUND = "The critique found nothing wrong, so there is no revision."


def flaw(trace: Trace) -> str:
    """Why a chain cannot be judged, as a sentence, or ""."""
    last = next((step for step in reversed(trace.steps) if step.kind == "revision"), None)
    if last is None:
        return NOTHING_FOUND if ended_early(trace) else "There is no revision yet."
    if not last.text.strip():
        return "The revision is empty."
    if last.answer is not None and not last.edited and last.answer.finish in ("stopped", "timeout", "broken"):
        return "The revision was stopped before its end."
    return ""  # one that was cut, or goes round in circles, is kept: its label says so, and the queue can be filtered


def ended_early(trace: Trace) -> bool:
    """Whether the chain ended because the critiques of its last round found nothing, as its settings ask."""
    settings = trace.settings.get("revision", {})
    critiques = critiques_of_round(trace.steps)
    asked = settings.get("stop_when_fine", False)
    return asked and len(critiques) >= settings.get("critiques", 1) and nothing_found(trace)


def edited(trace: Trace, index: int, text: str) -> tuple[Step, ...]:
    """The trace's steps with the text of one changed by hand; the model's own words are kept in it."""
    step = _step(trace, index)
    words = step.text if step.model_text is None else step.model_text
    changed = dataclasses.replace(step, text=text, model_text=words, labels=None)
    return (*trace.steps[:index], changed, *trace.steps[index + 1 :])


def labelled(trace: Trace, index: int, labels: Sequence[str] | None) -> tuple[Step, ...]:
    """The trace's steps with a person's labels on one of them; None brings the computed ones back."""
    step = _step(trace, index)
    unknown = [label for label in labels or () if label not in LABELS]
    if unknown:
        raise InputError(f"There is no label {unknown[0][:60]!r}.", next_step=f"Known labels: {', '.join(LABELS)}.")
    kept = None if labels is None else tuple(label for label in LABELS if label in labels)
    changed = dataclasses.replace(step, labels=kept)
    return (*trace.steps[:index], changed, *trace.steps[index + 1 :])


def cut(trace: Trace, index: int) -> Trace:
    """The trace with the steps before `index` only."""
    _step(trace, index)
    return dataclasses.replace(trace, steps=trace.steps[:index])


def branch(trace: Trace, steps: Sequence[Step], **settings: object) -> Trace:
    """A new trace that goes its own way after `steps`; `parent` points back and `settings` replace the parent's."""
    return dataclasses.replace(
        trace,
        id=uuid.uuid4().hex,
        steps=tuple(steps),
        created_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        parent=trace.id,
        settings={**trace.settings, **settings},
    )


def to_example(trace: Trace, source: str) -> Example:
    """The chain's first and last answer, to be judged. Raises InputError where the chain has a flaw."""
    reason = flaw(trace)
    if reason:
        raise InputError(reason, kept="The trace is kept.", next_step="Ask for that step again, or edit it.")
    critiques = [step.text for step in trace.steps if step.kind == "critique"]
    drawn = dict.fromkeys(id for step in trace.steps for id in step.principles)
    return make_example(
        trace.conversation,
        trace.initial,
        trace.revision or "",
        prompt=trace.prompt,
        critique="\n\n".join(critiques) or None,
        principle_ids=tuple(drawn),
        constitution_hash=trace.constitution_hash,
        trace_id=trace.id,
        source=source,
    )


def _step(trace: Trace, index: int) -> Step:
    if not 0 <= index < len(trace.steps):
        raise InputError(f"The trace has no step {index + 1}.", next_step="Choose one of its steps.")
    return trace.steps[index]
