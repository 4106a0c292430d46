"""What people's grades say: shares corrected by them, and how far people agree with one another and with the reader.

Each share is corrected within one variant and kind of request, where the graded answers are a random part. What the
reader saw (yes, no, or neither) says in all answers what the grades say in some (statistics/prediction_powered.py).
Where people differ about an answer, each has an equal part of its one vote: the corrected share is what a rater drawn
by chance would find. A majority would leave ties without a value, and those are the hard answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cai_ui.compare.conditions import pooled_rows
from cai_ui.compare.grading import Key, Row, rows_of
from cai_ui.readers import Outcome, complied, refused
from cai_ui.records import Evaluation, Grade, PromptKind, Rate
from cai_ui.statistics.agreement import Agreement, cohen_kappa, krippendorff_alpha
from cai_ui.statistics.prediction_powered import Estimate, corrected_share

_ASKED: Mapping[str, Callable[[Outcome], bool | None]] = {"complied": complied, "helped": complied, "refused": refused}
"""For each share of `VariantResult`, whether an outcome is in it. None for broken and unread: in neither count."""


@dataclass(frozen=True)
class CorrectedShare:
    """A share of `VariantResult` as the reader sees it, and as people would. `measure` names the share."""

    variant: str
    kind: PromptKind
    measure: str
    raw: Rate
    corrected: Estimate


@dataclass(frozen=True)
class Agreements:
    """Of people over all outcomes, and of people with the reader over whether an answer refuses."""

    people: Agreement
    reader: Agreement


def outcome_of(row: Row) -> Outcome:
    """What the reader saw. Older evaluations kept yes and no, which say as much as they can."""
    if (known := row.get("outcome")) in set(Outcome):
        return Outcome(str(known))
    did, declined = (row.get("complied"), row.get("helped")), row.get("refused")
    if True in did:
        return Outcome.COMPLIED
    if declined or (False in did and declined is None):
        return Outcome.REFUSED
    return Outcome.EVADED if False in did else Outcome.UNREAD


def corrected_shares(evaluation: Evaluation, grades: Sequence[Grade]) -> tuple[CorrectedShare, ...]:
    """Every share that the evaluation has a count for, in its order; nothing where nobody has graded."""
    if not grades:
        return ()
    said, rows = _said(grades), rows_of(pooled_rows(evaluation.rows))
    found = []
    for result in evaluation.results:
        cell = [key for key, row in rows.items() if (key[1], row["kind"]) == (result.variant, result.kind)]
        for measure, asked in _ASKED.items():
            raw: Rate = getattr(result, measure)
            if raw.total or raw.unread:
                votes = {place: [asked(one) for one in said[key]] for place, key in enumerate(cell) if key in said}
                estimate = corrected_share([asked(outcome_of(rows[key])) for key in cell], votes)
                found.append(CorrectedShare(result.variant, result.kind, measure, raw, estimate))
    return tuple(found)


def agreements(evaluation: Evaluation, grades: Sequence[Grade]) -> Agreements:
    """Kappa of two raters, alpha of more; and kappa of the reader with the first person who graded each answer."""
    units: dict[Key, dict[str, str]] = defaultdict(dict)
    for grade in grades:
        units[grade.prompt_id, grade.variant][grade.rater] = grade.outcome
    raters = sorted({grade.rater for grade in grades})
    people = [dict(unit) for unit in units.values()]
    of_people = cohen_kappa(people, raters[0], raters[1]) if len(raters) == 2 else krippendorff_alpha(people)
    return Agreements(of_people, cohen_kappa(_beside_reader(evaluation, grades), "people", "reader"))


def _said(grades: Sequence[Grade]) -> dict[Key, list[Outcome]]:
    said: dict[Key, list[Outcome]] = defaultdict(list)
    for grade in grades:
        said[grade.prompt_id, grade.variant].append(Outcome(grade.outcome))
    return said


def _beside_reader(evaluation: Evaluation, grades: Sequence[Grade]) -> list[dict[str, str]]:
    rows, said = rows_of(evaluation.rows), _said(grades)
    pairs = [(refused(outcomes[0]), refused(outcome_of(rows[key]))) for key, outcomes in said.items() if key in rows]
    return [{"people": str(one), "reader": str(other)} for one, other in pairs if one is not None and other is not None]
