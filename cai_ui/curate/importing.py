"""A file of rows as examples for the queue. One plan serves the look before and the import itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cai_ui.curate.annotation_tools import unfolded
from cai_ui.curate.answer_lists import spread
from cai_ui.curate.columns import PARTS, Columns, guess
from cai_ui.curate.label_columns import (
    LabelColumn,
    LabelRule,
    Meaning,
    folded,
    holds_labels,
    label_column,
    meaning_of,
    names_answer,
)
from cai_ui.curate.rows import ReadRow, read_row
from cai_ui.errors import FileFormatError
from cai_ui.records import Example
from cai_ui.tables import BadRow, Limits, rows_of
from cai_ui.text import NAME_LIMIT

_MOST_NAMES, _MOST_VALUES = 300, 1_000
"""Columns that are told apart, and values of a column of labels."""


@dataclass(frozen=True)
class Plan:
    """What a person said of a file before it is read.

    `columns` says what plays which part (None: each row is read by the shape it has; so are the others where it names
    no answer). `rules` say what labels mean,
    `ignored` are label columns that mean nothing here; `ignore_rest`: so do all others that no rule names.
    """

    columns: Columns | None = None
    rules: tuple[LabelRule, ...] = ()
    ignored: frozenset[str] = frozenset()
    ignore_rest: bool = False
    source: str = ""


@dataclass(frozen=True)
class ColumnUse:
    """A column, in how many rows it holds something, and what becomes of it: names of parts, or of labels whether
    their meaning is `asked`, `said` or `ignored`; neither where it is not taken."""

    name: str
    filled: int
    parts: tuple[str, ...] = ()
    labels: str = ""


@dataclass(frozen=True)
class ImportReport:
    """What a file gives. Every row is an example, or repeats one, or is a bad row: `rows` counts all of them.

    `bad_rows` are (line, reason), `repeated` the lines of rows that came before. `meanings` are those of labels, by
    example; `contradicting` the lines of repeated rows whose label is another one (no label counts then). `unsaid` are
    columns of labels of which nothing was said, `unmatched` what no rule fits of those of which something was.
    `unknown_kinds` counts words for a kind, `cut` labels that were too
    long. `shapes` counts what the rows were taken for, `columns` are the parts of the first of them.
    """

    rows: int
    examples: tuple[Example, ...]
    bad_rows: tuple[tuple[int, str], ...] = ()
    repeated: tuple[int, ...] = ()
    uses: tuple[ColumnUse, ...] = ()
    columns: Columns = Columns()  # noqa: RUF009
    shapes: Mapping[str, int] = field(default_factory=dict)
    meanings: Mapping[str, Meaning] = field(default_factory=dict)
    contradicting: tuple[int, ...] = ()
    labels: tuple[LabelColumn, ...] = ()
    unsaid: tuple[LabelColumn, ...] = ()
    unmatched: tuple[LabelColumn, ...] = ()
    unknown_kinds: Mapping[str, int] = field(default_factory=dict)
    cut: Mapping[str, int] = field(default_factory=dict)


def read_rows(path: Path, plan: Plan = Plan(), limits: Limits = Limits()) -> ImportReport:  # noqa: B008
    """Read a file of rows (`tables`) as a plan says. FileFormatError if the file as a whole cannot be used."""
    path = Path(path)
    reading = _Reading(plan, (plan.source or path.name)[:NAME_LIMIT])
    for line, row in rows_of(path, limits):
        reading.take(line, row)
    if not reading.rows:
        raise FileFormatError(
            "The file has no rows.", kept="Nothing was taken from it.", next_step="Choose a file with rows."
        )
    return reading.report()


class _Reading:
    """What was read so far."""

    def __init__(self, plan: Plan, source: str) -> None:
        self.plan, self.source = plan, source
        self.rows = 0
        self.examples: dict[str, Example] = {}
        self.bad: list[tuple[int, str]] = []
        self.repeated: list[int] = []
        self.meanings: dict[str, Meaning] = {}
        self.contradicting: dict[int, str] = {}
        self.filled: Counter[str] = Counter()
        self.parts: dict[str, dict[str, None]] = {}
        self.values: dict[str, Counter[str]] = {}
        self.unruled: dict[str, Counter[str]] = {}
        self.shapes: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.cut: Counter[str] = Counter()
        self.unsure: set[str] = set()
        self.columns: Columns | None = plan.columns

    def take(self, line: int, row: dict[str, Any] | BadRow) -> None:
        """One row of the file."""
        self.rows += 1
        if isinstance(row, BadRow):
            self.bad.append((line, row.reason))
            return
        row = dict(spread(unfolded(row)))
        shape, guessed = guess(row)
        columns = self._columns(guessed)
        self._count(row, columns)
        try:
            read = read_row(row, columns, self.source)
        except ValueError as error:
            self.bad.append((line, str(error)))
            return
        self.shapes[shape] += 1
        self.columns = self.columns or columns
        self._keep(line, read, meaning_of(row, self.plan.rules))

    def _columns(self, guessed: Columns) -> Columns:
        """What a person said; where they named no answer, the rest is as the row has it."""
        said = self.plan.columns
        return guessed if said is None else said if said.answer else replace(guessed, **said.parts)

    def _count(self, row: dict[str, Any], columns: Columns) -> None:
        """What the columns of a row are."""
        for part, name in columns.parts.items():
            self.parts.setdefault(name, {})[part] = None
        two = columns.initial != "" and "rejected" not in row
        for name, cell in row.items():
            if name not in self.filled and len(self.filled) >= _MOST_NAMES:
                name = f"more than {_MOST_NAMES} further columns"
            self.filled[name] += cell is not None and cell != ""
            rules = [one for one in self.plan.rules if one.column == name]
            labels = bool(rules) or holds_labels(name, cell) or (two and names_answer(name, cell))
            if name not in self.parts and cell is not None and labels:
                values = self.values.setdefault(name, Counter())
                said = folded(cell)
                said = said if said in values or len(values) < _MOST_VALUES else "…"
                values[said] += 1
                if rules and not any(one.holds(cell) for one in rules):
                    self.unruled.setdefault(name, Counter())[said] += 1

    def _keep(self, line: int, read: ReadRow, meaning: Meaning | None) -> None:
        example = read.example
        if read.unknown_kind:
            self.kinds[read.unknown_kind] += 1
        self.cut.update(read.cut)
        first = self.examples.setdefault(example.id, example)
        if first is not example:
            self.repeated.append(line)
            self.examples[example.id] = completed(first, example)
            kinds = (first.prompt.kind, example.prompt.kind)
            if "unknown" not in kinds and kinds[0] != kinds[1]:
                self.kinds[" and ".join(kinds)] += 1
                self.unsure.add(example.id)
        if meaning and self.meanings.setdefault(example.id, meaning) != meaning:
            self.contradicting[line] = example.id

    def report(self) -> ImportReport:
        """All of it. A label that another row of the same example contradicts means nothing, nor does a kind."""
        for id in self.unsure:
            known = self.examples[id]
            self.examples[id] = replace(known, prompt=replace(known.prompt, kind="unknown"))
        labels = tuple(label_column(n, found) for n, found in self.values.items() if n not in self.parts)
        said = {one.column for one in self.plan.rules}
        unsaid = () if self.plan.ignore_rest else tuple(
            one for one in labels if one.name not in said and one.name not in self.plan.ignored
        )  # fmt: skip
        open_ = set(self.contradicting.values())
        return ImportReport(
            self.rows, tuple(self.examples.values()), tuple(self.bad), tuple(self.repeated), self._uses(unsaid),
            self.columns or Columns(), dict(self.shapes), {i: m for i, m in self.meanings.items() if i not in open_},
            tuple(self.contradicting), labels, unsaid,
            tuple(label_column(n, left) for n, left in self.unruled.items() if n not in self.parts),
            dict(self.kinds.most_common()), dict(self.cut),
        )  # fmt: skip

    def _uses(self, unsaid: tuple[LabelColumn, ...]) -> tuple[ColumnUse, ...]:
        said, open_ = {one.column for one in self.plan.rules}, {one.name for one in unsaid}
        return tuple(
            ColumnUse(
                name, count, tuple(PARTS[part] for part in self.parts.get(name, ())),
                ("asked" if name in open_ else "said" if name in said else "ignored") if name in self.values else "",
            )
            for name, count in self.filled.items()
        )  # fmt: skip


def completed(known: Example, other: Example, corrected: bool = False) -> Example:
    """An example with what another record of the same says of kind, topic and critique: where it says nothing itself,
    or, `corrected`, wherever the other says something."""
    ours, theirs = known.prompt, other.prompt
    kinds = [ours.kind, theirs.kind][:: -1 if corrected else 1]
    topics = [ours.topic, theirs.topic][:: -1 if corrected else 1]
    critiques = [known.critique, other.critique][:: -1 if corrected else 1]
    kind = next((kind for kind in kinds if kind != "unknown"), ours.kind)
    prompt = replace(ours, kind=kind, topic=topics[0] or topics[1])
    return replace(known, prompt=prompt, critique=critiques[0] or critiques[1])
