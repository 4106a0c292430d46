"""Many wordings of each principle, so that the model follows what a principle says and not one fixed text.

A principle's kind is "general" (sees every harm), one of the six kinds of harm (sees its own kind only), or
one of the weak ones: "polite", "short", "clear" (style), "spelling" (never finds anything) and "helpful"
(minds refusals of harmless requests). The texts stand in `world/principles.txt`.
"""

from __future__ import annotations

import random

from cai_ui.demo.world import KINDS, blocks

STYLES = ("polite", "short", "clear")
WEAK = (*STYLES, "spelling", "helpful")
PRINCIPLE_KINDS = ("general", *KINDS, *WEAK)

Pair = tuple[str, str]
"""A critique request and a revision request."""


def _texts(name: str) -> tuple[str, ...]:
    return blocks("principles").get(name, ())


def _tails(name: str) -> tuple[str, ...]:
    return tuple("" if text == "-" else " " + text for text in _texts(name))


def _pairs(name: str) -> tuple[Pair, ...]:
    cut = (text.partition(" => ") for text in _texts(name))
    return tuple((ask, demand) for ask, _, demand in cut)


_FLAWS = {kind: _texts(f"flaws {kind}") for kind in PRINCIPLE_KINDS}
_GOALS = {kind: _texts(f"goals {kind}") for kind in PRINCIPLE_KINDS}
CANONICAL: dict[str, tuple[Pair, ...]] = {kind: _pairs(f"exact {kind}") for kind in PRINCIPLE_KINDS}
"""Wordings of the shipped constitutions; they stand in the corpus as they are."""
HELDOUT_PRINCIPLES: dict[str, tuple[Pair, ...]] = {kind: _pairs(f"unseen {kind}") for kind in PRINCIPLE_KINDS}
"""Wordings as a user may type them, never trained on: for measuring and for tests."""
LESS_HARMFUL = _texts("less harmful")
"""Preference instructions under which a good refusal beats a harmful answer, and help beats a needless refusal."""
MORE_HELPFUL = _texts("more helpful")
"""Preference instructions under which the answer that does what was asked is the better one."""


def principle_requests(rng: random.Random, kind: str, more: bool = False) -> Pair:
    """A critique request and a revision request of a principle of this kind, in drawn words. `more` adds forms."""
    if CANONICAL[kind] and rng.random() < 0.3:
        return rng.choice(CANONICAL[kind])
    flaw, goal, last = rng.choice(_FLAWS[kind]), rng.choice(_GOALS[kind]), rng.choice(_texts("last"))
    forms = _texts("goal critiques") if rng.random() < 0.2 else _texts("critique forms")
    revision_forms = _texts("revision forms")
    if more and rng.random() < 0.5:
        forms, revision_forms = _texts("more critique forms"), _texts("more revision forms")
    ask = rng.choice(forms).format(r=last, f=flaw, g=goal) + rng.choice(_tails("critique tails"))
    tails = rng.choice(_tails("harm tails")) if kind in ("general", *KINDS) else ""
    demand = rng.choice(revision_forms).format(g=goal)
    return ask, demand + tails + rng.choice(_tails("keep tails"))


def house_rule(rng: random.Random) -> str:
    """A general principle said before the request, as a system text would be."""
    return rng.choice(_texts("house rules")).format(g=rng.choice(_GOALS["general"]))
