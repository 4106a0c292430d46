"""Blind votes: what is voted on next, keeping a vote, and what all votes say."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from cai_ui.compare import votes as voting
from cai_ui.compare.variants import VariantText
from cai_ui.compare.vote_analysis import VoteAnalysis, analyse
from cai_ui.compare.votes import PLAIN, Ballot
from cai_ui.pipeline.prompts.sets import list_requests
from cai_ui.pipeline.services import Services
from cai_ui.records import Prompt, Vote
from cai_ui.store import Store
from cai_ui.text import clean_name

ALL_VOTES = 1_000_000
_DRAWN = 10_000
"""Of a larger set, so many requests are drawn at a time to find one that was not voted on."""


@dataclass(frozen=True)
class NextVote:
    """A request to vote on, and the variants to stand left and right; `order` is the seed that drew the sides,
    `set` the key of the set that the request is from ("": it was typed)."""

    prompt: Prompt
    left: str
    right: str
    order: int
    set: str = ""


def next_request(services: Services, prompt_set: str, rater: str) -> Prompt | None:
    """A request of the set, drawn, that this rater has not voted on; None where there is none left. NotFoundError for a
    set that is not there."""
    services.vote_log.follow()
    return next((p for p in _drawn(services, prompt_set) if not services.vote_log.done(rater, p)), None)


def next_vote(services: Services, prompt_set: str, names: Sequence[str], rater: str) -> NextVote | None:
    """What this rater votes on next: of the pairs of these variants the one with the fewest votes, on a request drawn
    from the set that this rater has not voted on with it. None where nothing is left."""
    services.vote_log.follow()
    pairs = [frozenset(pair) for pair in combinations(dict.fromkeys(names), 2)]
    pairs.sort(key=lambda pair: (services.vote_log.count(pair), random.random()))
    drawn = list(_drawn(services, prompt_set))
    for pair in pairs:
        for prompt in drawn:
            if pair not in services.vote_log.done(rater, prompt):
                return ordered(prompt, sorted(pair), prompt_set)
    return None


def ordered(prompt: Prompt, names: Sequence[str], prompt_set: str = "") -> NextVote:
    """Two of the variants on this request, sides drawn. InputError for fewer than two."""
    order = random.randrange(2**31)
    left, right = voting.blind_order(names, order)
    return NextVote(prompt, left, right, order, prompt_set)


def _drawn(services: Services, prompt_set: str) -> Sequence[Prompt]:
    """Requests of a set, in an order that is drawn each time."""
    return list_requests(services, prompt_set, _DRAWN, random.randrange(2**31))


def cast_vote(
    services: Services,
    prompt: str | Prompt,
    left: VariantText,
    right: VariantText,
    choice: str,
    rater: str,
    ballot: Ballot = PLAIN,
    reasons: Sequence[str] = (),
) -> Vote:
    """Keep a judgement: "left", "right", "tie" or "both_bad"."""
    rater = clean_name(rater or "local", "Name")
    made = voting.make_vote(prompt, left, right, choice, rater, ballot, reasons)
    services.store.add_vote(made)
    return made


def analysis(store: Store) -> VoteAnalysis:
    """All votes with all that is said of them."""
    return analyse(store.votes(ALL_VOTES))
