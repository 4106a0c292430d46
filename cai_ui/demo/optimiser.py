"""Muon for the matrices of the layers, AdamW for everything else, and the learning-rate schedule.

Muon (Jordan 2024) replaces the momentum of a matrix by the nearest orthogonal one, found by a few
Newton-Schulz iterations, so that all directions of a matrix learn at the same rate.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cache
from typing import Any

import torch

_NS = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic Newton-Schulz iteration; they drive singular values to about 1 in 5 rounds."""


class Muon(torch.optim.Optimizer):
    """Momentum with Nesterov's look-ahead, made orthogonal. For two-dimensional parameters."""

    def __init__(self, params: Iterable[torch.Tensor], lr: float = 0.02, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                momentum = state.setdefault("momentum", torch.zeros_like(parameter))
                momentum.lerp_(parameter.grad, 1 - group["momentum"])
                update = orthogonal(parameter.grad.lerp(momentum, group["momentum"]))
                scale = max(1.0, parameter.shape[0] / parameter.shape[1]) ** 0.5
                parameter.add_(update, alpha=-group["lr"] * scale)


def orthogonal(matrix: torch.Tensor, rounds: int = 5) -> torch.Tensor:
    """About the orthogonal factor of `matrix`; same shape."""
    a, b, c = _NS
    x = matrix / (matrix.norm() + 1e-7)
    x = x.bfloat16() if halves_pay() else x
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(rounds):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return (x.T if tall else x).to(matrix.dtype)


def optimisers(model: torch.nn.Module) -> list[torch.optim.Optimizer]:
    """One for the matrices of the layers, one for embeddings and norms."""
    named = list(model.named_parameters())
    matrices = [p for name, p in named if p.ndim == 2 and "embed" not in name and "lm_head" not in name]
    chosen = {id(p) for p in matrices}
    rest = [p for _, p in named if id(p) not in chosen]
    return [Muon(matrices), torch.optim.AdamW(rest, lr=3e-3, betas=(0.9, 0.95), weight_decay=0.0)]


def rate(step: int, steps: int, warm_up: int = 100) -> float:
    """Share of the full learning rate: a warm-up, level to 25 % of the steps, then down to 2 % in a line."""
    if step < warm_up:
        return (step + 1) / warm_up
    done = step / steps
    return 1.0 if done < 0.25 else 1.0 - 0.98 * (done - 0.25) / 0.75


@cache
def halves_pay() -> bool:
    """Whether this processor multiplies bfloat16 faster than float32. Without the instructions for it, it takes some
    forty times as long. The best of many tries counts, so that other work on the machine does not decide."""
    best = {}
    for dtype in (torch.float32, torch.bfloat16):
        matrix = torch.ones(512, 512, dtype=dtype)
        tries = []
        for _ in range(16):
            began = time.perf_counter()
            matrix @ matrix
            tries.append(time.perf_counter() - began)
        best[dtype] = min(tries)
    return best[torch.bfloat16] < best[torch.float32]
