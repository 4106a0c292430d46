"""JSON lines, a JSON list, and objects written over several lines, as rows."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any, cast

from cai_ui.tables.limits import BadRow, Cells, Limits, Row, named_twice, read_whole, refuse, too_large
from cai_ui.tables.lists import are_messages

_NOTHING = re.compile(r"[\s,]*")
_BLANK = 64
"""Bytes behind a first line that are looked at for further ones."""
_HOLDERS = (
    "data", "rows", "examples", "instances", "records", "entries", "prompts", "questions", "train", "test",
    "validation", "valid", "dev", "eval", "items", "results", "samples",
)  # fmt: skip
"""Under one of these keys of a single object its rows may stand."""
_OF_TEXTS = ("prompts", "questions")
"""Under one of these they may be texts, which are requests then."""
_PARTS = ("prompt", "instruction", "question", "messages", "conversations", "chosen", "response", "completion")
"""An object with one of these is itself a row."""

_NO_IDS = {"prompt", "chosen", "rejected", "accepted", "response_a", "response_b"}
"""Parts of one row, which are no ids of rows however alike what they hold is."""


def json_rows(file: IO[bytes], limits: Limits, only: bool) -> Iterator[Row]:
    """The objects of a file. `only`: nothing but JSON is expected; else a file that does not begin so is refused."""
    number = unpacked = 0
    begun = False
    table, file = _table(file, limits)
    if table is not None:
        yield from ((1, _listed(row)) for row in table)
        return
    while line := file.readline(limits.line_bytes + 1):
        number += 1
        line = line.removeprefix(codecs.BOM_UTF8)  # also of a file that was put behind another
        if not begun and _opens(line):
            yield from _document(line + read_whole(file, limits), number)
            return
        if not begun and not only and line.strip() and not line.lstrip().startswith(b"{"):
            refuse("This is none of JSON lines, JSON, CSV, TSV and Parquet.", "Name it by what it is, such as x.csv.")
        whole = len(line) <= limits.line_bytes
        unpacked += len(line)
        if not whole:
            unpacked += _passed_over(file, line, limits.line_bytes, limits.unpacked_bytes - unpacked)
        if unpacked > limits.unpacked_bytes:
            too_large("The unpacked file", limits.unpacked_bytes)
        if line.strip():
            begun = True
            yield number, _line(line) if whole else BadRow(f"the line is longer than {limits.line_bytes:,} bytes")
    if not begun:
        refuse("The file is empty.", "Choose a file with rows.")


def _table(file: IO[bytes], limits: Limits) -> tuple[list[Any] | None, IO[bytes]]:
    """The rows of a table that is written in one line, however long, as one object; and the same file once more."""
    line = file.readline(limits.line_bytes + 1)
    if not line.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
        return None, _again(line, file)
    rest = file.read(_BLANK if line.endswith(b"\n") else limits.file_bytes)
    if b"\n" in (line + rest).rstrip() or (line.endswith(b"\n") and len(rest) == _BLANK):
        return None, _again(line + rest, file)
    return _held(_line(line.removeprefix(codecs.BOM_UTF8) + rest)), _again(line + rest, file)


def _again(begun: bytes, file: IO[bytes]) -> IO[bytes]:
    return cast(IO[bytes], io.BufferedReader(_Again(begun, file)))


class _Again(io.RawIOBase):
    """A file from its beginning, of which a part was read already."""

    def __init__(self, begun: bytes, file: IO[bytes]) -> None:
        self._begun, self._file = io.BytesIO(begun), file

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        part = self._begun.read(len(into)) or self._file.read(len(into))
        into[: len(part)] = part
        return len(part)


def is_json(text: str) -> bool:
    """Whether a text is a JSON list of objects or texts, or its first line a JSON object."""
    said = text.lstrip()
    if said.startswith("["):
        with suppress(ValueError, RecursionError):
            found = json.loads(said)
            return isinstance(found, list) and found != [] and all(isinstance(one, dict | str) for one in found)
    line = said.split("\n", 1)[0]
    return line.startswith("{") and isinstance(_line(line.encode("utf-8", "surrogatepass")), dict)


def _passed_over(file: IO[bytes], line: bytes, at_once: int, most: int) -> int:
    """Reads on to the end of a long line, `most` bytes and no further; gives how many bytes that were."""
    passed = 0
    while not line.endswith(b"\n") and passed <= most and (line := file.readline(at_once)):
        passed += len(line)
    return passed


def _opens(line: bytes) -> bool:
    """Whether a first line begins something that goes on in the next ones, or a list."""
    said = line.strip()
    return said.startswith(b"[") or (said.startswith(b"{") and said.endswith((b"{", b"[", b",")))


class _Json:
    """Reads values; what JSON allows and a row does not is kept in `faults`, so that reading can go on behind it."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._once, parse_constant=self._constant, parse_int=self._whole
        )

    def read(self, text: str, at: int = 0) -> tuple[Any, int]:
        """The value that begins at a place, or why it gives no row, and where it ends."""
        self.faults.clear()
        value, end = self._decoder.raw_decode(text, at)
        return BadRow(self.faults[0]) if self.faults else value, end

    def _once(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        row = dict(pairs)
        if len(row) < len(pairs):
            self.faults.append(f"the key {(named_twice(name for name, _ in pairs) or '')[:40]!r} is there twice")
        return row

    def _constant(self, name: str) -> None:
        if name != "NaN":  # which is how a missing number is written
            self.faults.append(f"{name} is not a JSON number")

    def _whole(self, digits: str) -> int:
        try:
            return int(digits)
        except ValueError:
            self.faults.append("a number has too many digits")
            return 0


def _line(line: bytes) -> Cells | BadRow:
    try:
        text = line.decode("utf-8").strip()
        row, end = _Json().read(text)
    except UnicodeDecodeError as error:
        return BadRow(f"byte {error.start + 1} is not UTF-8")
    except RecursionError:
        return BadRow("the JSON is nested too deeply")
    except json.JSONDecodeError as error:
        return BadRow(f"not valid JSON ({error.msg}, column {error.colno})")
    return _listed(row) if end == len(text) else BadRow(f"not valid JSON (Extra data, column {end + 1})")


def _object(value: Any) -> Cells | BadRow:
    return value if isinstance(value, dict | BadRow) else BadRow("this is not a JSON object")


def _listed(value: Any) -> Cells | BadRow:
    """A row in a list or a line. A text alone is a request, as a line of plain text is; messages are a conversation."""
    if isinstance(value, str):
        return {"prompt": value}
    if are_messages(value):
        return {"messages": value}
    return _object(value)


def _document(content: bytes, line: int) -> Iterator[Row]:
    """The objects of a list, or one behind the other, each with the line where it begins."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line += content.count(b"\n", 0, error.start)
        refuse(f"Line {line:,} is not UTF-8.", "Save the file as UTF-8.")
    reader, listed = _Json(), text.lstrip().startswith("[")
    seen, at = 0, _NOTHING.match(text).end() + listed  # type: ignore[union-attr]
    while True:
        at = _NOTHING.match(text, at).end()  # type: ignore[union-attr]
        line, seen = line + text.count("\n", seen, at), at
        if at == len(text) or (listed and text[at] == "]"):
            break
        try:
            value, at = reader.read(text, at)
        except (json.JSONDecodeError, RecursionError) as error:
            why = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            refuse(f"The JSON cannot be read on from line {line:,} ({why}).", "Correct it, or write JSON lines.")
        held = None if listed or _NOTHING.match(text, at).end() < len(text) else _held(value)  # type: ignore[union-attr]
        yield from ((line, _listed(one) if listed or held else _object(one)) for one in held or [value])
    if listed and (at == len(text) or text[at + 1 :].strip()):
        refuse(f"The JSON list does not end where the file ends (line {line:,}).", "Write or download it again.")


def _held(value: Any) -> list[Any] | None:
    """The rows in a single object around them, or in one that holds a column under each key."""
    if not isinstance(value, dict):
        return None
    if any(isinstance(value.get(part), str) or are_messages(value.get(part)) for part in _PARTS):
        return None
    found = {key: value[key] for key in _HOLDERS if isinstance(value.get(key), list) and value[key]}
    lists = {key: rows for key, rows in found.items() if not isinstance(rows[0], str) and not are_messages(rows)}
    if len(lists) > 1:
        named = ", ".join(lists)
        refuse(f"The file holds {len(lists)} lists of rows ({named}).", "Write the one that you mean as a file.")
    rows = next(iter(lists.values()), None)
    names = value.get("columns")
    if rows and isinstance(names, list) and all(isinstance(row, list) and len(row) == len(names) for row in rows):
        return [dict(zip(map(str, names), row, strict=True)) for row in rows]
    if rows and all(isinstance(row, dict) and isinstance(row.get("row"), dict) for row in rows):
        return [row["row"] for row in rows]  # as the viewer of the Hugging Face Hub serves them
    texts = {key: found[key] for key in found if key in _OF_TEXTS or len(value) == 1}
    return rows or _columns(value) or next((texts[key] for key in texts if key not in lists), None)


def _columns(value: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The rows of a table that was written column by column, each a list, or an object by the row's number; and rows
    under their ids."""
    columns = list(value.values())
    if len(columns) < 2:
        return None
    if all(isinstance(one, dict) and one and all(key.isdecimal() for key in one) for one in columns):
        places = list(dict.fromkeys(place for one in columns for place in one))
        return [{name: column.get(place) for name, column in value.items()} for place in places]
    if not _NO_IDS & value.keys() and all(
        isinstance(one, dict) and one.keys() == columns[0].keys() and not {"role", "from"} & one.keys()
        for one in columns
    ):
        return columns
    texts = any(isinstance(one, list) and one and all(isinstance(cell, str) for cell in one) for one in columns)
    texts = texts and not any(are_messages(one) for one in columns)
    if texts and all(isinstance(one, list) and len(one) == len(columns[0]) for one in columns):
        return [dict(zip(value, cells, strict=True)) for cells in zip(*columns, strict=True)]
    return None
