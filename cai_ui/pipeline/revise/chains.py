"""One chain at a time: made and stored step by step, branched, edited, labelled, made again, sent to Curate.

A stored step is never overwritten by another text: a re-roll or an edit begins a branch, a trace of its own
whose `parent` points back, so that all that was ever shown can be walked to.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from cai_ui import revise
from cai_ui.config.answers import Sampling
from cai_ui.config.knobs import checked
from cai_ui.config.revise import RevisionSettings
from cai_ui.engine.interface import ANOTHER_MODEL, StopFlag
from cai_ui.errors import InputError
from cai_ui.pipeline.constitution.few_shot import few_shot
from cai_ui.pipeline.services import Services
from cai_ui.records import BASE, Example, Message, Prompt, Trace
from cai_ui.revise import Replay, StepEvent
from cai_ui.text import ANSWER_LIMIT, NAME_LIMIT, clean_text
from cai_ui.versions import versions_of

_LIBRARIES = ("torch", "transformers", "peft", "tokenizers")


@dataclass(frozen=True)
class Reroll:
    """What a new branch does otherwise: seed, and where given temperature and the next step's principle."""

    seed: int
    temperature: float | None = None
    principle_id: str = ""


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
    examples = few_shot(services, constitution.name) if settings.few_shot else ()
    trace = revise.new_trace(
        prompt, constitution, settings, sampling, adapter, examples, versions=versions_now(services)
    )
    yield from _stored(services, trace, settings, sampling, stop, adapter, kept=False)


def go_on(services: Services, trace_id: str, stop: StopFlag | None = None) -> Iterator[StepEvent]:
    """Make the steps that a stopped or branched chain still lacks; none for one that is complete."""
    trace = services.store.trace(trace_id)
    settings, sampling, adapter = asked_with(trace)
    yield from _stored(services, trace, settings, sampling, stop, adapter, kept=True)


def reroll(
    services: Services, trace_id: str, step_index: int, change: Reroll, stop: StopFlag | None = None
) -> Iterator[StepEvent]:
    """Ask again for one step and those after it, as a branch. The chain there was stays as it is.

    The branch is stored once its first text has begun to come: a stop before that leaves nothing behind.
    """
    trace = services.store.trace(trace_id)
    settings, sampling, adapter = asked_with(trace)
    temperature = sampling.temperature if change.temperature is None else change.temperature
    sampling = checked(Sampling, {**sampling.model_dump(), "seed": change.seed, "temperature": temperature})
    start = revise.branch(
        trace,
        revise.cut(trace, step_index).steps,
        sampling=sampling.model_dump(),
        branched_at=step_index,
        versions=versions_now(services),
    )
    yield from _stored(services, start, settings, sampling, stop, adapter, False, change.principle_id)


def edit_step(services: Services, trace_id: str, step_index: int, text: str) -> Trace:
    """A branch that ends with a person's wording of one step; the model's own words stay in the record.

    Steps after it rest on other words, so the branch does not have them; `go_on` makes new ones.
    """
    trace = services.store.trace(trace_id)
    steps = revise.edited(trace, step_index, clean_text(text, "Text", limit=ANSWER_LIMIT))[: step_index + 1]
    return services.store.start_trace(revise.branch(trace, steps, branched_at=step_index))


def label_step(services: Services, trace_id: str, step_index: int, labels: Sequence[str] | None) -> Trace:
    """Keep a person's labels of a step instead of the computed ones; None brings those back."""
    trace = services.store.trace(trace_id)
    services.store.replace_steps(trace_id, revise.labelled(trace, step_index, labels))
    trace = services.store.trace(trace_id)
    with suppress(InputError):  # a chain with a flaw has no example
        mark_steps(services, trace, revise.to_example(trace, "chain").id)
    return trace


def replay_chain(services: Services, trace_id: str, stop: StopFlag | None = None) -> Replay:
    """Make a stored chain again and say where it parts from the record, and why."""
    trace = services.store.trace(trace_id)
    asked = [s.answer.provenance.sampling.get(ANOTHER_MODEL, "") for s in trace.steps if s.answer is not None]
    return revise.replay(services.engine_for(asked), trace, versions_now(services), stop)


def send_to_curate(services: Services, trace_id: str) -> Example:
    """Put the chain's first and last answer into the queue. InputError if there is no finished revision."""
    example = revise.to_example(services.store.trace(trace_id), "chain")
    services.store.add_examples([example])
    mark_steps(services, services.store.trace(trace_id), example.id)
    return example


def mark_steps(services: Services, trace: Trace, example_id: str) -> None:
    """Let the queue be filtered by what the steps of an example's chain did."""
    labels = [label for place in range(len(trace.steps)) for label in revise.labels_of(trace, place)]
    services.store.set_step_labels(example_id, labels)


def find_traces(services: Services, words: str, limit: int = 50, among: int | None = None) -> list[Trace]:
    """Stored chains with these words in a prompt or step, newest first; the newest of all for no words.

    With `among` it looks through so many of the newest only.
    """
    words = clean_text(words or "", "The words to look for", limit=NAME_LIMIT, required=False).strip()
    return services.store.find_traces(words, limit, among) if words else services.store.traces(limit)


def asked_with(trace: Trace) -> tuple[RevisionSettings, Sampling, str]:
    """Settings, sampling and adapter of a stored chain."""
    kept = trace.settings
    return (
        checked(RevisionSettings, kept.get("revision", {})),
        checked(Sampling, kept.get("sampling", {})),
        str(kept.get("adapter", BASE)),
    )


def missing_steps(trace: Trace) -> int:
    """How many steps a chain lacks for its settings; 0 where it ended early on purpose."""
    settings, _, _ = asked_with(trace)
    revisions = sum(step.kind == "revision" for step in trace.steps)
    if revisions >= settings.revisions or revise.ended_early(trace):
        return 0
    return max(1, revise.longest(settings) - len(trace.steps))


def tokens_in(services: Services, text: str) -> int:
    """About how many tokens a text has, for showing how fast it comes."""
    engine = services.engine()
    around = engine.count_tokens((Message("user", "x"),)) - 1
    return max(0, engine.count_tokens((Message("user", text or "x"),)) - around)


def versions_now(services: Services) -> dict[str, str]:
    """What decides a text besides weights and seed: versions of the libraries, and the device."""
    here = {"python": platform.python_version(), "device": services.host.status().device or "none"}
    return here | versions_of(_LIBRARIES)


def _stored(
    services: Services,
    trace: Trace,
    settings: RevisionSettings,
    sampling: Sampling,
    stop: StopFlag | None,
    adapter: str,
    kept: bool,
    principle_id: str = "",
) -> Iterator[StepEvent]:
    """The chain's events, each step stored before it is told of; the trace itself at the first of them."""
    constitution = services.store.version(trace.constitution_hash).constitution
    engine = services.engine_for([adapter, settings.critic, settings.reviser])
    events = revise.revise(engine, trace, constitution, settings, sampling, stop, adapter, principle_id)
    for event in events:
        if not kept:
            services.store.start_trace(trace)
            kept = True
        if event.step is not None:
            services.store.append_step(trace.id, event.step)
        yield event
