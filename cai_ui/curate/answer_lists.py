"""Lists of answers to one request: two of them are two columns, and of ranked ones the best and the worst are a pair.

Ranks and scores stand in the answers themselves (UltraFeedback, Nectar), in a list beside (distilabel, PairRM), or are
a person's order of their names (`annotation_tools`).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

BEST, WORST = ".best", ".worst"
"""End the names of the columns of the answers that were ranked first and last."""
_LISTS = (
    "responses", "answers", "completions", "outputs", "output", "options", "candidates", "generations", "items",
)  # fmt: skip
_TEXTS = ("response", "answer", "completion", "text", "content", "body", "output", "generation")
_RANKS = ("rank", "ranks", "ranking", "rankings")
"""The smallest is the best; of scores it is the largest."""
_SCORES = ("overall_score", "score", "rating", "scores", "ratings")
_READ = 100_000
"""Characters up to which a text is read as a list."""
Cells = Mapping[str, Any]


def spread(row: Cells) -> Cells:
    """The row, where the best and the worst of a ranked list, or else both of a list of two, stand for two columns,
    such as responses_0 and responses_1."""
    for name, cell in row.items():
        answers = _answers(name, cell)
        if len(answers) < 2:
            continue
        beside = {other: value for other, value in row.items() if other != name}
        ordered = _order(listed(cell), beside)
        if ordered:
            return {**beside, name + BEST: answers[ordered[0]], name + WORST: answers[ordered[1]]}
        if len(answers) == 2:
            return {**beside, f"{name}_0": answers[0], f"{name}_1": answers[1]}
    return row


def many(row: Cells) -> tuple[str, int]:
    """A column with a list of more or fewer answers than two, and how many; ("", 0) where there is none."""
    lists = ((name, listed(cell)) for name, cell in row.items() if name.lower() in _LISTS)
    return next(((name, len(cell)) for name, cell in lists if isinstance(cell, list)), ("", 0))


def named_answers(row: Cells) -> dict[str, Any]:
    """Answers by the names under which a person may have ranked them: those of columns, and ids in a list."""
    found = {name: cell for name, cell in row.items() if isinstance(cell, str)}
    for name, cell in row.items():
        for one, answer in zip(listed(cell) if isinstance(cell, list) else (), _answers(name, cell), strict=False):
            if isinstance(one, dict) and isinstance(one.get("id"), str | int):
                found[str(one["id"])] = answer
    return found


def listed(cell: Any) -> Any:
    """A list, also as a table without lists writes it."""
    if isinstance(cell, str) and len(cell) <= _READ and cell.lstrip().startswith("["):
        with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
            return ast.literal_eval(cell)
    return cell


def _answers(name: str, cell: Any) -> list[Any]:
    """The answers of such a list, texts or messages; [] where one of them is neither."""
    found = listed(cell) if name.lower() in _LISTS else None
    if not isinstance(found, list):
        return []
    texts = [_text(one) for one in found]
    return [] if None in texts else texts


def _text(one: Any) -> Any:
    if isinstance(one, dict) and not {"role", "from"} & one.keys():
        one = next((one[key] for key in _TEXTS if isinstance(one.get(key), str | list)), None)
        return one
    return one if isinstance(one, str) else None


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
