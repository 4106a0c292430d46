"""Prompt sets: what the chains are tried on, what the model is measured on, and what keeps it helpful.

The sets belong to the miniature world of `cai_ui.demo`, but are plain everyday requests that any model can
be asked. Only the scoring of answers is different: a real model's answers are read by their phrases.
"""

from __future__ import annotations

from collections.abc import Sequence

from cai_ui.pipeline.prompts.files import Asked, own_requests, own_sets
from cai_ui.pipeline.prompts.shipped import draw
from cai_ui.pipeline.services import Services
from cai_ui.records import Message, Prompt, content_hash


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


def _first_question(turns: Sequence[Message]) -> Prompt:
    text = next(turn.content for turn in turns if turn.role == "user")
    return Prompt(content_hash([["user", text]])[:16], text, source="first question of a conversation")
