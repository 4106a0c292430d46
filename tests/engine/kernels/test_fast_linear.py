"""How weights lie, and what multiplies by them, changes the price of a product, not what it gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cai_ui.engine.kernels import fast_linear
from cai_ui.engine.kernels.fast_linear import FewRowsLinear, use_fast_linear


class Model(torch.nn.Module):
    def __init__(self, bias: bool) -> None:
        super().__init__()
        self.tokens = torch.nn.Embedding(40, 24)
        self.layer = torch.nn.Linear(24, 40, bias=bias)
        self.head = torch.nn.Linear(24, 40, bias=False)
        self.head.weight = self.tokens.weight

    def get_input_embeddings(self) -> torch.nn.Embedding:
        return self.tokens


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, 24), (2, 1, 24), (1, 3, 24), (3, 24), (40, 24), (0, 24)])
@pytest.mark.parametrize("large", [0, 2**18])
def test_few_rows_give_the_same(monkeypatch: Any, shape: tuple[int, ...], bias: bool, large: int):
    monkeypatch.setattr(fast_linear, "LARGE", large)
    torch.manual_seed(0)
    model = Model(bias)
    plain = torch.nn.Linear(24, 40, bias=bias)
    plain.load_state_dict(model.layer.state_dict())
    use_fast_linear(model)
    x = torch.randn(shape)
    with torch.inference_mode():
        found = model.layer(x)
        torch.testing.assert_close(found, plain(x), atol=1e-6, rtol=1e-5)
    assert isinstance(model.layer, FewRowsLinear) and found.is_contiguous()
    learnt = model.layer(x.clone().requires_grad_()).sum()
    learnt.backward()
    assert model.layer.weight.grad is not None


def test_what_tokens_are_looked_up_in_lies_by_row_and_stays_one():
    model = Model(bias=False)
    use_fast_linear(model)
    assert model.head.weight is model.tokens.weight and model.head.weight.is_contiguous()
    assert not model.layer.weight.is_contiguous() and model.layer.weight.shape == (40, 24)
    half = Model(bias=False).to(torch.bfloat16)
    use_fast_linear(half)
    assert half.layer.weight.is_contiguous() and type(half.layer) is torch.nn.Linear
