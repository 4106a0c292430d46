"""Which of two answers a judge prefers: an (A)/(B) question, asked in both orders (Bai et al. 2022, section 4.1).

Both orders of many pairs are asked together, so that an engine can read what they have in common once, and a
server has several questions in flight. Models favour a position, so a verdict rests on both orders.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from cai_ui.config.answers import Sampling
from cai_ui.engine.interface import Engine, StopFlag
from cai_ui.judges.asking import ask
from cai_ui.judges.reading import Read
from cai_ui.prompts import preference_question
from cai_ui.records import BASE, Message

LETTERS = ("(A)", "(B)")
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
    texts = [text for question in questions for text in _both_orders(question)]
    read: dict[int, Read] = {}
    for nth, found in ask(engine, texts, LETTERS, adapter=adapter, thinking=thinking, stop=stop):
        read[nth] = found
        place = nth // 2
        if 2 * place in read and 2 * place + 1 in read:
            yield place, _judgement(read.pop(2 * place), read.pop(2 * place + 1))


def _both_orders(question: PairQuestion) -> tuple[str, str]:
    answers = question.one, question.other
    return (
        preference_question(question.conversation, question.instruction, *answers),
        preference_question(question.conversation, question.instruction, *reversed(answers)),
    )


def _judgement(first: Read, last: Read) -> PairJudgement:
    return PairJudgement(
        first.shares[0] if first.shares is not None else None,
        last.shares[1] if last.shares is not None else None,
        first.why or last.why,
        "\n\n".join(text for text in (first.rationale, last.rationale) if text),
    )
