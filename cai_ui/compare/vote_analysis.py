"""What many votes say together: each pair, strengths over all variants, sides, raters and slices.

Ties and "both bad" are half a win for each in strengths, in neither count of a win rate. Answers that were the same
count as a tie in strengths; nobody was asked about them, so they say nothing of sides, raters or lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cai_ui.compare.votes import SCORES, PairTally, by_pair, by_weights, tally, winner
from cai_ui.records import Rate, Vote
from cai_ui.statistics import rate, sign_test
from cai_ui.statistics.agreement import Agreement, krippendorff_alpha
from cai_ui.statistics.bradley_terry import Strength, linked, with_intervals

SLICES = ("set", "kind", "topic")
"""Fields of a vote that part votes; "" and "unknown" are values: a request that was typed."""


@dataclass(frozen=True)
class VoteAnalysis:
    """`strengths` are there for three variants or more; where they cannot be told, `no_strengths` says why.

    `left` is the share of decided votes that the left answer won, `left_p` how surprising it is where sides are drawn.
    `slices` are by field and value. `agreement` is that of people who judged the same two answers' prompt.
    """

    votes: int
    pairs: list[PairTally]
    left: Rate
    left_p: float | None
    strengths: dict[str, Strength] = field(default_factory=dict)
    no_strengths: str = ""
    raters: dict[str, list[PairTally]] = field(default_factory=dict)
    slices: dict[tuple[str, str], list[PairTally]] = field(default_factory=dict)
    reasons: dict[tuple[str, str], int] = field(default_factory=dict)
    early: int = 0
    agreement: Agreement | None = None


def analyse(votes: Iterable[Vote], seed: int = 0) -> VoteAnalysis:
    """Everything above from the votes, in whatever order they came. Nothing is dropped: see `PairTally` for counts."""
    votes = sorted(by_weights(votes), key=lambda vote: (vote.at, vote.event_id))
    people = [vote for vote in votes if vote.by == "person"]
    choices = [vote.choice for vote in people]
    left, right = choices.count("left"), choices.count("right")
    strengths, why = _strengths(votes, seed)
    return VoteAnalysis(
        len(votes),
        tally(votes),
        rate(left, left + right),
        sign_test(left, right),
        strengths,
        why,
        _parted(people, lambda vote: vote.rater),
        {(by, value): pairs for by in SLICES for value, pairs in _sliced(votes, by).items()},
        _reasons(people),
        sum(vote.early for vote in people),
        _agreement(people),
    )


def _strengths(votes: Sequence[Vote], seed: int) -> tuple[dict[str, Strength], str]:
    names = sorted({name for vote in votes for name in (vote.left, vote.right)})
    if len(names) < 3:
        return {}, "It takes three variants or more; for two, the share of wins says it all."
    units = _wins(votes, names)
    if not linked(units.sum(0)):
        return {}, "Some variants never met the others, not even by way of a third, so they cannot be ranked together."
    return dict(zip(names, with_intervals(units, seed), strict=True)), ""


def _wins(votes: Sequence[Vote], names: Sequence[str]) -> NDArray[np.float64]:
    """Wins by prompt, winner and loser; ties are half a win each way."""
    places = {name: place for place, name in enumerate(names)}
    prompts = {prompt: place for place, prompt in enumerate(dict.fromkeys(vote.prompt for vote in votes))}
    units = np.zeros((len(prompts), len(names), len(names)))
    for vote in votes:
        unit, left, right = units[prompts[vote.prompt]], places[vote.left], places[vote.right]
        unit[left, right] += SCORES[vote.choice]
        unit[right, left] += 1 - SCORES[vote.choice]
    return units


def _parted(votes: Iterable[Vote], part: Callable[[Vote], str]) -> dict[str, list[PairTally]]:
    parts: dict[str, list[Vote]] = {}
    for vote in votes:
        parts.setdefault(part(vote), []).append(vote)
    return {name: tally(parts[name]) for name in sorted(parts)}


def _sliced(votes: Sequence[Vote], by: str) -> dict[str, list[PairTally]]:
    """By the values of a field; nothing where all votes have the same one."""
    parts = _parted(votes, lambda vote: str(getattr(vote, by)))
    return parts if len(parts) > 1 else {}


def _reasons(votes: Iterable[Vote]) -> dict[tuple[str, str], int]:
    """How often each reason was given for each variant that won."""
    counts: dict[tuple[str, str], int] = {}
    for vote in votes:
        for reason in vote.reasons if winner(vote) else ():
            key = (winner(vote) or "", reason)
            counts[key] = counts.get(key, 0) + 1
    return {key: counts[key] for key in sorted(counts)}


def _agreement(votes: Iterable[Vote]) -> Agreement | None:
    """Krippendorff's alpha over prompts and pairs that several people voted on, each with their latest vote; None where
    there is one rater only."""
    latest: dict[tuple[str, tuple[str, str]], dict[str, str]] = {}
    for pair, found in by_pair(votes).items():
        for vote in found:
            latest.setdefault((vote.prompt, pair), {})[vote.rater] = vote.choice
    units = list(latest.values())
    return krippendorff_alpha(units) if len({rater for unit in units for rater in unit}) > 1 else None
