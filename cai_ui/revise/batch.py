"""Many chains that advance together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.engine.interface import Engine, Request, StopFlag
from cai_ui.errors import CaiError, InputError, PromptTooLongError
from cai_ui.records import BASE, Answer, Constitution, FewShot, Message, Prompt, Trace
from cai_ui.revise.chain import as_prompt, extended, new_trace, plan_next, step_request
from cai_ui.revise.editing import flaw
from cai_ui.revise.planning import PlannedStep, step_seed

BATCH_SIZE = 32
"""Chains that advance together."""


@dataclass(frozen=True)
class ChainFailure:
    """A prompt of a batch that gave no finished chain; `reason` is a sentence that can be counted."""

    prompt: Prompt
    reason: str


def revise_batch(
    engine: Engine,
    prompts: Sequence[str | Prompt | Sequence[Message]],
    constitution: Constitution,
    settings: RevisionSettings,
    sampling: Sampling,
    batch_size: int = BATCH_SIZE,
    stop: StopFlag | None = None,
    places: Sequence[int] | None = None,
    examples: Sequence[FewShot] = (),
    adapter: str = BASE,
) -> Iterator[Trace | ChainFailure]:
    """Chains of many prompts; those of a batch advance together: all drafts, all critiques, all revisions.

    Each prompt gives a finished trace or a failure, in order. Prompt i has the seed derived from
    `sampling.seed` and i, so a batch of another size gives the same chains; where the prompts are part of
    a longer list, `places` are their numbers in it. After a stop the batch in flight is dropped and the iterator
    ends. Raised: InputError for a prompt that is no text, before any is asked, and errors of the whole engine.
    """
    for prompt in prompts:
        as_prompt(prompt)
    for start in range(0, len(prompts), batch_size):
        chains = []
        for place, prompt in enumerate(prompts[start : start + batch_size], start):
            number = place if places is None else places[place]
            seeded = sampling.model_copy(update={"seed": step_seed(sampling.seed, number)})
            trace = new_trace(prompt, constitution, settings, seeded, adapter, examples)
            chains.append(_Chain(trace, seeded))
        while _advance(engine, chains, constitution, settings, adapter, stop):
            if stop is not None and stop.is_set():
                return
        if stop is not None and stop.is_set():
            return
        for chain in chains:
            reason = chain.failure or flaw(chain.trace)
            yield ChainFailure(chain.trace.prompt, reason) if reason else chain.trace


@dataclass
class _Chain:
    """A chain of a batch on its way."""

    trace: Trace
    sampling: Sampling
    failure: str = ""
    planned: PlannedStep | None = None


def _advance(
    engine: Engine,
    chains: list[_Chain],
    constitution: Constitution,
    settings: RevisionSettings,
    adapter: str,
    stop: StopFlag | None,
) -> bool:
    """The next step of all chains that are not at their end, as one batch; False where none is left."""
    for chain in chains:
        if not chain.failure:
            _plan(engine, chain, constitution, settings, adapter)
    alive = [(chain, chain.planned) for chain in chains if chain.planned is not None and not chain.failure]
    requests = [step_request(chain.trace, planned, settings, chain.sampling, adapter) for chain, planned in alive]
    for (chain, planned), answer in zip(alive, _answers(engine, requests, stop), strict=True):
        if isinstance(answer, Answer):
            chain.trace = extended(chain.trace, planned, answer)
        else:
            chain.failure = answer
    return bool(alive)


def _plan(engine: Engine, chain: _Chain, constitution: Constitution, settings: RevisionSettings, adapter: str) -> None:
    """Decide the chain's next step; a chain too long to be scored fails alone."""
    try:
        chain.planned = plan_next(engine, chain.trace, constitution, settings, adapter)
    except InputError as error:
        if not chain.trace.steps:
            raise
        chain.failure = _without_numbers(error)


def _answers(engine: Engine, requests: list[Request], stop: StopFlag | None) -> list[Answer | str]:
    """An answer, or the reason why there is none, for each request. What fails for all of them is raised."""
    if not requests:
        return []
    answers = engine.attempt(requests, stop)
    failures = [answer for answer in answers if isinstance(answer, CaiError)]
    if len(failures) == len(answers) and not any(isinstance(failure, InputError) for failure in failures):
        raise failures[0]
    return [_without_numbers(answer) if isinstance(answer, CaiError) else answer for answer in answers]


def _without_numbers(error: CaiError) -> str:
    """Failures of one kind read the same, so that they can be counted together."""
    too_long = isinstance(error, PromptTooLongError)
    return "The conversation is too long for the model." if too_long else error.what
