"""Files from outside as plain rows with their line numbers, within stated limits.

What a file is, its content says, not its name. A row that cannot be read is given as a `BadRow`; a
file that cannot be read further raises FileFormatError.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn, cast

from cai_ui.errors import FileFormatError, NotFoundError

_MB = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What a file may need: bytes as it lies on disk, bytes unpacked, bytes of one line, rows."""

    file_bytes: int = 64 * _MB
    unpacked_bytes: int = 400 * _MB
    line_bytes: int = 1 * _MB
    rows: int = 250_000


@dataclass(frozen=True)
class BadRow:
    """Why a row cannot be read."""

    reason: str


Row = tuple[int, dict[str, Any] | BadRow]
"""Line in the file (Parquet: number of the row), counted from 1, and what is there."""


def rows_of(path: Path, limits: Limits) -> Iterator[Row]:
    """The rows of a JSONL, gzipped JSONL, CSV or Parquet file."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4)
            if size > limits.file_bytes:
                _too_large("The file", limits.file_bytes)
            file.seek(0)
            if not size:
                _refuse("The file is empty.", "Choose a file with rows.")
            if head.startswith(b"PAR1"):
                yield from _parquet(file, limits)
            elif head.startswith(b"\x1f\x8b"):
                yield from _json_lines(cast(IO[bytes], gzip.GzipFile(fileobj=file)), limits)
            elif head.startswith(b"PK"):
                _refuse("This is a ZIP archive.", "Unpack it and import the file inside.")
            elif head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                _refuse("The file is written in UTF-16.", "Save it as UTF-8.")
            elif path.suffix.lower() in (".csv", ".tsv"):
                yield from _csv(file, limits)
            else:
                yield from _json_lines(file, limits)
    except FileNotFoundError:
        raise NotFoundError(f"There is no file {path.name}.", next_step="Choose it again.") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        _refuse("The packed file is cut short or damaged.", "Pack or download it again.")
    except OSError as error:
        if isinstance(error, FileFormatError | NotFoundError):
            raise
        _refuse(f"The file cannot be read ({error.strerror or type(error).__name__}).", "Choose it again.")


def _json_lines(file: IO[bytes], limits: Limits) -> Iterator[Row]:
    number, unpacked, first = 0, 0, True
    while line := file.readline(limits.line_bytes + 1):
        number += 1
        unpacked += len(line)
        if len(line) > limits.line_bytes:
            _too_large(f"Line {number}", limits.line_bytes)
        if unpacked > limits.unpacked_bytes:
            _too_large("The unpacked file", limits.unpacked_bytes)
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if not line.strip():
            continue
        if first and line.lstrip().startswith(b"["):
            _refuse("The file is one JSON list.", "Write one JSON object per line (JSONL).")
        first = False
        if number > limits.rows:
            _refuse(f"The file has more than {limits.rows:,} lines.", "Split it.")
        yield number, _json_row(line)


def _json_row(line: bytes) -> dict[str, Any] | BadRow:
    try:
        row = json.loads(line.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        return BadRow(f"byte {error.start + 1} is not UTF-8")
    except RecursionError:
        return BadRow("the JSON is nested too deeply")
    except json.JSONDecodeError as error:
        return BadRow(f"not valid JSON ({error.msg}, column {error.colno})")
    except ValueError as error:
        return BadRow(str(error).split(";")[0] if isinstance(error, _NotAllowed) else "a number has too many digits")
    return row if isinstance(row, dict) else BadRow("the line is not a JSON object")


class _NotAllowed(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotAllowed(f"the key {twice[:40]!r} is there twice")
    return row


def _no_constant(name: str) -> NoReturn:
    raise _NotAllowed(f"{name} is not a JSON number")


def _csv(file: IO[bytes], limits: Limits) -> Iterator[Row]:
    raw = file.read()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        _refuse(f"Line {line} is not UTF-8.", "Save the file as UTF-8.")
    if not text.strip():
        _refuse("The file is empty.", "Choose a file with rows.")
    header = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    csv.field_size_limit(limits.line_bytes)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    if len(set(reader.fieldnames or ())) < len(reader.fieldnames or ()):
        _refuse("A column name is there twice.", "Give every column its own name.")
    try:
        for count, row in enumerate(reader, start=1):
            if count > limits.rows:
                _refuse(f"The file has more than {limits.rows:,} rows.", "Split it.")
            if None in row or None in row.values():
                yield reader.line_num, BadRow(f"the row has not the {len(reader.fieldnames or ())} cells of the header")
            else:
                yield reader.line_num, {name: cell for name, cell in row.items() if cell != ""}
    except csv.Error as error:
        _refuse(f"Line {reader.line_num} is not valid CSV ({error}).", "Check its quotes.")


def _parquet(file: IO[bytes], limits: Limits) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(file)
        groups = [table.metadata.row_group(i) for i in range(table.metadata.num_row_groups)]
        if table.metadata.num_rows > limits.rows:
            _refuse(f"The file has more than {limits.rows:,} rows.", "Split it.")
        if sum(group.total_byte_size for group in groups) > limits.unpacked_bytes:
            _too_large("The unpacked file", limits.unpacked_bytes)
        # A value may be stored once and used by every row, so this many rows at a time stay within the limit.
        largest = max((group.total_byte_size for group in groups), default=1)
        size = max(1, min(1_000, limits.unpacked_bytes // max(largest, 1)))
        number, unpacked = 0, 0
        for batch in table.iter_batches(batch_size=size):
            unpacked += batch.nbytes
            if unpacked > limits.unpacked_bytes:
                _too_large("The unpacked file", limits.unpacked_bytes)
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except (pa.ArrowException, UnicodeDecodeError) as error:
        _refuse(f"The Parquet file cannot be read ({type(error).__name__}).", "Write or download it again.")


def _too_large(what: str, limit: int) -> NoReturn:
    _refuse(f"{what} is larger than {limit / _MB:,.0f} MB.", "Split the file.")


def _refuse(what: str, next_step: str) -> NoReturn:
    raise FileFormatError(what, kept="Nothing was imported.", next_step=next_step)
