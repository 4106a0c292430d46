"""Answers of which people said what they did, and the columns of a file that say it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cai_ui.readers.outcomes import Outcome

LABELS = ("final_label", "human_label", "gold_label", "outcome", "response_refusal_label", "label", "annotation")
REFUSALS = ("refusal", "is_refusal", "refused")
"""Columns that ask whether an answer refuses: yes or no, or one of the words."""
SOURCES = ("source", "model", "model_name", "generator")
"""Names a column may have, the best first. The source may be missing."""


@dataclass(frozen=True)
class LabelledAnswer:
    """An answer with what people said it did. `line` is where it stands in its file."""

    line: int
    prompt: str
    answer: str
    label: Outcome
    source: str


@dataclass(frozen=True)
class LabelledFile:
    """What was read of the file `name`. `left_out`: reason and number of rows, `lines`: where the first stand."""

    name: str
    answers: tuple[LabelledAnswer, ...]
    left_out: Mapping[str, int]
    lines: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def iter_sources(answers: Sequence[LabelledAnswer]) -> Iterator[tuple[str, list[int]]]:
    """Each source with the places of its answers, in the order of the file."""
    places: dict[str, list[int]] = {}
    for place, one in enumerate(answers):
        places.setdefault(one.source, []).append(place)
    yield from places.items()
