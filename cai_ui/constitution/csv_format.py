"""Principles as a table: one row each, the columns named like the fields of our YAML."""

from __future__ import annotations

import csv
import dataclasses
import io
from typing import Any

from cai_ui.errors import FileFormatError
from cai_ui.formats.writing import table_text, unsafe_cell
from cai_ui.records import Constitution, Principle
from cai_ui.tables.delimited import delimited

COLUMNS = tuple(f.name for f in dataclasses.fields(Principle))
NEEDED = ("critique_request",)
_YES, _NO = ("true", "yes", "on", "1", ""), ("false", "no", "off", "0")


def from_csv(text: str, name: str) -> Constitution:
    """A table with a header line. Tags are separated by commas or semicolons; missing ids are numbered.

    FileFormatError names the line of a row that does not fit.
    """
    text, delimiter = delimited(text.removeprefix("\ufeff"))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(([cell.strip() for cell in row] for row in reader if row), [])
        _check_header(header)
        principles: list[Principle] = []
        for row in reader:
            if any(cell.strip() for cell in row):
                principles.append(_principle(header, row, reader.line_num, len(principles) + 1))
    except csv.Error as error:
        raise FileFormatError(f"Line {reader.line_num} is no CSV: {error}.", next_step="Correct that line.") from None
    return Constitution(name, name, "Imported from a table.", tuple(principles))


def to_csv(constitution: Constitution) -> str:
    """The principles as a table that `from_csv` reads again."""
    rows = (
        dataclasses.asdict(p) | {"tags": "; ".join(p.tags), "enabled": "true" if p.enabled else "false"}
        for p in constitution.principles
    )
    return table_text(COLUMNS, ([row[column] for column in COLUMNS] for row in rows))


def _check_header(header: list[str]) -> None:
    unknown = [cell for cell in header if cell not in COLUMNS]
    if unknown:
        raise FileFormatError(
            f"Line 1: unknown column {unknown[0][:60]!r}.", next_step=f"Known columns: {', '.join(COLUMNS)}."
        )
    if len(set(header)) < len(header):
        raise FileFormatError("Line 1: a column is there twice.", next_step="Keep one of them.")
    missing = [column for column in NEEDED if column not in header]
    if missing:
        raise FileFormatError(f"Line 1: there is no column `{missing[0]}`.", next_step="Add it.")


def _principle(header: list[str], row: list[str], line: int, number: int) -> Principle:
    if len(row) != len(header):
        raise FileFormatError(
            f"Line {line} has {len(row)} cells; the header has {len(header)}.", next_step="Correct that line."
        )
    cells = dict(zip(header, map(unsafe_cell, row), strict=True))
    values: dict[str, Any] = {key: cells[key] for key in ("critique_request", "source") if key in cells}
    values["id"] = cells.get("id", "").strip() or f"principle-{number}"
    values["name"] = cells.get("name", "").strip() or values["id"]
    values["revision_request"] = cells.get("revision_request", "")
    values["kind"] = cells.get("kind", "").strip() or "critique"
    values["tags"] = tuple(t.strip() for t in cells.get("tags", "").replace(",", ";").split(";") if t.strip())
    values["enabled"] = _switch(cells.get("enabled", ""), line)
    values["weight"] = _number(cells.get("weight", ""), line)
    return Principle(**values)


def _switch(word: str, line: int) -> bool:
    word = word.strip().lower()
    if word not in (*_YES, *_NO):
        raise FileFormatError(f"`enabled` in line {line} is neither true nor false.", next_step="Correct it.")
    return word in _YES


def _number(word: str, line: int) -> float:
    try:
        return float(word.strip() or 1.0)
    except ValueError:
        raise FileFormatError(f"`weight` in line {line} is not a number.", next_step="Correct it.") from None
