"""One chain, streaming."""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.constitution import resolve
from cai_ui.engine.interface import Engine, Request, StopFlag
from cai_ui.errors import InputError
from cai_ui.prompts import chain_messages, critique_request, revision_request
from cai_ui.records import (
    BASE,
    Answer,
    Constitution,
    FewShot,
    Message,
    Prompt,
    Step,
    StepKind,
    Trace,
    content_hash,
    to_dict,
)
from cai_ui.revise.choosing import Choice, choose
from cai_ui.revise.few_shot import few_shot_of
from cai_ui.revise.planning import PlannedStep, next_step, step_seed
from cai_ui.text import PROMPT_LIMIT, clean_text


@dataclass(frozen=True)
class StepEvent:
    """News of the step being made: `text` is what there is of it so far, `step` is set once it is finished.

    `trace` holds the steps finished so far, this one included where `step` is set.
    """

    kind: StepKind
    principles: tuple[str, ...]
    text: str
    step: Step | None
    trace: Trace


def as_prompt(text: str | Prompt | Sequence[Message]) -> tuple[Prompt, tuple[Message, ...]]:
    """A typed request, a prompt, or a conversation that ends with the user's turn. Raises InputError."""
    if isinstance(text, Prompt):
        asked = clean_text(text.text, "Request", limit=PROMPT_LIMIT)
        return dataclasses.replace(text, before=()), (*text.before, Message("user", asked))
    if isinstance(text, str):
        turns: tuple[Message, ...] = (Message("user", clean_text(text, "Request", limit=PROMPT_LIMIT)),)
    else:
        turns = tuple(Message(m.role, clean_text(m.content, "A turn", limit=PROMPT_LIMIT)) for m in text)
    if not turns or turns[-1].role != "user":
        raise InputError("The last turn is not the user's.", next_step="End with a question for the assistant.")
    key = content_hash([[m.role, m.content] for m in turns])[:16]
    return Prompt(id=key, text=turns[-1].content, source="typed"), turns


def new_trace(
    prompt: str | Prompt | Sequence[Message],
    constitution: Constitution,
    settings: RevisionSettings,
    sampling: Sampling,
    adapter: str = BASE,
    examples: Sequence[FewShot] = (),
    **notes: Any,
) -> Trace:
    """An empty trace with an id of its own. Its seed is that of the sampling; the settings go with it.

    The few-shot examples are written into it where the settings ask for them, so that it can be made again
    after they were edited. `notes` are kept beside the settings (versions of libraries, say).
    """
    record, conversation = as_prompt(prompt)
    kept: dict[str, Any] = {
        "revision": settings.model_dump(),
        "sampling": sampling.model_dump(),
        "adapter": adapter,
        **notes,
    }
    shown = [e for e in examples if e.enabled] if settings.few_shot else []
    if shown:
        kept["few_shot"] = [to_dict(e) for e in shown]
    return Trace(
        id=uuid.uuid4().hex,
        prompt=record,
        conversation=conversation,
        constitution_hash=constitution.hash,
        seed=sampling.seed,
        created_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        settings=kept,
    )


def revise(
    engine: Engine,
    trace: Trace,
    constitution: Constitution,
    settings: RevisionSettings,
    sampling: Sampling,
    stop: StopFlag | None = None,
    adapter: str = BASE,
    principle_id: str = "",
) -> Iterator[StepEvent]:
    """Make the steps that the trace does not have yet, streaming. The same seeds give the same texts.

    Principles are drawn by the trace's seed, texts by `sampling.seed` (for a fresh trace the same number).
    `principle_id` is used for the first of the steps instead of what the settings choose. After a stop the
    step in flight is kept with what it has, if it has any text, and no other follows.
    """
    while stop is None or not stop.is_set():
        planned = plan_next(engine, trace, constitution, settings, adapter, principle_id)
        if planned is None:
            return
        principle_id = ""
        request = step_request(trace, planned, settings, sampling, adapter)
        ids = tuple(p.id for p in planned.principles)
        text, answer, began = "", None, time.monotonic()
        for chunk in engine.stream([request], stop):
            text += chunk.text
            answer = chunk.answer or answer
            if chunk.answer is None:
                yield StepEvent(planned.kind, ids, text, None, trace)
        if answer is None or (answer.finish == "stopped" and not answer.text):
            return
        trace = extended(trace, planned, answer, time.monotonic() - began)
        yield StepEvent(planned.kind, ids, answer.text, trace.steps[-1], trace)


def plan_next(
    engine: Engine,
    trace: Trace,
    constitution: Constitution,
    settings: RevisionSettings,
    adapter: str = BASE,
    principle_id: str = "",
) -> PlannedStep | None:
    """The next step with its principles chosen, or the one named where it is not a draft."""

    def chooser(place: tuple[int, int], taken: Sequence[str]) -> Choice:
        return choose(engine, trace, constitution, settings, place, taken, settings.critic or adapter)

    if not principle_id:
        return next_step(trace, constitution, settings, chooser)
    named = (resolve(constitution, principle_id),)
    planned = next_step(trace, constitution, settings, lambda place, taken: Choice(named))
    if planned is None or planned.kind == "draft":
        return planned
    request = critique_request(named) if planned.kind == "critique" else revision_request(named)
    return PlannedStep(planned.kind, request, named)


def step_request(
    trace: Trace, planned: PlannedStep, settings: RevisionSettings, sampling: Sampling, adapter: str
) -> Request:
    """What the engine is asked for a planned step: whole chain so far, seed of its own, its own adapter."""
    examples = few_shot_of(trace) if planned.kind != "draft" else ()
    messages = chain_messages(trace.conversation, trace.steps, examples)
    if planned.request:
        messages = (*messages, Message("user", planned.request))
    limits = {"critique": settings.critique_tokens, "revision": settings.revision_tokens}
    limit = limits.get(planned.kind, 0)
    drawn = {"seed": step_seed(sampling.seed, len(trace.steps)), "max_new_tokens": limit or sampling.max_new_tokens}
    seeded = sampling.model_copy(update=drawn)
    other = {"critique": settings.critic, "revision": settings.reviser}.get(planned.kind, "")
    return Request(messages, seeded, other or adapter, strength=settings.strength, chat_format=settings.chat_format)


def extended(trace: Trace, planned: PlannedStep, answer: Answer, seconds: float | None = None) -> Trace:
    """The trace with the answer as its next step."""
    ids = tuple(p.id for p in planned.principles)
    step = Step(
        planned.kind,
        answer.text,
        planned.request,
        principle_id=ids[0] if len(ids) == 1 else None,
        answer=answer,
        principle_ids=ids if len(ids) > 1 else (),
        scores=planned.scores,
        seconds=seconds,
    )
    return dataclasses.replace(trace, steps=(*trace.steps, step))
