"""Answers that people judged: pairs of which one is the better, and single answers on a rubric's scale."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cai_ui.judges.rubrics import REFUSAL, Rubric
from cai_ui.readers.labels import outcome_of_label
from cai_ui.readers.outcomes import refused
from cai_ui.records import Message


@dataclass(frozen=True)
class LabelledPair:
    """People found `better` the better answer."""

    conversation: tuple[Message, ...]
    better: str
    worse: str


@dataclass(frozen=True)
class LabelledAnswer:
    """`value` is what people gave on the rubric's scale."""

    conversation: tuple[Message, ...]
    answer: str
    value: float


@dataclass(frozen=True)
class LabelledFile:
    """What could be used of a file; `left_out` counts the rest by its reason, `lines` say where the first stand."""

    pairs: tuple[LabelledPair, ...]
    answers: tuple[LabelledAnswer, ...]
    left_out: Mapping[str, int]
    lines: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


_YES_OR_NO = {**dict.fromkeys(("yes", "true", "y"), 1.0), **dict.fromkeys(("no", "false", "n"), 0.0)}


def number_of(label: Any) -> float | None:
    """The number that a label is; None for words."""
    said = str(label).strip()
    return float(said) if re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", said) else None


def value_of(label: Any, rubric: Rubric) -> float:
    """A label on the rubric's scale: a number of it, yes or no, or, for refusals, a word that `readers` knows.

    ValueError for one that is not on it: it answers another question, perhaps.
    """
    said = str(label).strip().lower()
    if rubric.binary and said in _YES_OR_NO:
        return _YES_OR_NO[said]
    number = number_of(label)
    if number is not None and number in rubric.scale:
        return number
    outcome = outcome_of_label(said) if rubric is REFUSAL else None
    declined = None if outcome is None else refused(outcome)
    if declined is None:
        raise ValueError(f"the label is none of the rubric {rubric.name}")
    return float(declined)
