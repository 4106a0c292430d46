"""What an experiment will cost before it starts: answers, and time by a trial of some seconds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from cai_ui.config.answers import Sampling
from cai_ui.config.experiments import ExperimentSettings
from cai_ui.engine.interface import Engine, Request
from cai_ui.experiments.results import Part
from cai_ui.records import Prompt

SURE = 2.0
"""The true time is expected between the estimate divided and multiplied by this."""
_ROWS = 16
_TRAINED = 12.0
"""A row trained on is taken for so many answers: an answer is read three times, in DPO more, and in several passes."""


@dataclass(frozen=True)
class Estimate:
    """Answers and rows trained on, of which `done` answers are there; `seconds` for the rest."""

    parts: tuple[Part, ...]
    done: int
    seconds: float

    @property
    def answers(self) -> int:
        return sum(part.answers for part in self.parts)


def estimate(
    engine: Engine, prompts: Sequence[Prompt], settings: ExperimentSettings, parts: Sequence[Part], done: int
) -> Estimate:
    """By the time that answers to some of the requests take together; later steps of a chain read more."""
    sampling = Sampling(temperature=settings.temperature, max_new_tokens=settings.answer_tokens, seed=settings.seed)
    asked = [Request(prompt.turns, sampling) for prompt in prompts[:_ROWS]]
    engine.generate([Request(asked[0].messages, sampling.model_copy(update={"max_new_tokens": 1}))])  # warms up
    began = time.monotonic()
    engine.generate(asked)
    each = (time.monotonic() - began) / len(asked)
    left = max(0, sum(part.answers for part in parts) - done) + _TRAINED * sum(part.trained for part in parts)
    return Estimate(tuple(parts), done, left * each)
