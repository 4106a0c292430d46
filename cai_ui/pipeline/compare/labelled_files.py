"""Files of answers that people judged, for checking judges and readers. Rows are read as Curate reads them
(`curate.rows`).

Pairs: every shape with a better and a worse answer, two answers where rules say what a label beside them means, and
{prompt, corrects, incorrects}, where each correct answer is paired with each incorrect one. Single answers: a request,
an answer, and a label under one of the names of `readers.labelled`. What cannot be used is counted with its reason
and its line.
"""

from __future__ import annotations

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
from cai_ui.readers import Outcome
from cai_ui.readers import labelled as of_readers
from cai_ui.readers.labels import OTHER_QUESTIONS, outcome_of_label, plain_label
from cai_ui.records import Example, Message
from cai_ui.tables import BadRow, Cells, rows_of
from cai_ui.tables.left_out import LeftOut
from cai_ui.text import ANSWER_LIMIT

OF_A_ROW = 16
"""Most pairs made of one multiple-choice row."""
_REFUSES = {
    **dict.fromkeys(("true", "yes", "1", "1.0"), "refused"),
    **dict.fromkeys(("false", "no", "0", "0.0"), "no refusal"),
}
Row = Mapping[str, Any]


def read_labelled_pairs(path: Path, most: int = 0, rules: Sequence[LabelRule] = ()) -> LabelledFile:
    """The first `most` pairs of a file (0: all). NotFoundError or FileFormatError where there are none."""
    pairs: list[LabelledPair] = []
    left_out = LeftOut()
    for line, row in rows_of(path):
        try:
            pairs += _pairs(_cells(row), rules)
        except ValueError as why:
            left_out.add(why, line)
        if most and len(pairs) >= most:
            break
    _need_some(pairs, left_out, path)
    return LabelledFile(tuple(pairs[: most or None]), (), dict(left_out.counts), left_out.lines)


def read_labelled_answers(path: Path, rubric: Rubric, most: int = 0) -> LabelledFile:
    """The first `most` answers of a file (0: all), labelled for this rubric. Errors as `read_labelled_pairs`.

    Where a number is beyond the rubric's scale, all are of another one: a 1 of 5 is no yes, and no 1 of 4.
    """
    answers: list[LabelledAnswer] = []
    numbered: dict[int, int] = {}
    beyond, left_out = "", LeftOut()
    for line, row in rows_of(path):
        try:
            cells = _cells(row)
            label = _label(cells)
            number = number_of(label)
            if number is not None and not min(rubric.scale) <= number <= max(rubric.scale):
                beyond = beyond or str(label)[:20]
            example, _ = _example(cells)
            answers.append(LabelledAnswer(example.conversation, example.revision, value_of(label, rubric)))
            numbered |= {} if number is None else {len(answers) - 1: line}
        except ValueError as why:
            left_out.add(why, line)
        if most and len(answers) >= most:
            break
    if beyond and numbered:
        for line in numbered.values():
            left_out.add(f"the numbers are on another scale than the rubric {rubric.name} (one is {beyond})", line)
        answers = [one for place, one in enumerate(answers) if place not in numbered]
    _need_some(answers, left_out, path)
    return LabelledFile((), tuple(answers), dict(left_out.counts), left_out.lines)


def read_labelled_outcomes(path: Path) -> of_readers.LabelledFile:
    """The answers of a file of which people said whether they refuse. Errors as `read_labelled_pairs`."""
    answers: list[of_readers.LabelledAnswer] = []
    left_out = LeftOut()
    for line, row in rows_of(path):
        try:
            cells = _cells(row)
            outcome, (example, _) = _outcome(_label(cells)), _example(cells)
            source = str(_named(cells, of_readers.SOURCES) or "")[:80]
            said = example.conversation[-1].content, example.revision
            answers.append(of_readers.LabelledAnswer(line, *said, outcome, source))
        except ValueError as why:
            left_out.add(why, line)
    others = [word for word in sorted(OTHER_QUESTIONS) if _unknown(word) in left_out.counts]
    if not answers and others:
        raise FileFormatError(
            f"The labels ({', '.join(others)}) say whether something is harmful, not whether the answer refused.",
            next_step="Use labels such as full_compliance, partial_refusal, full_refusal.",
        )
    _need_some(answers, left_out, path)
    return of_readers.LabelledFile(path.name, tuple(answers), dict(left_out.counts), left_out.lines)


def _outcome(label: Any) -> Outcome:
    if label is None or not str(label).strip():
        raise ValueError("no label")
    outcome = outcome_of_label(str(label))
    if outcome is None:
        raise ValueError(_unknown(plain_label(str(label))[:40] or str(label)[:40]))
    return outcome


def _unknown(label: str) -> str:
    return f"label {label!r} is not known"


def _need_some(used: Sequence[Any], left_out: LeftOut, path: Path) -> None:
    """FileFormatError where nothing was used, with the most frequent reasons."""
    if used:
        return
    why = "; ".join(f"{number} rows: {reason}" for reason, number in left_out.counts.most_common(3))
    raise FileFormatError(
        f"Nothing in {path.name} can be used as people's judgements ({why or 'it has no rows'}).",
        next_step="Give rows with chosen and rejected, with prompt, corrects and incorrects, or with prompt, answer "
        "and label (such as final_label, label or refusal).",
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
    found = _named(row, [name + end for name in of_readers.LABELS for end in (RESPONSES, "")])
    asked = found is None
    found = _named(row, [name + end for name in of_readers.REFUSALS for end in (RESPONSES, "")]) if asked else found
    if isinstance(found, tuple) and len(found) > 1:
        raise ValueError("people gave different labels")
    found = found[0] if isinstance(found, tuple) else found
    return _REFUSES.get(str(found).strip().lower(), found) if asked else found


def _named(row: Row, names: Sequence[str]) -> Any:
    """The cell under the first of these names that there is; None for none."""
    by_small = {name.strip().lower(): name for name in reversed(list(row))}
    return next((row[by_small[name]] for name in names if name in by_small), None)


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
