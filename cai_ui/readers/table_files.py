"""Rows of a Parquet, CSV or JSONL file, within stated limits. A row that cannot be had is given as its reason.

What a file is, its name says, except that Parquet, and JSON lines packed by gzip, are known by their first bytes.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cai_ui.errors import FileFormatError, NotFoundError
from cai_ui.formats.writing import unsafe_cell

_MB = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What a file may need. Rows beyond `rows`, or with a cell beyond `cell_characters`, are counted as left out."""

    file_bytes: int = 64 * _MB
    unpacked_bytes: int = 400 * _MB
    cell_characters: int = 100_000
    rows: int = 100_000


Row = tuple[int, Mapping[str, Any] | str]
"""Number of the row, from 1, and its cells by column, or why there are none."""


def rows_of(path: Path, limits: Limits) -> Iterator[Row]:
    """The rows of a file. Raises NotFoundError, and FileFormatError where it cannot be read further."""
    try:
        if path.stat().st_size > limits.file_bytes:
            raise FileFormatError(f"The file is larger than {limits.file_bytes // _MB} MB.", next_step="Split it.")
        with path.open("rb") as file:
            first = file.read(4)
        for number, row in enumerate(_rows(path, first, limits), 1):
            yield number, _within(row, limits) if number <= limits.rows else f"beyond the first {limits.rows:,} rows"
    except FileNotFoundError:
        raise NotFoundError(f"There is no file {path.name}.", next_step="Check the name.") from None
    except UnicodeDecodeError:
        raise FileFormatError("The file is not UTF-8 text.", next_step="Save it as UTF-8.") from None
    except csv.Error as error:
        raise FileFormatError(f"The CSV file cannot be read ({error}).", next_step="Check its quotes.") from None
    except FileFormatError:
        raise
    except (EOFError, zlib.error):
        raise FileFormatError("The packed file is damaged.", next_step="Get it again.") from None
    except OSError as error:
        raise FileFormatError(f"The file cannot be read ({error.strerror or error}).") from None


def _rows(path: Path, first: bytes, limits: Limits) -> Iterator[Mapping[str, Any] | str]:
    if not first:
        raise FileFormatError("The file is empty.", next_step="Choose a file with rows.")
    if first == b"PAR1":
        yield from _parquet(path, limits)
    elif path.suffix.lower() == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                yield {name: unsafe_cell(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
    else:
        with path.open("rb") if first[:2] != b"\x1f\x8b" else gzip.open(path) as file:
            yield from _json_lines(file, limits)


def _json_lines(file: IO[bytes] | gzip.GzipFile, limits: Limits) -> Iterator[Mapping[str, Any] | str]:
    """One object a line. Of a line that is too long the rest is passed over."""
    longest = 8 * limits.cell_characters
    while line := file.readline(longest):
        if file.tell() > limits.unpacked_bytes:
            raise FileFormatError(f"Unpacked it is larger than {limits.unpacked_bytes // _MB} MB.")
        if len(line) == longest and not line.endswith(b"\n"):
            while (rest := file.readline(longest)) and not rest.endswith(b"\n"):
                pass
            yield "the line is too long"
        elif line.strip():
            yield _object(line)


def _object(line: bytes) -> Mapping[str, Any] | str:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return "the line is not UTF-8"
    except (ValueError, RecursionError):
        return "the line is not valid JSON"
    return row if isinstance(row, dict) else "the line is not a JSON object"


def _parquet(path: Path, limits: Limits) -> Iterator[Mapping[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            groups = range(file.metadata.num_row_groups)
            if sum(file.metadata.row_group(one).total_byte_size for one in groups) > limits.unpacked_bytes:
                raise FileFormatError(f"Unpacked it is larger than {limits.unpacked_bytes // _MB} MB.")
            for batch in file.iter_batches(batch_size=1_000):
                yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise FileFormatError(f"The Parquet file is damaged ({str(error)[:120]}).", next_step="Get it again.") from None


def _within(row: Mapping[str, Any] | str, limits: Limits) -> Mapping[str, Any] | str:
    if isinstance(row, str):
        return row
    if any(isinstance(cell, str) and len(cell) > limits.cell_characters for cell in row.values()):
        return f"a cell has more than {limits.cell_characters:,} characters"
    return row
