"""Blind votes between two variants: which stands left is drawn, names are shown after the vote, then tallied."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast, get_args

from cai_ui.compare.variants import VariantText
from cai_ui.errors import InputError
from cai_ui.records import Rate, Vote
from cai_ui.statistics import rate, sign_test

Choice = Literal["left", "right", "tie", "both_bad"]


@dataclass(frozen=True)
class PairTally:
    """All votes between two variants. `rate` is the share of decided votes that `first` won; `p_value` is that of
    the sign test, None while nothing is decided."""

    first: str
    second: str
    first_wins: int
    second_wins: int
    ties: int
    both_bad: int
    rate: Rate
    p_value: float | None


def blind_order(variants: Sequence[str], seed: int) -> tuple[str, str]:
    """Two of the variants, left and right, drawn by the seed. InputError for fewer than two."""
    names = list(dict.fromkeys(variants))
    if len(names) < 2:
        raise InputError("A vote needs two different variants.", next_step="Choose another variant to compare with.")
    left, right = random.Random(f"order/{seed}").sample(sorted(names), 2)
    return left, right


def make_vote(prompt: str, left: VariantText, right: VariantText, choice: str, rater: str) -> Vote:
    """A vote with an id of its own. InputError for unfinished answers or an unknown choice."""
    if choice not in get_args(Choice):
        raise InputError("That is not a vote.", next_step="Choose left, right, tie or both bad.")
    if left.answer is None or right.answer is None:
        raise InputError("The answers are not finished yet.", next_step="Wait for both, then vote.")
    at = datetime.now(UTC).isoformat(timespec="microseconds")
    return Vote(
        uuid.uuid4().hex,
        prompt,
        left.variant,
        right.variant,
        left.answer,
        right.answer,
        cast(Choice, choice),
        rater,
        at,
    )


def swapped(vote: Vote) -> Vote:
    """The same judgement with the sides exchanged."""
    other = {"left": "right", "right": "left"}.get(vote.choice, vote.choice)
    return Vote(
        vote.event_id, vote.prompt, vote.right, vote.left, vote.right_answer, vote.left_answer,
        cast(Choice, other), vote.rater, vote.at,
    )  # fmt: skip


def winner(vote: Vote) -> str | None:
    """Name of the variant that won, None for a tie or where both were bad."""
    return {"left": vote.left, "right": vote.right}.get(vote.choice)


def tally(votes: Iterable[Vote]) -> list[PairTally]:
    """One line for each pair of variants that met, whichever side they stood on."""
    met: dict[tuple[str, str], list[Vote]] = {}
    for vote in votes:
        first, second = sorted((vote.left, vote.right))
        met.setdefault((first, second), []).append(vote)
    return [_pair(first, second, met[first, second]) for first, second in sorted(met)]


def _pair(first: str, second: str, votes: list[Vote]) -> PairTally:
    winners = [winner(vote) for vote in votes]
    first_wins, second_wins = winners.count(first), winners.count(second)
    choices = [vote.choice for vote in votes]
    return PairTally(
        first,
        second,
        first_wins,
        second_wins,
        choices.count("tie"),
        choices.count("both_bad"),
        rate(first_wins, first_wins + second_wins),
        sign_test(first_wins, second_wins),
    )
