"""Which column of a file plays which part, as a person may change it before an import.

Files of published shapes need no help: `guess` reads the parts off a row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cai_ui.conversations import text_in
from cai_ui.curate.annotation_tools import RESPONSES, SUGGESTION
from cai_ui.curate.answer_lists import BEST, WORST
from cai_ui.tables.lists import are_messages

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
EDITED = "an answer and what people made of it"
ONE = "request and answer"
WHOLE = "whole conversations, as in ultrachat"
"""What a row can be, in words."""

REQUESTS = (
    "prompt", "instruction", "question", "query", "request", "history", "input.messages", "goal", "behavior",
    "forbidden_prompt", "user_prompt", "user_input",
)  # fmt: skip
ANSWERS = ("response", "completion", "output", "answer", "reply", "model_output", "generation")
_ONLY = ("responses", "answers", "completions", "outputs", "generations")
"""Lists of answers, which a single one may stand in place of."""
CONVERSATIONS = ("messages", "conversations", "conversation", "transcript", "dialogue", "dialog", "chat")
CONTEXTS, SYSTEMS = ("input", "context", "contextstring"), ("system", "system_prompt")
PAIRS = (
    ("chosen", "rejected"), ("chosen_response", "rejected_response"), ("preferred_output", "non_preferred_output"),
    ("preferred_completion", "non_preferred_completion"), ("accepted", "rejected"), ("answer", "rejected"),
    ("response", "rejected"),
)  # fmt: skip
"""The better and the worse answer: TRL, NeMo and Axolotl, OpenAI and those who read its files, tables written here."""
_EDITED = (
    "correction", "revision", "rewrite",
    *(how + what for how in ("corrected", "revised", "edited", "rewritten", "improved", "refined")
      for what in ("", *(f"_{answer}" for answer in ANSWERS))),
)  # fmt: skip
"""Texts that people or a critic wrote in place of an answer, beside the names of answers."""
_FIRST = (
    "initial", "draft",
    *(f"{which}_{answer}" for which in ("initial", "original", "first", "draft") for answer in ANSWERS),
)  # fmt: skip
"""Answers that such a text may stand in place of, beside their usual names. None of them is an answer to learn from by
itself: what it was made better by may stand in a column that nobody here knows."""
_SIDE = re.compile(
    r"(?=.*(?:response|answer|completion|output|reply|conversation|ref|generation|option|candidate))"
    r"(.*?)[_ -]?([012ab])",
    re.I,
)
_UNSEEN = re.compile("[\u200b-\u200f\ufeff]")
"""Characters that nobody sees in a name."""
_SIDES = (("0", "1"), ("1", "2"), ("a", "b"))
Cells = Mapping[str, Any]


def guess(row: Cells) -> tuple[str, Columns]:
    """What a row is, in words, and the columns of its parts; ("", the parts that go with any) for none of the known.

    Names are the same whatever their case and whatever separates their words.
    """
    names: dict[str, str] = {}
    for name, cell in row.items():
        if cell is not None:
            names.setdefault("_".join(re.split(r"[\s_-]+", _UNSEEN.sub("", name).strip().lower())), name)
    shape, columns = _guess({name: row[theirs] for name, theirs in names.items()})
    return shape, Columns(**{part: names.get(name, name) for part, name in columns.parts.items()})


def _guess(row: Cells) -> tuple[str, Columns]:
    shape, columns = _answers(row)
    request = _request(row)
    beside = {name: name for name in ("critique", "source", "kind", "topic") if _is_short(name, row.get(name))}
    texts = {name: text_in(row.get(name)) for name in (*SYSTEMS, *CONTEXTS)}
    beside["system"] = _first(texts, SYSTEMS)
    if shape in (PAIR, ONE, TWO, EDITED, REVISED, ""):
        request = columns.request or request
        columns = replace(columns, request=request)
        context = _first(texts, CONTEXTS)
        beside["context"] = "" if request in ("", "history", "input.messages", context) else context
    return shape, replace(columns, **{part: name for part, name in beside.items() if not getattr(columns, part)})


def _is_short(name: str, cell: Any) -> bool:
    return isinstance(cell, str | tuple) if name == "critique" else cell is not None and not isinstance(cell, dict)


def _request(row: Cells) -> str:
    """The column of the request. Beside answers a conversation that they go on with is one, too."""
    request = _first(row, REQUESTS)
    if request:
        return request
    talks = (name for name in (*CONVERSATIONS, "context") if _is_asked(row.get(name)))
    return next(talks, "input" if isinstance(row.get("input"), str) else "")


def _is_asked(cell: Any) -> bool:
    """Whether these are messages that nobody answered yet."""
    last = cell[-1] if isinstance(cell, list) and cell else None
    return isinstance(last, dict) and str(last.get("role", last.get("from"))).strip().lower() in ("user", "human")


def _answers(row: Cells) -> tuple[str, Columns]:
    """The shape, and where its answers stand, the most telling shape first."""
    if row.get("init_prompt") is not None:
        critique = "critic_response" if row.get("critic_response") is not None else ""
        return REVISED, Columns("init_prompt", "revision_response", "init_response", critique)
    first, second = _two_sides(row)
    better, worse = _pair(row, first)
    if better:
        return PAIR if _request(row) else TALKS, Columns("", better, worse)
    if first:
        return TWO, Columns("", first, second)
    if _request(row):
        edited, shown = _edited(row)
        if edited:
            revised = EDITED if isinstance(row[edited], tuple) else REVISED
            return (revised if shown else ONE), Columns("", edited, shown)
        if shown and shown.removesuffix(SUGGESTION) not in _FIRST:
            return ONE, Columns("", shown)
    whole = _first(row, CONVERSATIONS)
    return (WHOLE, Columns("", whole)) if whole else ("", Columns())


def _pair(row: Cells, two: str) -> tuple[str, str]:
    """The columns of the better and the worse answer. Beside `two` answers, `chosen` alone says which of them."""
    best = next((name for name in row if name.endswith(BEST)), "")
    if best:
        return best, best.removesuffix(BEST) + WORST
    partly = ("", "")
    for names in PAIRS:
        sides = [_side(row, name) for name in names]
        there = [side for side in sides if isinstance(row.get(side), str | list | dict | tuple)]
        if len(there) == 2:
            return sides[0], sides[1]
        if there and not two and names[0] not in ANSWERS and not partly[0]:
            partly = sides[0], sides[1]
    if partly[0]:
        return partly
    unlike = _first(row, ("rejected_messages",))
    return ("messages", unlike) if unlike and row.get("messages") is not None else ("", "")


def _side(row: Cells, name: str) -> str:
    """The column of this name, or the one with what people made of it, or with what was proposed to them."""
    return next((one for one in (name + RESPONSES, name, name + SUGGESTION) if row.get(one) is not None), name)


def _edited(row: Cells) -> tuple[str, str]:
    """The column of the text that people gave for an answer, and that of the answer; "" where there is none."""
    stems = (*ANSWERS, *_EDITED)
    people = (
        stem + end for stem in stems for end in (RESPONSES, ".result", "") if isinstance(row.get(stem + end), tuple)
    )
    written = (stem for stem in _EDITED if isinstance(row.get(stem), str))
    shown = (
        one for stem in (*ANSWERS, *_FIRST) for one in (stem, stem + SUGGESTION)
        if not isinstance(row.get(one), tuple | None)
    )  # fmt: skip
    only = (one for one in _ONLY if isinstance(row.get(one), str) or are_messages(row.get(one)))
    proposed = (stem + SUGGESTION for stem in _EDITED if isinstance(row.get(stem + SUGGESTION), str))
    return next(people, next(written, "")), next(shown, next(only, next(proposed, "")))


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
