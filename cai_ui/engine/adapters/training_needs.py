"""What a training run would need of this machine, and what of it is free: looked at, not tried.

What a token keeps in memory is an estimate from the model's shape.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import torch

from cai_ui.config.train import TrainSettings
from cai_ui.engine.adapters.files import AdapterFolder
from cai_ui.engine.adapters.training_seat import ATTENTION, linear_layers, trainable_parameters
from cai_ui.engine.weights.estimate import free_bytes

LARGE = 1_000_000_000
"""From this many weights on, activations are computed twice to save memory, unless told otherwise."""
SCATTERED, LOGITS = 1.5, 10
"""Peak of a process on a CPU, by what autograd keeps of the layers, and by the logits in float32: the loss and its
metrics copy these, and glibc hands freed tensors between kept ones to nobody (both fitted to runs with LoRA on all
linear layers of models with 4 and 135 million weights, activations computed once and twice)."""


@dataclass(frozen=True)
class TrainingNeeds:
    """Shape and device of the model as a run would use it.

    `modules` are the layer names that get LoRA matrices; `trained` counts numbers. `kept_bytes` is what one token's
    activations take until the backward pass, `kept_twice` where they are computed twice. `free_bytes` is of the
    device's memory (None if it cannot be told); `flops` are measured, in multiply-adds x 2 per second (None: they were
    not).
    """

    weights: int
    trained: int
    modules: tuple[str, ...]
    device: str
    kept_bytes: int
    kept_twice: int
    free_bytes: int | None
    flops: float | None

    def twice(self, settings: TrainSettings) -> bool:
        """Whether activations are computed a second time for the backward pass."""
        return computed_twice(settings, self.weights)

    def kept(self, settings: TrainSettings) -> int:
        """Bytes that one token's activations take until the backward pass."""
        return self.kept_twice if self.twice(settings) else self.kept_bytes


def training_needs(
    model: Any, settings: TrainSettings, start: AdapterFolder | None, measured: bool = True
) -> TrainingNeeds:
    """Look at a loaded model. The measurement of `flops` takes some hundredths of a second.

    Without `measured` the device is not touched: it may be one that this process is not lent now.
    """
    modules = _modules(model, settings, start)
    first = next(model.parameters())
    weights = int(model.num_parameters())
    kept_bytes, kept_twice = _kept_bytes(model.config, first.device.type)
    return TrainingNeeds(
        weights=weights,
        trained=trainable_parameters(model, settings, start),
        modules=modules,
        device=first.device.type,
        kept_bytes=kept_bytes,
        kept_twice=kept_twice,
        free_bytes=free_bytes(first.device.type) if measured else None,
        flops=measured_flops(first.device.type) if measured else None,
    )


def computed_twice(settings: TrainSettings, weights: int) -> bool:
    """Whether a run on a model of so many weights computes its activations a second time (gradient checkpointing)."""
    return weights > LARGE if settings.checkpointing == "auto" else settings.checkpointing == "on"


def measured_flops(device: str) -> float:
    """Speed of one matrix product of the size that training does, the best of three."""
    kind = torch.bfloat16 if device == "cuda" else torch.float32
    left = torch.ones(512, 512, device=device, dtype=kind)
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        product = left @ left
        float(product[0, 0])  # waits for the device
        best = min(best, time.perf_counter() - began)
    return 2 * 512**3 / best


def _modules(model: Any, settings: TrainSettings, start: AdapterFolder | None) -> tuple[str, ...]:
    if start is not None:
        return tuple(sorted(start.config["target_modules"]))
    return tuple(sorted(ATTENTION if settings.modules == "attention q+v" else linear_layers(model)))


def _kept_bytes(config: Any, device: str) -> tuple[int, int]:
    """What a decoder of this shape keeps per token, and what where its layers are computed twice.

    A layer keeps inputs of norms and linear layers, keys and values, and what its gates multiply; the head, the logits.
    """
    hidden, layers = config.hidden_size, config.num_hidden_layers
    inner = getattr(config, "intermediate_size", 4 * hidden)
    if device == "cuda":
        width, layer, logits, scattered = 2, 2 * (12 * hidden + 4 * inner), 3 * 4 * config.vocab_size, 1.0
    else:
        heads = config.num_attention_heads
        shared = hidden * getattr(config, "num_key_value_heads", heads) // heads
        layer, logits = 4 * (6 * hidden + 2 * shared + 4 * inner), LOGITS * 4 * config.vocab_size
        width, scattered = 4, SCATTERED
    once, twice = layers * layer, layers * width * hidden + layer
    return int(scattered * once + logits), int(scattered * twice + logits)
