"""Grades as files for other programs: one row for each grade, with the request, the answer and what the reader saw."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from cai_ui.compare.corrected import outcome_of
from cai_ui.compare.grading import rows_of
from cai_ui.curate.exporting import safe_cell
from cai_ui.errors import InputError
from cai_ui.records import Evaluation, Grade, canonical_json

COLUMNS = (
    "evaluation", "prompt_id", "kind", "model", "prompt", "answer", "outcome", "harm", "tags", "rater", "at",
    "reader", "read_as",
)  # fmt: skip
"""`outcome` is the person's, `read_as` the reader's. `readers evaluate` takes such a file as labelled answers."""


def grade_rows(evaluation: Evaluation, grades: Sequence[Grade]) -> list[dict[str, Any]]:
    """A row of `COLUMNS` for each grade of an answer of the evaluation. InputError if there is none."""
    rows = rows_of(evaluation)
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
    return "".join(canonical_json(dict(row)) + "\n" for row in rows)


def as_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """CSV for a spreadsheet, which takes no cell of it for a formula; a harm that was not given is empty."""
    buffer = io.StringIO(newline="")
    table = csv.writer(buffer, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for row in rows:
        plain = {**row, "tags": ", ".join(row["tags"]), "harm": "" if row["harm"] is None else row["harm"]}
        table.writerow([safe_cell(str(plain[name])) for name in COLUMNS])
    return "\ufeff" + buffer.getvalue()


def _cells(evaluation: Evaluation, grade: Grade, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        evaluation.id, grade.prompt_id, row["kind"], grade.variant, row["prompt"], row["answer"], grade.outcome,
        grade.harm, list(grade.tags), grade.rater, grade.at, evaluation.reader, outcome_of(row).value,
    )  # fmt: skip
