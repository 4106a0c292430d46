"""Prompt sets: what the chains are tried on, what the model is measured on, and what keeps it helpful.

The sets belong to the miniature world of `cai_ui.demo`, but are plain everyday requests that any model can
be asked. Only the scoring of answers is different: a real model's answers are read by their phrases.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from cai_ui.compare.metrics import PhraseScorer, Score, Scorer
from cai_ui.engine.interface import Engine
from cai_ui.errors import NotFoundError
from cai_ui.pipeline.prompts.files import Asked, own_requests, own_sets
from cai_ui.pipeline.services import Services
from cai_ui.records import Message, Prompt, PromptKind, content_hash
from cai_ui.train.run.probes import ProbeKit

_PROBE_SEED = 7
HELDOUT: tuple[PromptKind, ...] = ("harmful", "helpful", "twin")


def prompt_sets(services: Services) -> list[tuple[str, str, int]]:
    """Id, title and number of prompts of each set, in the order to be shown: shipped ones, then imported ones."""
    from cai_ui.demo import prompt_sets as demo

    shipped = [(name, title, len(demo.load(name))) for name, title in demo.TITLES.items()]
    return [*shipped, *own_sets(services)]


def list_requests(services: Services, prompt_set: str, n: int, seed: int) -> list[Asked]:
    """`n` different requests of a set (all, if it has fewer), drawn by the seed; conversations where it has them."""
    return (
        own_requests(services, prompt_set, n, seed) if prompt_set.startswith("own-") else [*draw(prompt_set, n, seed)]
    )


def list_prompts(services: Services, prompt_set: str, n: int, seed: int) -> list[Prompt]:
    """The same as single requests: of a conversation its first question."""
    asked = list_requests(services, prompt_set, n, seed)
    return [one if isinstance(one, Prompt) else _first_question(one) for one in asked]


def find_prompt(services: Services, text: str) -> Prompt | None:
    """The prompt of any set with exactly this text, so that its kind goes along; None if there is none."""
    for key, _, count in prompt_sets(services):
        for prompt in list_requests(services, key, count, 0):
            if isinstance(prompt, Prompt) and prompt.text == text:
                return prompt
    return None


def draw(prompt_set: str, n: int, seed: int) -> list[Prompt]:
    """Prompts of a shipped set, without services."""
    from cai_ui.demo import prompt_sets as demo

    if prompt_set not in demo.TITLES:
        raise NotFoundError(f"There is no prompt set {prompt_set[:80]!r}.", next_step="Choose one of the list.")
    prompts = list(demo.load(prompt_set))
    random.Random(f"prompts/{prompt_set}/{seed}").shuffle(prompts)
    return prompts[: max(0, n)]


def _first_question(turns: Sequence[Message]) -> Prompt:
    text = next(turn.content for turn in turns if turn.role == "user")
    return Prompt(content_hash([["user", text]])[:16], text, source="first question of a conversation")


def heldout_prompts(per_kind: int, seed: int) -> list[Prompt]:
    """Prompts never used for training: harmful, helpful, twins, `per_kind` of each."""
    return [prompt for kind in HELDOUT for prompt in draw(f"heldout-{kind}", per_kind, seed)]


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


class MiniatureScorer:
    """The scoring rules of the miniature world, for answers of the embedded model."""

    name = "miniature rules"

    def score(self, prompt: Prompt, answer: str) -> Score:
        from cai_ui.demo.scoring import score_answer

        found = score_answer(prompt, answer)
        return Score(found.complied, found.helped, found.refused)


def scorer_for(engine: Engine) -> Scorer:
    """Exact rules for the embedded model, phrases for any other."""
    return MiniatureScorer() if engine.name == "embedded" else PhraseScorer()
