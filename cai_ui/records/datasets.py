"""Frozen rows to train on."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from cai_ui.records.hashing import content_hash, to_dict
from cai_ui.records.prompts import Message


@dataclass(frozen=True)
class TrainingExample:
    """One SFT row: the answer after `conversation` is learnt, the conversation is not.

    `helpful` marks a row that was mixed in to keep the model helpful (None: not said).
    """

    conversation: tuple[Message, ...]
    answer: str
    example_id: str | None
    source: str
    helpful: bool | None = None

    @property
    def keeps_helpful(self) -> bool:
        """Whether it is of the helpful mix. Rows frozen before there was the field say it by their source."""
        if self.helpful is None:
            return self.example_id is None and self.source.startswith("helpful")
        return self.helpful


@dataclass(frozen=True)
class PreferencePair:
    """One DPO row. `soft` is the probability that `chosen` is the better answer (None: it is, a hard label)."""

    conversation: tuple[Message, ...]
    chosen: str
    rejected: str
    example_id: str | None
    source: str
    soft: float | None = None

    def swap(self) -> PreferencePair:
        """The same pair with the preference turned round."""
        soft = None if self.soft is None else 1 - self.soft
        return dataclasses.replace(self, chosen=self.rejected, rejected=self.chosen, soft=soft)


@dataclass(frozen=True)
class Dataset:
    """A frozen dataset version, split by prompt so that no prompt is on both sides.

    `parents` are the constitution hashes its examples were made under; `left_out` counts, by named
    reason, the examples that gave no row. `rejected_*` are revisions that a person rejected: nothing to learn, but
    answers judged bad (None: none, as in datasets from before they were kept).
    """

    name: str
    sft_train: tuple[TrainingExample, ...]
    sft_eval: tuple[TrainingExample, ...]
    pairs_train: tuple[PreferencePair, ...]
    pairs_eval: tuple[PreferencePair, ...]
    settings: dict[str, Any]
    parents: tuple[str, ...]
    left_out: dict[str, int]
    rejected_train: tuple[TrainingExample, ...] | None = None
    rejected_eval: tuple[TrainingExample, ...] | None = None

    @property
    def hash(self) -> str:
        return content_hash(to_dict(self))


def sources_of(dataset: Dataset) -> tuple[dict[str, int], dict[str, int]]:
    """Sources of a dataset's rows with their numbers, those with most first: of judged rows, and of those mixed in."""
    counts: tuple[Counter[str], Counter[str]] = Counter(), Counter()
    for row in (*dataset.sft_train, *dataset.sft_eval):
        counts[row.keeps_helpful][row.source] += 1
    if not any(counts):
        for pair in (*dataset.pairs_train, *dataset.pairs_eval):
            counts[pair.example_id is None][pair.source] += 1
    judged, mixed = (dict(found.most_common()) for found in counts)
    return judged, mixed


@dataclass(frozen=True)
class DatasetInfo:
    """What the list of datasets shows; the rows stay in the store until asked for.

    `judged` and `mixed` count the rows (of pairs alone, the pairs) by source: those that somebody decided, and those
    that were mixed in. Both are empty for datasets from before they were counted.
    """

    hash: str
    name: str
    counts: dict[str, int]
    settings: dict[str, Any]
    parents: tuple[str, ...]
    left_out: dict[str, int]
    created_at: str
    author: str
    judged: dict[str, int] = field(default_factory=dict)
    mixed: dict[str, int] = field(default_factory=dict)
