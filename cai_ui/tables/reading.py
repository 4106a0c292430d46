"""Any file of rows, told by its content first and by its name where content does not say."""

from __future__ import annotations

import codecs
import gzip
import io
import lzma
import re
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import IO, cast

from cai_ui.errors import FileFormatError, NotFoundError
from cai_ui.tables.delimited import delimited_rows
from cai_ui.tables.json_rows import is_json, json_rows
from cai_ui.tables.limits import SUFFIXES, BadRow, Cells, Limits, Row, read_whole, refuse, too_large
from cai_ui.tables.parquet import parquet_rows

_WIDE = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
         codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}  # fmt: skip
"""Byte-order marks of encodings that spreadsheets write, the longer ones first."""
_JSON = (".jsonl", ".ndjson", ".json")
_OTHERS = {
    b"version https://git-lfs": ("This is a pointer to a file, not the file itself.", "Download it (git lfs pull)."),
    b"<!doctype html": ("This is a web page.", "Download the file that it shows."),
    b"<html": ("This is a web page.", "Download the file that it shows."),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("This is a workbook of a spreadsheet.", "Save it as CSV (UTF-8)."),
    **dict.fromkeys((b"arrow1", b"fea1", b"\xff\xff\xff\xff"), (
        "This is an Arrow file, as `save_to_disk` writes it.",
        "Write it as Parquet: load_from_disk(...).to_parquet(...).")),
    **dict.fromkeys((b"bzh", b"\xfd7zxz", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf", b"rar!"), (
        "The file is packed in a way that is not read here.", "Unpack it, or pack it with gzip or as ZIP.")),
    b"sqlite format 3": ("This is a database.", "Write its table as CSV."),
    b"%pdf": ("This is a PDF.", "Save its text as CSV or JSON lines."),
}  # fmt: skip
"""What files begin with that people take for files of rows."""
_REQUESTS = frozenset({"prompt", "question", "instruction", "request", "query", "text", "goal", "behavior"})
"""Names of columns that tell a table from plain text."""
_WORKBOOKS = ("xl/workbook.xml", "content.xml")


def rows_of(path: Path, limits: Limits = Limits()) -> Iterator[Row]:  # noqa: B008
    """The rows of a file. A line of plain text (.txt) is a row with a `prompt`.

    A row that cannot be read is a `BadRow`. Raises NotFoundError, and FileFormatError where the file cannot be read
    further.
    """
    try:
        with path.open("rb") as file:
            if path.stat().st_size > limits.file_bytes:
                too_large("The file", limits.file_bytes)
            yield from _within(_rows(file, path.name.lower(), limits), limits)
    except FileNotFoundError:
        raise NotFoundError(f"There is no file {path.name}.", next_step="Choose it again.") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        refuse("The packed file is cut short or damaged.", "Pack or download it again.")
    except (zipfile.BadZipFile, lzma.LZMAError, NotImplementedError, RuntimeError, UnicodeDecodeError):
        # the last: of a damaged name
        refuse("The ZIP archive is damaged, or locked with a password.", "Unpack it and import the file inside.")
    except OSError as error:
        if isinstance(error, FileFormatError | NotFoundError):
            raise
        refuse(f"The file cannot be read ({error.strerror or type(error).__name__}).", "Choose it again.")


def _within(rows: Iterator[Row], limits: Limits) -> Iterator[Row]:
    """The rows, as far as number, time and size of their cells allow."""
    until = time.monotonic() + limits.seconds
    for count, (line, row) in enumerate(rows, 1):
        if count > limits.rows:
            refuse(f"The file has more than {limits.rows:,} rows.", "Split it.")
        if count % 1_000 == 0 and time.monotonic() > until:
            refuse(f"Reading the file takes longer than {limits.seconds:,.0f} seconds.", "Split it.")
        yield line, row if isinstance(row, BadRow) else _sized(row, limits)


