"""Which principles a step is asked under."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from cai_ui.config.revise import RevisionSettings
from cai_ui.constitution import candidates, draw
from cai_ui.engine.interface import Engine
from cai_ui.prompts import NO, YES, relevance_question
from cai_ui.records import BASE, Constitution, Message, Principle, Trace


@dataclass(frozen=True)
class Choice:
    """The principles of a step; none for the control. `scores` are relevances from 0 to 1 where they decided."""

    principles: tuple[Principle, ...]
    scores: dict[str, float] = field(default_factory=dict)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(p.id for p in self.principles)


def choose(
    engine: Engine,
    trace: Trace,
    constitution: Constitution,
    settings: RevisionSettings,
    place: tuple[int, int],
    taken: Sequence[str] = (),
    adapter: str = BASE,
) -> Choice:
    """The principles at `place` (round, and critique within the round, both from 0).

    All choices but the contextual one are decided by the trace's seed and `place` alone. `taken` are the
    ids that other critiques of the round have. Raises ConstitutionError where there is nothing to choose.
    """
    if settings.choice == "none":
        return Choice(())
    if settings.choice == "all at once":
        return Choice(candidates(constitution))
    if settings.choice == "contextual":
        there = candidates(constitution)
        scores = relevance(engine, trace, there, adapter, settings.strength)
        free = [p for p in there if p.id not in taken] or there
        return Choice((max(free, key=lambda p: scores[p.id]),), scores)
    return Choice((draw(constitution, settings, trace.seed, *place),))


def relevance(
    engine: Engine, trace: Trace, principles: Sequence[Principle], adapter: str = BASE, strength: float = 1.0
) -> dict[str, float]:
    """How much each principle matters for the chain's last answer, by the model itself: P(yes) / (P(yes) + P(no)).

    Read from log-probabilities, so no text is sampled and the same chain gives the same scores. The model sees
    conversation and last answer as if there had been no rounds before. Choosing by context is proposed by
    Naik 2024 (Contextual Constitutional AI); this way of scoring is ours.
    """
    answers = [Message("assistant", step.text) for step in trace.steps if step.kind != "critique"]
    start = (*trace.conversation, *answers[-1:])
    scores = {}
    for principle in principles:
        question = (*start, Message("user", relevance_question(principle)))
        yes, no = (reply.total for reply in engine.score_replies(question, (YES, NO), adapter, strength))
        scores[principle.id] = 1 / (1 + math.exp(min(700.0, max(-700.0, no - yes))))
    return scores
