"""Rows of a file into the queue: look first, then import. Both read the file by the same plan."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.errors import FileFormatError, InputError
from cai_ui.pipeline.services import Services
from cai_ui.records import Example
from cai_ui.text import NAME_LIMIT, clean_name

if TYPE_CHECKING:
    from cai_ui.curate.importing import ColumnUse, ImportReport, Plan
    from cai_ui.curate.label_columns import LabelColumn

_NAMED_LINES = 3
LABELS = {
    "asked": "labels: what do they mean?", "said": "labels, as you said", "ignored": "labels, left aside",
}  # fmt: skip
"""What becomes of a column of labels, by `ColumnUse.labels`."""


@dataclass(frozen=True)
class ImportPreview:
    """What an import would do. `new` examples come into the queue, `known` are there already; of these `corrected`
    have another kind, topic or critique now."""

    report: ImportReport
    new: int
    known: int
    corrected: tuple[Example, ...] = ()


@dataclass(frozen=True)
class ImportSummary:
    """What came of a file: examples `added`, those `corrected`, and how many were judged by what labels say."""

    preview: ImportPreview
    added: int
    corrected: int
    judged: dict[str, int]


def preview_import(services: Services, path: str | Path, name: str = "", plan: Plan | None = None) -> ImportPreview:
    """Read a whole file without keeping anything; `name` is what people call it.

    FileFormatError if it cannot be used at all, InputError where the plan names a column that is not there or gives a
    label two meanings.
    """
    from cai_ui.curate.importing import Plan, completed, read_rows
    from cai_ui.curate.label_columns import check_rules

    plan = replace(plan or Plan(), source=source_of(name))
    check_rules(plan.rules)
    report = read_rows(Path(path), plan)
    _check_names(plan, report)
    known = services.store.examples_by_id([example.id for example in report.examples])
    theirs = ((known[e.id], completed(known[e.id], e, corrected=True)) for e in report.examples if e.id in known)
    corrected = tuple(new for old, new in theirs if new != old and old.trace_id is None)
    return ImportPreview(report, len(report.examples) - len(known), len(known), corrected)


def import_file(
    services: Services, path: str | Path, name: str = "", plan: Plan | None = None, skip_bad: bool = False
) -> ImportSummary:
    """Put a file's rows into the queue in one step, and judge those whose labels the plan says the meaning of.

    With rows that do not fit nothing is imported, and FileFormatError names the first of them; with `skip_bad` they
    are left out and counted. InputError where there are labels of which the plan says nothing.
    """
    seen = preview_import(services, path, name, plan)
    report, name = seen.report, name or Path(path).name
    if refused := refusal(seen, name, skip_bad):
        raise refused
    added = services.store.add_examples(list(report.examples))
    corrected = services.store.correct_examples(seen.corrected)
    return ImportSummary(seen, added, corrected, _judge(services, report, name))


def refusal(seen: ImportPreview, name: str, skip_bad: bool = False) -> InputError | None:
    """Why an import of what was seen would keep nothing; None where it would."""
    report = seen.report
    if report.unsaid:
        return labels_unsaid(report.unsaid)
    if not report.bad_rows or (skip_bad and report.examples):
        return None
    left_out = ", or have them left out (on the command line: --skip-bad)" if report.examples else ""
    return FileFormatError(
        f"{name} has {len(report.bad_rows):,} rows that do not fit ({named_lines(report.bad_rows)}).",
        kept="Nothing was imported.",
        next_step=f"Say what its columns are, or correct or remove those rows{left_out}.",
    )


def _check_names(plan: Plan, report: ImportReport) -> None:
    """A column that was misspelt would be passed over without a word."""
    there = [use.name for use in report.uses]
    parts = plan.columns.parts.items() if plan.columns else ()
    said = [column for part, column in parts if part not in ("request", "answer", "initial")]  # rows miss these aloud
    said += [*(one.column for one in plan.rules), *plan.ignored]
    unknown = next((name for name in said if name not in there), None)
    if unknown is not None and len(there) <= 300:  # those beyond are not told apart
        names = ", ".join(name[:40] for name in there[:12]) + (", …" if there[12:] else "")
        raise InputError(
            f"The file has no column {unknown[:60]!r}.",
            kept="Nothing was imported.",
            next_step=f"Name one that it has: {names or 'none'}.",
        )


def _judge(services: Services, report: ImportReport, name: str) -> dict[str, int]:
    """Decide what labels say of open examples; gives how many, by verdict."""
    from cai_ui.curate.label_columns import VERDICTS

    ids: dict[str, list[str]] = {}
    for id, meaning in report.meanings.items():
        ids.setdefault(VERDICTS[meaning], []).append(id)
    rater = f"labels of {name}"[:NAME_LIMIT]
    return {verdict: services.store.decide_many(found, verdict, rater) for verdict, found in ids.items()}  # type: ignore[arg-type]


def labels_unsaid(columns: Sequence[LabelColumn]) -> InputError:
    """The refusal of labels that nobody said the meaning of, with the flags that say it."""
    first = columns[0]
    said = "; ".join(f"{one.name[:60]}: {one.words}" for one in columns[:4])
    more = f" and {len(columns) - 4} more columns" if len(columns) > 4 else ""
    value = shlex.quote(f"{first.name}=VALUE")
    return InputError(
        f"This file holds labels ({said}{more}), and nothing was said of what they mean.",
        kept="Nothing was imported.",
        next_step=f"Say which values mean a good answer and which a bad one (--good {value}, --bad {value}, for two "
        f"answers --other {value}), or leave them aside (--ignore {shlex.quote(first.name)}, or --ignore-labels for "
        "all).",
    )


def account(report: ImportReport) -> str:
    """Where the rows of a file went; the parts add up to its rows."""
    parts = [f"{len(report.examples):,} examples"]
    parts += [f"{len(report.repeated):,} repeated in the file"] if report.repeated else []
    reasons = Counter(reason for _, reason in report.bad_rows)
    told = "; ".join(f"{count:,} × {reason}" for reason, count in reasons.most_common(_NAMED_LINES))
    rest = "; …" if len(reasons) > _NAMED_LINES else ""
    parts += [f"{len(report.bad_rows):,} that do not fit ({told}{rest})"] if report.bad_rows else []
    return f"{report.rows:,} rows: {', '.join(parts)}"


def remarks(seen: ImportPreview) -> list[str]:
    """What else there is to know: kinds that are not known, labels that no rule fits or that contradict each other,
    what was cut."""
    report = seen.report
    kinds = list(report.unknown_kinds.items())
    named = ", ".join(f"“{word}” {count:,}" for word, count in kinds[:5]) + (", …" if kinds[5:] else "")
    found = [f"not known as a kind of request, so kept as unknown: {named}"] if kinds else []
    found += [f"no rule fits these labels, so judged by nobody: {o.name[:60]}: {o.words}" for o in report.unmatched]
    if report.contradicting:
        lines = ", ".join(f"{line:,}" for line in report.contradicting[:5])
        found.append(f"repeated with another label, so judged by nobody: line {lines}"
                     + (" and more" if report.contradicting[5:] else ""))  # fmt: skip
    found += [
        f"{part} cut to {NAME_LIMIT} characters: {'once' if count == 1 else f'{count:,} times'}"
        for part, count in report.cut.items()
    ]
    if seen.corrected:
        found.append(f"in the queue already, with another kind, topic or critique now: {len(seen.corrected):,}")
    return found


def fate(use: ColumnUse) -> str:
    """What becomes of a column, in words."""
    if use.labels:
        return LABELS[use.labels]
    return ", ".join(use.parts) or "not taken"


def named_lines(bad_rows: Sequence[tuple[int, str]], most: int = _NAMED_LINES) -> str:
    """The first bad rows with line and reason, and how many more there are."""
    named = "; ".join(f"line {line}: {reason}" for line, reason in bad_rows[:most])
    more = len(bad_rows) - most
    return f"{named}; and {more:,} more" if more > 0 else named


def source_of(name: str) -> str:
    """The source that rows of a file of this name bear in the queue, where they name none."""
    return clean_name(name, "Name", required=False)
