"""What comes next in a chain, from the steps it has and its settings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cai_ui.config.revise import RevisionSettings
from cai_ui.constitution import resolve
from cai_ui.prompts import critique_request, revision_request
from cai_ui.records import Constitution, Principle, Step, StepKind, Trace
from cai_ui.revise.choosing import Choice
from cai_ui.revise.effects import nothing_found

Chooser = Callable[[tuple[int, int], Sequence[str]], Choice]
"""Gives the principles of a place (round, critique within the round), other than those taken where it can."""


@dataclass(frozen=True)
class PlannedStep:
    """What comes next in a chain. `request` is "" for the draft."""

    kind: StepKind
    request: str = ""
    principles: tuple[Principle, ...] = ()
    scores: dict[str, float] = field(default_factory=dict)


def next_step(
    trace: Trace, constitution: Constitution, settings: RevisionSettings, choose: Chooser
) -> PlannedStep | None:
    """The step after those of the trace, or None where the chain is complete.

    A revision speaks of the principles that the critiques of its round were asked under, whatever the
    settings are by now, so an edited or branched chain stays one story.
    """
    if not trace.steps:
        return PlannedStep("draft")
    round = sum(step.kind == "revision" for step in trace.steps)
    if round >= settings.revisions:
        return None
    critiques = critiques_of_round(trace.steps)
    if settings.critique and len(critiques) < settings.critiques:
        taken = [id for step in critiques for id in step.principles]
        choice = choose((round, len(critiques)), taken)
        return PlannedStep("critique", critique_request(choice.principles), choice.principles, choice.scores)
    if critiques:
        if settings.stop_when_fine and nothing_found(trace):
            return None
        ids = dict.fromkeys(id for step in critiques for id in step.principles)
        principles = tuple(resolve(constitution, id) for id in ids)
        return PlannedStep("revision", revision_request(principles), principles)
    choice = choose((round, 0), ())
    return PlannedStep("revision", revision_request(choice.principles), choice.principles, choice.scores)


def critiques_of_round(steps: Sequence[Step]) -> list[Step]:
    """The critiques since the last draft or revision."""
    found: list[Step] = []
    for step in reversed(steps):
        if step.kind != "critique":
            break
        found.insert(0, step)
    return found


def longest(settings: RevisionSettings) -> int:
    """How many steps a chain has if it does not end early."""
    return 1 + settings.revisions * (settings.critiques + 1 if settings.critique else 1)


def step_seed(seed: int, index: int) -> int:
    """Seed of step `index`, derived from the chain's seed and recorded with the answer."""
    digest = hashlib.sha256(f"step/{seed}/{index}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % 2**31
