"""Products with float32 weights on a processor where the rows are few: one answer's token, three variants', a batch's.

torch's usual product reads weights faster that lie by input than those that lie by output, as they come from a file.
With several rows and large weights oneDNN is faster again (16 rows and three layers of 768 x 2,688: 3.6 ms instead of
5.0; three rows: 2.4 instead of 5.4), and so it is with smaller weights where a text is read (64 rows of 50 tokens on
the embedded model: half the time). The shape of a weight, and what a layer gives, stay the same.
"""

from __future__ import annotations

from typing import Any

import torch

LARGE = 2**18
"""Weights of this many numbers are worth what a call of oneDNN costs by itself."""
MANY = 80
"""So many rows are worth it with any weights; more than are decoded at once."""


class FewRowsLinear(torch.nn.Linear):
    """A linear layer that leaves its product to oneDNN where that is faster and nothing is learnt."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        rows = input.numel() // self.in_features
        few = rows < (2 if self.weight.numel() >= LARGE else MANY)
        if few or torch.is_grad_enabled() or input.dtype != self.weight.dtype:  # a trainer's autocast mixes them
            return super().forward(input)
        return _by_onednn(input, self.weight, self.bias)


def use_fast_linear(model: Any) -> None:
    """Have the model's own float32 layers do so; layers of other kinds (4-bit ones) stay as they are."""
    tokens = model.get_input_embeddings().weight
    onednn = torch.backends.mkldnn.is_available() and _onednn_agrees()
    for module in model.modules():
        if type(module) is torch.nn.Linear and module.weight.dtype == torch.float32:
            if module.weight is not tokens:  # tokens are looked up by row
                module.weight.data = module.weight.data.t().contiguous().t()
            if onednn:
                module.__class__ = FewRowsLinear


def _by_onednn(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    found: torch.Tensor = torch.ops.mkldnn._linear_pointwise(input, weight, bias, "none", [], "")
    return found


def _onednn_agrees() -> bool:
    """Whether this torch lends the operation, which it does not promise, and its product is that of torch."""
    rows, weight = torch.linspace(-1, 1, 3 * 16).view(3, 16), torch.linspace(-2, 3, 16 * 8).view(16, 8).t()
    try:
        return bool(torch.allclose(_by_onednn(rows, weight, None), rows @ weight.t(), atol=1e-5))
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return False
