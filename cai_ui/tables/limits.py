"""What a file from outside may need, and what a row of it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Any, NoReturn

from cai_ui.errors import FileFormatError

_MB = 1_000_000
SUFFIXES = (".jsonl", ".json", ".ndjson", ".csv", ".tsv", ".parquet", ".gz", ".zip")
"""How files of rows are called; plain text (.txt) holds requests only."""


@dataclass(frozen=True)
class Limits:
    """Bytes as it lies on disk (also of what is read as a whole), bytes unpacked, bytes of one line, characters of one
    cell, rows, and seconds until the last row.

    A longer line and a larger cell make their row a bad one; the rest makes the file unusable.
    """

    file_bytes: int = 64 * _MB
    unpacked_bytes: int = 400 * _MB
    line_bytes: int = 1 * _MB
    cell_characters: int = 100_000
    rows: int = 250_000
    seconds: float = 300.0


@dataclass(frozen=True)
class BadRow:
    """Why a row cannot be read, in words that follow "line 7: "."""

    reason: str


Cells = dict[str, Any]
"""A row by the names of its columns. A cell that is empty in a table, null, or NaN is None: missing."""
Row = tuple[int, Cells | BadRow]
"""Line in the file where the row begins (Parquet: number of the row), counted from 1, and what is there."""


def read_whole(file: IO[bytes], limits: Limits) -> bytes:
    """The rest of a file, where it is not larger than a file may be."""
    content = file.read(limits.file_bytes + 1)
    if len(content) > limits.file_bytes:
        too_large("The unpacked file", limits.file_bytes)
    return content


def named_twice(names: Iterable[str]) -> str | None:
    """The first name that was there before; None where each is there once."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def check_names(names: Iterable[str]) -> None:
    """FileFormatError where two columns have one name."""
    twice = named_twice(names)
    if twice is not None:
        refuse(f"The column name is there twice: {twice[:60]!r}.", "Give every column its own name.")


def too_large(what: str, limit: int) -> NoReturn:
    """Raise FileFormatError: something is larger than so many bytes."""
    refuse(f"{what} is larger than {limit / _MB:,.0f} MB.", "Split the file.")


def refuse(what: str, next_step: str) -> NoReturn:
    """Raise FileFormatError: the file as a whole cannot be used."""
    raise FileFormatError(what, kept="Nothing was taken from it.", next_step=next_step)
