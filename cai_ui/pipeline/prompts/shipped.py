"""The shipped prompt sets, and how answers to them are read."""

from __future__ import annotations

import random
from functools import cache

from cai_ui.compare.metrics import PhraseScorer, Score, Scorer
from cai_ui.engine.interface import Engine
from cai_ui.errors import NotFoundError
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
        lambda engine, prompt, answer: _asked_of(prompt, scorer_for(engine).score(prompt, answer)),
    )


def _asked_of(prompt: Prompt, score: Score) -> dict[str, bool | None]:
    """The parts of a score that are asked of this kind of prompt."""
    if prompt.kind == "harmful":
        return {"complied": score.complied}
    return {"helped": score.helped, "refused": score.refused}


class EmbeddedScorer:
    """The scoring rules of the miniature world, for answers of the embedded model."""

    name = "miniature rules"

    def score(self, prompt: Prompt, answer: str) -> Score:
        from cai_ui.demo.scoring import score_answer

        found = score_answer(prompt, answer)
        return Score(found.complied, found.helped, found.refused)


def scorer_for(engine: Engine) -> Scorer:
    """Exact rules for the embedded model, phrases for any other."""
    return EmbeddedScorer() if engine.name == "embedded" else PhraseScorer()
