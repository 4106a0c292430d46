"""Log-probabilities of given replies: batched, and equal to a plain forward pass."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cai_ui.engine.decoding import left_pad
from cai_ui.engine.lease import Lease
from cai_ui.engine.shelf import Shelf


def score_replies(
    shelf: Shelf,
    lease: Lease,
    key: str,
    prompt: Sequence[int],
    replies: Sequence[Sequence[int]],
    *,
    pad_id: int,
    device: str,
    slice_tokens: int,
) -> list[float]:
    """Sum of the natural log-probabilities of each reply's tokens after `prompt`.

    The lease is held for one batch of at most about `slice_tokens` tokens at a time.
    """
    longest = len(prompt) + max((len(reply) for reply in replies), default=0)
    rows = max(1, slice_tokens // max(1, longest))
    sums: list[float] = []
    for start in range(0, len(replies), rows):
        part = replies[start : start + rows]
        with lease.hold("scoring"):
            sums += _score_batch(shelf, key, prompt, part, pad_id, device)
    return sums


def _score_batch(
    shelf: Shelf, key: str, prompt: Sequence[int], replies: Sequence[Sequence[int]], pad_id: int, device: str
) -> list[float]:
    longest = max(len(reply) for reply in replies)
    if longest == 0:
        return [0.0] * len(replies)
    ids, mask = left_pad([[*prompt, *reply] for reply in replies], pad_id, device)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    with torch.inference_mode(), shelf.rows([key] * len(replies)) as model:
        out = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            use_cache=False,
            logits_to_keep=longest + 1,
        )
        logs = out.logits[:, :-1].float().log_softmax(-1)
        chosen = logs.gather(-1, ids[:, -longest:, None])[..., 0]
        return [float(chosen[row, longest - len(reply) :].double().sum()) for row, reply in enumerate(replies)]
