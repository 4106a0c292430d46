"""The results of an evaluation by parts of its requests: by the set that they are from, and by topic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from cai_ui.compare.evaluation import result_of
from cai_ui.records import Evaluation, VariantResult

BY = ("set", "topic")
"""Columns of an evaluation's rows that part them. "" is a value: no topic."""
Part = tuple[str, str]
"""One of `BY`, and its value."""


def parts(evaluation: Evaluation) -> dict[Part, int]:
    """How many requests each part has, the largest first; sets and topics only where there is more than one.

    Nothing in evaluations of versions that kept neither.
    """
    found: dict[Part, set[str]] = defaultdict(set)
    for row in evaluation.rows:
        for by in BY:
            if by in row:
                found[by, str(row[by])].add(str(row["prompt_id"]))
    counts = {part: len(prompts) for part, prompts in found.items()}
    several = [by for by in BY if sum(part[0] == by for part in counts) > 1]
    chosen = [part for part in counts if part[0] in several]
    return {part: counts[part] for part in sorted(chosen, key=lambda part: (BY.index(part[0]), -counts[part], part[1]))}


def results_in(evaluation: Evaluation, part: Part) -> list[VariantResult]:
    """The results of the evaluation counted within one part; without those that have no row there."""
    by, value = part
    rows: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in evaluation.rows:
        if row.get(by) == value:
            rows[str(row["variant"]), str(row["kind"])].append(row)
    whole = [(result, rows.get((result.variant, result.kind))) for result in evaluation.results]
    return [result_of(mine, result.adapter_hash) for result, mine in whole if mine]
