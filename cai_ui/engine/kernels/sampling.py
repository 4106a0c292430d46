"""One token per row from the model's logits. A row's noise is its own, so its neighbours cannot change it."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cai_ui.config.answers import Sampling

Drawn = tuple[Sampling, torch.Generator, Sequence[int]]
"""How a row is drawn, its own noise, and the tokens it holds already (looked at for a repetition penalty alone)."""


def draw(logits: torch.Tensor, rows: Sequence[Drawn]) -> list[int]:
    """One token per row of `logits` (rows, vocabulary).

    Temperature 0 takes the likeliest. Otherwise Gumbel noise from the row's own generator is added and the largest
    taken, which draws from the softmax. First the repetition penalty, then temperature, then `top_k`, `top_p` and
    `min_p` leave tokens out, as transformers has it.
    """
    if all(sampling.temperature == 0 and sampling.repetition_penalty == 1 for sampling, _, _ in rows):
        likeliest: list[int] = logits.argmax(dim=-1).tolist()
        return likeliest
    scores = logits.clone()
    for place, (sampling, noise, held) in enumerate(rows):
        row = _penalised(scores[place], held, sampling.repetition_penalty)
        if sampling.temperature > 0:
            row = _left_in(row / sampling.temperature, sampling)
            gumbel = -torch.empty(row.shape).exponential_(generator=noise).log()
            row = row + gumbel.to(row.device)
        scores[place] = row
    tokens: list[int] = scores.argmax(dim=-1).tolist()
    return tokens


def _penalised(row: torch.Tensor, held: Sequence[int], penalty: float) -> torch.Tensor:
    """The scores of tokens that the text holds divided by the penalty, or multiplied where they are negative."""
    if penalty == 1 or not held:
        return row
    ids = torch.tensor(sorted(set(held)), device=row.device)
    known = row[ids]
    return row.index_copy(0, ids, torch.where(known < 0, known * penalty, known / penalty))


def _left_in(row: torch.Tensor, sampling: Sampling) -> torch.Tensor:
    """`row` with the tokens that may not be drawn set to minus infinity."""
    if 0 < sampling.top_k < row.shape[-1]:
        row = row.masked_fill(row < row.topk(sampling.top_k).values[-1], float("-inf"))
    if sampling.top_p < 1:
        row = _nucleus(row, sampling.top_p)
    if sampling.min_p > 0:
        shares = row.softmax(-1)
        row = row.masked_fill(shares < sampling.min_p * shares.max(), float("-inf"))
    return row


def _nucleus(row: torch.Tensor, top_p: float) -> torch.Tensor:
    """`row` with all but the likeliest tokens that together hold `top_p` set to minus infinity."""
    shares, order = row.softmax(-1).sort(descending=True)
    beyond = shares.cumsum(-1) - shares >= top_p
    return row.index_fill(0, order[beyond], float("-inf"))
