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
TRAINED_ON = "held out, but trained on as well"
NO_SHARE = "a soft label outside 0 to 1"


@dataclass
class Rows:
    """Rows for TRL (`prompt` and `completion`, or `prompt`, `chosen` and `rejected`, all as messages).

    A pair with a soft label carries it as `soft`; either all training pairs have the key or none.
    Per training row: `lengths` are tokens of its longest reading, `answers` tokens of each answer. `left_out`
    counts by reason, training and held-out rows together.
    """

    train: list[dict[str, Any]] = field(default_factory=list)
    held_out: list[dict[str, Any]] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    answers: list[tuple[int, ...]] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        """Tokens that one pass over the training rows sends through the model."""
        readings = zip(self.lengths, self.answers, strict=True)
        return sum(len(answers) * (length - max(answers)) + sum(answers) for length, answers in readings)

    def leave_out(self, reason: str) -> None:
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


def make_rows(method: Method, dataset: Dataset, settings: TrainSettings, chat: Any) -> Rows:
    """The rows of `dataset` for this method. `chat` is the engine's chat format."""
    rows = Rows()
    limit = min(settings.max_length, chat.context_length)
    parts: tuple[Sequence[TrainingExample | PreferencePair], ...] = (
        (dataset.sft_train, dataset.sft_eval) if method == "sft" else (dataset.pairs_train, dataset.pairs_eval)
    )
    for example in parts[0]:
        row, prompt, answers, reason = _row(example, limit, chat)
        if reason:
            rows.leave_out(reason)
        else:
            rows.train.append(row)
            rows.lengths.append(prompt + max(answers))
            rows.answers.append(answers)
    known = {asked(row) for row in rows.train}
    for example in parts[1]:
        row, _, _, reason = _row(example, limit, chat)
        reason = reason or (TRAINED_ON if asked(row) in known else "")
        if reason:
            rows.leave_out(reason)
        else:
            rows.held_out.append(row)
    if any("soft" in row for row in (*rows.train, *rows.held_out)):
        for row in (*rows.train, *rows.held_out):
            row.setdefault("soft", 1.0)
    return rows


def first_reading(row: dict[str, Any], chat: Any) -> tuple[list[int], list[int]]:
    """Ids of a row's prompt, and of what is learnt in it (the completion, or the chosen answer)."""
    messages = [Message(turn["role"], turn["content"]) for turn in row["prompt"]]
    answer = row["completion"] if "completion" in row else row["chosen"]
    ids: tuple[list[int], list[int]] = chat.encode_reply(messages, answer[0]["content"])
    return ids


def asked(row: dict[str, Any]) -> str:
    """What a row asks, to tell whether two rows ask the same."""
    return "\n".join(turn["content"].strip() for turn in row["prompt"])


def _row(
    example: TrainingExample | PreferencePair, limit: int, chat: Any
) -> tuple[dict[str, Any], int, tuple[int, ...], str]:
    """The row, tokens of its prompt and of each answer, and why it cannot be used ("" if it can)."""
    more: dict[str, Any] = {}
    if isinstance(example, TrainingExample):
        replies = {"completion": example.answer}
    else:
        replies = {"chosen": example.chosen, "rejected": example.rejected}
        if example.chosen.strip() == example.rejected.strip():
            return {}, 0, (), SAME
        if example.soft is not None:
            if not 0 <= example.soft <= 1:
                return {}, 0, (), NO_SHARE
            more["soft"] = float(example.soft)
    if not all(text.strip() for text in replies.values()):
        return {}, 0, (), EMPTY
    try:
        turns = chat.turns(example.conversation)
        coded = [chat.encode_reply(example.conversation, text) for text in replies.values()]
    except PromptTooLongError:
        return {}, 0, (), TOO_LONG
    except InputError:
        return {}, 0, (), NO_TURNS
    prompt, answers = len(coded[0][0]), tuple(len(answer) for _, answer in coded)
    if prompt + max(answers) > limit:
        return {}, prompt, answers, TOO_LONG
    return {"prompt": turns, **{name: _said(text) for name, text in replies.items()}, **more}, prompt, answers, ""


def _said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]
