"""Prompt sets: what the chains are tried on, what the model is measured on, and what keeps it helpful.

The shipped sets belong to the embedded model's world of `cai_ui.demo`, but are plain everyday requests that any model
can be asked. Only the scoring of answers is different: a real model's answers are read by their phrases.
"""

from __future__ import annotations

from collections.abc import Sequence

from cai_ui.pipeline.prompts.files import asked
from cai_ui.pipeline.prompts.shipped import draw, own_set, places, prompts_by_text
from cai_ui.pipeline.services import Services
from cai_ui.records import Message, Prompt, PromptSet, SetPrompt


def prompt_sets(services: Services) -> list[PromptSet]:
    """All sets in the order to be shown: shipped ones, then imported ones."""
    from cai_ui.demo import prompt_sets as demo

    return [*demo.SETS.values(), *services.store.prompt_sets()]


def list_requests(services: Services, prompt_set: str, n: int, seed: int) -> list[Prompt]:
    """`n` different requests of a set (all, if it has fewer), drawn by the seed, with their earlier turns.

    NotFoundError for a set that is not there.
    """
    from cai_ui.demo import prompt_sets as demo

    if prompt_set in demo.SETS:
        return draw(prompt_set, n, seed)
    drawn = places(prompt_set, own_set(services.store, prompt_set).count, n, seed)
    return [asked(one, prompt_set) for one in services.store.set_prompts(prompt_set, drawn)]


def list_prompts(services: Services, prompt_set: str, n: int, seed: int) -> list[Prompt]:
    """The same as single requests: of a conversation its first question."""
    drawn = list_requests(services, prompt_set, n, seed)
    return [_first_question(one.turns) if one.before else one for one in drawn]


def find_prompt(services: Services, text: str) -> Prompt | None:
    """The prompt of any set with exactly this text, so that its kind goes along; None if there is none."""
    shipped = prompts_by_text().get(text)
    if shipped is not None:
        return shipped
    found = services.store.find_prompt(SetPrompt((Message("user", text),)))
    return None if found is None else asked(found[1], found[0])


def _first_question(turns: Sequence[Message]) -> Prompt:
    first = next(turn for turn in turns if turn.role == "user")
    return asked(SetPrompt((first,)), "first question of a conversation")
