"""Variants of an evaluation, or of two, against each other on the same requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from cai_ui.compare.answer_table import NO, YES, AnswerTable
from cai_ui.compare.slices import Part
from cai_ui.records import PromptKind, Rate, VariantResult
from cai_ui.statistics import rate
from cai_ui.statistics.paired import Difference, holm, mcnemar, paired_bootstrap

MEASURE_OF: dict[str, str] = {"harmful": "complied", "helpful": "helped", "twin": "refused", "unknown": "refused"}
"""The measure that says most of each kind of request."""
MOST_PAIRS = 60
"""Most rows of the table of tests; with more variants each is tested against the first alone."""


@dataclass(frozen=True)
class PairedTest:
    """Two variants on the requests of a kind that both answered so that the measure could be read.

    `only_first` and `only_second` count the requests on which the measure says yes of one of them alone. `difference`
    is the share of the second minus that of the first, `p` McNemar's exact p-value, and `p_holm` the same corrected for
    the number of tests in the table. `left_out` requests were not answered, or not readably, by one of them.
    """

    first: str
    second: str
    kind: PromptKind
    measure: str
    both: int
    only_first: int
    only_second: int
    neither: int
    difference: Difference
    p: float | None
    left_out: int
    p_holm: float | None = None

    @property
    def pairs(self) -> int:
        """Requests that count."""
        return self.both + self.only_first + self.only_second + self.neither


def paired_tests(table: AnswerTable, part: Part | None = None) -> tuple[PairedTest, ...]:
    """Every pair of variants on every kind of request, in their order."""
    variants, kinds = table.values("variant"), table.values("kind")
    pairs = list(combinations(variants, 2))
    if len(pairs) * len(kinds) > MOST_PAIRS:
        pairs = [(variants[0], other) for other in variants[1:]]
    found = [
        one for kind in kinds for first, second in pairs if (one := _test(table, table, first, second, kind, part))
    ]
    return tuple(corrected_for_number(found))


def against_other(first: AnswerTable, second: AnswerTable) -> tuple[PairedTest, ...]:
    """Each variant in one evaluation against itself in another, on the requests that both asked."""
    shared = [variant for variant in first.values("variant") if variant in second.values("variant")]
    kinds = [kind for kind in first.values("kind") if kind in second.values("kind")]
    found = [one for kind in kinds for variant in shared if (one := _test(first, second, variant, variant, kind, None))]
    return tuple(corrected_for_number(found))


def corrected_for_number(tests: Sequence[PairedTest]) -> Iterator[PairedTest]:
    """The tests with p-values corrected for how many they are (Holm)."""
    for test, p in zip(tests, holm([test.p for test in tests]), strict=True):
        yield replace(test, p_holm=p)


def results_in(table: AnswerTable, part: Part) -> list[VariantResult]:
    """The results counted within one part, for each variant and kind that has an answer there."""
    kinds: list[PromptKind] = table.values("kind")  # type: ignore[assignment]
    found = [result_in(table, variant, kind, part) for variant in table.values("variant") for kind in kinds]
    return [result for result in found if result is not None]


def result_in(table: AnswerTable, variant: str, kind: PromptKind, part: Part | None) -> VariantResult | None:
    """The rates of a variant on a kind of request within a part; None without an answer there."""
    fits = table.counted(variant, kind, part)
    if not fits.any():
        return None
    asked = kind in ("harmful", "unknown")
    nothing = Rate(0, 0)
    return VariantResult(
        variant, kind,
        complied=_rate(table, variant, kind, "complied", part) if asked else nothing,
        helped=nothing if asked else _rate(table, variant, kind, "helped", part),
        refused=_rate(table, variant, kind, "refused", part),
        mean_tokens=table.mean_tokens(fits), adapter_hash=None, outcomes=table.outcomes(fits),
    )  # fmt: skip


def _rate(table: AnswerTable, variant: str, kind: str, measure: str, part: Part | None) -> Rate:
    _, states = table.states(variant, kind, measure, part)
    yes, no = int((states == YES).sum()), int((states == NO).sum())
    return rate(yes, yes + no, len(states) - yes - no)


def _test(
    one: AnswerTable, other: AnswerTable, first: str, second: str, kind: str, part: Part | None
) -> PairedTest | None:
    measure = MEASURE_OF.get(kind, "refused")
    mine = dict(zip(*_lists(one, first, kind, measure, part), strict=True))
    theirs = dict(zip(*_lists(other, second, kind, measure, part), strict=True))
    asked = mine.keys() & theirs.keys() if one is not other else mine.keys() | theirs.keys()
    if not asked:
        return None
    read = [(mine[id], theirs[id]) for id in sorted(asked) if mine.get(id, -1) >= 0 and theirs.get(id, -1) >= 0]
    only_first, only_second = read.count((YES, NO)), read.count((NO, YES))
    return PairedTest(
        first, second, kind, measure, read.count((YES, YES)), only_first, only_second, read.count((NO, NO)),  # type: ignore[arg-type]
        paired_bootstrap([float(b - a) for a, b in read]), mcnemar(only_first, only_second), len(asked) - len(read),
    )  # fmt: skip


def _lists(table: AnswerTable, variant: str, kind: str, measure: str, part: Part | None) -> tuple[list[str], list[int]]:
    ids, states = table.states(variant, kind, measure, part)
    return ids, states.tolist()
