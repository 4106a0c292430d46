"""What a seed study found: counts with intervals, none of the texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from cai_ui.compare.likelihood import Kept
from cai_ui.records import BASE, PromptKind, Rate, Trace
from cai_ui.revise import labels_of
from cai_ui.statistics import rate_of, sign_test

Row = Mapping[str, Any]
OPENING_WORDS = 4


@dataclass(frozen=True)
class Against:
    """The same prompts asked of the base: how many are refused by one of the two only. `p`: chance of so uneven a
    split if neither refused more (None: no difference)."""

    now_refused: int
    no_longer: int
    p: float | None


@dataclass(frozen=True)
class Cell:
    """One variant on the prompts of one kind from one set. `good`: the outcome is right for the kind.

    `openings` is the share of answers that begin with the same four words as another answer of the cell.
    """

    variant: str
    set: str
    kind: PromptKind
    refused: Rate
    good: Rate
    broken: Rate
    cut: Rate
    repeats: Rate
    median_tokens: float
    openings: Rate
    outcomes: dict[str, int]
    against_base: Against | None


@dataclass(frozen=True)
class FormatCell:
    """Harmful prompts in another format, beside the same prompts in the chat template."""

    variant: str
    format: str
    refused: Rate
    template: Rate
    broken: Rate
    more: int
    fewer: int
    p: float | None


@dataclass(frozen=True)
class SeedResults:
    """`critiques`: labels of critiques and revisions by principle, over all chains; `removed`: answers of the SFT
    variant with its adapter off that are word for word the base's. `made` and `settings` say what it rests on."""

    cells: tuple[Cell, ...]
    kept: tuple[Kept, ...]
    formats: tuple[FormatCell, ...]
    critiques: dict[str, dict[str, int]]
    removed: Rate
    made: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def cells(rows: Sequence[Row], variants: Sequence[str]) -> tuple[Cell, ...]:
    """One for each variant, set and kind, in the order in which they were asked."""
    groups = list(dict.fromkeys((row["set"], row["kind"]) for row in rows))
    found = []
    for group in groups:
        of = {v: [r for r in rows if (r["set"], r["kind"]) == group and r["variant"] == v] for v in variants}
        found += [_cell(v, group, mine, of[BASE]) for v, mine in of.items() if mine]
    return tuple(found)


def _cell(variant: str, group: tuple[str, PromptKind], rows: Sequence[Row], base: Sequence[Row]) -> Cell:
    harmful = group[1] in ("harmful", "unknown")
    return Cell(
        variant,
        *group,
        refused=rate_of(row["refused"] for row in rows),
        good=rate_of((row["refused"] if harmful else row["helped"]) for row in rows),
        broken=rate_of(row["outcome"] == "broken" for row in rows),
        cut=rate_of(row["finish"] == "length" for row in rows),
        repeats=rate_of(row["finish"] == "repetition" for row in rows),
        median_tokens=median(row["tokens"] for row in rows),
        openings=_openings(rows),
        outcomes=dict(Counter(row["outcome"] for row in rows)),
        against_base=None if variant == BASE else Against(*paired(rows, base)),
    )


def _openings(rows: Sequence[Row]) -> Rate:
    begins = [" ".join(row["answer"].lower().split()[:OPENING_WORDS]) for row in rows]
    often = Counter(begins)
    return rate_of(often[opening] > 1 for opening in begins)


def paired(rows: Iterable[Row], others: Iterable[Row]) -> tuple[int, int, float | None]:
    """Prompts refused in `rows` only, in `others` only, and the sign test of the two."""
    then = {row["prompt_id"]: row["refused"] for row in others}
    both = [(row["refused"], then.get(row["prompt_id"])) for row in rows]
    more, fewer = both.count((True, False)), both.count((False, True))
    return more, fewer, sign_test(more, fewer)


def formats(found: Mapping[str, Sequence[Row]], template: Sequence[Row]) -> tuple[FormatCell, ...]:
    """`found` has the rows by format, `template` those of the same prompts in the model's own chat template."""
    made = []
    for format, rows in found.items():
        for variant in dict.fromkeys(row["variant"] for row in rows):
            mine = [row for row in rows if row["variant"] == variant]
            asked = {row["prompt_id"] for row in mine}
            usual = [row for row in template if row["variant"] == variant and row["prompt_id"] in asked]
            refused, before = (rate_of(row["refused"] for row in side) for side in (mine, usual))
            broken = rate_of(row["outcome"] == "broken" for row in mine)
            made.append(FormatCell(variant, format, refused, before, broken, *paired(mine, usual)))
    return tuple(made)


def critiques(traces: Iterable[Trace], names: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """How often each label was given, by the name of the principle ("all": over all of them)."""
    found: dict[str, Counter[str]] = {"all": Counter()}
    for trace in traces:
        for place, step in enumerate(trace.steps):
            if step.kind == "draft":
                continue
            labels = [f"{step.kind}: {label}" for label in labels_of(trace, place)]
            for principle in ("all", *(names.get(id, id) for id in step.principles)):
                found.setdefault(principle, Counter()).update([f"{step.kind}s", *labels])
    return {principle: dict(counts) for principle, counts in found.items()}


def removed(off: Iterable[Row], answers: Iterable[Row]) -> Rate:
    """Answers with the adapter off that are the base's word for word."""
    base = {row["prompt_id"]: row["answer"] for row in answers if row["variant"] == BASE}
    return rate_of(base[row["prompt_id"]] == row["answer"] for row in off)
