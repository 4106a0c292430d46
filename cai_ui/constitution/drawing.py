"""Which principle a round is about."""

from __future__ import annotations

import random

from cai_ui.config import RevisionSettings
from cai_ui.errors import ConstitutionError, NotFoundError
from cai_ui.records import Constitution, Principle


def enabled(constitution: Constitution) -> tuple[Principle, ...]:
    """Principles that can be drawn for a critique and a revision, in their order."""
    return tuple(p for p in constitution.principles if drawable(p))


def preferences(constitution: Constitution) -> tuple[Principle, ...]:
    """(A)/(B) instructions that are switched on."""
    return tuple(p for p in constitution.principles if p.kind == "preference" and p.enabled and p.weight > 0)


def draw(constitution: Constitution, settings: RevisionSettings, seed: int, round: int) -> Principle:
    """The principle of one round (counted from 0). The same seed and round always give the same one.

    "random" draws with replacement, each with the chance weight / sum of weights (Bai et al. 2022
    draw one of sixteen per step). Raises ConstitutionError when there is none, NotFoundError for a
    fixed principle that is not there.
    """
    if settings.choice == "fixed":
        return _fixed(constitution, settings.principle_id)
    candidates = enabled(constitution)
    if not candidates:
        raise ConstitutionError(
            f"{constitution.title} has no principle to draw.",
            next_step="Switch on a principle that has both requests and a weight above 0.",
        )
    if settings.choice == "in order":
        return candidates[round % len(candidates)]
    chance = random.Random(f"principle/{seed}/{round}")  # a text seed is hashed the same way on every platform
    return chance.choices(candidates, weights=[p.weight for p in candidates])[0]


def _fixed(constitution: Constitution, principle_id: str) -> Principle:
    try:
        principle = constitution.principle(principle_id)
    except KeyError:
        raise NotFoundError(
            f"{constitution.title} has no principle {principle_id[:80]!r}.", next_step="Choose one of its principles."
        ) from None
    if principle.kind != "critique" or not principle.revision_request.strip():
        raise ConstitutionError(
            f"“{principle.name}” cannot be used for a revision.", next_step="Choose one with both requests."
        )
    return principle


def drawable(principle: Principle) -> bool:
    """Whether it can be drawn: on, weighted, and with both requests."""
    return (
        principle.kind == "critique"
        and principle.enabled
        and principle.weight > 0
        and bool(principle.critique_request.strip())
        and bool(principle.revision_request.strip())
    )
