"""Files of answers that people judged, as JSON lines (also .gz): pairs, multiple choice, and single answers.

Pairs: {chosen, rejected} as transcripts ("\\n\\nHuman: ... \\n\\nAssistant: ..."), {prompt, chosen, rejected}, or
{prompt, corrects, incorrects}, where each correct answer is paired with each incorrect one. Single answers:
{prompt, answer, label}, the label a number of the rubric's scale, yes or no, or a word for a refusal or compliance.
What cannot be used is counted with its reason.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from cai_ui.errors import FileFormatError, NotFoundError
from cai_ui.judges.rubrics import Rubric
from cai_ui.prompts import read_transcript
from cai_ui.records import Message

LINE_LIMIT = 1_000_000
"""Longest line, in characters."""
OF_A_ROW = 16
"""Most pairs made of one multiple-choice row."""
WORDS = ((r"(part|full|partly|fully)?[_ ]?(refus|declin)|partial", 1.0), (r"(full)?[_ ]?(compl|answered)", 0.0))
"""What labels of a refusal begin with, after a number in front, and their value."""


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
    for row in _rows(path, left_out):
        try:
            pairs += _pairs(row)
        except _Unusable as why:
            left_out[str(why)] += 1
        if most and len(pairs) >= most:
            break
    return _checked(LabelledFile(tuple(pairs[: most or None]), (), dict(left_out)), len(pairs), path)


def read_labelled_answers(path: Path, rubric: Rubric, most: int = 0) -> LabelledFile:
    """The first `most` answers of a file (0: all), labelled for this rubric. Errors as `read_labelled_pairs`."""
    answers: list[LabelledAnswer] = []
    left_out: Counter[str] = Counter()
    for row in _rows(path, left_out):
        try:
            text = _text(row, "answer")
            answers.append(LabelledAnswer(_prompt(row), text, label_value(row.get("label"), rubric)))
        except _Unusable as why:
            left_out[str(why)] += 1
        if most and len(answers) >= most:
            break
    return _checked(LabelledFile((), tuple(answers), dict(left_out)), len(answers), path)


def label_value(label: Any, rubric: Rubric) -> float:
    """A label on the rubric's scale. Raises for one that is not on it, so that no other question's label slips in."""
    said = str(label).strip().lower()
    if rubric.binary and said in ("yes", "true", "no", "false"):
        return 1.0 if said in ("yes", "true") else 0.0
    if not isinstance(label, bool) and re.fullmatch(r"-?\d+(\.\d+)?", said) and float(said) in rubric.scale:
        return float(said)
    if rubric.name == "refusal":
        plain = re.sub(r"^\d+[_. ]+", "", said)
        for pattern, value in WORDS:
            if re.match(pattern, plain):
                return value
    raise _Unusable(f"the label is none of the rubric {rubric.name}")


def _checked(file: LabelledFile, used: int, path: Path) -> LabelledFile:
    if used:
        return file
    why = "; ".join(f"{number} rows: {reason}" for reason, number in file.left_out.items()) or "it is empty"
    raise FileFormatError(
        f"Nothing in {path.name} can be used to check a judge ({why}).",
        next_step="Give JSON lines with chosen and rejected, prompt, corrects and incorrects, or prompt, answer and label.",
    )


def _rows(path: Path, left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise NotFoundError(f"There is no file {path.name}.", next_step="Check its name.")
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as lines:
            while line := lines.readline(LINE_LIMIT):
                row = _row(line)
                if row is not None:
                    yield row
                elif line.strip():
                    left_out["not a JSON object of a line"] += 1
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise FileFormatError(f"The file {path.name} cannot be read ({type(error).__name__}).") from None


def _row(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _pairs(row: dict[str, Any]) -> list[LabelledPair]:
    if "corrects" in row:
        sides = [_texts(row, "corrects"), _texts(row, "incorrects")]
        made = [(_prompt(row), better, worse) for better, worse in product(*sides)][:OF_A_ROW]
    elif "prompt" in row:
        made = [(_prompt(row), _text(row, "chosen"), _text(row, "rejected"))]
    else:
        made = [_from_transcripts(_text(row, "chosen"), _text(row, "rejected"))]
    different = [LabelledPair(*one) for one in made if one[1].strip() != one[2].strip()]
    if not different:
        raise _Unusable("both answers are the same")
    return different


def _from_transcripts(chosen: str, rejected: str) -> tuple[tuple[Message, ...], str, str]:
    better, worse = read_transcript(chosen), read_transcript(rejected)
    roles = [turn.role for turn in better]
    if len(roles) < 2 or roles != ["user", "assistant"] * (len(roles) // 2):
        raise _Unusable("user and assistant do not take turns, the assistant last")
    if better[:-1] != worse[:-1] or worse[-1].role != "assistant":
        raise _Unusable("the two transcripts have not the same conversation before the last answer")
    return better[:-1], better[-1].content, worse[-1].content


def _prompt(row: dict[str, Any]) -> tuple[Message, ...]:
    turns = read_transcript(_text(row, "prompt"))
    if not turns or turns[-1].role != "user":
        raise _Unusable("the prompt does not end with the person's turn")
    return turns


def _text(row: dict[str, Any], name: str) -> str:
    found = row.get(name)
    if not isinstance(found, str) or not found.strip():
        raise _Unusable(f"there is no text under {name}")
    return found


def _texts(row: dict[str, Any], name: str) -> list[str]:
    found = row.get(name)
    if not isinstance(found, list) or not found or not all(isinstance(one, str) and one.strip() for one in found):
        raise _Unusable(f"there is no list of texts under {name}")
    return found
