"""Grades as files for other programs: one row for each grade, with the request, the answer and what the reader saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cai_ui.compare.corrected import outcome_of
from cai_ui.compare.grading import rows_of
from cai_ui.errors import InputError
from cai_ui.formats.writing import json_lines, table_text
from cai_ui.records import Evaluation, Grade

COLUMNS = (
    "evaluation", "prompt_id", "kind", "model", "prompt", "answer", "outcome", "harm", "tags", "rater", "at",
    "reader", "read_as",
)  # fmt: skip
"""`outcome` is the person's, `read_as` the reader's. `readers evaluate` takes such a file as labelled answers."""


def grade_rows(evaluation: Evaluation, grades: Sequence[Grade]) -> list[dict[str, Any]]:
    """A row of `COLUMNS` for each grade of an answer of the evaluation. InputError if there is none."""
    rows = rows_of(evaluation.rows)
    graded = [(grade, rows[key]) for grade in grades if (key := (grade.prompt_id, grade.variant)) in rows]
    if not graded:
        raise InputError(
            "Nobody has graded an answer of this evaluation.",
            kept="No file was written.",
            next_step="Grade some: Compare, “Grade answers”.",
        )
    return [dict(zip(COLUMNS, _cells(evaluation, grade, row), strict=True)) for grade, row in graded]


def as_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    """JSON Lines."""
    return json_lines(rows)


def as_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """CSV for a spreadsheet; a harm that was not given is empty."""
    return table_text(COLUMNS, ([*({**row, "tags": ", ".join(row["tags"])}[name] for name in COLUMNS)] for row in rows))


def _cells(evaluation: Evaluation, grade: Grade, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        evaluation.id, grade.prompt_id, row["kind"], grade.variant, row["prompt"], row["answer"], grade.outcome,
        grade.harm, list(grade.tags), grade.rater, grade.at, evaluation.reader, outcome_of(row).value,
    )  # fmt: skip
