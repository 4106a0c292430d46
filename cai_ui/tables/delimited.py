"""CSV and TSV as rows. A cell knows no lists, so that one which is a list of messages in JSON is taken for that list.

Quotes are read by the rules of CSV. Between tabs they are often plain text instead: a lone one would then swallow the
lines up to the next. So a table with tabs is read both ways, and the way that leaves fewer rows over is taken. A line
whose cells are all empty is none.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from cai_ui.formats.writing import safe_cell, unsafe_cell, was_cut
from cai_ui.tables.limits import BadRow, Limits, Row, check_names, refuse
from cai_ui.tables.lists import are_messages, listed

Lines = list[tuple[int, list[str]]]
"""Cells with the line where they begin."""
_MISSING = frozenset({"", "nan", "NaN", "NULL", "null", "<NA>", "#N/A"})
"""How tables write a missing value. "None" and "N/A" are answers, too."""
_SEPARATOR = re.compile(r"\A\s*sep=([,;|\t])[ \t;,]*(?=[\r\n])", re.I)
"""A first line by which spreadsheets are told the delimiter."""
_SAYING = re.compile(r'[^\s,;|"]')
_LATE = re.compile(r'\s+"')
"""Begins a cell with a quote that no rule of CSV reads, since a blank stands before it."""
_BEGINS = re.compile(r"""\[\s*\{\s*["'](?:role|from|content|value)["']\s*:""")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


def delimited_rows(text: str, limits: Limits, marks: bool = False) -> Iterator[Row]:
    """The rows of a table with a header line, whose delimiter is a comma, a semicolon, a tab or a bar. `marks`: it may
    be one that was exported here, with marks before what a spreadsheet takes for a formula."""
    text, delimiter = delimited(text)
    if not _SAYING.search(text):
        refuse("The file is empty.", "Choose a file with rows.")
    lines = _between_tabs(text, limits) if delimiter == "\t" else _quoted(text, delimiter, limits)
    names = _names(lines[0][1])
    marked = marks and _marked(lines[1:])
    for line, cells in lines[1:]:
        cells = [unsafe_cell(cell) for cell in cells] if marked else cells
        if marks and any(was_cut(cell) for cell in cells):
            yield line, BadRow("a text was cut when this table was written, as spreadsheets need it")
            continue
        if cells == lines[0][1]:
            yield line, BadRow("the header once more")
        elif len(cells) == len(names):
            yield line, {name: _value(cell) for name, cell in zip(names, cells, strict=True)}
        else:
            yield line, BadRow(f"the row has {len(cells)} cells, not the {len(names)} cells of the header")


def delimited(text: str) -> tuple[str, str]:
    """A table without the line that names its delimiter, and the delimiter: the one named, or the header's."""
    told = _SEPARATOR.match(text)
    text = text[told.end() :] if told else text
    header = _QUOTED.sub("", text.lstrip("\r\n").split("\n", 1)[0])
    return text, told[1] if told else max("\t,;|", key=header.count)


def _marked(lines: Lines) -> bool:
    """Whether each cell that a spreadsheet would take for a formula has a mark, which is no part of its text."""
    return all(unsafe_cell(cell) != cell for _, cells in lines for cell in cells if safe_cell(cell) != cell)


def _value(cell: str) -> str | list[Any] | None:
    if cell in _MISSING:
        return None
    found = listed(cell) if _BEGINS.match(cell) else cell
    return found if are_messages(found) else cell


def _names(header: list[str]) -> list[str]:
    """The header; a column without a name is called by its place."""
    names = [name.strip() or f"column {place}" for place, name in enumerate(header, 1)]
    check_names(names)
    return names


def _between_tabs(text: str, limits: Limits) -> Lines:
    plain = _plain(text)
    try:
        quoted = _read(text, "\t", limits)
    except csv.Error:
        return plain
    one_column = len(quoted[0][1]) == 1  # every line fits that
    return quoted if one_column else min((quoted, plain), key=_left_over)


def _left_over(lines: Lines) -> tuple[int, int]:
    """How many rows have not the header's width; then the more rows the better."""
    width = len(lines[0][1])
    return sum(len(cells) != width for _, cells in lines), -len(lines)


def _plain(text: str) -> Lines:
    """Every line a row. Quotes are text, unless every cell that begins with one is quoted as a whole."""
    parts = [(line, said.removesuffix("\r").split("\t")) for line, said in enumerate(text.split("\n"), 1)]
    rows = [(line, cells) for line, cells in parts if not _blank(cells)]
    begin = [cell for _, cells in rows for cell in cells if cell.startswith('"')]
    if not all(_QUOTED.fullmatch(cell) for cell in begin):
        return rows
    return [(line, [_unquoted(cell) for cell in cells]) for line, cells in rows]


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


def _quoted(text: str, delimiter: str, limits: Limits) -> Lines:
    """Where quotes follow on a blank behind the delimiter, that blank belongs to the delimiter. Where they are marked
    by backslashes, as Spark and MySQL write them, they are read so if they cannot be read otherwise."""
    try:
        rows = _read(text, delimiter, limits)
        if not _late(rows):
            return rows
        close = _read(text, delimiter, limits, skipinitialspace=True)
    except csv.Error as error:
        with suppress(csv.Error):
            if '\\"' in text:
                return _read(text, delimiter, limits, escapechar="\\", doublequote=False)
        refuse(f"This is not valid CSV ({error}).", "Check its quotes.")
    return close if _late(close) < _late(rows) and _left_over(close)[0] <= _left_over(rows)[0] else rows


def _late(lines: Lines) -> int:
    return sum(_LATE.match(cell) is not None for _, cells in lines for cell in cells)


def _blank(cells: list[str]) -> bool:
    return not any(cells) or (len(cells) == 1 and not cells[0].strip())


def _read(text: str, delimiter: str, limits: Limits, **dialect: Any) -> Lines:
    """By the rules of CSV; csv.Error names the line where they end."""
    csv.field_size_limit(limits.file_bytes)  # of the whole process: a cell is measured where rows are counted
    held = io.StringIO(text, newline="")
    reader = csv.reader(held, delimiter=delimiter, strict=True, **dialect)
    rows: Lines = []
    line = 1
    try:
        for cells in reader:
            rows += [] if _blank(cells) else [(line, cells)]
            line = reader.line_num + 1
    except csv.Error as error:
        raise csv.Error(f"line {line}: {error}") from None
    return rows
