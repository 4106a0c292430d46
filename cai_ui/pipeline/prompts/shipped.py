"""The shipped prompt sets, and how a seed draws from any set."""

from __future__ import annotations

import random
from functools import cache

from cai_ui.errors import NotFoundError
from cai_ui.records import Prompt
from cai_ui.text import named


def draw(prompt_set: str, n: int, seed: int) -> list[Prompt]:
    """Prompts of a shipped set, without services."""
    from cai_ui.demo import prompt_sets as demo

    if prompt_set not in demo.SETS:
        raise NotFoundError(f"There is no prompt set {named(prompt_set)}.", next_step="Choose one of the list.")
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
