"""A file of rows as examples for the queue, all of it or nothing unless bad rows may be left out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cai_ui.curate.columns import Columns, guess, renamed
from cai_ui.curate.row_files import BadRow, Limits, rows_of
from cai_ui.curate.rows import RowError, example_of
from cai_ui.errors import FileFormatError
from cai_ui.records import Example
from cai_ui.text import NAME_LIMIT


@dataclass(frozen=True)
class ImportReport:
    """What a file gave. `bad_rows` are (line, reason); `duplicates` counts rows that came before in the file.

    `rows` counts all rows. `examples` is empty if there are bad rows that the caller did not ask to skip.
    `names` are the columns of the first row that can be read, `shape` what it was taken for, `columns` the parts.
    """

    examples: tuple[Example, ...]
    bad_rows: tuple[tuple[int, str], ...]
    duplicates: int
    rows: int = 0
    names: tuple[str, ...] = ()
    shape: str = ""
    columns: Columns = Columns()  # noqa: RUF009

    @property
    def summary(self) -> str:
        """One sentence for people."""
        said = f"{self.rows:,} rows read: {len(self.examples):,} examples"
        if self.duplicates:
            said += f", {self.duplicates:,} repeated"
        if self.bad_rows:
            said += f", {len(self.bad_rows):,} that do not fit"
        return said + "."


def read_rows(
    path: Path,
    *,
    skip_bad: bool = False,
    source: str = "",
    columns: Columns | None = None,
    limits: Limits = Limits(),  # noqa: B008
) -> ImportReport:
    """Read JSONL, gzipped JSONL, Parquet or CSV (columns: see `curate.rows`).

    `source` labels rows that do not say where they are from (default: the file's name). With a bad
    row nothing is imported, unless `skip_bad`. `columns` says what plays which part; without it each row is read by
    the published shape it has. FileFormatError if the file as a whole cannot be used.
    """
    path = Path(path)
    label = (source or path.name)[:NAME_LIMIT]
    found: dict[str, Example] = {}
    bad: list[tuple[int, str]] = []
    rows = duplicates = 0
    names: tuple[str, ...] = ()
    shape, used = "", columns
    for line, row in rows_of(path, limits):
        rows += 1
        if isinstance(row, BadRow):
            bad.append((line, row.reason))
            continue
        if not names:
            names, (shape, guessed) = tuple(map(str, row)), guess(row)
            used = columns or guessed
        try:
            example = example_of(row if columns is None else renamed(row, columns), label)
        except KeyError as error:
            bad.append((line, f"the column {str(error.args[0])[:40]!r} is missing"))
            continue
        except RowError as error:
            bad.append((line, str(error)))
            continue
        duplicates += example.id in found
        found.setdefault(example.id, example)
    if not rows:
        raise FileFormatError("The file is empty.", kept="Nothing was imported.", next_step="Choose a file with rows.")
    if bad and not skip_bad:
        found, duplicates = {}, 0
    return ImportReport(tuple(found.values()), tuple(bad), duplicates, rows, names, shape, used or Columns())