def _sized(row: Cells, limits: Limits) -> Cells | BadRow:
    large = (name for name, cell in row.items() if isinstance(cell, str) and len(cell) > limits.cell_characters)
    name = next(large, None)
    return row if name is None else BadRow(f"{name[:40]} has more than {limits.cell_characters:,} characters")


def _rows(file: IO[bytes], name: str, limits: Limits) -> Iterator[Row]:
    head = file.read(4)
    file.seek(0)
    if not head:
        refuse("The file is empty.", "Choose a file with rows.")
    if head == b"PAR1":
        yield from parquet_rows(file, limits)
    elif head.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=file) as packed:
            yield from _unpacked(cast(IO[bytes], packed), name.removesuffix(".gz"), limits)
    elif head.startswith(b"PK"):
        with zipfile.ZipFile(file) as archive, archive.open(one := _only_member(archive)) as packed:
            yield from _unpacked(packed, one.filename.lower(), limits)
    else:
        yield from _text(file, name, limits)


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    hidden = ("__MACOSX/", ".")
    files = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith(hidden)]
    rows = [one for one in files if one.filename.lower().endswith((*SUFFIXES, ".txt"))]
    if not rows and any(one.filename in _WORKBOOKS for one in files):
        refuse("This is a workbook of a spreadsheet.", "Save it as CSV (UTF-8).")
    if len(rows) != 1:
        refuse(f"The ZIP archive holds {len(rows)} files of rows.", "Unpack it and import the one that you mean.")
    return rows[0]


def _unpacked(packed: IO[bytes], name: str, limits: Limits) -> Iterator[Row]:
    file = io.BufferedReader(cast(io.RawIOBase, packed))
    if file.peek(4)[:4] == b"PAR1":
        yield from parquet_rows(io.BytesIO(read_whole(file, limits)), limits)
    else:
        yield from _text(file, name, limits)


def _text(file: IO[bytes], name: str, limits: Limits) -> Iterator[Row]:
    suffix = PurePath(name).suffix
    begun = cast(io.BufferedReader, file).peek(64)[:64].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    other = next((said for mark, said in _OTHERS.items() if begun.startswith(mark)), None)
    if other:
        refuse(*other)
    if suffix in (".tar", ".tgz"):
        refuse("This is a tar archive.", "Unpack it and choose the file inside.")
    head = cast(io.BufferedReader, file).peek(4)[:4]
    wide = next((encoding for mark, encoding in _WIDE.items() if head.startswith(mark)), None)
    if not wide and b"\0" in head:
        refuse("The file is no text, or UTF-16 text without a mark that says so.", "Save it as UTF-8.")
    if wide:
        file = io.BytesIO(_decoded(read_whole(file, limits), wide).encode("utf-8", "surrogatepass"))
    if suffix not in (".csv", ".tsv", ".txt"):
        yield from json_rows(file, limits, only=suffix in _JSON)
        return
    text = _decoded(content := read_whole(file, limits))
    if is_json(text):
        yield from json_rows(io.BytesIO(content), limits, only=True)
    elif suffix == ".txt" and not _is_table(text):
        yield from (
            (number, {"prompt": said}) for number, line in enumerate(text.split("\n"), 1) if (said := line.strip())
        )
    else:
        yield from delimited_rows(text, limits, marks=content.startswith(codecs.BOM_UTF8))


def _is_table(text: str) -> bool:
    """Whether plain text begins with the names of columns, as spreadsheets save tables under this ending, too."""
    names = [name.strip(' "\r').lower() for name in re.split("[\t,;|]", text.lstrip("\ufeff").split("\n", 1)[0])]
    return (
        len(names) > 1 and not _REQUESTS.isdisjoint(names) and all(re.fullmatch(r"[\w ]{1,30}", one) for one in names)
    )


def _decoded(content: bytes, encoding: str = "utf-8-sig") -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8-sig":
            refuse(f"The file begins like {encoding.upper()} text, but is none.", "Save the file as UTF-8.")
        line = content.count(b"\n", 0, error.start) + 1
        refuse(f"Line {line:,} is not UTF-8.", "Save the file as UTF-8.")
