"""Files of answers that people judged: pairs, multiple choice, and single answers. Formats: `tables`.

Pairs: {chosen, rejected} as transcripts ("\\n\\nHuman: ... \\n\\nAssistant: ...") or as lists of messages,
{prompt, chosen, rejected}, or {prompt, corrects, incorrects}, where each correct answer is paired with each incorrect
one. Single answers: columns for prompt, answer and label, as `readers` finds them; the label is a number of the
rubric's scale (in a file with other numbers, none is), yes or no, or, for refusals, one of the words that `readers`
knows. What cannot be used is counted with its reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from cai_ui.conversations import Talk, check_question, turns_in, turns_of
from cai_ui.errors import FileFormatError
from cai_ui.judges.rubrics import REFUSAL, Rubric
from cai_ui.readers.answer_files import COLUMNS, columns_of
from cai_ui.readers.labels import outcome_of_label
from cai_ui.readers.outcomes import refused
from cai_ui.records import Message
from cai_ui.tables import BadRow, Cells, rows_of
from cai_ui.text import ANSWER_LIMIT

_YES_OR_NO = {**dict.fromkeys(("yes", "true", "y"), 1.0), **dict.fromkeys(("no", "false", "n"), 0.0)}
OF_A_ROW = 16
"""Most pairs made of one multiple-choice row."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class LabelledPair:
    """People found `better` the better answer."""

    conversation: tuple[Message, ...]
    better: str
    worse: str


@dataclass(frozen=True)
class LabelledAnswer:
    """`value` is what people gave on the rubric's scale."""

    conversation: tuple[Message, ...]
    answer: str
    value: float


@dataclass(frozen=True)
class LabelledFile:
    """What could be used of a file; `left_out` counts the rest by its reason."""

    pairs: tuple[LabelledPair, ...]
    answers: tuple[LabelledAnswer, ...]
    left_out: Mapping[str, int]


class _Unusable(Exception):
    """The reason why a row cannot be used."""


def read_labelled_pairs(path: Path, most: int = 0) -> LabelledFile:
    """The first `most` pairs of a file (0: all). NotFoundError or FileFormatError where there are none."""
    pairs: list[LabelledPair] = []
    left_out: Counter[str] = Counter()
    for _, row in rows_of(path):
        try:
            pairs += _pairs(_mapping(row))
        except _Unusable as why:
            left_out[str(why)] += 1
        if most and len(pairs) >= most:
            break
    return _checked(LabelledFile(tuple(pairs[: most or None]), (), dict(left_out)), len(pairs), path)


def read_labelled_answers(path: Path, rubric: Rubric, most: int = 0) -> LabelledFile:
    """The first `most` answers of a file (0: all), labelled for this rubric. Errors as `read_labelled_pairs`."""
    answers: list[LabelledAnswer] = []
    numbered: list[LabelledAnswer] = []
    beyond = ""
    left_out: Counter[str] = Counter()
    columns: dict[str, str] = {}
    for _, row in rows_of(path):
        try:
            cells = _mapping(row)
            columns = columns or columns_of(list(cells))
            label = cells.get(columns["label"])
            number = _number(label)
            if number is not None and not min(rubric.scale) <= number <= max(rubric.scale):
                beyond = beyond or str(label)[:20]
            prompt, answer = _prompt(cells, columns["prompt"]), _text(cells, columns["answer"])
            answers.append(LabelledAnswer(prompt, answer, _value(label, rubric)))
            numbered += answers[-1:] if number is not None else []
        except _Unusable as why:
            left_out[str(why)] += 1
        if most and len(answers) >= most:
            break
    if beyond and numbered:  # 1 of 5 is no yes, and no 1 of 4
        left_out[f"the numbers are on another scale than the rubric {rubric.name} (one is {beyond})"] += len(numbered)
        others = {id(one) for one in numbered}
        answers = [one for one in answers if id(one) not in others]
    return _checked(LabelledFile((), tuple(answers), dict(left_out)), len(answers), path)


def _number(label: Any) -> float | None:
    said = str(label).strip()
    return float(said) if re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", said) else None


