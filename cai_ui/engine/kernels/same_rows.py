"""The same bits for a row, whichever rows are read beside it: bfloat16 and 4-bit weights on a processor.

In bfloat16 a sum that is taken in another order is rounded to another number every few hundred times, and after a few
layers every number differs: two tokens that are nearly as likely change places, and the same request gets another
text beside other requests. So sums are made not to depend on the rows. Measured, bit for bit: bitsandbytes' packed
4-bit product and oneDNN's bfloat16 product give a row the same for 2 to 200 rows; a row alone takes another way, and is
therefore multiplied twice. Attention, whose sums depend on padding and pieces, is taken in float64 and rounded
(`attention.attend`); norms and all else go row by row anyway.
"""

from __future__ import annotations

from typing import Any

import torch

TRIED_ROWS = (1, 2, 5, 33)
"""Numbers of rows that a product is compared for when a model is loaded."""


class AnyRowsLinear(torch.nn.Linear):
    """A bfloat16 linear layer whose row does not depend on how many there are."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if input.numel() > self.in_features or torch.is_grad_enabled():
            return super().forward(input)
        twice = super().forward(input.reshape(1, -1).expand(2, -1))
        return twice[:1].reshape(*input.shape[:-1], -1)


def use_same_rows(module: Any) -> None:
    """Have the bfloat16 linear layers in `module` do so; layers of other kinds stay as they are."""
    for part in module.modules():
        if type(part) is torch.nn.Linear and part.weight.dtype == torch.bfloat16:
            part.__class__ = AnyRowsLinear


@torch.inference_mode()
def products_agree(model: Any) -> bool:
    """Whether every kind of linear layer of this model gives a row the same bits for other numbers of rows.

    One layer of each class and shape is tried, since neither library promises it.
    """
    kinds = {
        (type(part), part.in_features, part.out_features): part
        for part in model.modules()
        if isinstance(part, torch.nn.Linear)
    }
    return all(_agrees(layer) for layer in kinds.values())


def _agrees(layer: Any) -> bool:
    most = max(TRIED_ROWS)
    numbers = torch.randn(most, layer.in_features, generator=torch.Generator().manual_seed(0))
    rows = numbers.to(torch.bfloat16)[:, None]  # as at one new token: rows, a column, features
    whole = layer(rows)
    return all(torch.equal(layer(rows[:number]), whole[:number]) for number in TRIED_ROWS)
