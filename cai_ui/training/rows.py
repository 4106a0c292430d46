"""A frozen dataset as the rows a trainer takes. What cannot be used is left out, named and counted.

Rows are messages, and the engine's own chat format turns them into tokens (`ChatFormat.encode_reply`), so a model
is trained on exactly what it is later asked. A row too long is left out whole: nothing is ever cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cai_ui.config import TrainSettings
from cai_ui.errors import InputError, PromptTooLongError
from cai_ui.records import Dataset, Message, Method, PreferencePair, TrainingExample

TOO_LONG = "longer than the limit"
NO_TURNS = "turns that do not alternate"
SAME = "chosen and rejected are the same"
EMPTY = "nothing to learn"


@dataclass
class Rows:
    """Rows for TRL (`prompt` and `completion`, or `prompt`, `chosen` and `rejected`, all as messages).

    `lengths` are tokens of the longest reading of each training row. `left_out` counts by reason.
    """

    train: list[dict[str, Any]] = field(default_factory=list)
    held_out: list[dict[str, Any]] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)


def make_rows(method: Method, dataset: Dataset, settings: TrainSettings, chat: Any) -> Rows:
    """The rows of `dataset` for this method. `chat` is the engine's chat format."""
    rows = Rows()
    limit = min(settings.max_length, chat.context_length)
    parts: tuple[Sequence[TrainingExample | PreferencePair], ...] = (
        (dataset.sft_train, dataset.sft_eval) if method == "sft" else (dataset.pairs_train, dataset.pairs_eval)
    )
    for examples, kept in zip(parts, (rows.train, rows.held_out), strict=True):
        for example in examples:
            row, tokens, reason = _row(example, limit, chat)
            if reason:
                rows.left_out[reason] = rows.left_out.get(reason, 0) + 1
                continue
            kept.append(row)
            if kept is rows.train:
                rows.lengths.append(tokens)
    return rows


def first_reading(row: dict[str, Any], chat: Any) -> tuple[list[int], list[int]]:
    """Ids of a row's prompt, and of what is learnt in it (the completion, or the chosen answer)."""
    messages = [Message(turn["role"], turn["content"]) for turn in row["prompt"]]
    answer = row["completion"] if "completion" in row else row["chosen"]
    ids: tuple[list[int], list[int]] = chat.encode_reply(messages, answer[0]["content"])
    return ids


def _row(example: TrainingExample | PreferencePair, limit: int, chat: Any) -> tuple[dict[str, Any], int, str]:
    """The row, its tokens, and why it cannot be used ("" if it can)."""
    if isinstance(example, TrainingExample):
        replies = {"completion": example.answer}
    else:
        replies = {"chosen": example.chosen, "rejected": example.rejected}
        if example.chosen.strip() == example.rejected.strip():
            return {}, 0, SAME
    if not all(text.strip() for text in replies.values()):
        return {}, 0, EMPTY
    try:
        prompt = chat.turns(example.conversation)
        tokens = max(sum(map(len, chat.encode_reply(example.conversation, text))) for text in replies.values())
    except PromptTooLongError:
        return {}, 0, TOO_LONG
    except InputError:
        return {}, 0, NO_TURNS
    if tokens > limit:
        return {}, tokens, TOO_LONG
    return {"prompt": prompt, **{name: _said(text) for name, text in replies.items()}}, tokens, ""


def _said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]