def _value(label: Any, rubric: Rubric) -> float:
    """A label on the rubric's scale. One that is not on it answers another question, perhaps, and is not used."""
    said = str(label).strip().lower()
    if rubric.binary and said in _YES_OR_NO:
        return _YES_OR_NO[said]
    if (number := _number(label)) in rubric.scale and number is not None:
        return number
    outcome = outcome_of_label(said) if rubric is REFUSAL else None
    declined = None if outcome is None else refused(outcome)
    if declined is None:
        raise _Unusable(f"the label is none of the rubric {rubric.name}")
    return float(declined)


def _checked(file: LabelledFile, used: int, path: Path) -> LabelledFile:
    if used:
        return file
    why = "; ".join(f"{number} rows: {reason}" for reason, number in file.left_out.items())
    raise FileFormatError(
        f"Nothing in {path.name} can be used to check a judge ({why}).",
        next_step="Give rows with chosen and rejected, with prompt, corrects and incorrects, or with prompt, answer "
        "and label.",
    )


def _mapping(row: Cells | BadRow) -> Row:
    if isinstance(row, BadRow):
        raise _Unusable(row.reason)
    return row


def _pairs(row: Row) -> list[LabelledPair]:
    row = {name.strip().lower(): value for name, value in reversed(list(row.items()))}
    asked = next((name for name in COLUMNS["prompt"] if row.get(name) is not None), "prompt")
    if "corrects" in row:
        sides = [_texts(row, "corrects"), _texts(row, "incorrects")]
        made = [(_prompt(row, asked), better, worse) for better, worse in product(*sides)][:OF_A_ROW]
    elif isinstance(row.get("chosen"), list):
        made = [_from_turns(_turns(row, "chosen"), _turns(row, "rejected"), row, asked)]
    elif asked in row:
        made = [(_prompt(row, asked), _text(row, "chosen"), _text(row, "rejected"))]
    else:
        made = [_from_turns(turns_of(_text(row, "chosen")), turns_of(_text(row, "rejected")))]
    different = [LabelledPair(*one) for one in made if one[1].strip() != one[2].strip()]
    if not different:
        raise _Unusable("both answers are the same")
    return different


def _turns(row: Row, name: str) -> Talk:
    try:
        return turns_in(row.get(name), name, limit=ANSWER_LIMIT)
    except ValueError as error:
        raise _Unusable(str(error)) from None


def _from_turns(better: Talk, worse: Talk, row: Row | None = None, asked: str = "") -> tuple[Talk, str, str]:
    """Two conversations that end with the answers; what is asked may stand in the row's own column."""
    if len(better) == len(worse) == 1 and row is not None and asked in row and better[0].role == worse[0].role:
        better, worse = (*_prompt(row, asked), *better), (*_prompt(row, asked), *worse)
    if len(better) < 2 or better[-1].role != "assistant":
        raise _Unusable("user and assistant do not take turns, the assistant last")
    if better[:-1] != worse[:-1] or worse[-1].role != "assistant":
        raise _Unusable("the two transcripts have not the same conversation before the last answer")
    return _asked(better[:-1], "chosen"), better[-1].content, worse[-1].content


def _prompt(row: Row, name: str = "prompt") -> Talk:
    return _asked(_turns(row, name), name)


def _asked(turns: Talk, name: str) -> Talk:
    """The turns, where they are a question; an empty answer at the end only says who is next."""
    if turns[-1:] == (Message("assistant", ""),):
        turns = turns[:-1]
    try:
        check_question(turns, name)
    except ValueError as error:
        raise _Unusable(str(error)) from None
    return turns


def _text(row: Row, name: str) -> str:
    found = row.get(name)
    if not isinstance(found, str) or not found.strip():
        raise _Unusable(f"there is no text under {name}")
    return found


def _texts(row: Row, name: str) -> list[str]:
    found = row.get(name)
    if not isinstance(found, list) or not found or not all(isinstance(one, str) and one.strip() for one in found):
        raise _Unusable(f"there is no list of texts under {name}")
    return found
