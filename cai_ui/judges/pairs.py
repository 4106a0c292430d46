"""Which of two answers a judge prefers: an (A)/(B) question, asked in both orders (Bai et al. 2022, section 4.1).

Both orders of many pairs are asked together, so that an engine can read what they have in common once, and a
server has several questions in flight. Models favour a position, so a verdict rests on both orders.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from cai_ui.config import Sampling
from cai_ui.engine.interface import Engine, Request, ScoreRequest, StopFlag
from cai_ui.errors import CaiError
from cai_ui.judges.reading import Read, read_choice
from cai_ui.prompts import preference_question
from cai_ui.records import BASE, Answer, Message

LETTERS = ("(A)", "(B)")
THINK = "\nFirst think step by step about what each answer would do, then say which letter it is."
WHICH = "So which letter is it?"
Talk = tuple[Message, ...]
TIE = 0.05
"""A preference nearer to one half than this is a tie."""


@dataclass(frozen=True)
class PairQuestion:
    """Two answers to a conversation, and the instruction under which `one` is compared with `other`."""

    conversation: tuple[Message, ...]
    instruction: str
    one: str
    other: str


@dataclass(frozen=True)
class PairJudgement:
    """Shares for `one` when it stands first (A) and when it stands last (B). None where an order could not be read:
    `invalid_reason` says why, `rationale` is what the judge wrote of it (at most KEPT characters)."""

    first: float | None
    last: float | None
    invalid_reason: str = ""
    rationale: str = ""

    @property
    def preference(self) -> float | None:
        """For `one`, 0 to 1."""
        return None if self.first is None or self.last is None else (self.first + self.last) / 2

    @property
    def order_bias(self) -> float | None:
        """How much (A) gains by its place: 0 none, 0.5 it always wins."""
        return None if self.first is None or self.last is None else (self.first - self.last) / 2

    @property
    def verdict(self) -> Literal["one", "other", "tie"] | None:
        """None where there is no preference."""
        if self.preference is None:
            return None
        if abs(self.preference - 0.5) < TIE:
            return "tie"
        return "one" if self.preference > 0.5 else "other"


def judge_pairs(
    engine: Engine,
    questions: Sequence[PairQuestion],
    *,
    adapter: str = BASE,
    thinking: Sampling | None = None,
    stop: StopFlag | None = None,
) -> Iterator[tuple[int, PairJudgement]]:
    """The judgement of each question by its place, as they come and in any order. After a stop the rest is left out.

    With `thinking` the judge first writes down its reasons. Raises what makes the judge unusable for all of them.
    """
    talks: list[Talk] = [(Message("user", text),) for question in questions for text in _both_orders(question)]
    failed: dict[int, CaiError] = {}
    if thinking is not None:
        talks, failed = _thought_about(engine, talks, thinking, adapter, stop)
    sound = [place for place in range(len(talks)) if place not in failed]
    asked = [ScoreRequest(talks[place], LETTERS, adapter) for place in sound]
    read = {place: read_choice(error, LETTERS) for place, error in failed.items()}
    yield from ((place, _judgement(read, talks, place)) for place in range(len(questions)) if _whole(read, place))
    for number, found in engine.choose_many(asked, stop) if asked and not _set(stop) else ():
        read[sound[number]] = read_choice(found, LETTERS)
        place = sound[number] // 2
        if _whole(read, place):
            yield place, _judgement(read, talks, place)


def _both_orders(question: PairQuestion) -> tuple[str, str]:
    answers = question.one, question.other
    return (
        preference_question(question.conversation, question.instruction, *answers),
        preference_question(question.conversation, question.instruction, *reversed(answers)),
    )


def _thought_about(
    engine: Engine, talks: Sequence[Talk], thinking: Sampling, adapter: str, stop: StopFlag | None
) -> tuple[list[Talk], dict[int, CaiError]]:
    """The talks with the judge's thoughts, and those that failed."""
    asked: list[Talk] = [(Message("user", talk[0].content + THINK),) for talk in talks]
    thoughts = engine.attempt([Request(talk, thinking, adapter) for talk in asked], stop)
    failed = {place: error for place, error in enumerate(thoughts) if isinstance(error, CaiError)}
    after: list[Talk] = [
        (*talk, Message("assistant", thought.text), Message("user", WHICH)) if isinstance(thought, Answer) else talk
        for talk, thought in zip(asked, thoughts, strict=True)
    ]
    return after, failed


def _set(stop: StopFlag | None) -> bool:
    return stop is not None and stop.is_set()


def _whole(read: dict[int, Read], place: int) -> bool:
    return 2 * place in read and 2 * place + 1 in read


def _judgement(read: dict[int, Read], talks: Sequence[Talk], place: int) -> PairJudgement:
    orders = [read[2 * place], read[2 * place + 1]]
    shares = [order.shares[side] if order.shares is not None else None for side, order in enumerate(orders)]
    why = next((order.why for order in orders if order.why), "")
    thoughts = [talk[1].content for talk in talks[2 * place : 2 * place + 2] if len(talk) > 1]
    said = "\n\n".join(thoughts or [order.text for order in orders if order.text and order.why])
    return PairJudgement(shares[0], shares[1], why, said)
