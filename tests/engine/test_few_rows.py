"""Turning a product of few rows round changes its price, not what it gives."""

from __future__ import annotations

import pytest
import torch

from cai_ui.engine.few_rows import FewRowsLinear, use_few_rows


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, 24), (2, 1, 24), (1, 3, 24), (3, 24), (4, 1, 24), (0, 24)])
def test_few_rows_give_the_same(shape: tuple[int, ...], bias: bool):
    torch.manual_seed(0)
    plain = torch.nn.Linear(24, 40, bias=bias)
    model = torch.nn.Sequential(torch.nn.Linear(24, 40, bias=bias))
    model[0].load_state_dict(plain.state_dict())
    use_few_rows(model)
    x = torch.randn(shape)
    with torch.inference_mode():
        found = model(x)
        torch.testing.assert_close(found, plain(x), atol=1e-6, rtol=1e-5)
    assert isinstance(model[0], FewRowsLinear) and found.is_contiguous()
    learnt = model(x.clone().requires_grad_()).sum()
    learnt.backward()
    assert model[0].weight.grad is not None
