"""Rows of a file into the queue: look first, then import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cai_ui.curate.columns import Columns
from cai_ui.errors import FileFormatError
from cai_ui.pipeline.services import Services
from cai_ui.records import Example
from cai_ui.text import NAME_LIMIT, clean_text

_NAMED_LINES = 3
_SAMPLES = 3


@dataclass(frozen=True)
class ImportSummary:
    """What came of a file: rows read, examples that are new, and those that were there or came twice; `bad_rows`
    are the (line, reason) of rows that were left out."""

    read: int
    added: int
    duplicates: int
    bad_rows: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class ImportPreview:
    """What an import would do. `known` examples are in the queue already, `repeated` rows came before in the file."""

    rows: int
    new: int
    known: int
    repeated: int
    bad_rows: tuple[tuple[int, str], ...]
    names: tuple[str, ...]
    shape: str
    columns: Columns
    samples: tuple[Example, ...]


def preview_import(
    services: Services, path: str | Path, name: str = "", columns: Columns | None = None
) -> ImportPreview:
    """Read a whole file without keeping anything. FileFormatError if it cannot be used at all."""
    from cai_ui.curate.importing import read_rows

    report = read_rows(Path(path), source=source_of(name), skip_bad=True, columns=columns)
    known = services.store.known_examples([example.id for example in report.examples])
    return ImportPreview(
        report.rows, len(report.examples) - len(known), len(known), report.duplicates, report.bad_rows, report.names,
        report.shape, report.columns, report.examples[:_SAMPLES],
    )  # fmt: skip


def import_file(
    services: Services, path: str | Path, name: str = "", columns: Columns | None = None, skip_bad: bool = False
) -> ImportSummary:
    """Put a file's rows into the queue in one step.

    With rows that do not fit nothing is imported, and FileFormatError names the first of them; with `skip_bad` they
    are left out and counted.
    """
    from cai_ui.curate.importing import read_rows

    report = read_rows(Path(path), source=source_of(name), skip_bad=skip_bad, columns=columns)
    if report.bad_rows and not (skip_bad and report.examples):
        raise FileFormatError(
            f"{name or Path(path).name} has {len(report.bad_rows):,} rows that do not fit "
            f"({named_lines(report.bad_rows)}).",
            kept="Nothing was imported.",
            next_step="Correct or remove those rows, or have them left out.",
        )
    added = services.store.add_examples(list(report.examples))
    return ImportSummary(report.rows, added.added, added.duplicates + report.duplicates, report.bad_rows)


def named_lines(bad_rows: tuple[tuple[int, str], ...], most: int = _NAMED_LINES) -> str:
    """The first bad rows with line and reason, and how many more there are."""
    named = "; ".join(f"line {line}: {reason}" for line, reason in bad_rows[:most])
    more = len(bad_rows) - most
    return f"{named}; and {more:,} more" if more > 0 else named


def source_of(name: str) -> str:
    """The source that rows of a file of this name bear in the queue, where they name none."""
    return clean_text(name, "Name", limit=NAME_LIMIT, required=False)
