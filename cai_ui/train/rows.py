"""The rows a trainer takes, and what is left out of them, named and counted. `encoding` makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cai_ui.records import Message

TOO_LONG = "longer than the limit"
NO_TURNS = "turns that do not alternate"
SAME = "chosen and rejected are the same"
EMPTY = "nothing to learn"
CHANGED = "the chat template makes something else of the answer"
UNKNOWN = "characters that the model's tokenizer does not know"
TRAINED_ON = "held out, but trained on as well"
NO_SHARE = "a soft label outside 0 to 1"


Row = dict[str, Any]
IDS = "_ids"
"""Ends the names of columns with tokens: `prompt_ids` beside `prompt`."""


@dataclass(frozen=True)
class Draft:
    """A row of a dataset as its method takes it, not yet encoded.

    `answers` are TRL's columns of answers (`completion`, or `chosen` and `rejected`), the one to become likelier first;
    `more` are columns beside them. `reason` says why it cannot be used ("" if it can, as far as is known).
    """

    conversation: tuple[Message, ...]
    answers: Mapping[str, str]
    more: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass
class Rows:
    """Rows for TRL: `prompt` and the answers of their draft, as messages and as tokens, and what it has beside them.

    Per training row: `lengths` are tokens of its longest reading, `answers` tokens of each answer. `left_out`
    counts by reason, training and held-out rows together.
    """

    train: list[Row] = field(default_factory=list)
    held_out: list[Row] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    answers: list[tuple[int, ...]] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        """Tokens that one pass over the training rows sends through the model."""
        readings = zip(self.lengths, self.answers, strict=True)
        return sum(len(answers) * (length - max(answers)) + sum(answers) for length, answers in readings)

    def leave_out(self, reason: str) -> None:
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


def in_tokens(rows: Sequence[Row]) -> list[Row]:
    """The same rows without what they say in words."""
    return [{name: value for name, value in row.items() if name + IDS not in row} for row in rows]


def asked(row: Row) -> str:
    """What a row asks, to tell whether two rows ask the same."""
    return "\n".join(turn["content"].strip() for turn in row["prompt"])
