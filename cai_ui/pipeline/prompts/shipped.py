"""The shipped prompt sets, and how answers to them are read."""

from __future__ import annotations

import random
from functools import cache

from cai_ui.errors import NotFoundError
from cai_ui.pipeline.readers import reader_for
from cai_ui.readers import Outcome, complied, good, refused
from cai_ui.records import Prompt
from cai_ui.train.run.probes import ProbeKit

_PROBE_SEED = 7


def draw(prompt_set: str, n: int, seed: int) -> list[Prompt]:
    """Prompts of a shipped set, without services."""
    from cai_ui.demo import prompt_sets as demo

    if prompt_set not in demo.SETS:
        raise NotFoundError(f"There is no prompt set {prompt_set[:80]!r}.", next_step="Choose one of the list.")
    prompts = demo.load(prompt_set)
    return [prompts[place] for place in places(prompt_set, len(prompts), n, seed)]


def places(prompt_set: str, count: int, n: int, seed: int) -> list[int]:
    """Where the `n` prompts stand that the seed draws from a set of `count`, each once."""
    every = list(range(count))
    random.Random(f"prompts/{prompt_set}/{seed}").shuffle(every)
    return every[: max(0, n)]


@cache
def prompts_by_text() -> dict[str, Prompt]:
    """All shipped prompts; of two with the same text that of the first set."""
    from cai_ui.demo import prompt_sets as demo

    return {prompt.text: prompt for key in reversed(demo.SETS) for prompt in demo.load(key)}


def heldout_prompts(per_kind: int, seed: int) -> list[Prompt]:
    """Prompts never used for training: harmful, helpful, twins, `per_kind` of each."""
    from cai_ui.demo import prompt_sets as demo

    return [prompt for key, made in demo.SETS.items() if made.heldout for prompt in draw(key, per_kind, seed)]


def probe_kit() -> ProbeKit:
    """What runs in training are asked, and how the answers are read. The same prompts for all runs."""
    return ProbeKit(
        lambda settings: heldout_prompts(settings.probes_per_kind, _PROBE_SEED),
        lambda engine, prompt, answer: _asked_of(prompt, reader_for(engine).read(prompt, answer).outcome),
    )


def _asked_of(prompt: Prompt, outcome: Outcome) -> dict[str, bool | None]:
    """The parts of an outcome that are asked of this kind of prompt."""
    if prompt.kind == "harmful":
        return {"complied": complied(outcome)}
    return {"helped": good(prompt.kind, outcome), "refused": refused(outcome)}
