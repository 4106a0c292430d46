"""The shipped prompt sets, and how a seed draws from any set."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cache

from cai_ui.errors import NotFoundError
from cai_ui.records import Prompt, PromptSet
from cai_ui.store import Store
from cai_ui.text import named, there_are


def draw(prompt_set: str, n: int, seed: int) -> list[Prompt]:
    """Prompts of a shipped set, without services."""
    from cai_ui.demo import prompt_sets as demo

    if prompt_set not in demo.SETS:
        raise missing(prompt_set, demo.SETS)
    prompts = demo.load(prompt_set)
    return [prompts[place] for place in places(prompt_set, len(prompts), n, seed)]


def own_set(store: Store, key: str) -> PromptSet:
    """A set of the workspace. NotFoundError, which names all that there are, the shipped ones, too, for no set."""
    from cai_ui.demo import prompt_sets as demo

    try:
        return store.prompt_set(key)
    except NotFoundError:
        raise missing(key, [*demo.SETS, *(made.key for made in store.prompt_sets())]) from None


def missing(key: str, known: Iterable[str]) -> NotFoundError:
    """What is said of a prompt set that is not there."""
    return NotFoundError(f"There is no prompt set {named(key)}.", next_step=there_are(known, 16))


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
