"""One row of a file as an example to judge: a conversation, an answer to it, and perhaps a worse or an earlier one.

Answers are texts beside their request, or conversations that hold it, as messages or as transcripts (`conversations`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cai_ui.conversations import Talk, admissible, check_question, question, text_in, turns_in
from cai_ui.curate.answer_lists import many
from cai_ui.curate.columns import Columns
from cai_ui.records import Example, Message, Prompt, PromptKind, content_hash, make_example
from cai_ui.tables.kinds import kind_named
from cai_ui.text import ANSWER_LIMIT, NAME_LIMIT

Cells = Mapping[str, Any]


@dataclass(frozen=True)
class ReadRow:
    """An example, the word for its kind where that is not known, and which labels were too long and are cut."""

    example: Example
    unknown_kind: str = ""
    cut: tuple[str, ...] = ()


def read_row(row: Cells, columns: Columns, source: str) -> ReadRow:
    """The example in a row; `source` names it where the row does not.

    ValueError says what does not fit, in words that follow "line 7: ".
    """
    if not columns.answer:
        if columns.request and many(row):
            raise ValueError(many(row))
        if columns.request:
            raise ValueError("there is a request but no answer (requests alone are imported as a prompt set)")
        raise ValueError("no known columns (such as prompt and response, chosen and rejected, or messages)")
    talk, answer = _answer(row, columns, columns.answer)
    initial = None
    if columns.initial:
        other, initial = _answer(row, columns, columns.initial)
        if other != talk:
            raise ValueError(f"{columns.answer} and {columns.initial} answer different conversations")
    for name in (columns.context, columns.system):
        if row.get(name) is not None and text_in(row[name]) is None:
            raise ValueError(f"{name} is not text")
    talk = question(talk, row.get(columns.context), row.get(columns.system))
    check_question(talk, columns.request or columns.answer)
    critique = _text(row, columns.critique) if row.get(columns.critique) else None
    from_, topic = _label(row, columns.source) or source, _label(row, columns.topic)
    kind, unknown = kind_named(row.get(columns.kind))
    example = _example(talk, initial, answer, critique, from_[:NAME_LIMIT], kind, topic[:NAME_LIMIT])
    cut = tuple(name for name, said in (("source", from_), ("topic", topic)) if len(said) > NAME_LIMIT)
    return ReadRow(example, unknown, cut)


def _example(
    talk: Talk, initial: str | None, answer: str, critique: str | None, source: str, kind: PromptKind, topic: str
) -> Example:
    key = content_hash([[m.role, m.content] for m in talk])[:16]
    prompt = Prompt(key, talk[-1].content, kind, topic, source)
    return make_example(talk, initial, answer, prompt=prompt, critique=critique, source=source)


def _answer(row: Cells, columns: Columns, name: str) -> tuple[Talk, str]:
    """What is answered in a column, and its answer."""
    value = _said(row, name)
    if value is None:
        raise ValueError(f"{name} is missing")
    asked = _asked(row, columns.request) if columns.request else ()
    if asked and isinstance(value, str):
        whole = turns_in(value, name, limit=ANSWER_LIMIT)
        if len(whole) > len(asked) and whole[: len(asked)] == asked:
            return whole[:-1], whole[-1].content
        return asked, _text(row, name)
    said = turns_in(value, name, limit=ANSWER_LIMIT)
    if asked and said[0].role == "assistant":  # it goes on with the request
        said = (*asked, *said)
    return _answered(said, name, isinstance(value, str))


def _answered(said: Talk, name: str, transcript: bool) -> tuple[Talk, str]:
    """A conversation without its last answer, and that answer. An empty turn of the person at the end is none."""
    if transcript and len(said) == 1:
        raise ValueError(f'{name} is no conversation that begins with "\\n\\nHuman:"')
    if said[-1:] == (Message("user", ""),):
        said = said[:-1]
    if len(said) < 2 or said[-1].role != "assistant":
        raise ValueError(f"{name} does not end with an answer to something")
    if not transcript and not said[-1].content.strip():
        raise ValueError(f"{name} ends with an empty answer")
    return said[:-1], said[-1].content


def _asked(row: Cells, name: str) -> Talk:
    """The turns of a request. An empty answer at its end only says who is next."""
    said = turns_in(_said(row, name), name, limit=ANSWER_LIMIT)
    if said[-1:] == (Message("assistant", ""),):
        said = said[:-1]
    check_question(said, name)
    return said


def _text(row: Cells, name: str) -> str:
    value = _said(row, name)
    if not isinstance(value, str):
        raise ValueError(f"{name} is not text")
    if not value.strip():
        raise ValueError(f"{name} is empty")
    return admissible(value, name, ANSWER_LIMIT)


def _said(row: Cells, name: str) -> Any:
    """The cell; of what several people said (a tuple), and of a list of one, the one text."""
    value = row.get(name)
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    if isinstance(value, tuple):
        if len(value) > 1:
            raise ValueError(f"{name} holds {len(value)} different texts of people, and an example has one")
        return value[0]
    return value


def _label(row: Cells, name: str) -> str:
    """A short text about the row, or ""."""
    value = _said(row, name)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = ", ".join(value)
    if isinstance(value, dict | list):
        raise ValueError(f"{name} is not a short text")
    return "" if value is None else admissible(str(value), name, ANSWER_LIMIT).strip()
