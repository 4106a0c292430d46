"""One token per row from the model's logits. A row's noise is its own, so its neighbours cannot change it."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cai_ui.config import Sampling


def draw(logits: torch.Tensor, rows: Sequence[tuple[Sampling, torch.Generator]]) -> list[int]:
    """One token per row of `logits` (rows, vocabulary).

    Temperature 0 takes the likeliest. Otherwise Gumbel noise from the row's own generator is added
    and the largest taken, which draws from the softmax; tokens outside `top_p` are left out first.
    """
    if all(sampling.temperature == 0 for sampling, _ in rows):
        likeliest: list[int] = logits.argmax(dim=-1).tolist()
        return likeliest
    scores = logits.clone()
    for place, (sampling, noise) in enumerate(rows):
        if sampling.temperature == 0:
            continue
        row = scores[place] / sampling.temperature
        if sampling.top_p < 1:
            row = _nucleus(row, sampling.top_p)
        gumbel = -torch.empty(row.shape).exponential_(generator=noise).log()
        scores[place] = row + gumbel.to(row.device)
    tokens: list[int] = scores.argmax(dim=-1).tolist()
    return tokens


def _nucleus(row: torch.Tensor, top_p: float) -> torch.Tensor:
    """`row` with all but the likeliest tokens that together hold `top_p` set to minus infinity."""
    shares, order = row.softmax(-1).sort(descending=True)
    beyond = shares.cumsum(-1) - shares >= top_p
    return row.index_fill(0, order[beyond], float("-inf"))
