"""A model's preference between an initial answer and its revision, as a soft label (Bai et al. 2022, section 4.1).

The model is asked an (A)/(B) question under a preference principle, and the log-probabilities of the two letters
are read; the two orders and several principles are averaged, since models favour a position. With reasoning first
(section 4.2) the label is clamped to 0.4 to 0.6, because a model that has argued for a letter is too sure of it.
"""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cai_ui.config import Sampling
from cai_ui.engine.interface import Engine, Request, StopFlag
from cai_ui.errors import PromptTooLongError
from cai_ui.prompts import preference_question
from cai_ui.records import BASE, Example, Message, Principle

LETTERS = ("(A)", "(B)")
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
THINK = "\nFirst think step by step about what each answer would do, then say which letter it is."


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

    def body(self) -> dict[str, object]:
        """As the store keeps it."""
        return dataclasses.asdict(self)


def label_pair(
    engine: Engine,
    example: Example,
    principles: Sequence[Principle],
    sampling: Sampling,
    *,
    number: int = 1,
    reasoning: bool = False,
    margins: bool = False,
    adapter: str = BASE,
    stop: StopFlag | None = None,
) -> SoftLabel:
    """Ask about one pair under `number` of the principles, drawn by weight, seed and example; with
    `margins` also which answer is less harmful, and which helps more.

    Example without an initial answer, and questions that do not fit the model's context, give no preference.
    """
    if example.initial is None:
        return SoftLabel(None, None, (), "there is no initial answer to compare with")
    if example.initial.strip() == example.revision.strip():
        return SoftLabel(None, None, (), "the revision is the initial answer")
    votes: list[Vote] = []
    asked = _drawn(principles, number, f"{sampling.seed}/{example.id}")
    for principle in [*asked, *((HARMLESSNESS, HELPFULNESS) if margins and asked else ())]:
        try:
            first = _share(engine, example, principle, True, sampling, reasoning, adapter, stop)
            last = _share(engine, example, principle, False, sampling, reasoning, adapter, stop)
        except PromptTooLongError as error:
            return SoftLabel(None, None, tuple(votes), error.what)
        votes.append(Vote(principle.id, first, last))
    votes, gate = votes[: len(asked)], [2 * vote.preference - 1 for vote in votes[len(asked) :]]
    if not votes:
        return SoftLabel(None, None, (), "there is no preference principle")
    middle = sum(vote.preference for vote in votes) / len(votes)
    bias = sum(vote.order_bias for vote in votes) / len(votes)
    return SoftLabel(middle, bias, tuple(votes), "", *gate)


def normalised(log_a: float, log_b: float) -> float:
    """The share of (A) among the two letters, from their log-probabilities."""
    gap = log_b - log_a
    return 1 / (1 + math.exp(gap)) if gap < 700 else 0.0


@dataclass(frozen=True)
class CalibrationBar:
    """Of the pairs with a preference from `low` to `high`: the mean, and how often people preferred the revision."""

    low: float
    high: float
    pairs: int
    mean: float | None
    people: float | None


def calibration(labelled: Iterable[tuple[float, bool]], bars: int = 10) -> tuple[list[CalibrationBar], float | None]:
    """Bars of equal width and the expected calibration error (None without pairs).

    Each pair is the model's preference for the revision and whether people preferred it too.
    """
    pairs = list(labelled)
    found, error = [], 0.0
    for place in range(bars):
        inside = [p for p in pairs if min(int(p[0] * bars), bars - 1) == place]
        mean = sum(p for p, _ in inside) / len(inside) if inside else None
        people = sum(chosen for _, chosen in inside) / len(inside) if inside else None
        found.append(CalibrationBar(place / bars, (place + 1) / bars, len(inside), mean, people))
        if mean is not None and people is not None:
            error += len(inside) / len(pairs) * abs(mean - people)
    return found, error if pairs else None


def _share(
    engine: Engine,
    example: Example,
    principle: Principle,
    revision_first: bool,
    sampling: Sampling,
    reasoning: bool,
    adapter: str,
    stop: StopFlag | None,
) -> float:
    """The share for the revision in one order."""
    initial = example.initial or ""
    options = (example.revision, initial) if revision_first else (initial, example.revision)
    question = preference_question(example.conversation, principle.critique_request, *options)
    talk: tuple[Message, ...] = (Message("user", question),)
    if reasoning:
        asked = Request((Message("user", question + THINK),), sampling, adapter)
        thought = engine.generate([asked], stop)[0].text
        talk = (*asked.messages, Message("assistant", thought), Message("user", "So which letter is it?"))
    share = normalised(*engine.score(talk, LETTERS, adapter))
    share = share if revision_first else 1 - share
    return min(max(share, CLAMP[0]), CLAMP[1]) if reasoning else share


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
