"""Which column of a file plays which part, as a person may change it before an import.

Files of published shapes need no help: `guess` reads the parts off a row.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

PARTS = {
    "request": "Request",
    "answer": "Answer (revised or better)",
    "initial": "Initial or worse answer",
    "critique": "Critique",
    "source": "Source",
    "kind": "Kind of request",
    "context": "Context of the request",
    "system": "System text",
    "topic": "Topic",
}
"""What a column can be. An answer without a request is a whole conversation that ends with the answer."""


@dataclass(frozen=True)
class Columns:
    """The column of each part; "" where there is none."""

    request: str = ""
    answer: str = ""
    initial: str = ""
    critique: str = ""
    source: str = ""
    kind: str = ""
    context: str = ""
    system: str = ""
    topic: str = ""

    @property
    def parts(self) -> dict[str, str]:
        """Column by part, without those that there are not."""
        return {part: column for part, column in vars(self).items() if column}


REVISED = "critique and revision, as in cai-conversation-harmless"
PAIR = "a better and a worse answer to a request"
TALKS = "a better and a worse conversation, as in hh-rlhf"
TWO = "two answers to a request"
ONE = "request and answer"
WHOLE = "whole conversations, as in ultrachat"
"""What a row can be, in words."""

REQUESTS = ("prompt", "instruction", "question", "query", "request", "history")
ANSWERS = ("response", "completion", "output", "answer", "reply")
CONVERSATIONS = ("messages", "conversations", "conversation", "transcript", "dialogue")
CONTEXTS, SYSTEMS = ("input", "context"), ("system", "system_prompt")
_SIDE = re.compile(
    r"(.*(?:response|answer|completion|output|reply|conversation|ref|generation|option|candidate).*?)[_ -]?([012ab])",
    re.I,
)
_LISTS = ("responses", "answers", "completions", "outputs", "options", "candidates", "generations")
_SIDES = (("0", "1"), ("1", "2"), ("a", "b"))
_READ = 100_000
"""Characters up to which a text is read as a list."""
Cells = Mapping[str, Any]


def guess(row: Cells) -> tuple[str, Columns]:
    """What a row is, in words, and the columns of its parts; ("", the parts that go with any) for none of the known.

    Names are the same whatever their case and whatever separates their words.
    """
    names: dict[str, str] = {}
    for name, cell in row.items():
        if cell is not None:
            names.setdefault("_".join(re.split(r"[\s_-]+", name.strip().lower())), name)
    shape, columns = _guess({name: row[theirs] for name, theirs in names.items()})
    return shape, Columns(**{part: names.get(name, name) for part, name in columns.parts.items()})


def spread(row: dict[str, Any]) -> dict[str, Any]:
    """The row, where a list of two answers stands for two columns, such as responses_0 and responses_1."""
    for name, cell in row.items():
        if name.lower() not in _LISTS:
            continue
        cell = _listed(cell)
        if isinstance(cell, list) and len(cell) == 2 and all(isinstance(one, str) for one in cell):
            beside = {other: value for other, value in row.items() if other != name}
            return {**beside, f"{name}_0": cell[0], f"{name}_1": cell[1]}
    return row


def many(row: Cells) -> tuple[str, int]:
    """A column with a list of more or fewer answers than two, and how many; ("", 0) where there is none."""
    lists = ((name, _listed(cell)) for name, cell in row.items() if name.lower() in _LISTS)
    return next(((name, len(cell)) for name, cell in lists if isinstance(cell, list)), ("", 0))


def _listed(cell: Any) -> Any:
    """A list, also as a table without lists writes it."""
    if isinstance(cell, str) and len(cell) <= _READ and cell.lstrip().startswith("["):
        with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
            return ast.literal_eval(cell)
    return cell


def _guess(row: Cells) -> tuple[str, Columns]:
    shape, columns = _answers(row)
    request = _first(row, REQUESTS)
    beside = {name: name for name in ("critique", "source", "kind", "topic") if row.get(name) is not None}
    beside["system"] = _first(row, SYSTEMS)
    if shape in (PAIR, ONE, TWO, ""):
        columns = replace(columns, request=request)
        beside["context"] = _first(row, CONTEXTS) if request in ("instruction", "question", "prompt") else ""
    return shape, replace(columns, **{part: name for part, name in beside.items() if not getattr(columns, part)})


def _answers(row: Cells) -> tuple[str, Columns]:
    """The shape, and where its answers stand, the most telling shape first."""
    if row.get("init_prompt") is not None:
        critique = "critic_response" if row.get("critic_response") is not None else ""
        return REVISED, Columns("init_prompt", "revision_response", "init_response", critique)
    request = _first(row, REQUESTS)
    first, second = _two_sides(row)
    sides = [side for side in ("chosen", "rejected") if isinstance(row.get(side), str | list)]
    if sides and not (first and len(sides) == 1):  # beside two answers, `chosen` says which of them
        return PAIR if request else TALKS, Columns("", "chosen", "rejected")
    if first:
        return TWO, Columns("", first, second)
    answer = _first(row, ANSWERS)
    if answer and request:
        return ONE, Columns("", answer)
    whole = _first(row, CONVERSATIONS)
    return (WHOLE, Columns("", whole)) if whole else ("", Columns())


def _two_sides(row: Cells) -> tuple[str, str]:
    """Two columns of answers that differ in their number or letter only, such as response_0 and response_1."""
    found: dict[tuple[str, str], str] = {}
    for name, cell in row.items():
        side = _SIDE.fullmatch(name) if isinstance(cell, str | list) else None
        if side:
            found.setdefault((side[1].lower(), side[2].lower()), name)
    for stem, mark in found:
        other = next((two for one, two in _SIDES if one == mark and (stem, two) in found), None)
        if other:
            return found[stem, mark], found[stem, other]
    return "", ""


def _first(row: Cells, names: tuple[str, ...]) -> str:
    return next((name for name in names if row.get(name) is not None), "")
