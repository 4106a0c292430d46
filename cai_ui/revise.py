"""Critique and revision: a draft, then rounds of critique and revision, each under a drawn principle.

In: an engine, a trace that holds the conversation (and maybe steps already made), a constitution and
settings. Out: events as the text comes, each with the trace as it then stands. Knows nothing of storage
or the page. The method is that of Bai et al. 2022, section 3.1; the chain is one growing conversation.
"""

from __future__ import annotations

import dataclasses
import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cai_ui.config import RevisionSettings, Sampling
from cai_ui.constitution import draw
from cai_ui.engine import BASE, Engine, Request, StopFlag
from cai_ui.errors import CaiError, InputError
from cai_ui.prompts import chain_messages
from cai_ui.records import (
    Answer,
    Constitution,
    Example,
    Message,
    Principle,
    Prompt,
    Step,
    StepKind,
    Trace,
    content_hash,
    make_example,
)
from cai_ui.text import PROMPT_LIMIT, clean_text

BATCH_SIZE = 32
"""Chains that advance together."""


@dataclass(frozen=True)
class StepEvent:
    """News of the step being made: `text` is what there is of it so far, `step` is set once it is finished.

    `trace` holds the steps finished so far, this one included where `step` is set.
    """

    kind: StepKind
    principle: Principle | None
    text: str
    step: Step | None
    trace: Trace


@dataclass(frozen=True)
class PlannedStep:
    """What comes next in a chain. `request` is "" for the draft."""

    kind: StepKind
    principle: Principle | None
    request: str


@dataclass(frozen=True)
class ChainFailure:
    """A prompt of a batch that gave no finished chain; `reason` is a sentence that can be counted."""

    prompt: Prompt
    reason: str


def as_prompt(text: str | Prompt | Sequence[Message]) -> tuple[Prompt, tuple[Message, ...]]:
    """A typed request, a prompt, or a conversation that ends with the user's turn. Raises InputError."""
    if isinstance(text, Prompt):
        return text, (Message("user", clean_text(text.text, "Request", limit=PROMPT_LIMIT)),)
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
) -> Trace:
    """An empty trace with an id of its own. Its seed is that of the sampling; the settings go with it."""
    record, conversation = as_prompt(prompt)
    return Trace(
        id=uuid.uuid4().hex,
        prompt=record,
        conversation=conversation,
        constitution_hash=constitution.hash,
        seed=sampling.seed,
        created_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        settings={"revision": settings.model_dump(), "sampling": sampling.model_dump(), "adapter": adapter},
    )


def plan(trace: Trace, constitution: Constitution, settings: RevisionSettings) -> list[PlannedStep]:
    """All steps of the chain, drawn by the trace's seed: the same seed gives the same principles."""
    steps = [PlannedStep("draft", None, "")]
    for round in range(settings.revisions):
        principle = draw(constitution, settings, trace.seed, round)
        if settings.critique:
            steps.append(PlannedStep("critique", principle, principle.critique_request))
        steps.append(PlannedStep("revision", principle, principle.revision_request))
    return steps


