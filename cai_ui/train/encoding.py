"""A frozen dataset as the rows a trainer takes. What cannot be used is left out, named and counted.

Rows are messages, and the engine's own chat format turns them into tokens (`ChatFormat.encode_reply`), so a model
is trained on exactly what it is later asked; TRL's trainers get these tokens and make none of their own. A row too long
is left out whole: nothing is ever cut.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from cai_ui.config.train import TrainSettings
from cai_ui.engine.chat_format import ChatFormat
from cai_ui.errors import InputError, PromptTooLongError
from cai_ui.records import Dataset, Message
from cai_ui.store import Store
from cai_ui.train.methods import method_of
from cai_ui.train.rows import CHANGED, EMPTY, IDS, NO_TURNS, TOO_LONG, TRAINED_ON, UNKNOWN, Draft, Row, Rows, asked

KEPT, MOST_ROWS = 2, 20_000
"""How many encoded datasets are kept, and rows of one at most; larger ones would hold memory for long."""


@dataclass(frozen=True)
class _Encoded:
    """A dataset and its rows, by what they depend on: method, hash, longest admitted row, and chat format."""

    key: tuple[str, str, int]
    chat: ChatFormat
    dataset: Dataset
    rows: Rows


class EncodedDatasets:
    """Frozen datasets with their rows. The newest are kept, so that check, queue and run of one start encode once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: list[_Encoded] = []

    def get(self, method: str, dataset_hash: str, settings: TrainSettings, chat: ChatFormat) -> tuple[Dataset, Rows]:
        """A dataset and its rows for this method; they are not to be changed. NotFoundError for an unknown hash."""
        key = (method_of(method).name, dataset_hash, _limit(settings, chat))
        with self._lock:
            found = next((known for known in self._kept if known.key == key and known.chat is chat), None)
            if found is None:
                dataset = self._store.dataset(dataset_hash)
                found = _Encoded(key, chat, dataset, make_rows(method, dataset, settings, chat))
            small = len(found.rows.train) + len(found.rows.held_out) <= MOST_ROWS
            self._kept = [*([found] if small else []), *(k for k in self._kept if k is not found)][:KEPT]
        return found.dataset, found.rows


def _limit(settings: TrainSettings, chat: ChatFormat) -> int:
    return min(settings.max_length, chat.context_length)


def make_rows(method: str, dataset: Dataset, settings: TrainSettings, chat: ChatFormat) -> Rows:
    """The rows of `dataset` for this method. `chat` is the engine's chat format."""
    rows = Rows()
    limit = _limit(settings, chat)
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
    except InputError:
        return {}, 0, (), NO_TURNS
    try:
        coded = [chat.encode_reply(draft.conversation, text) for text in draft.answers.values()]
    except PromptTooLongError:
        return {}, 0, (), TOO_LONG
    except InputError:
        return {}, 0, (), CHANGED
    if any(
        _unknown(draft.conversation, text, ids, chat)
        for text, (_, ids) in zip(draft.answers.values(), coded, strict=True)
    ):
        return {}, 0, (), UNKNOWN
    if any(prompt_ids != coded[0][0] for prompt_ids, _ in coded):
        return {}, 0, (), CHANGED
    prompt, answers = len(coded[0][0]), tuple(len(answer) for _, answer in coded)
    if prompt + max(answers) > limit:
        return {}, prompt, answers, TOO_LONG
    said = {name: [{"role": "assistant", "content": text}] for name, text in draft.answers.items()}
    ids = {name + IDS: np.array(answer, np.int32) for name, (_, answer) in zip(draft.answers, coded, strict=True)}
    row = {"prompt": turns, **said, "prompt" + IDS: np.array(coded[0][0], np.int32), **ids, **draft.more}
    return row, prompt, answers, ""


def _unknown(conversation: tuple[Message, ...], text: str, ids: list[int], chat: ChatFormat) -> bool:
    """Whether the answer itself, apart from what closes it, has characters for which there is no token: the one that
    stands for all of them would be learnt."""
    unknown = chat.tokenizer.unk_token_id
    return unknown in ids and unknown in chat.encode_reply(conversation, text, end=False)[1]
