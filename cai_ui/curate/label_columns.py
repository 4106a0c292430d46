"""Columns that say how good an answer is: found by their names, and never taken as anything before a person says what
their values mean."""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cai_ui.errors import InputError
from cai_ui.formats.writing import json_text
from cai_ui.records import Verdict

Meaning = Literal["good", "bad", "other", "tie"]
VERDICTS: dict[Meaning, Verdict] = {"good": "accept", "bad": "reject", "other": "flip", "tie": "tie"}
"""What a label means for the row's answer: good, bad, or (of two) that the other one is better, or neither."""
WORDS: dict[Meaning, str] = {
    "good": "good", "bad": "bad", "other": "the other answer being better", "tie": "neither answer being better",
}  # fmt: skip
"""The meanings in a sentence."""
_WORDS = frozenset(
    """
    label labels labelled safe unsafe safer score scores rating ratings rate rated rank ranking preference
    preferences preferred winner better best worse worst toxic toxicity harm harmful harmless harmfulness
    harmlessness harms helpful helpfulness correct correctness coherence complexity verbosity honesty
    truthfulness quality reward rewards grade grades graded verdict judgement judgment vote votes upvotes
    downvotes thumbs thumb liked likes feedback accept accepted acceptable approve approved reject valid
    invalid good bad flagged refused refusal violation violates jailbroken annotation annotations star stars
    severity gold hate pairwise comparison choice choices selected kto weight train loss
    """.split()  # noqa: SIM905
)
"""A column with one of these words in its name holds labels. (`chosen` and `rejected` hold answers, where they are
text.)"""
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "=": operator.eq,
}  # fmt: skip
_RULE = re.compile(r"([^<>=]*)(>=|<=|=|>|<)\s*(.*)", re.DOTALL)
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?(?:e[+-]?\d{1,2})?")
_RATED = re.compile(
    r"(-?\d{1,15}(?:[.,]\d{1,15})?(?:e[+-]?\d{1,2})?)(?: ?%| ?(?:/|of|out of) ?\d{1,4}(?:\.0)?| ?stars?| ?points?)?"
)
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}(?:,\d{3})+")
"""1,234 is a thousand to some and little more than one to others: no number that a rule may judge by."""
_STARS = re.compile("([★⭐]+)☆*")
_LOOKS = re.compile(r"[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
"""Characters that say how a picture looks: the hand of 👍🏽 is that of 👍."""
_BESIDE = (".users", ".status", ".suggestion.score", ".suggestion.agent", "annotation_id")
"""End the names of columns that say who answered or proposed something, how sure it was, and under which number."""
_SHORT = 60
"""Characters of a label; what is longer is a text."""
_SHOWN = 12
"""Different values of a column that are told apart when it is shown."""


@dataclass(frozen=True)
class LabelRule:
    """Rows whose cell in a column passes a test have this meaning."""

    column: str
    test: str
    value: str
    meaning: Meaning

    def holds(self, cell: Any) -> bool:
        """Whether the cell passes: of what several people said (a tuple), all. Numbers are compared as numbers,
        everything else as folded words."""
        said, wanted = folded(cell), self.value
        if isinstance(cell, tuple):
            return (self.test == "=" and said == wanted) or all(self.holds(one) for one in cell)
        if cell is None or isinstance(cell, dict | list):
            return False
        if self.test == "=" and said == wanted:
            return True
        read = _plain_number if self.test == "=" else _number  # 4/5 is at least 4, and is not what 4/10 is
        numbers = read(said), read(wanted)
        return None not in numbers and _TESTS[self.test](*numbers)


@dataclass(frozen=True)
class LabelColumn:
    """A column of labels with its commonest values and how many rows hold each; `more` values are not listed."""

    name: str
    values: tuple[tuple[str, int], ...]
    more: int = 0

    @property
    def words(self) -> str:
        """The values with their numbers."""
        said = ", ".join(f"{value or '(empty)'} {count:,}" for value, count in self.values)
        return f"{said}, {self.more:,} more" if self.more else said


def rule(text: str, meaning: Meaning) -> LabelRule:
    """A rule as a person writes it: COLUMN=VALUE, or COLUMN>=NUMBER and so on. InputError for anything else."""
    found = _RULE.fullmatch(text.strip())
    if not found or not found[1]:
        raise InputError(f"{text[:80]!r} is no rule for labels.", next_step="Write COLUMN=VALUE or COLUMN>=NUMBER.")
    return rule_of(found[1].rstrip(), found[2] + found[3], meaning)


def rule_of(column: str, test: str, meaning: Meaning) -> LabelRule:
    """The rule that a cell of this column passes a test such as "=true" or ">=4"; a value alone has to be equal.

    InputError where a number is compared with none.
    """
    found = _RULE.fullmatch(test.strip())
    kind, value = (found[2], found[3]) if found and not found[1] else ("=", test)
    if kind != "=" and _number(folded(value)) is None:
        raise InputError(f"{value[:40]!r} is not a number.", next_step=f"Write {kind} and a number.")
    return LabelRule(column, kind, folded(value), meaning)


def check_rules(rules: Iterable[LabelRule]) -> None:
    """InputError where one value of a column is named as two things: what speaks against the answer would win without
    a word. Bounds may overlap others, since `score<3` beside `safe=true` is a sensible thing to say."""
    known: dict[tuple[str, str, str], Meaning] = {}
    for one in rules:
        first = known.setdefault((one.column, one.test, one.value), one.meaning)
        if first != one.meaning:
            said = f"{one.column[:60]}{one.test}{one.value[:40]}"
            raise InputError(
                f"{said!r} is named as {WORDS[first]} and as {WORDS[one.meaning]}.",
                next_step="Give each label one meaning.",
            )


def tests(column: LabelColumn) -> list[tuple[str, str]]:
    """Tests that a person may choose from, with how many rows pass: the values, and bounds between numbers."""
    numbers = [value for value, _ in column.values if _number(value) is not None]
    exact = [(f"{value or '(empty)'} ({count:,})", f"={value}") for value, count in column.values]
    bounds = [(f"{sign} {value}", f"{test}{value}") for value in numbers for sign, test in (("≥", ">="), ("≤", "<="))]
    return [*exact, *(bounds if len(numbers) > 2 else [])]


def holds_labels(name: str, cell: Any) -> bool:
    """Whether a column of this name is one of labels, as are short things that people said. Answers and lists of them
    are none."""
    if isinstance(cell, tuple):
        return all(len(one) <= _SHORT and "\n" not in one for one in cell if isinstance(one, str))
    if isinstance(cell, dict | list) or name.endswith(_BESIDE):
        return False
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    if "chosen" in words or "rejected" in words:
        return isinstance(cell, bool | int | float) or (len(words) > 1 and not _WORDS.isdisjoint(words))
    return not _WORDS.isdisjoint(words)


def names_answer(name: str, cell: Any) -> bool:
    """Whether a column that holds no answer says which of the answers beside it was chosen: by a letter or a name."""
    return name.strip().lower() == "chosen" and isinstance(cell, str) and len(cell) <= _SHORT


def meaning_of(row: Mapping[str, Any], rules: Iterable[LabelRule]) -> Meaning | None:
    """What the rules say of a row; None where none of them does. What speaks against the answer counts first."""
    found = {one.meaning for one in rules if one.holds(row.get(one.column))}
    order: tuple[Meaning, ...] = ("bad", "tie", "other", "good")
    return next((meaning for meaning in order if meaning in found), None)


def label_column(name: str, values: Counter[str]) -> LabelColumn:
    """A column with the values that were counted, numbers in their order."""
    common = values.most_common(_SHOWN)
    return LabelColumn(name, tuple(sorted(common, key=_place)), len(values) - len(common))


def _place(one: tuple[str, int]) -> tuple[bool, float]:
    number = _number(one[0])
    return number is None, number or 0.0


def folded(cell: Any) -> str:
    """A value as a word: small letters, `true` and `false`, whole numbers without a point, pictures in the one colour;
    "" for a missing one."""
    if cell is None:
        return ""
    if isinstance(cell, tuple):
        return " | ".join(folded(one) for one in cell)[:_SHORT]
    if isinstance(cell, dict | list):
        return json_text(cell)[:40]
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    said = _LOOKS.sub("", " ".join(str(cell).lower().replace("\u2212", "-").split()))[:_SHORT]
    return said.removesuffix(".0") if re.fullmatch(r"-?\d+\.0", said) else said


def _plain_number(word: str) -> float | None:
    return float(word) if _NUMBER.fullmatch(word) else None


def _number(word: str) -> float | None:
    """The number in a word, also as people rate: 4/5, 4 out of 5, 4 stars, ★★★★☆, 85 %, 0,5."""
    if stars := _STARS.fullmatch(word):
        return float(len(stars[1]))
    rated = _RATED.fullmatch(word)
    return _plain_number(rated[1].replace(",", ".")) if rated and not _THOUSANDS.fullmatch(rated[1]) else None
