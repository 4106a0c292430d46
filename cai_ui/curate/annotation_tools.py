"""Rows as annotation tools export them: what was shown, and what people said of it, as columns.

Argilla: records with `fields`, `responses` and `suggestions`, and the columns of its datasets (`quality.responses`, or
a list of answers with `user_id`). Label Studio: tasks with `data` and `annotations`, and the values of its small
export. What people said is a tuple, each different answer once; drafts, discarded and skipped ones are left out.
Sources: the reference of both tools. Beside that, labels in lists, in objects and in the last message of a conversation
(the weights of OpenAI's files, `train` of Axolotl's) have columns of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from cai_ui.curate.answer_lists import BEST, WORST, named_answers
from cai_ui.curate.label_columns import holds_labels
from cai_ui.formats.writing import json_text
from cai_ui.tables.lists import are_messages, listed

RESPONSES, SUGGESTION = ".responses", ".suggestion"
_ANSWERS = re.compile("response|answer|completion|output", re.I)
_TALKS = ("messages", "conversations", "conversation", "dialogue", "dialog", "chat")
_TURN = ("role", "from", "content", "value", "text", "name", "refusal")
"""Parts of a message that are what was said, and by whom."""
_VALUES = {"choices", "rating", "selected", "number", "taxonomy"}
"""Under one of these alone a value of Label Studio stands."""
_NO_LABELS = re.compile("response|answer|completion|output|choice|option|chosen|rejected|categor", re.I)
"""In names of lists and objects that hold answers, or what is true of a text beside others."""
_PARTS = 12
"""Most labels of one object."""
_RECORD = ("responses", "suggestions", "metadata", "status", "external_id", "_server_id", "vectors")
_UNSAID = ("draft", "discarded", "pending")
_PLACES = ("start", "end", "startOffset", "endOffset", "x", "y")
"""A mark at a place of a text or a picture says nothing of the answer as a whole."""
Cells = Mapping[str, Any]


def unfolded(row: Cells) -> Cells:
    """The row with a column for each field, and for each question what people answered; any other row as it is."""
    if isinstance(row.get("fields"), dict) and any(name in row for name in _RECORD):
        return _ranked(_argilla(row))
    tasks = next((row[name] for name in ("annotations", "completions") if isinstance(row.get(name), list)), None)
    if isinstance(row.get("data"), dict) and (tasks is not None or isinstance(row.get("predictions"), list)):
        return _ranked(_label_studio(row, tasks or []))
    columns = {name: _column(row, name, cell) for name, cell in _paired(row).items()}
    return _ranked({part: cell for name in columns for part, cell in _parts(name, columns[name])} | _of_last(columns))


def _parts(name: str, cell: Any) -> Iterable[tuple[str, Any]]:
    """A column, or one for each label of an object of labels, such as ratings.helpfulness."""
    labels = isinstance(cell, dict) and 0 < len(cell) <= _PARTS and all(_is_short(one) for one in cell.values())
    if not labels or _NO_LABELS.search(name) or not holds_labels(name, 1):
        return [(name, cell)]
    return [(f"{name}.{key}", one) for key, one in cell.items()]


def _of_last(row: Cells) -> dict[str, Any]:
    """What the last message of a conversation says beside its text, such as messages.weight: of no other message is
    anything learnt."""
    names = (*_TALKS, "chosen", "rejected", "completion", "response")
    talks = {name: cell[-1] for name, cell in row.items() if name.strip().lower() in names and are_messages(cell)}
    said = {f"{name}.{key}": one for name, last in talks.items() for key, one in last.items() if key not in _TURN}
    found = {part: one for name, cell in said.items() for part, one in _parts(name, cell) if _is_short(one)}
    return {name: one for name, one in found.items() if one is not None and name not in row}


def _is_short(cell: Any) -> bool:
    return cell is None or isinstance(cell, str | int | float)


def _paired(row: Cells) -> Cells:
    """A row for preference training: `input` with its parts as columns (OpenAI), and a worse last answer beside
    messages (ms-swift) as messages, too."""
    asked = row.get("input")
    if isinstance(asked, dict):
        row = {**{name: cell for name, cell in row.items() if name != "input"},
               **{f"input.{name}": cell for name, cell in asked.items()}}  # fmt: skip
    row = _with_talks(_with_history(row))
    talk, worse = row.get("messages"), row.get("rejected_response")
    if not isinstance(talk, list) or not talk or not isinstance(worse, str) or "chosen_response" in row:
        return row
    rest = {name: cell for name, cell in row.items() if name != "rejected_response"}
    return {**rest, "rejected_messages": [*talk[:-1], {"role": "assistant", "content": worse}]}


def _with_talks(row: Cells) -> Cells:
    """Messages that stand as JSON in a text, as messages; and where request and answers list as many texts each, the
    conversations that they make (Chatbot Arena's table)."""
    row = {name: _messages(name, cell) for name, cell in row.items()}
    sides = {name: listed(row[name]) for name in ("prompt", "chosen", "rejected") if isinstance(row.get(name), str)}
    if are_messages(sides.get("chosen")) and are_messages(sides.get("rejected")):
        row |= {name: cell for name, cell in sides.items() if are_messages(cell)}
    asked = listed(row.get("prompt"))
    given = {name: listed(cell) for name, cell in row.items() if _ANSWERS.search(name)} if _are_texts(asked) else {}
    said = {name: found for name, found in given.items() if _are_texts(found) and len(found) == len(asked)}
    if not said:
        return row
    rest = {name: cell for name, cell in row.items() if name != "prompt"}
    if len(asked) == 1:
        return {"prompt": asked[0], **rest, **{name: found[0] for name, found in said.items()}}
    return {**rest, **{name: _in_turn(zip(asked, found, strict=True)) for name, found in said.items()}}


def _messages(name: str, cell: Any) -> Any:
    found = listed(cell) if isinstance(cell, str) and name.strip().lower() in _TALKS else cell
    return found if are_messages(found) else cell


def _are_texts(cell: Any) -> bool:
    return isinstance(cell, list) and cell != [] and all(isinstance(one, str) for one in cell)


def _in_turn(pairs: Iterable[Iterable[str]]) -> list[dict[str, str]]:
    """Pairs of a request and an answer as messages."""
    turns = ((role, said) for pair in pairs for role, said in zip(("user", "assistant"), pair, strict=True))
    return [{"role": role, "content": said} for role, said in turns]


def _with_history(row: Cells) -> Cells:
    """Where earlier turns stand as pairs of request and answer in `history` (LLaMA-Factory, ms-swift), the request is
    the conversation that they and it make."""
    pairs = listed(row.get("history"))
    name = next((name for name in ("instruction", "prompt", "query") if isinstance(row.get(name), str)), "")
    if not name or not isinstance(pairs, list) or not pairs:
        return row
    if not all(isinstance(pair, list) and len(pair) == 2 and all(isinstance(o, str) for o in pair) for pair in pairs):
        return row
    talk = [*_in_turn(pairs), {"role": "user", "content": row[name]}]
    return {**{other: cell for other, cell in row.items() if other != "history"}, name: talk}


def _argilla(row: Cells) -> dict[str, Any]:
    found: dict[str, Any] = {**row["fields"]}
    answers: dict[str, list[Any]] = {}
    responses = row.get("responses")
    for given in responses if isinstance(responses, list) else ():  # each person's answers to all questions
        values = given.get("values") if isinstance(given, dict) else None
        for question, one in values.items() if isinstance(values, dict) else ():
            one = one if isinstance(one, dict) else {"value": one}
            answers.setdefault(question, []).append({**one, "status": given.get("status")})
    for question, said in responses.items() if isinstance(responses, dict) else ():
        answers.setdefault(question, []).extend(said if isinstance(said, list) else [said])
    found |= {question + RESPONSES: _said(_submitted(said)) for question, said in answers.items()}
    found |= {question + SUGGESTION: value for question, value in _suggested(row.get("suggestions"))}
    metadata = row.get("metadata")
    further = {**(metadata if isinstance(metadata, dict) else {}), **row}
    kept = ("fields", "responses", "suggestions", "metadata")
    return {**{name: cell for name, cell in further.items() if name not in kept}, **found}


def _suggested(found: Any) -> Iterable[tuple[str, Any]]:
    pairs: list[tuple[Any, Any]] = []
    if isinstance(found, dict):
        pairs = list(found.items())
    elif isinstance(found, list):
        pairs = [(one.get("question_name"), one) for one in found if isinstance(one, dict)]
    for question, one in pairs:
        if isinstance(question, str):
            yield question, one.get("value") if isinstance(one, dict) else one


def _column(row: Cells, name: str, cell: Any) -> Any:
    """What people said in a column of a dataset of Argilla; any other cell as it is."""
    if name.endswith(RESPONSES):
        said, states = listed(cell), listed(row.get(name + ".status"))
        if isinstance(said, list):
            states = states if isinstance(states, list) and len(states) == len(said) else [None] * len(said)
            return _said(one for one, state in zip(said, states, strict=True) if state not in _UNSAID)
        return None if cell is None else _said([cell])
    if isinstance(cell, dict) and isinstance(cell.get("value"), list) and {"user_id", "status"} & cell.keys():
        names = [key for key, column in cell.items() if isinstance(column, list) and len(column) == len(cell["value"])]
        return _said(
            _submitted([dict(zip(names, one, strict=True)) for one in zip(*map(cell.get, names), strict=True)])
        )
    said = listed(cell) if isinstance(cell, str) and "user_id" in cell[:1_000] else cell
    if isinstance(said, list) and said and all(isinstance(o, dict) and {"user_id", "value"} <= o.keys() for o in said):
        return _said(_submitted(said))
    return _labels(name, cell)


def _labels(name: str, cell: Any) -> Any:
    """Labels in a list, and values of Label Studio's small export, as what people said; any other cell as it is."""
    found = listed(cell)
    if isinstance(found, str) and found.startswith("{"):
        with suppress(ValueError, RecursionError):
            found = json.loads(found)
    several = found if isinstance(found, list) else [found]
    if several and all(isinstance(one, dict) and len(one) == 1 and one.keys() <= _VALUES for one in several):
        return _said(next(iter(one.values())) for one in several)
    if not isinstance(found, list) or _NO_LABELS.search(name) or not holds_labels(name, 1):
        return cell
    labels = (
        len(found) == 1 or all(isinstance(one, str) for one in found) or name.strip().lower() in ("label", "labels")
    )
    steps = any(isinstance(one, bool) for one in found) and len(found) > 1  # see `answer_lists`
    return _said([found]) if labels and not steps and all(map(_is_short, found)) else cell


def _submitted(said: Iterable[Any]) -> Iterable[Any]:
    for one in said:
        if not isinstance(one, dict):
            yield one
        elif one.get("status") not in _UNSAID:
            yield one.get("value")


def _label_studio(row: Cells, tasks: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {**row["data"]}
    answers: dict[str, list[Any]] = {}
    for task in tasks:
        given = task if isinstance(task, dict) and not task.get("was_cancelled") else {}
        results = given.get("result")
        for result in results if isinstance(results, list) else ():
            if isinstance(result, dict) and isinstance(result.get("value"), dict):
                name = str(result.get("from_name") or result.get("type") or "result")
                answers.setdefault(name, []).append(_result(result["value"], str(result.get("type"))))
    for name, said in answers.items():
        whole = [one for one in said if one is not None]
        found[f"{name}.result" if name in found else name] = _said(whole) if whole else said
    kept = {name: cell for name, cell in row.items() if name not in ("data", "annotations", "completions")}
    return {**kept, **found}


def _result(value: dict[str, Any], kind: str) -> Any:
    if any(place in value for place in _PLACES):
        return None
    said = value.get(kind, next(iter(value.values()), None))
    if kind == "textarea" and isinstance(said, list):
        return "\n\n".join(str(one) for one in said)
    if isinstance(said, dict):  # a ranking by the name of its list; of several lists only buckets are known
        lists = [one for name, one in said.items() if name != "_" and isinstance(one, list)]
        return [{"value": name, "rank": rank} for rank, name in enumerate(lists[0], 1)] if len(lists) == 1 else said
    return said


def _said(answers: Iterable[Any]) -> tuple[Any, ...] | None:
    """Each different answer once; several choices of one person, and a ranking, are one text. None for none."""
    given = {_one(answer) for answer in answers if answer not in (None, "", [])}
    return tuple(sorted(given, key=lambda one: (str(type(one)), one))) or None


def _one(answer: Any) -> Any:
    if isinstance(answer, list) and all(isinstance(one, dict) and "rank" in one for one in answer):
        ranks: dict[int, list[str]] = {}
        for one in answer:
            ranks.setdefault(one["rank"] if isinstance(one["rank"], int) else 1_000, []).append(str(one.get("value")))
        return _Ranking(" > ".join(" = ".join(ranks[rank]) for rank in sorted(ranks)))
    if isinstance(answer, list) and all(isinstance(one, str | int | float) for one in answer):
        return ", ".join(str(one) for one in answer)
    return json_text(answer) if isinstance(answer, list | dict) else answer


class _Ranking(str):
    """Names in a person's order, such as "b > a = c"."""


def _ranked(row: dict[str, Any]) -> Cells:
    """The row, where answers whose ranking is known, the same from everybody, are a best and a worst one."""
    for name, cell in row.items():
        if not isinstance(cell, tuple) or len(cell) != 1 or not isinstance(cell[0], str):
            continue
        order = cell[0].split(" > ") if isinstance(cell[0], _Ranking) else cell[0].split(", ")
        named = named_answers(row) if len(order) > 1 else {}
        if order[0] in named and order[-1] in named:
            stem = name.removesuffix(RESPONSES)
            return {**row, stem + BEST: named[order[0]], stem + WORST: named[order[-1]]}
    return row
