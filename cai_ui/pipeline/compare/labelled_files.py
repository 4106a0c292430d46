"""Files of answers that people judged, for checking a judge. Rows are read as Curate reads them (`curate.rows`).

Pairs: every shape with a better and a worse answer, two answers where rules say what a label beside them means, and
{prompt, corrects, incorrects}, where each correct answer is paired with each incorrect one. Single answers: a request,
an answer, and a label under one of the names of `readers.answer_files`. What cannot be used is counted with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice, product
from pathlib import Path
from typing import Any

from cai_ui.conversations import Talk, check_question, turns_in
from cai_ui.curate.annotation_tools import RESPONSES, unfolded
from cai_ui.curate.answer_lists import spread
from cai_ui.curate.columns import EDITED, PAIR, TALKS, guess
from cai_ui.curate.label_columns import LabelRule, Meaning, meaning_of
from cai_ui.curate.rows import read_row
from cai_ui.errors import FileFormatError
from cai_ui.judges.labelled import LabelledAnswer, LabelledFile, LabelledPair, number_of, value_of
from cai_ui.judges.rubrics import Rubric
from cai_ui.readers.answer_files import COLUMNS
from cai_ui.records import Example, Message
from cai_ui.tables import BadRow, Cells, rows_of
from cai_ui.text import ANSWER_LIMIT

OF_A_ROW = 16
"""Most pairs made of one multiple-choice row."""
REASONS = 20
"""Different reasons that are told apart: those of damaged lines name a place each."""
Row = Mapping[str, Any]


def read_labelled_pairs(path: Path, most: int = 0, rules: Sequence[LabelRule] = ()) -> LabelledFile:
    """The first `most` pairs of a file (0: all). NotFoundError or FileFormatError where there are none."""
    pairs: list[LabelledPair] = []
    left_out: Counter[str] = Counter()
    for _, row in rows_of(path):
        try:
            pairs += _pairs(_cells(row), rules)
        except ValueError as why:
            _leave_out(left_out, why)
        if most and len(pairs) >= most:
            break
    return _checked(LabelledFile(tuple(pairs[: most or None]), (), dict(left_out)), len(pairs), path)


def read_labelled_answers(path: Path, rubric: Rubric, most: int = 0) -> LabelledFile:
    """The first `most` answers of a file (0: all), labelled for this rubric. Errors as `read_labelled_pairs`.

    Where a number is beyond the rubric's scale, all are of another one: a 1 of 5 is no yes, and no 1 of 4.
    """
    answers: list[LabelledAnswer] = []
    numbered: set[int] = set()
    beyond = ""
    left_out: Counter[str] = Counter()
    for _, row in rows_of(path):
        try:
            label = _label(_cells(row))
            number = number_of(label)
            if number is not None and not min(rubric.scale) <= number <= max(rubric.scale):
                beyond = beyond or str(label)[:20]
            example, _ = _example(_cells(row))
            answers.append(LabelledAnswer(example.conversation, example.revision, value_of(label, rubric)))
            numbered |= set() if number is None else {len(answers) - 1}
        except ValueError as why:
            _leave_out(left_out, why)
        if most and len(answers) >= most:
            break
    if beyond and numbered:
        left_out[f"the numbers are on another scale than the rubric {rubric.name} (one is {beyond})"] += len(numbered)
        answers = [one for place, one in enumerate(answers) if place not in numbered]
    return _checked(LabelledFile((), tuple(answers), dict(left_out)), len(answers), path)


def _leave_out(left_out: Counter[str], why: ValueError) -> None:
    reason = str(why)
    left_out[reason if reason in left_out or len(left_out) < REASONS else "for other reasons"] += 1


def _checked(file: LabelledFile, used: int, path: Path) -> LabelledFile:
    if used:
        return file
    why = "; ".join(f"{number} rows: {reason}" for reason, number in Counter(file.left_out).most_common(3))
    raise FileFormatError(
        f"Nothing in {path.name} can be used to check a judge ({why or 'it has no rows'}).",
        next_step="Give rows with chosen and rejected, with prompt, corrects and incorrects, or with prompt, answer "
        "and label.",
    )


def _cells(row: Cells | BadRow) -> Row:
    if isinstance(row, BadRow):
        raise ValueError(row.reason)
    return spread(unfolded(row))


def _example(row: Row) -> tuple[Example, str]:
    """The example in a row, and its shape."""
    shape, columns = guess(row)
    return read_row(row, columns, "labelled").example, shape


def _label(row: Row) -> Any:
    """What people said of the answer."""
    by_small = {name.strip().lower(): name for name in reversed(list(row))}
    names = (name + end for name in COLUMNS["label"] for end in (RESPONSES, "") if name + end in by_small)
    found = next((row[by_small[name]] for name in names), None)
    if isinstance(found, tuple) and len(found) > 1:
        raise ValueError("people gave different labels")
    return found[0] if isinstance(found, tuple) else found


def _pairs(row: Row, rules: Sequence[LabelRule]) -> list[LabelledPair]:
    if "corrects" in row:
        sides = [_texts(row, "corrects"), _texts(row, "incorrects")]
        conversation = _asked(row, "prompt")
        made = [(conversation, better, worse) for better, worse in islice(product(*sides), OF_A_ROW)]
    else:
        made = [_judged(*_example(row), meaning_of(row, rules))]
    different = [LabelledPair(*one) for one in made if one[1].strip() != one[2].strip()]
    if not different:
        raise ValueError("both answers are the same")
    return different


def _judged(example: Example, shape: str, meaning: Meaning | None) -> tuple[Talk, str, str]:
    """Conversation, better and worse answer."""
    if example.initial is None:
        raise ValueError("there is one answer, and none that is worse")
    meaning = meaning or ("good" if shape in (PAIR, TALKS, EDITED) else None)
    if meaning not in ("good", "other"):
        raise ValueError("of two answers, no label that was asked for says which is the better one")
    sides = (example.revision, example.initial)
    return (example.conversation, *(sides if meaning == "good" else sides[::-1]))


def _asked(row: Row, name: str) -> Talk:
    """The turns of a request; an empty answer at the end only says who is next."""
    turns = turns_in(row.get(name), name, limit=ANSWER_LIMIT)
    if turns[-1:] == (Message("assistant", ""),):
        turns = turns[:-1]
    check_question(turns, name)
    return turns


def _texts(row: Row, name: str) -> list[str]:
    found = row.get(name)
    if not isinstance(found, list) or not found or not all(isinstance(one, str) and one.strip() for one in found):
        raise ValueError(f"there is no list of texts under {name}")
    return found