def step_seed(seed: int, index: int) -> int:
    """Seed of step `index`, derived from the chain's seed and recorded with the answer."""
    digest = hashlib.sha256(f"step/{seed}/{index}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % 2**31


def revise(
    engine: Engine,
    trace: Trace,
    constitution: Constitution,
    settings: RevisionSettings,
    sampling: Sampling,
    stop: StopFlag | None = None,
    adapter: str = BASE,
) -> Iterator[StepEvent]:
    """Make the steps that the trace does not have yet, streaming. The same seeds give the same texts.

    Principles are drawn by the trace's seed, texts by `sampling.seed` (for a fresh trace the same number).
    After a stop the step in flight is kept with what it has, if it has any text, and no other follows.
    """
    for planned in plan(trace, constitution, settings)[len(trace.steps) :]:
        if stop is not None and stop.is_set():
            return
        request = _request(trace, planned, sampling, adapter)
        text = ""
        answer: Answer | None = None
        for chunk in engine.stream([request], stop):
            text += chunk.text
            answer = chunk.answer or answer
            if chunk.answer is None:
                yield StepEvent(planned.kind, planned.principle, text, None, trace)
        if answer is None or (answer.finish == "stopped" and not answer.text):
            return
        trace = _extended(trace, planned, answer)
        yield StepEvent(planned.kind, planned.principle, answer.text, trace.steps[-1], trace)


def revise_batch(
    engine: Engine,
    prompts: Sequence[str | Prompt | Sequence[Message]],
    constitution: Constitution,
    settings: RevisionSettings,
    sampling: Sampling,
    batch_size: int = BATCH_SIZE,
    stop: StopFlag | None = None,
) -> Iterator[Trace | ChainFailure]:
    """Chains of many prompts; those of a batch advance together: all drafts, all critiques, all revisions.

    Each prompt gives a finished trace or a failure, in order. Prompt i has the seed derived from
    `sampling.seed` and i, so a batch of another size gives the same chains. After a stop the batch in
    flight is dropped and the iterator ends. Raised: InputError for a prompt that is no text, before any is
    asked, and errors of the whole engine.
    """
    for prompt in prompts:
        as_prompt(prompt)
    for start in range(0, len(prompts), batch_size):
        chains = []
        for place, prompt in enumerate(prompts[start : start + batch_size], start):
            seeded = sampling.model_copy(update={"seed": step_seed(sampling.seed, place)})
            chains.append(_Chain(new_trace(prompt, constitution, settings, seeded), seeded))
        for index in range(len(plan(chains[0].trace, constitution, settings))):
            _advance(engine, chains, constitution, settings, index, stop)
            if stop is not None and stop.is_set():
                return
        for chain in chains:
            reason = chain.failure or flaw(chain.trace)
            yield ChainFailure(chain.trace.prompt, reason) if reason else chain.trace


def flaw(trace: Trace) -> str:
    """Why a chain cannot be judged, as a sentence, or ""."""
    last = next((step for step in reversed(trace.steps) if step.kind == "revision"), None)
    if last is None:
        return "There is no revision yet."
    if not last.text.strip():
        return "The revision is empty."
    if last.answer is not None and not last.edited:
        if last.answer.finish == "length":
            return "The revision was cut at the longest answer allowed."
        if last.answer.finish in ("stopped", "timeout"):
            return "The revision was stopped before its end."
    return ""


def edited(trace: Trace, index: int, text: str) -> tuple[Step, ...]:
    """The trace's steps with the text of one changed by hand; the model's own words are kept in it."""
    step = _step(trace, index)
    words = step.text if step.model_text is None else step.model_text
    changed = dataclasses.replace(step, text=text, model_text=words)
    return (*trace.steps[:index], changed, *trace.steps[index + 1 :])


def cut(trace: Trace, index: int) -> Trace:
    """The trace with the steps before `index` only."""
    _step(trace, index)
    return dataclasses.replace(trace, steps=trace.steps[:index])


def to_example(trace: Trace, source: str) -> Example:
    """The chain's first and last answer, to be judged. Raises InputError where the chain has a flaw."""
    reason = flaw(trace)
    if reason:
        raise InputError(reason, kept="The chain is kept.", next_step="Ask for that step again, or edit it.")
    critiques = [step.text for step in trace.steps if step.kind == "critique"]
    drawn = dict.fromkeys(step.principle_id for step in trace.steps if step.principle_id)
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


@dataclass
class _Chain:
    """A chain of a batch on its way."""

    trace: Trace
    sampling: Sampling
    failure: str = ""


def _advance(
    engine: Engine,
    chains: list[_Chain],
    constitution: Constitution,
    settings: RevisionSettings,
    index: int,
    stop: StopFlag | None,
) -> None:
    """Step `index` of all chains that have not failed, as one batch."""
    alive = [chain for chain in chains if not chain.failure]
    planned = [plan(chain.trace, constitution, settings)[index] for chain in alive]
    requests = [_request(c.trace, p, c.sampling, BASE) for c, p in zip(alive, planned, strict=True)]
    answers = _answers(engine, requests, stop)
    for chain, step, answer in zip(alive, planned, answers, strict=True):
        if isinstance(answer, Answer):
            chain.trace = _extended(chain.trace, step, answer)
        else:
            chain.failure = answer


def _answers(engine: Engine, requests: list[Request], stop: StopFlag | None) -> list[Answer | str]:
    """An answer, or the reason why there is none, for each request.

    A request that the engine refuses (too long) would refuse the whole batch, so refused ones are found first.
    """
    if not requests:
        return []
    try:
        return list(engine.generate(requests, stop))
    except InputError:
        return [_answer_or_reason(engine, request, stop) for request in requests]


def _answer_or_reason(engine: Engine, request: Request, stop: StopFlag | None) -> Answer | str:
    try:
        return engine.generate([request], stop)[0]
    except InputError as error:
        return _without_numbers(error)


def _without_numbers(error: CaiError) -> str:
    """Failures of one kind read the same, so that they can be counted together."""
    return "The conversation is too long for the model." if "token" in error.what else error.what


def _request(trace: Trace, planned: PlannedStep, sampling: Sampling, adapter: str) -> Request:
    messages = chain_messages(trace.conversation, trace.steps)
    if planned.request:
        messages = (*messages, Message("user", planned.request))
    seeded = sampling.model_copy(update={"seed": step_seed(sampling.seed, len(trace.steps))})
    return Request(messages, seeded, adapter)


def _extended(trace: Trace, planned: PlannedStep, answer: Answer) -> Trace:
    principle_id = planned.principle.id if planned.principle else None
    step = Step(planned.kind, answer.text, planned.request, principle_id, answer)
    return dataclasses.replace(trace, steps=(*trace.steps, step))


def _step(trace: Trace, index: int) -> Step:
    if not 0 <= index < len(trace.steps):
        raise InputError(f"The chain has no step {index + 1}.", next_step="Choose one of its steps.")
    return trace.steps[index]
