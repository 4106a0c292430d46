"""Trying principles: the same drafts under several principles, side by side, before anything is saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cai_ui import revise
from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.engine.interface import StopFlag
from cai_ui.errors import InputError
from cai_ui.pipeline.constitution.few_shot import few_shot
from cai_ui.pipeline.services import Services
from cai_ui.records import Constitution, Prompt, Trace

CHAINS_LIMIT = 200
"""Chains of one try: prompts × seeds × principles."""


@dataclass(frozen=True)
class Tried:
    """One chain of a try. `number` counts prompts × seeds; equal numbers have the same draft. `reason` says why a
    chain failed."""

    principle_id: str
    prompt: Prompt
    number: int
    trace: Trace | None
    reason: str = ""


def try_principles(
    services: Services,
    constitution: Constitution,
    principle_ids: Sequence[str],
    prompts: Sequence[str | Prompt],
    seeds: int,
    settings: RevisionSettings,
    sampling: Sampling,
    stop: StopFlag | None = None,
) -> Iterator[Tried]:
    """Each principle alone on each prompt with each of `seeds` seeds. Nothing is stored.

    The constitution may be an unsaved draft. With no principle the one without any (`choice` "none") is tried.
    All principles get the same seeds, so what differs between them is the principle. InputError for nothing to
    try, for more than `CHAINS_LIMIT` chains, and for a principle that cannot be used.
    """
    repeated = [prompt for prompt in prompts for _ in range(seeds)]
    ids = list(dict.fromkeys(principle_ids)) or [""]
    if not repeated:
        raise InputError("There is no request to try.", next_step="Type one, or draw some from a set.")
    if len(repeated) * len(ids) > CHAINS_LIMIT:
        raise InputError(
            f"That would be {len(repeated) * len(ids)} traces; at most {CHAINS_LIMIT} are run at once here.",
            next_step="Take fewer principles, requests or seeds, or run a batch.",
        )
    engine, examples = services.engine(), few_shot(services, constitution.name)
    for id in ids:
        chosen = {"choice": "fixed" if id else "none", "principle_id": id, "critiques": 1}
        alone = settings.model_copy(update=chosen)
        results = revise.revise_batch(engine, repeated, constitution, alone, sampling, stop=stop, examples=examples)
        for number, result in enumerate(results):
            if isinstance(result, Trace):
                yield Tried(id, result.prompt, number, result)
            else:
                yield Tried(id, result.prompt, number, None, result.reason)
