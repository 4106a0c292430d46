"""Texts of people and models as JSON, YAML, tables and Markdown that every reader takes for the same rows and cells.

A lone surrogate, which no encoding has a byte for, becomes U+FFFD everywhere.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import yaml

CELL_LIMIT = 32_000
"""Characters of one cell of a table: Excel puts what is beyond 32,767 into cells of its own, where it may be a
formula."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_BREAKS = re.compile("[\u0085\u2028\u2029]")
_CUT = re.compile(r" … \([\d,]+ more characters\)\Z")
_FORMULA = re.compile("[\\s\u00a0\u200b\ufeff\"']*[=+\\-@\t\r＝＋－＠|%]")


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON in the order of the keys. What some readers take for the end of a line is escaped; NaN is a ValueError."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators, allow_nan=False)
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", whole_text(text))


def json_lines(rows: Iterable[Any]) -> str:
    """One row a line."""
    return "".join(json_text(row) + "\n" for row in rows)


def yaml_text(value: Any) -> str:
    """YAML in the order of the keys that gives the same texts when it is read."""
    text: str = yaml.dump(value, Dumper=_Exact, sort_keys=False, allow_unicode=True, width=110)
    return text


class _Exact(yaml.SafeDumper):
    """Writes a text with an unusual line end in double quotes: elsewhere it would be read as another one."""


def _exact(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = '"' if _BREAKS.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", whole_text(text), style)


_Exact.add_representer(str, _exact)


def table_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV for a spreadsheet: no cell is taken for a formula there; None is an empty cell."""
    buffer = io.StringIO(newline="")
    table = csv.writer(buffer, lineterminator="\r\n")
    table.writerow(columns)
    table.writerows([_cell("" if value is None else str(value)) for value in row] for row in rows)
    return "\ufeff" + buffer.getvalue()


def _cell(text: str) -> str:
    text = page_text(text)
    if len(text) > CELL_LIMIT:
        text = f"{text[:CELL_LIMIT]} … ({len(text) - CELL_LIMIT:,} more characters)"
    return safe_cell(text)


def was_cut(cell: str) -> bool:
    """Whether a cell is the beginning of a longer text."""
    return len(cell) > CELL_LIMIT and _CUT.search(cell) is not None


def safe_cell(text: str) -> str:
    """The text with a mark before it where a spreadsheet would take it for a formula, also behind space and quotes."""
    return "'" + text if _FORMULA.match(text) else text


def unsafe_cell(text: str) -> str:
    """The text of a cell without the mark of `safe_cell`."""
    return text[1:] if text[:1] == "'" and _FORMULA.match(text[1:]) else text


def plain_line(text: str) -> str:
    """One line of Markdown that is no markup of its own."""
    flat = " ".join(page_text(text).split())
    return "".join("\\" + sign if sign in "\\`*_[]<>|#" else sign for sign in flat)


def page_text(text: str) -> str:
    """The text of a readable file as it can be written: UTF-8, without NUL."""
    return whole_text(text).replace("\0", "\ufffd")


def whole_text(text: str) -> str:
    """The text with U+FFFD in place of lone surrogates."""
    return _SURROGATE.sub("\ufffd", text)
