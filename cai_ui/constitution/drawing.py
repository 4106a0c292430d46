"""Which principle a round is about."""

from __future__ import annotations

import random
from collections.abc import Sequence

from cai_ui.config.revise import RevisionSettings
from cai_ui.errors import ConstitutionError, NotFoundError
from cai_ui.records import Constitution, Principle
from cai_ui.text import named


def enabled(constitution: Constitution) -> tuple[Principle, ...]:
    """Principles that can be drawn for a critique and a revision, in their order."""
    return tuple(p for p in constitution.principles if drawable(p))


def preferences(constitution: Constitution) -> tuple[Principle, ...]:
    """(A)/(B) instructions that are switched on."""
    return tuple(p for p in constitution.principles if p.kind == "preference" and p.enabled and p.weight > 0)


def candidates(constitution: Constitution) -> tuple[Principle, ...]:
    """The principles there are to choose from. ConstitutionError when there is none."""
    found = enabled(constitution)
    if not found:
        raise ConstitutionError(
            f"{constitution.title} has no principle to draw.",
            next_step="Switch on a principle that has both requests and a weight above 0.",
        )
    return found


def draw(constitution: Constitution, settings: RevisionSettings, seed: int, round: int, slot: int = 0) -> Principle:
    """The principle of critique `slot` of one round (both from 0). The same seed and place give the same one.

    "random" draws each round anew, with the chance weight / sum of weights (Bai et al. 2022 draw one of sixteen
    per step); several critiques of one round never share a principle while there are others. "random, none twice"
    goes through all of them, heavier ones rather early, before one comes again. Raises ConstitutionError when
    there is none, NotFoundError for a fixed principle that is not there.
    """
    if settings.choice == "fixed":
        return resolve(constitution, settings.principle_id)
    there = candidates(constitution)
    place = round * settings.critiques + slot
    if settings.choice == "in order":
        return there[place % len(there)]
    if settings.choice == "random, none twice":
        cycle, place = divmod(place, len(there))
        return _shuffled(there, random.Random(f"order/{seed}/{cycle}"))[place]
    chance = random.Random(f"principle/{seed}/{round}")  # a text seed is hashed the same way on every platform
    first = chance.choices(there, weights=[p.weight for p in there])[0]
    if slot == 0:
        return first
    rest = _shuffled([p for p in there if p != first], chance)
    return [first, *rest][slot % len(there)]


def resolve(constitution: Constitution, principle_id: str) -> Principle:
    """The principle with this id, fit for a revision. NotFoundError or ConstitutionError if there is none."""
    try:
        principle = constitution.principle(principle_id)
    except KeyError:
        raise NotFoundError(
            f"{constitution.title} has no principle {named(principle_id)}.", next_step="Choose one of its principles."
        ) from None
    if principle.kind != "critique" or not principle.revision_request.strip():
        raise ConstitutionError(
            f"“{principle.name}” cannot be used for a revision.", next_step="Choose one with both requests."
        )
    return principle


def _shuffled(principles: Sequence[Principle], chance: random.Random) -> list[Principle]:
    """All of them in a random order, drawn one by one by weight."""
    rest, order = list(principles), []
    while rest:
        order.append(rest.pop(chance.choices(range(len(rest)), weights=[p.weight for p in rest])[0]))
    return order


def drawable(principle: Principle) -> bool:
    """Whether it can be drawn: on, weighted, and with both requests."""
    return (
        principle.kind == "critique"
        and principle.enabled
        and principle.weight > 0
        and bool(principle.critique_request.strip())
        and bool(principle.revision_request.strip())
    )
