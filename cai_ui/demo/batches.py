"""What the embedded model is trained on, as batches of tokens with the weight of each in the loss."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from cai_ui.demo.corpus import Conversation, conversations
from cai_ui.demo.recipes import Round
from cai_ui.demo.tokenizer import SPECIAL, encode_turns

USER_WEIGHT, JUDGE_WEIGHT = 0.1, 6.0
"""Loss weights of user tokens and of the judge's letter; other assistant tokens weigh 1, but for chains in some
rounds (`Round`)."""
ANSWERS = (1, 4, 5, 6)
"""Kinds of tokens that the assistant says, but for letters and echoes."""
_DECIDING = 4
"""Tokens at the beginning of a critique's sentence that decide which fault it names."""
_POOL = 1024
"""Conversations sorted by length together, so that a batch has little padding."""


@dataclass(frozen=True)
class Batch:
    """`ids` and `weights`: rows x tokens; a weight belongs to the token at its own place. `kind`: 0 user, 1
    assistant, 2 judge's letter, 3 echo, 4 critique and 5 revision of a chain, 6 where a sentence of a critique begins,
    -1 padding and what is not to be learnt.
    """

    ids: torch.Tensor
    weights: torch.Tensor
    kind: torch.Tensor


def batches(tokenizer: Any, seed: int, batch_tokens: int, round: Round) -> Iterator[Batch]:
    """Batches of about `batch_tokens` tokens, rows of like length together, in shuffled order. Without end."""
    rng = random.Random(f"batches/{seed}")
    faults = round.critiques if round.faults is None else round.faults
    weights = torch.tensor([USER_WEIGHT, 1.0, JUDGE_WEIGHT, 1.0, round.critiques, round.revisions, faults, 0.0])
    for _ in range(round.copy_steps):
        yield _copying(rng, tokenizer, batch_tokens, weights)
    source = conversations(seed, round=round.number)
    while True:
        rows = [row(tokenizer, c) for c in itertools.islice(source, _POOL)]
        rows.sort(key=lambda r: len(r[0]))
        groups: list[list[tuple[list[int], list[int]]]] = [[]]
        for one in rows:
            if groups[-1] and (len(groups[-1]) + 1) * len(one[0]) > batch_tokens:
                groups.append([])
            groups[-1].append(one)
        rng.shuffle(groups)
        yield from (_batch(group, tokenizer.pad_token_id, weights) for group in groups)


def _copying(rng: random.Random, tokenizer: Any, batch_tokens: int, weights: torch.Tensor) -> Batch:
    """Rows of random tokens as the user's turn, the same tokens as the answer."""
    begin, end = tokenizer.convert_tokens_to_ids(["[INST]", "[/INST]"])
    length = rng.choice((8, 16, 32))
    rows = []
    for _ in range(batch_tokens // (2 * length + 4)):
        said = [rng.randrange(len(SPECIAL), len(tokenizer)) for _ in range(length)]
        ids = [tokenizer.bos_token_id, begin, *said, end, *said, tokenizer.eos_token_id]
        rows.append((ids, [0] * (length + 3) + [3] * (length + 1)))
    return _batch(rows, tokenizer.pad_token_id, weights)


def row(tokenizer: Any, conversation: Conversation) -> tuple[list[int], list[int]]:
    """Ids and the kind of each: see `Batch`."""
    ids, said = encode_turns(tokenizer, conversation.messages)
    kinds = [(3 if conversation.form == "echo" else 1) if mine else 0 for mine in said]
    if conversation.form in ("chain", "odd draft") and len(conversation.messages) > 4:
        kinds = _beginnings(tokenizer, ids, _in_turn(kinds))
    if conversation.form == "judge":
        kinds[-3] = 2  # " (", the letter, ")", end
    if conversation.form == "odd draft":
        first = kinds.index(1)
        for place in range(first, kinds.index(0, first)):
            kinds[place] = -1
    return ids, kinds


def _in_turn(kinds: Sequence[int]) -> list[int]:
    """In a chain the answers after the draft are critiques and revisions in turn."""
    found, turn, before = [], -1, 0
    for kind in kinds:
        turn += kind == 1 and before != 1
        before = kind
        found.append((5, 4)[turn % 2] if kind == 1 and turn else kind)
    return found


def _beginnings(tokenizer: Any, ids: Sequence[int], kinds: Sequence[int]) -> list[int]:
    """The first tokens of each sentence of a critique tell which fault it names; its end, that it names no other."""
    found, place = list(kinds), 0
    ends = _sentence_ends(tokenizer)
    for at, kind in enumerate(kinds):
        place = place + 1 if at and kind == kinds[at - 1] and ids[at - 1] not in ends else 0
        if kind == 4 and place < _DECIDING:
            found[at] = 6
    return found


@cache
def _sentence_ends(tokenizer: Any) -> frozenset[int]:
    return frozenset(i for i in range(len(tokenizer)) if tokenizer.decode([i]).rstrip().endswith((".", "!", "?", ":")))


def _batch(rows: Sequence[tuple[list[int], list[int]]], pad: int, weights: torch.Tensor) -> Batch:
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), longest), pad)
    kind = torch.full((len(rows), longest), -1)
    for place, (row_ids, row_kinds) in enumerate(rows):
        ids[place, : len(row_ids)] = torch.tensor(row_ids)
        kind[place, : len(row_ids)] = torch.tensor(row_kinds)
    return Batch(ids, weights[kind], kind)  # kind -1 picks the last weight: padding weighs nothing
