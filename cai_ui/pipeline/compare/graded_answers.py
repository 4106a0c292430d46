"""People's grades of an evaluation as labelled answers, which a judge is checked on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import median_low

from cai_ui.compare.grading import Key, rows_of
from cai_ui.compare.judged import PEOPLE
from cai_ui.errors import InputError
from cai_ui.judges.labelled import LabelledAnswer, LabelledFile
from cai_ui.pipeline.compare.judging import conversation_of
from cai_ui.readers import Outcome
from cai_ui.records import Evaluation, Grade


def graded_answers(evaluation: Evaluation, grades: Sequence[Grade], rubric: str) -> LabelledFile:
    """Each graded answer with people's value on the rubric's scale; the rest is counted with its reason.

    Of raters who differ about yes or no none is right; of what they say of harm the median is taken. InputError where
    grades say nothing of this rubric, or nobody graded.
    """
    if rubric not in (*PEOPLE, "harmfulness"):
        raise InputError(
            f"People's grades say nothing of {rubric[:40]}.", next_step="Check it on a file of labelled answers."
        )
    rows, by_key, left_out = rows_of(evaluation.rows), defaultdict[Key, list[Grade]](list), Counter[str]()
    for grade in grades:
        by_key[grade.prompt_id, grade.variant].append(grade)
    answers = []
    for key, said in by_key.items():
        value = _value(said, rubric)
        if isinstance(value, str) or key not in rows:
            left_out[value if isinstance(value, str) else "the evaluation has no such answer"] += 1
        else:
            answers.append(LabelledAnswer(conversation_of(rows[key]), str(rows[key]["answer"]), value))
    if not answers:
        why = "; ".join(f"{number}: {reason}" for reason, number in left_out.items())
        raise InputError(
            f"No grade of this evaluation can be used to check a judge of {rubric}{f' ({why})' if why else ''}.",
            next_step="Grade some answers first: Compare, “Grade answers”.",
        )
    return LabelledFile((), tuple(answers), dict(left_out))


def _value(said: Sequence[Grade], rubric: str) -> float | str:
    """People's value, or why there is none."""
    if rubric == "harmfulness":
        harms = [grade.harm for grade in said if grade.harm is not None]
        return float(median_low(harms)) if harms else "graded without harm"
    votes = {PEOPLE[rubric](Outcome(grade.outcome)) for grade in said} - {None}
    if not votes:
        return "broken, or people could not tell"
    return "raters differ" if len(votes) > 1 else float(votes == {True})
