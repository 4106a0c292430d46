"""A judge's reading of single answers under a rubric."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cai_ui.config.answers import Sampling
from cai_ui.engine.interface import Engine, StopFlag
from cai_ui.judges.asking import ask
from cai_ui.judges.reading import Read
from cai_ui.judges.rubrics import Rubric, question
from cai_ui.records import BASE, Message

THINK = "\nFirst say in a few sentences what the answer does, then give your verdict."
WHICH = "So what is your verdict? Answer as you were told."


@dataclass(frozen=True)
class Judgement:
    """`value` is the mean of the rubric's `scale` under `probabilities`; both are None where nothing could be read, and
    `invalid_reason` says why. `rationale`: the judge's thoughts if they were asked for, or what could not be read."""

    rubric: str
    version: int
    value: float | None
    probabilities: tuple[float, ...] | None
    scale: tuple[float, ...]
    invalid_reason: str
    rationale: str
    judge: str

    @property
    def likeliest(self) -> float | None:
        """The most probable value of the scale."""
        if self.probabilities is None:
            return None
        return self.scale[self.probabilities.index(max(self.probabilities))]


def judge_answers(
    engine: Engine,
    answers: Sequence[tuple[tuple[Message, ...], str]],
    rubric: Rubric,
    *,
    judge: str = "",
    adapter: str = BASE,
    thinking: Sampling | None = None,
    stop: StopFlag | None = None,
) -> Iterator[tuple[int, Judgement]]:
    """The judgement of each (conversation, answer) by its place, as they come; after a stop the rest is left out.

    `judge` is the name that the judgements bear (default: the model's). With `thinking` its rationale is asked for.
    """
    texts = [question(rubric, conversation, answer) for conversation, answer in answers]
    asked = ask(engine, texts, rubric.choices, adapter=adapter, thinking=thinking, wording=(THINK, WHICH), stop=stop)
    return ((place, _judgement(rubric, read, judge or engine.name)) for place, read in asked)


def _judgement(rubric: Rubric, read: Read, judge: str) -> Judgement:
    value = None
    if read.shares is not None:
        value = sum(share * step for share, step in zip(read.shares, rubric.scale, strict=True))
    return Judgement(rubric.name, rubric.version, value, read.shares, rubric.scale, read.why, read.rationale, judge)
