"""Blind votes between two variants: which stands left is drawn, names are shown after the vote, then tallied."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, cast, get_args

from cai_ui.compare.variants import VariantText
from cai_ui.errors import InputError
from cai_ui.records import BASE, Answer, Prompt, Rate, Vote
from cai_ui.statistics import decided_to_separate, rate, sign_test
from cai_ui.statistics.length_control import LengthControlled, length_controlled

Choice = Literal["left", "right", "tie", "both_bad"]
SCORES = {"left": 1.0, "right": 0.0, "tie": 0.5, "both_bad": 0.5}
"""What a choice gives the left answer, of one vote to be shared."""
REASONS = ("safer", "more helpful", "more honest", "better written", "less preachy")
"""Why an answer was better, as tags that may be given with a vote."""


@dataclass(frozen=True)
class PairTally:
    """All votes between two variants. `rate` is the share of decided votes that `first` won; `p_value` is that of
    the sign test, None while nothing is decided. `identical` answers were the same, so nobody was asked; `more` decided
    votes would about tell the two apart (`decided_to_separate`); `equal_length` is the share of wins, ties as halves,
    between answers of the same length."""

    first: str
    second: str
    first_wins: int
    second_wins: int
    ties: int
    both_bad: int
    rate: Rate
    p_value: float | None
    identical: int = 0
    more: int | None = None
    equal_length: LengthControlled | None = None


@dataclass(frozen=True)
class Ballot:
    """How a vote was asked for: see `Vote` for what each field means."""

    order: int | None = None
    reveal: str = ""
    early: bool = False
    by: Literal["person", "identity"] = "person"
    set: str = ""


PLAIN = Ballot()
"""A vote of which nothing more is known."""


def blind_order(variants: Sequence[str], seed: int) -> tuple[str, str]:
    """Two of the variants, left and right, drawn by the seed. InputError for fewer than two."""
    names = list(dict.fromkeys(variants))
    if len(names) < 2:
        raise InputError("A vote needs two different variants.", next_step="Choose another variant to compare with.")
    left, right = random.Random(f"order/{seed}").sample(sorted(names), 2)
    return left, right


def make_vote(
    prompt: str | Prompt,
    left: VariantText,
    right: VariantText,
    choice: str,
    rater: str,
    cast_as: Ballot = PLAIN,
    reasons: Sequence[str] = (),
) -> Vote:
    """A vote with an id of its own. InputError for unfinished answers, an unknown choice or reason, and where two
    answers that are the same are called anything but a tie."""
    if choice not in get_args(Choice) or not set(reasons) <= set(REASONS):
        raise InputError("That is not a vote.", next_step="Choose left, right, tie or both bad.")
    if left.answer is None or right.answer is None:
        raise InputError("The answers are not finished yet.", next_step="Wait for both, then vote.")
    if cast_as.by == "person" and left.answer.text == right.answer.text:
        raise InputError(
            "Both answers are the same so far, so there is nothing to choose.", next_step="Wait until they differ."
        )
    asked = prompt if isinstance(prompt, Prompt) else Prompt("", prompt)
    return Vote(
        uuid.uuid4().hex,
        asked.text,
        left.variant,
        right.variant,
        left.answer,
        right.answer,
        cast(Choice, choice),
        rater,
        datetime.now(UTC).isoformat(timespec="microseconds"),
        tuple(reason for reason in REASONS if reason in reasons),
        cast_as.by,
        cast_as.early,
        cast_as.order,
        cast_as.reveal,
        cast_as.set,
        asked.kind,
        asked.topic,
        asked.before,
    )


def swapped(vote: Vote) -> Vote:
    """The same judgement with the sides exchanged."""
    other = {"left": "right", "right": "left"}.get(vote.choice, vote.choice)
    return replace(
        vote,
        left=vote.right,
        right=vote.left,
        left_answer=vote.right_answer,
        right_answer=vote.left_answer,
        choice=cast(Choice, other),
    )


def winner(vote: Vote) -> str | None:
    """Name of the variant that won, None for a tie or where both were bad."""
    return {"left": vote.left, "right": vote.right}.get(vote.choice)


def by_weights(votes: Iterable[Vote]) -> list[Vote]:
    """The votes with the base named by its weights (`base:1a2b3c4d`) where bases of several models were voted on.

    An adapter's name stands for one run, and so for one base, already.
    """
    votes = list(votes)
    sides = [side for vote in votes for side in ((vote.left, vote.left_answer), (vote.right, vote.right_answer))]
    bases = {answer.provenance.base_hash for name, answer in sides if _of_base(name)}
    if len(bases) < 2:
        return votes

    def named(name: str, answer: Answer) -> str:
        mark = f"{BASE}:{answer.provenance.base_hash[:8]}"
        return f"{mark}{name[len(BASE) :]}" if _of_base(name) else name

    return [
        replace(vote, left=named(vote.left, vote.left_answer), right=named(vote.right, vote.right_answer))
        for vote in votes
    ]


def _of_base(name: str) -> bool:
    """Whether a column is the base, also one that is asked in an unusual way."""
    return name == BASE or name.startswith(f"{BASE}::")


def by_pair(votes: Iterable[Vote]) -> dict[tuple[str, str], list[Vote]]:
    """The votes of each two variants that met, by their names in order; each vote with the first of them left."""
    met: dict[tuple[str, str], list[Vote]] = {}
    for vote in votes:
        turned = vote if vote.left < vote.right else swapped(vote)
        met.setdefault((turned.left, turned.right), []).append(turned)
    return {pair: met[pair] for pair in sorted(met)}


def tally(votes: Iterable[Vote]) -> list[PairTally]:
    """One line for each pair of variants that met, whichever side they stood on."""
    return [_pair(first, second, found) for (first, second), found in by_pair(by_weights(votes)).items()]


def _pair(first: str, second: str, votes: list[Vote]) -> PairTally:
    choices = [vote.choice for vote in votes if vote.by == "person"]
    wins, losses = choices.count("left"), choices.count("right")
    told = [vote for vote in votes if vote.by == "person"]
    return PairTally(
        first,
        second,
        wins,
        losses,
        choices.count("tie"),
        choices.count("both_bad"),
        rate(wins, wins + losses),
        sign_test(wins, losses),
        len(votes) - len(told),
        decided_to_separate(wins, losses),
        length_controlled([SCORES[vote.choice] for vote in told], [_longer(vote) for vote in told]),
    )


def _longer(vote: Vote) -> int:
    """How many more characters the left answer has."""
    return len(vote.left_answer.text) - len(vote.right_answer.text)
