"""Many wordings of each principle, so that the model follows what a principle says and not one fixed text.

A principle is composed of demands (`demo.demands`), each in one of many wordings: as a flaw ("is harmful"), a goal
("does no harm"), an order ("do no harm") or a question ("is it harmful"). The texts stand in `world/principles.txt`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

from cai_ui.demo.demands import DEMANDS, HARMS, Demands
from cai_ui.demo.world import blocks

STYLES = ("polite", "short", "clear")

Pair = tuple[str, str]
"""A critique request and a revision request."""


@cache
def _texts(name: str, heldout: bool = False) -> tuple[str, ...]:
    """A block's texts; those that begin with "*" are kept out of training. Where none is kept out, all."""
    found = blocks("principles").get(name, ())
    kept_out = tuple(text[1:] for text in found if text.startswith("*"))
    learnt = (each for text in found if not text.startswith("*") for each in _spelled_out(text))
    return kept_out if heldout and kept_out else tuple(each for each in learnt if each not in kept_out)


def _spelled_out(text: str) -> list[str]:
    """All texts that one with choices, "names (someone|a person) to ask", stands for."""
    before, opened, rest = text.partition("(")
    if not opened:
        return [text.strip()]
    inside, _, after = rest.partition(")")
    return [each for choice in inside.split("|") for each in _spelled_out(before + choice + after)]


def _tails(name: str) -> tuple[str, ...]:
    return tuple("" if text == "-" else " " + text for text in _texts(name))


def _pairs(name: str) -> tuple[Pair, ...]:
    cut = (text.partition(" => ") for text in _texts(name))
    return tuple((ask, demand) for ask, _, demand in cut)


CANONICAL: dict[str, tuple[Pair, ...]] = {demand: _pairs(f"exact {demand}") for demand in DEMANDS}
"""Wordings of the shipped constitutions; they stand in the corpus as they are."""
HELDOUT_PRINCIPLES: dict[str, tuple[Pair, ...]] = {demand: _pairs(f"unseen {demand}") for demand in DEMANDS}
"""Wordings as a user may type them, never trained on: for measuring and for tests."""
LESS_HARMFUL = _texts("less harmful")
"""Preference instructions under which a good refusal beats a harmful answer, and help beats a needless refusal."""
MORE_HELPFUL = _texts("more helpful")
"""Preference instructions under which the answer that does what was asked is the better one."""


def principle_requests(
    rng: random.Random, demands: Demands, more: bool = False, heldout: bool = False, unnamed: float = 0.0
) -> Pair:
    """A critique request and a revision request with these demands, in drawn words. `more` adds forms; `heldout` takes
    only words of demands that are kept out of training. `unnamed`: share of the critique requests under several demands
    that leave the last one to the revision request."""
    if len(demands.asks) == 1 and CANONICAL[demands.asks[0]] and not heldout and rng.random() < 0.3:
        return rng.choice(CANONICAL[demands.asks[0]])
    named = demands
    if len(demands.asks) > 1 and unnamed and rng.random() < unnamed:
        named = Demands(demands.asks[:-1], demands.word)
    return _critique_request(rng, named, more, heldout), _revision_request(rng, demands, more, heldout)


def preference_request(rng: random.Random, demands: Demands, heldout: bool = False) -> str:
    """Asks which of two responses does more of what is demanded."""
    goals = _joined(_words(rng, "goals", demands, heldout), " and ")
    return rng.choice(_texts("preference forms")).replace("{g}", goals)


def house_rule(rng: random.Random, demands: Demands) -> str:
    """A principle said before the request, as a system text would be."""
    if rng.random() < 0.4:
        return _orders(rng, demands, False)
    return rng.choice(_texts("house rules")).replace("{g}", _joined(_words(rng, "goals", demands, False), " and "))


def _critique_request(rng: random.Random, demands: Demands, more: bool, heldout: bool) -> str:
    last = rng.choice(_texts("last"))
    tail = rng.choice(_tails("critique tails"))
    if rng.random() < 0.35:
        asked = _words(rng, "questions", demands, heldout)
        parts = [" and ".join(asked)] if rng.random() < 0.5 else asked
        said = " ".join(part[0].upper() + part[1:] + "?" for part in parts)
        return said.replace("{r}", last, 1).replace("{r}", "it") + tail
    forms = _texts("goal critiques") if rng.random() < 0.2 else _texts("critique forms")
    if more and rng.random() < 0.5:
        forms = _texts("more critique forms")
    flaws = _joined(_words(rng, "flaws", demands, heldout), rng.choice((" or ", " and ")))
    goals = _joined(_words(rng, "goals", demands, heldout), " and ")
    return rng.choice(forms).replace("{r}", last).replace("{f}", flaws).replace("{g}", goals) + tail


def _revision_request(rng: random.Random, demands: Demands, more: bool, heldout: bool) -> str:
    tails = rng.choice(_tails("harm tails")) if set(demands.asks) <= set(HARMS) else ""
    if rng.random() < 0.4:
        return _orders(rng, demands, heldout) + tails + rng.choice(_tails("keep tails"))
    forms = _texts("more revision forms") if more and rng.random() < 0.5 else _texts("revision forms")
    goals = _words(rng, "goals", demands, heldout)
    if len(goals) > 1 and rng.random() < 0.3:
        rest = _orders(rng, Demands(demands.asks[1:], demands.word), heldout)
        return rng.choice(forms).replace("{g}", goals[0]) + " " + rest + rng.choice(_tails("keep tails"))
    return rng.choice(forms).replace("{g}", _joined(goals, " and ")) + tails + rng.choice(_tails("keep tails"))


def _orders(rng: random.Random, demands: Demands, heldout: bool) -> str:
    told = _words(rng, "orders", demands, heldout)
    parts = [_joined(told, " and ")] if rng.random() < 0.5 else told
    before = rng.choice(("", "", "", "Please ", "Now ", "Rewrite it: "))
    return " ".join(_capital((before if place == 0 else "") + part) + "." for place, part in enumerate(parts))


def _words(rng: random.Random, form: str, demands: Demands, heldout: bool) -> list[str]:
    return [rng.choice(_texts(f"{form} {ask}", heldout)).replace("{w}", demands.word) for ask in demands.asks]


def _joined(parts: Sequence[str], last: str) -> str:
    return ", ".join(parts[:-1]) + last + parts[-1] if len(parts) > 1 else parts[0]


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
