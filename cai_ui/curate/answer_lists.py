"""Lists of answers to one request: two of them are two columns, and of ranked ones the best and the worst are a pair.

Ranks and scores stand in the answers themselves (UltraFeedback, Nectar), in a list beside (distilabel, PairRM), or are
a person's order of their names (`annotation_tools`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cai_ui.tables.lists import are_messages, listed

BEST, WORST, BETWEEN = ".best", ".worst", ".between"
"""End the names of the columns of the answers that were ranked first, last, and between."""
_LISTS = (
    "responses", "answers", "completions", "outputs", "output", "options", "candidates", "generations", "items",
)  # fmt: skip
_TEXTS = ("response", "answer", "completion", "text", "content", "body", "output", "generation")
_RANKS = ("rank", "ranks", "ranking", "rankings")
"""The smallest is the best; of scores it is the largest."""
_SCORES = ("overall_score", "score", "rating", "scores", "ratings", "pm_score")
Cells = Mapping[str, Any]


def spread(row: Cells) -> Cells:
    """The row, where the best and the worst of a ranked list, or else both of a list of two, stand for two columns,
    such as responses_0 and responses_1. A list of one answer is that answer.

    What else was said of each of two answers, and the answers between a best and a worst one, have columns, too.
    """
    for name, cell in row.items():
        answers = _answers(name, cell)
        beside = {other: value for other, value in row.items() if other != name}
        if len(answers) == 1:
            return {**beside, name: answers[0]}
        ordered = _order(listed(cell), beside) if answers else None
        if ordered:
            between = [answer for place, answer in enumerate(answers) if place not in ordered]
            best, worst = (answers[place] for place in ordered)
            return {**beside, name + BEST: best, name + WORST: worst, **({name + BETWEEN: between} if between else {})}
        if len(answers) == 2 and not _steps(beside):
            return {**beside, f"{name}_0": answers[0], f"{name}_1": answers[1], **_said_of(name, listed(cell))}
    return row


def many(row: Cells) -> str:
    """Why the answers in a list are no example, in words that follow "line 7: "; "" where there is no list."""
    lists = ((name, listed(cell)) for name, cell in row.items() if name.lower() in _LISTS)
    name, found = next(((name, cell) for name, cell in lists if isinstance(cell, list)), ("", []))
    if len(found) == 2 and _steps(row):
        return f"{name} are steps, each with a label of its own, and an example has whole answers"
    return f"{name} is a list of {len(found)}, and an example has one answer or two" if name else ""


def _steps(beside: Cells) -> bool:
    """Whether a list of labels says that what it stands beside are steps of one answer (TRL's stepwise supervision)."""
    labels = listed(beside.get("labels"))
    return isinstance(labels, list) and len(labels) == 2 and all(isinstance(one, bool) for one in labels)


def _said_of(name: str, answers: Sequence[Any]) -> dict[str, Any]:
    """Columns for what stands beside the texts of two answers, such as answers_0.score."""
    return {
        f"{name}_{place}.{key}": value
        for place, one in enumerate(answers)
        for key, value in (one.items() if isinstance(one, dict) else ())
        if key not in (*_TEXTS, "role", "from", "value") and value is not None
    }


def named_answers(row: Cells) -> dict[str, Any]:
    """Answers by the names under which a person may have ranked them: those of columns, and ids in a list."""
    found = {name: cell for name, cell in row.items() if isinstance(cell, str)}
    for name, cell in row.items():
        for one, answer in zip(listed(cell) if isinstance(cell, list) else (), _answers(name, cell), strict=False):
            if isinstance(one, dict) and isinstance(one.get("id"), str | int):
                found[str(one["id"])] = answer
    return found


def _answers(name: str, cell: Any) -> list[Any]:
    """The answers of such a list, texts or messages; [] where one of them is neither."""
    found = listed(cell) if name.lower() in _LISTS else None
    if not isinstance(found, list):
        return []
    texts = [_text(one) for one in found]
    return [] if None in texts else texts


def _text(one: Any) -> Any:
    if isinstance(one, dict):
        return (
            [one] if are_messages([one]) else next((one[k] for k in _TEXTS if isinstance(one.get(k), str | list)), None)
        )
    return one if isinstance(one, str) or are_messages(one) else None


def _order(answers: list[Any], beside: Cells) -> tuple[int, int] | None:
    """Places of the best and the worst; None where there is no order, or all are alike in it."""
    for key in (*_RANKS, *_SCORES):
        inside = [one.get(key) if isinstance(one, dict) else None for one in answers]
        parallel = next((listed(cell) for name, cell in beside.items() if name.lower() == key), None)
        for found in (inside, parallel):
            numbers = _numbers(found, len(answers))
            if numbers:
                lowest, highest = numbers.index(min(numbers)), numbers.index(max(numbers))
                return (lowest, highest) if key in _RANKS else (highest, lowest)
    return None


def _numbers(found: Any, wanted: int) -> list[float]:
    """As many numbers as there are answers, not all the same; or []."""
    if not isinstance(found, Sequence) or isinstance(found, str) or len(found) != wanted:
        return []
    try:
        numbers = [float(one) for one in found]
    except (TypeError, ValueError, OverflowError):
        return []
    return numbers if len(set(numbers)) > 1 and all(one == one for one in numbers) else []
