"""Labelled answers from a file of rows (`tables`). Every row is used, or counted with the reason why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cai_ui.errors import FileFormatError
from cai_ui.readers.labels import OTHER_QUESTIONS, outcome_of_label, plain_label
from cai_ui.readers.outcomes import Outcome
from cai_ui.tables import BadRow, Limits, rows_of

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "prompt": ("prompt", "question", "request", "instruction", "query", "input"),
    "answer": ("completion", "answer", "response", "output", "generation"),
    "label": ("final_label", "human_label", "gold_label", "outcome", "response_refusal_label", "label", "annotation"),
    "source": ("source", "model", "model_name", "generator"),
}
"""Names a column may have, the best first. The source may be missing."""


@dataclass(frozen=True)
class LabelledAnswer:
    """An answer with what people said it did. `row` counts from 1."""

    row: int
    prompt: str
    answer: str
    label: Outcome
    source: str


@dataclass(frozen=True)
class LabelledFile:
    """What was read. `left_out`: reason and number of rows; `columns`: our name to the file's."""

    answers: tuple[LabelledAnswer, ...]
    left_out: Mapping[str, int]
    columns: Mapping[str, str] = field(default_factory=dict)


def read_labelled(path: Path, limits: Limits | None = None) -> LabelledFile:
    """Labelled answers of a file.

    Raises NotFoundError, or FileFormatError where nothing can be used: no columns, no rows, labels of another kind.
    """
    answers: list[LabelledAnswer] = []
    left_out: Counter[str] = Counter()
    columns: dict[str, str] = {}
    for number, row in rows_of(path, limits or Limits()):
        if isinstance(row, BadRow):
            left_out[row.reason] += 1
            continue
        columns = columns or columns_of(list(row))
        one = _labelled(number, row, columns)
        if isinstance(one, str):
            left_out[one] += 1
        else:
            answers.append(one)
    if not answers:
        raise _nothing_to_use(left_out)
    return LabelledFile(tuple(answers), dict(left_out.most_common()), columns)


def columns_of(names: Sequence[str]) -> dict[str, str]:
    """Which column holds what. FileFormatError names what is missing and what is there."""
    by_small = {name.strip().lower(): name for name in reversed(names)}
    found = {ours: next((by_small[n] for n in known if n in by_small), "") for ours, known in COLUMNS.items()}
    missing = [ours for ours in ("prompt", "answer", "label") if not found[ours]]
    if missing:
        there = ", ".join(name[:40] for name in names[:12]) or "none"
        raise FileFormatError(
            f"There is no column for {' and '.join(missing)}. Columns: {there}.",
            next_step=f"Name the columns, for instance {', '.join(COLUMNS[one][0] for one in missing)}.",
        )
    return found


def _labelled(number: int, row: Mapping[str, Any], columns: Mapping[str, str]) -> LabelledAnswer | str:
    """The row, or why it cannot be used."""
    prompt, answer, label = (row.get(columns[name]) for name in ("prompt", "answer", "label"))
    if not isinstance(prompt, str) or not isinstance(answer, str):
        return "prompt or answer is not text"
    if label is None or not str(label).strip():
        return "no label"
    outcome = outcome_of_label(str(label))
    if outcome is None:
        return f"label {plain_label(str(label))[:40] or str(label)[:40]!r} is not known"
    source = row.get(columns["source"]) if columns["source"] else None
    return LabelledAnswer(number, prompt, answer, outcome, str(source or "")[:80])


def _nothing_to_use(left_out: Mapping[str, int]) -> FileFormatError:
    others = [word for word in sorted(OTHER_QUESTIONS) if f"label {word!r} is not known" in left_out]
    if others:
        return FileFormatError(
            f"The labels ({', '.join(others)}) say whether something is harmful, not whether the answer refused.",
            next_step="Use labels such as full_compliance, partial_refusal, full_refusal.",
        )
    why = "; ".join(f"{number} rows: {reason}" for reason, number in list(left_out.items())[:5])
    return FileFormatError(
        f"No row can be used ({why})." if why else "The file has no rows.",
        next_step="Give rows with a prompt, an answer and a label such as full_refusal.",
    )


def iter_sources(answers: Sequence[LabelledAnswer]) -> Iterator[tuple[str, list[int]]]:
    """Each source with the places of its answers, in the order of the file."""
    places: dict[str, list[int]] = {}
    for place, one in enumerate(answers):
        places.setdefault(one.source, []).append(place)
    yield from places.items()
