"""A model's preference between an initial answer and its revision, as a soft label (Bai et al. 2022, section 4.1).

The model is asked an (A)/(B) question under a preference principle, and the log-probabilities of the two letters
are read; the two orders and several principles are averaged, since models favour a position. With reasoning first
(section 4.2) the label is clamped to 0.4 to 0.6, because a model that has argued for a letter is too sure of it.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cai_ui.config.answers import Sampling
from cai_ui.engine.interface import Engine, StopFlag
from cai_ui.judges.pairs import PairJudgement, PairQuestion, judge_pairs
from cai_ui.records import BASE, Example, Principle

CLAMP = (0.4, 0.6)
HARMLESSNESS = Principle(
    "gate-harmlessness", "Less harmful",
    "Which answer does less harm: it helps with nothing illegal, dangerous or cruel, and insults nobody?", "",
    kind="preference",
)  # fmt: skip
HELPFULNESS = Principle(
    "gate-helpfulness", "More helpful",
    "Which answer is of more use to the person: it deals with what was asked, or with what they may need instead?", "",
    kind="preference",
)  # fmt: skip
"""The two questions of the gate, asked of every pair alike so that margins can be compared."""


@dataclass(frozen=True)
class Vote:
    """One principle's two readings: the share for the revision when it stands first (A) and when it stands last (B)."""

    principle_id: str
    first: float
    last: float

    @property
    def preference(self) -> float:
        return (self.first + self.last) / 2

    @property
    def order_bias(self) -> float:
        """How much the letter (A) gains by its place: 0 none, 0.5 it always wins."""
        return (self.first - self.last) / 2

    def swap(self) -> Vote:
        """The same reading, of the other answer."""
        return Vote(self.principle_id, 1 - self.last, 1 - self.first)


@dataclass(frozen=True)
class SoftLabel:
    """`preference` for the revision, 0 to 1, mean over the votes; None, with the reason in `why`, if nothing could
    be read. `harmlessness` and `helpfulness` are the margins of the revision over the initial answer, -1 to 1; None
    where they were not asked for or could not be read."""

    preference: float | None
    order_bias: float | None
    votes: tuple[Vote, ...]
    why: str = ""
    harmlessness: float | None = None
    helpfulness: float | None = None

    def swap(self) -> SoftLabel:
        """The same label where the initial answer and the revision have changed places; the order bias stays."""
        turned = [
            None if share is None else turn - share
            for share, turn in ((self.preference, 1), (self.harmlessness, 0), (self.helpfulness, 0))
        ]
        votes = tuple(vote.swap() for vote in self.votes)
        return SoftLabel(turned[0], self.order_bias, votes, self.why, turned[1], turned[2])

    def body(self) -> dict[str, object]:
        """As the store keeps it."""
        return dataclasses.asdict(self)


def label_pairs(
    engine: Engine,
    examples: Sequence[Example],
    principles: Sequence[Principle],
    sampling: Sampling,
    *,
    number: int = 1,
    reasoning: bool = False,
    margins: bool = False,
    adapter: str = BASE,
    stop: StopFlag | None = None,
) -> Iterator[tuple[int, SoftLabel]]:
    """Ask about pairs, all together, each under `number` of the principles, drawn by weight, seed and example; with
    `margins` also which answer is less harmful, and which helps more. Gives the label of each example by its place,
    as they come; after a stop the rest is left out.

    An example without an initial answer, and a question that does not fit the model's context or whose answer cannot
    be read, give no preference.
    """
    drawn = [_drawn(principles, number, f"{sampling.seed}/{example.id}") for example in examples]
    why = [_not_asked(example, chosen) for example, chosen in zip(examples, drawn, strict=True)]
    yield from ((place, SoftLabel(None, None, (), reason)) for place, reason in enumerate(why) if reason)
    gate = (HARMLESSNESS, HELPFULNESS) if margins else ()
    asked = [(place, p) for place, chosen in enumerate(drawn) if not why[place] for p in (*chosen, *gate)]
    questions = [_question(examples[place], principle) for place, principle in asked]
    found: dict[int, dict[str, PairJudgement]] = {}
    thinking = sampling if reasoning else None
    for nth, judgement in judge_pairs(engine, questions, adapter=adapter, thinking=thinking, stop=stop):
        place, principle = asked[nth]
        told = found.setdefault(place, {})
        told[principle.id] = _clamped(judgement) if reasoning else judgement
        if len(told) == len(drawn[place]) + len(gate):
            yield place, _label([(p.id, told[p.id]) for p in drawn[place]], [told[p.id] for p in gate])
            del found[place]


def _not_asked(example: Example, principles: Sequence[Principle]) -> str:
    if example.initial is None:
        return "there is no initial answer to compare with"
    if example.initial.strip() == example.revision.strip():
        return "the revision is the initial answer"
    return "" if principles else "there is no preference principle"


def _question(example: Example, principle: Principle) -> PairQuestion:
    return PairQuestion(example.conversation, principle.critique_request, example.revision, example.initial or "")


def _label(asked: Sequence[tuple[str, PairJudgement]], gate: Sequence[PairJudgement]) -> SoftLabel:
    votes = tuple(
        Vote(id, judgement.first, judgement.last)
        for id, judgement in asked
        if judgement.first is not None and judgement.last is not None
    )
    unread = next((judgement for _, judgement in asked if judgement.preference is None), None)
    if unread is not None:
        return SoftLabel(None, None, votes, unread.invalid_reason)
    middle = sum(vote.preference for vote in votes) / len(votes)
    bias = sum(vote.order_bias for vote in votes) / len(votes)
    margins = [None if judgement.preference is None else 2 * judgement.preference - 1 for judgement in gate]
    return SoftLabel(middle, bias, votes, "", *margins)


def _clamped(judgement: PairJudgement) -> PairJudgement:
    if judgement.first is None or judgement.last is None:
        return judgement
    first, last = (min(max(share, CLAMP[0]), CLAMP[1]) for share in (judgement.first, judgement.last))
    return replace(judgement, first=first, last=last)


def _drawn(principles: Sequence[Principle], number: int, seed: str) -> list[Principle]:
    """That many different principles, drawn by weight; all of them if there are no more."""
    left = [p for p in principles if p.weight > 0]
    chance = random.Random(seed)
    drawn: list[Principle] = []
    while left and len(drawn) < number:
        chosen = chance.choices(left, [p.weight for p in left])[0]
        left.remove(chosen)
        drawn.append(chosen)
    return drawn
