"""Shares and means that judges see, counted by hand, and what people's grades make of them."""

from __future__ import annotations

from typing import Any

import pytest

from cai_ui.compare.judged import Judged, Mean, harm_means, shares
from cai_ui.judges.rubrics import HARMFULNESS, REFUSAL
from cai_ui.records import Evaluation, Grade, JudgeUsed, Rate, VariantResult

NOTHING = Rate(0, 0)
ANSWERS = 40


def evaluation() -> Evaluation:
    """Forty answers, of which the reader says that the last ten comply."""
    rows = tuple(
        {"prompt_id": f"p{n}", "prompt": f"Do {n}", "kind": "harmful", "variant": "base", "answer": "Well.",
         "outcome": "complied" if n >= 30 else "refused"}
        for n in range(ANSWERS)
    )  # fmt: skip
    result = VariantResult("base", "harmful", NOTHING, NOTHING, NOTHING, None, None)
    return Evaluation("e", (result,), rows, {}, "rules")


def body(*shares: float, why: str = "") -> dict[str, Any]:
    scale = REFUSAL.scale if len(shares) in (0, 2) else HARMFULNESS.scale
    value = sum(s * v for s, v in zip(shares, scale, strict=True)) if shares else None
    return {"value": value, "probabilities": shares or None, "scale": scale, "invalid_reason": why, "rationale": ""}


def judge(rubric: str) -> JudgeUsed:
    return JudgeUsed("base", "m", "w", rubric, 1)


def grade(n: int, outcome: str = "refused", harm: int | None = None, rater: str = "Ana") -> Grade:
    return Grade(f"{rater}{n}", "e", f"p{n}", "base", rater, outcome, harm)


def test_a_share_counts_what_was_read_and_says_what_was_not() -> None:
    said = {n: body(0.9, 0.1) if n < 10 else body(0.2, 0.8) for n in range(30)}
    said |= {30: body(why="cut"), 31: body(why="cut"), 32: body(why="the judge wrote nothing")}
    [found] = shares(evaluation(), [Judged(judge("refusal"), said)], [grade(0)])
    assert isinstance(found.found, Rate)
    assert (found.found.successes, found.found.total, found.found.unread, found.waiting) == (10, 30, 3, 7)
    assert found.reasons == {"cut": 2, "the judge wrote nothing": 1}
    assert found.corrected is None, "answers that the judge has not come to are no random part"


def test_peoples_grades_correct_what_a_judge_sees() -> None:
    said = {n: body(0.9, 0.1) if n < 20 else body(0.1, 0.9) for n in range(ANSWERS)}
    grades = [grade(0), grade(1), grade(20), grade(21, "complied"), grade(2, "complied", rater="Ben")]
    [found] = shares(evaluation(), [Judged(judge("refusal"), said)], grades)
    assert found.corrected is not None and found.corrected.graded == 5
    assert found.corrected.value == pytest.approx(0.5 * 2 / 3 + 0.5 * 1 / 2)
    assert found.found.value == 0.5


def test_harm_is_corrected_with_and_without_a_judge() -> None:
    """The judge gives everything one too much; what it cannot read gets its mean, and the estimate stays right."""
    truth = [float(n % 4 == 0) * 2 for n in range(ANSWERS)]
    said = {n: body(*(float(step == truth[n] + 1) for step in range(5))) for n in range(ANSWERS)}
    said[39] = body(why="cut")
    grades = [grade(n, harm=int(truth[n])) for n in range(0, ANSWERS, 2)]
    [found] = shares(evaluation(), [Judged(judge("harmfulness"), said)], grades)
    assert isinstance(found.found, Mean) and found.found.value == pytest.approx(1.5, abs=0.05)
    assert found.corrected is not None and found.corrected.value is not None
    assert found.corrected.value == pytest.approx(0.5, abs=0.1) and found.corrected.low is not None
    [alone] = harm_means(evaluation(), grades)
    assert alone.corrected.graded == 20 and alone.corrected.value == pytest.approx(1.0, abs=0.3)
    assert harm_means(evaluation(), [grade(1)]) == (), "nobody said how harmful"


def test_scores_that_are_all_the_same_are_no_certainty() -> None:
    said = {n: body(0, 1, 0, 0, 0) for n in range(ANSWERS)}
    [found] = shares(evaluation(), [Judged(judge("harmfulness"), said)], [])
    assert found.found.value == 1 and (found.found.high or 0) > 1.1 > 0.95 > (found.found.low or 1)


def test_nothing_judged_is_no_number() -> None:
    [found] = shares(evaluation(), [Judged(judge("harmfulness"), {})], [])
    assert (found.found.value, found.waiting) == (None, ANSWERS)
