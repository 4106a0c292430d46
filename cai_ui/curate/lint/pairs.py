"""Pairs that teach nothing or something else than meant: unchanged, identical, told apart by their length."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from cai_ui.curate.lint.repeats import Corpus, Found

_MANY_TIMES = 3.0
_ONE_SIDED = 0.7
LENGTH_EDGES = (0, 25, 50, 75, 100, 150, 200, 300, 500, 1_000)
"""Words at which the bars of the length plot begin."""


def unchanged(corpus: Corpus) -> Found:
    """The revision is the initial answer, but for spaces and case."""
    found = [
        n
        for n, row in enumerate(corpus.rows)
        if row.compared and row.other is not None and _same(row.answer, row.other)
    ]
    return found, f"{len(found):,} revisions are the initial answer again."


def identical_pair(corpus: Corpus) -> Found:
    """Chosen and rejected are one text."""
    found = [
        n for n, row in enumerate(corpus.rows) if row.other is not None and row.answer.strip() == row.other.strip()
    ]
    return found, f"{len(found):,} pairs prefer a text to itself."


def pair_lengths(corpus: Corpus) -> Found:
    """Lengths tell chosen from rejected: then length is what is learnt. Rows: those that differ threefold."""
    ratios = []
    found = []
    for number, row in enumerate(corpus.rows):
        if row.other is None:
            continue
        ratio = (len(row.answer.split()) + 1) / (len(row.other.split()) + 1)
        ratios.append(ratio)
        if ratio > _MANY_TIMES or ratio < 1 / _MANY_TIMES:
            found.append(number)
    if not ratios:
        return [], ""
    longer = sum((ratio > 1) + (ratio == 1) / 2 for ratio in ratios) / len(ratios)
    middle = statistics.median(ratios)
    if not found and max(longer, 1 - longer) < _ONE_SIDED:
        return [], ""
    return found, (
        f"The preferred answer is the longer one in {longer:.0%} of {len(ratios):,} pairs (median ratio {middle:.2f}); "
        f"{len(found):,} pairs differ more than threefold."
    )


def kind_lengths(corpus: Corpus) -> Found:
    """Answers of one kind are much shorter or longer than helpful ones. No rows: it is a property of the mix."""
    told = length_groups(corpus)
    helpful = told.get("helpful")
    found = []
    for name, lengths in told.items():
        if name == "helpful" or not helpful or not lengths:
            continue
        ratio = (statistics.median(lengths) + 1) / (statistics.median(helpful) + 1)
        if ratio > 1.5 or ratio < 1 / 1.5:
            found.append(f"{name} answers have a median of {statistics.median(lengths):.0f} words, helpful ones "
                         f"{statistics.median(helpful):.0f}")  # fmt: skip
    return [], "; ".join(found) and "; ".join(found).capitalize() + "."


def length_groups(corpus: Corpus) -> dict[str, list[int]]:
    """Words per answer by kind of request, and of the rejected answers."""
    groups: dict[str, list[int]] = {}
    for row, words in zip(corpus.rows, corpus.answers.lengths.tolist(), strict=True):
        groups.setdefault(row.kind, []).append(words)
        if row.other is not None:
            groups.setdefault("rejected", []).append(len(row.other.split()))
    return groups


def histogram(lengths: Sequence[int]) -> list[float]:
    """Share of the lengths between neighbouring `LENGTH_EDGES`; the last bar holds all longer ones."""
    counts = [0] * len(LENGTH_EDGES)
    for length in lengths:
        counts[max(i for i, edge in enumerate(LENGTH_EDGES) if length >= edge)] += 1
    return [count / len(lengths) for count in counts] if lengths else [0.0] * len(LENGTH_EDGES)


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
