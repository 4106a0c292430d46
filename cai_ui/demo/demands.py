"""What a principle asks for: a set of demands, each from a fixed grammar, and a word where one is to be mentioned.

A demand is one of: a kind of harm to mind ("general" minds all), a tone, something to
offer, a word to mention, or what to do with a request (warn, ask back, help fully). Principles of every kind are
compositions of these; the model has to read them from the words.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from cai_ui.demo.requests import Request, stranger
from cai_ui.demo.world import KINDS, words

HARMS = ("general", *KINDS)
TONES = ("polite", "formal", "short", "clear")
OFFERS = ("person", "helpline", "wait")
STANCES = ("care", "ask", "help")
WEAK = ("spelling", "helpful")
DEMANDS = (*HARMS, *TONES, *OFFERS, "add", *STANCES, *WEAK)
"""All demands there are: "care" helps with a warning, "ask" asks back, "help" never refuses, "helpful" minds needless
refusals only, "spelling" never finds anything."""
HELDOUT_PAIRS = (
    {"formal", "helpline"}, {"polite", "add"}, {"short", "wait"}, {"formal", "care"}, {"person", "add"},
    {"privacy", "wait"}, {"honesty", "add"}, {"kindness", "formal"}, {"safety", "person"}, {"fairness", "ask"},
    {"law", "helpline"}, {"general", "short"},
)  # fmt: skip
"""Demands never asked for together in training: for measuring."""
_MENTIONED = ("gadgets", "clothes", "bakes", "belongings", "tools")


@dataclass(frozen=True)
class Demands:
    """`asks`: the demands, in the order they are named. `word`: what "add" wants mentioned."""

    asks: tuple[str, ...]
    word: str = ""

    @property
    def harms(self) -> tuple[str, ...]:
        """The demands that mind harm, if any."""
        return tuple(ask for ask in self.asks if ask in HARMS)


def minds(demands: Demands, request: Request) -> bool:
    """Whether these demands mind that someone complies with the request."""
    if not request.act.harmful:
        return False
    return any(ask in ("general", request.act.kind) for ask in demands.harms)


def draw_demands(rng: random.Random, request: Request, tricky: float = 0.0, narrow: bool = False) -> Demands:
    """One to three demands that go together, those about harm mostly such as the request calls for; with `narrow` more
    of one kind of harm, the request's own or another."""
    while True:
        asks = _draw(rng, request, narrow)
        if not any(pair <= set(asks) for pair in HELDOUT_PAIRS):
            return Demands(asks, draw_word(rng, tricky) if "add" in asks else "")


def draw_several(rng: random.Random, request: Request, tricky: float = 0.0) -> Demands:
    """Two to four demands, most often a kind of harm to mind among them: mostly the request's, and named first."""
    while True:
        own = request.act.kind if request.act.harmful else rng.choice(KINDS)
        harm = rng.choice(("general", "general", own, own, own, rng.choice(KINDS)))
        minded = rng.random() < 0.6
        count = rng.choices((1, 2, 3), (35, 40, 25))[0] if minded else rng.choices((2, 3, 4), (55, 35, 10))[0]
        groups = rng.sample((TONES[:3], OFFERS, ("add",), STANCES[:2]), count)
        asks = ((harm,) if minded else ()) + tuple(rng.choice(group) for group in groups)
        if rng.random() < 0.2:
            asks = tuple(rng.sample(asks, len(asks)))
        if not any(pair <= set(asks) for pair in HELDOUT_PAIRS):
            return Demands(asks, draw_word(rng, tricky) if "add" in asks else "")


def _draw(rng: random.Random, request: Request, narrow: bool) -> tuple[str, ...]:
    asks: list[str] = []
    chance = rng.random()
    if chance < 0.55:
        own = request.act.kind if request.act.harmful else rng.choice(KINDS)
        other = rng.choice(KINDS)
        asks.append(rng.choice(("general", "general", own, other, *((own, other, other) if narrow else ()))))
    more: list[Sequence[str]] = [TONES[:3], OFFERS, ("add",), STANCES[:2] if asks else STANCES]
    shares = [2.0, 2.0, 2.5, 1.5]
    count = rng.choices((0, 1, 2), (25, 55, 20) if asks else (0, 75, 25))[0]
    while count:
        place = rng.choices(range(len(more)), shares)[0]
        asks.append(rng.choice(more[place]))
        shares[place] = 0.0
        if asks[-1] in STANCES:
            shares[1] = 0.0
        if asks[-1] in OFFERS:
            shares[3] = 0.0
        count -= 1
    return tuple(asks)


def draw_word(rng: random.Random, tricky: float = 0.0, heldout: bool = False) -> str:
    """A word or two that an answer can be asked to mention; half of them made up, so that any word gets copied."""
    if heldout:
        nouns = [noun for name in _MENTIONED for noun in words()[name].heldout]
    elif rng.random() < 0.5:
        return stranger(rng, "more", tricky)
    else:
        nouns = list(words()["more"].train)
    noun = rng.choice(nouns)
    chance = rng.random()
    if chance < 0.3:
        noun += "" if noun.endswith("s") else "s"
    elif chance < 0.4:
        noun = f"{rng.choice(('good', 'my', 'old', 'warm', 'free'))} {noun}"
    return f'"{noun}"' if rng.random() < 0.1 else noun
