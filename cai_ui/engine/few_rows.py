"""Products with two or three rows on a processor, as when base and adapters answer side by side.

torch multiplies the rows by the weights there, at two to three times the price of one row. The weights times the rows
read the same memory once and cost about as much as one row (three rows, 768 x 2,688: 0.6 ms instead of 1.4).
"""

from __future__ import annotations

from typing import Any

import torch

MOST = 3


class FewRowsLinear(torch.nn.Linear):
    """A linear layer that turns the product round where the rows are few and nothing is learnt."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        rows = input.numel() // input.shape[-1]
        if not 1 < rows <= MOST or torch.is_grad_enabled():
            return super().forward(input)
        found = torch.mm(self.weight, input.reshape(rows, -1).t()).t().contiguous()
        found = found if self.bias is None else found + self.bias
        return found.view(*input.shape[:-1], -1)


def use_few_rows(model: Any) -> None:
    """Have the model's own linear layers do so; layers of other kinds (4-bit ones) stay as they are."""
    for module in model.modules():
        if type(module) is torch.nn.Linear:
            module.__class__ = FewRowsLinear
