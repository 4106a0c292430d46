"""A frozen dataset as the rows a trainer takes. What cannot be used is left out, named and counted.

Rows are messages, and the engine's own chat format turns them into tokens (`ChatFormat.encode_reply`), so a model
is trained on exactly what it is later asked. A row too long is left out whole: nothing is ever cut.
"""

from __future__ import annotations

from typing import Any

from cai_ui.config import TrainSettings
from cai_ui.engine.chat_format import ChatFormat
from cai_ui.errors import InputError, PromptTooLongError
from cai_ui.records import Dataset, Message
from cai_ui.train.methods import method_of
from cai_ui.train.rows import EMPTY, NO_TURNS, TOO_LONG, TRAINED_ON, Draft, Rows, asked

Row = dict[str, Any]


def make_rows(method: str, dataset: Dataset, settings: TrainSettings, chat: ChatFormat) -> Rows:
    """The rows of `dataset` for this method. `chat` is the engine's chat format."""
    rows = Rows()
    limit = min(settings.max_length, chat.context_length)
    train, held_out = method_of(method).drafts(dataset)
    for draft in train:
        row, prompt, answers, reason = _encoded(draft, limit, chat)
        if reason:
            rows.leave_out(reason)
        else:
            rows.train.append(row)
            rows.lengths.append(prompt + max(answers))
            rows.answers.append(answers)
    known = {asked(row) for row in rows.train}
    for draft in held_out:
        row, _, _, reason = _encoded(draft, limit, chat)
        reason = reason or (TRAINED_ON if asked(row) in known else "")
        if reason:
            rows.leave_out(reason)
        else:
            rows.held_out.append(row)
    return rows


def first_reading(row: Row, chat: ChatFormat) -> tuple[list[int], list[int]]:
    """Ids of a row's prompt, and of its answer (of a pair: of the chosen one)."""
    messages = [Message(turn["role"], turn["content"]) for turn in row["prompt"]]
    answer = row["completion"] if "completion" in row else row["chosen"]
    return chat.encode_reply(messages, answer[0]["content"])


def _encoded(draft: Draft, limit: int, chat: ChatFormat) -> tuple[Row, int, tuple[int, ...], str]:
    """The row, tokens of its prompt and of each answer, and why it cannot be used ("" if it can)."""
    if draft.reason:
        return {}, 0, (), draft.reason
    if not all(text.strip() for text in draft.answers.values()):
        return {}, 0, (), EMPTY
    try:
        turns = chat.turns(draft.conversation)
        coded = [chat.encode_reply(draft.conversation, text) for text in draft.answers.values()]
    except PromptTooLongError:
        return {}, 0, (), TOO_LONG
    except InputError:
        return {}, 0, (), NO_TURNS
    prompt, answers = len(coded[0][0]), tuple(len(answer) for _, answer in coded)
    if prompt + max(answers) > limit:
        return {}, prompt, answers, TOO_LONG
    said = {name: [{"role": "assistant", "content": text}] for name, text in draft.answers.items()}
    return {"prompt": turns, **said, **draft.more}, prompt, answers, ""
