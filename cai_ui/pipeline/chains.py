"""One chain at a time: made and stored step by step, made again from a step on, edited, sent to Curate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cai_ui import revise
from cai_ui.config import RevisionSettings, Sampling, checked
from cai_ui.engine import BASE, StopFlag
from cai_ui.pipeline.services import Services
from cai_ui.records import Example, Message, Prompt, Trace
from cai_ui.revise import StepEvent
from cai_ui.text import ANSWER_LIMIT, clean_text


def start_chain(
    services: Services,
    prompt: str | Prompt | Sequence[Message],
    constitution_hash: str,
    settings: RevisionSettings,
    sampling: Sampling,
    stop: StopFlag | None = None,
    adapter: str = BASE,
) -> Iterator[StepEvent]:
    """Stream a new chain; each finished step is stored before its event is given out.

    Nothing is stored before the model has begun to answer, so a refused request leaves nothing behind.
    """
    constitution = services.store.version(constitution_hash).constitution
    trace = revise.new_trace(prompt, constitution, settings, sampling, adapter)
    begun = False
    for event in revise.revise(services.engine(), trace, constitution, settings, sampling, stop, adapter):
        if not begun:
            services.store.start_trace(trace)
            begun = True
        if event.step is not None:
            services.store.append_step(trace.id, event.step)
        yield event


def reroll(
    services: Services, trace_id: str, step_index: int, seed: int, stop: StopFlag | None = None
) -> Iterator[StepEvent]:
    """Ask again for one step and those after it, with another seed and the same principles.

    The stored chain changes once the new step is finished: a stop before that leaves it as it was.
    """
    trace = services.store.trace(trace_id)
    settings, sampling, adapter = _asked_with(trace)
    constitution = services.store.version(trace.constitution_hash).constitution
    shorter = revise.cut(trace, step_index)
    seeded = checked(Sampling, {**sampling.model_dump(), "seed": seed})
    replaced = False
    for event in revise.revise(services.engine(), shorter, constitution, settings, seeded, stop, adapter):
        if event.step is not None:
            if replaced:
                services.store.append_step(trace_id, event.step)
            else:
                services.store.replace_steps(trace_id, event.trace.steps)
                replaced = True
        yield event


def edit_step(services: Services, trace_id: str, step_index: int, text: str) -> Trace:
    """Keep a person's wording of a step; the model's own words stay in the record, and so do later steps."""
    trace = services.store.trace(trace_id)
    steps = revise.edited(trace, step_index, clean_text(text, "Text", limit=ANSWER_LIMIT))
    services.store.replace_steps(trace_id, steps)
    return services.store.trace(trace_id)


def send_to_curate(services: Services, trace_id: str) -> Example:
    """Put the chain's first and last answer into the queue. InputError if there is no finished revision."""
    example = revise.to_example(services.store.trace(trace_id), "chain")
    services.store.add_examples([example])
    return example


def trace(services: Services, trace_id: str) -> Trace:
    """A stored chain. NotFoundError if there is none."""
    return services.store.trace(trace_id)


def recent_traces(services: Services, limit: int = 50, offset: int = 0) -> list[Trace]:
    """Stored chains, newest first."""
    return services.store.traces(limit, offset)


def count_traces(services: Services) -> int:
    """Number of stored chains."""
    return services.store.count_traces()


def _asked_with(trace: Trace) -> tuple[RevisionSettings, Sampling, str]:
    kept = trace.settings
    return (
        checked(RevisionSettings, kept.get("revision", {})),
        checked(Sampling, kept.get("sampling", {})),
        str(kept.get("adapter", BASE)),
    )
