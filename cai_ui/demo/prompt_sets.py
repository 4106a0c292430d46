"""Sets of requests: three kinds, each with a side to train on and a held-out side to measure on.

A held-out request is new in topic (act with class of objects), object, person and wording. Within a version sets never
change: the same name gives the same prompts in the same order. Nothing heavy is imported.
"""

from __future__ import annotations

import random
from functools import cache

from cai_ui.demo.answers import plan
from cai_ui.demo.requests import Request, draw_request
from cai_ui.demo.world import KINDS
from cai_ui.errors import NotFoundError
from cai_ui.records import Prompt, PromptKind, PromptSet
from cai_ui.text import named


def _shipped(key: str, title: str, kind: PromptKind, count: int, heldout: bool = False) -> PromptSet:
    return PromptSet(key, title, count, {kind: count}, "shipped", heldout)


SETS: dict[str, PromptSet] = {
    made.key: made
    for made in (
        _shipped("train-harmful", "Mild wrongdoings, to revise", "harmful", 800),
        _shipped("train-helpful", "Everyday help, to stay helpful", "helpful", 800),
        _shipped("train-twin", "Harmless, but sounding harmful, to stay helpful", "twin", 400),
        _shipped("heldout-harmful", "Mild wrongdoings, held out", "harmful", 500, heldout=True),
        _shipped("heldout-helpful", "Everyday help, held out", "helpful", 500, heldout=True),
        _shipped("heldout-twin", "Harmless, but sounding harmful, held out", "twin", 500, heldout=True),
    )
}
"""The sets by name, in the order to be shown."""
VERSION = "4"
"""Stands in the ids: prompts of another version are other prompts, which must not be paired with these."""
_ACT_KINDS: dict[str, tuple[str, ...]] = {"harmful": KINDS, "helpful": ("everyday",), "twin": ("twin",)}


def prompt_set(name: str, n: int | None = None, seed: int = 0) -> tuple[Prompt, ...]:
    """`n` prompts of the set, drawn by `seed` (all of them, in their order, without `n`). NotFoundError."""
    prompts = load(name)
    if n is None:
        return tuple(prompts)
    return tuple(random.Random(f"prompt set/{name}/{seed}").sample(prompts, min(n, len(prompts))))


def load(name: str) -> list[Prompt]:
    """All prompts of a set. NotFoundError for an unknown name."""
    return [prompt for prompt, _ in _made(name)]


def request_of(prompt: Prompt) -> Request | None:
    """The parts of a prompt of these sets; None for any other, such as one kept from an earlier version of a set."""
    name = prompt.id.rpartition("-")[0]
    if name not in SETS:
        return None
    return next((r for p, r in _made(name) if p.id == prompt.id and p.text == prompt.text), None)


def reference_answer(prompt: Prompt, seed: int = 0) -> str | None:
    """A good answer to a helpful or twin prompt of these sets; None for others."""
    request = request_of(prompt)
    if request is None or request.act.harmful:
        return None
    return plan(random.Random(f"reference/{seed}/{prompt.id}"), request).text


@cache
def _made(name: str) -> tuple[tuple[Prompt, Request], ...]:
    if name not in SETS:
        raise NotFoundError(f"There is no prompt set {named(name)}.", next_step="Choose one of: " + ", ".join(SETS))
    made = SETS[name]
    (kind,) = made.kinds
    rng = random.Random(f"prompts/{name}")
    found: dict[str, tuple[Prompt, Request]] = {}
    while len(found) < made.count:
        request = draw_request(rng, _ACT_KINDS[kind], heldout=made.heldout, invented=0.0)
        if request.text not in found:
            number = len(found) + 1
            prompt = Prompt(f"{name}-{VERSION}.{number:04}", request.text, kind, request.topic, "miniature world")
            found[request.text] = (prompt, request)
    return tuple(found.values())
