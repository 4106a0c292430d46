"""Gradients through 4-bit weights that bitsandbytes has packed for the CPU.

On processors with AVX512-BF16, bitsandbytes rearranges NF4 weights in place at their first
evaluation pass (38 times faster for one token of a 4096 x 4096 layer, measured). The packed product
has no gradient: PyTorch warns once and hands on nothing, so a LoRA run on such weights would train
only its last layers. Here the training tree gets a forward of its own over the same packed weights,
whose backward multiplies by the weights unpacked for the moment.

Asking such a layer for its state (which PEFT does whenever an adapter is saved or loaded) makes
bitsandbytes unpack the shared weights in place, with a loss; that is prevented too.
"""

from __future__ import annotations

import types
from typing import Any

import torch

LANES = 32
"""Output rows that bitsandbytes packs together (its `block_n`)."""


def pack_now(model: Any) -> None:
    """Let the packing happen at once, by one pass over one token, so that the weights never change later.

    Without `inference_mode`: the packed tensors must be ordinary ones to be used in training.
    """
    with torch.no_grad():
        model(torch.zeros((1, 1), dtype=torch.long))
    for module in _packed_layers(model):
        module._save_to_state_dict = types.MethodType(_save_packed, module)


def make_trainable(tree: Any) -> None:
    """Give every packed 4-bit layer of a training tree a forward with a gradient."""
    for module in _packed_layers(tree):
        module.forward = types.MethodType(_forward, module)


def unpack(packed: torch.Tensor, state: Any) -> torch.Tensor:
    """The dense (out, in) bfloat16 weight that a packed one stands for.

    `packed` is (out, in / 2) bytes: for 32 rows and two neighbouring columns, the low halves of 32
    bytes and then the high ones. `state.absmax` is (in / blocksize, out), `state.code` the 16 values.
    """
    rows, columns = state.shape
    lanes = packed.reshape(-1, LANES)
    halves = torch.cat([lanes & 0xF, lanes >> 4], dim=-1)
    codes = halves.reshape(rows // LANES, columns // 2, LANES, 2).transpose(1, 2).reshape(rows, columns)
    scale = state.absmax.T.repeat_interleave(state.blocksize, dim=1)
    return (state.code.to(scale.dtype)[codes.long()] * scale).to(torch.bfloat16)


def _packed_layers(model: Any) -> list[Any]:
    states = ((m, getattr(getattr(m, "weight", None), "quant_state", None)) for m in model.modules())
    return [module for module, state in states if getattr(state, "packing_format_for_cpu", False)]


def _save_packed(self: Any, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
    """The packed bytes as they are: the base is never written from memory, only adapters are."""
    destination[prefix + "weight"] = self.weight.data


class _PackedProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, state: Any) -> torch.Tensor:
        from bitsandbytes.functional import gemv_4bit

        ctx.weight, ctx.state = weight, state
        product: torch.Tensor = gemv_4bit(x.contiguous(), weight, state=state)
        return product

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        dense = unpack(ctx.weight, ctx.state)
        return gradients[0].to(dense.dtype) @ dense, None, None


def _forward(self: Any, x: torch.Tensor) -> torch.Tensor:
    product: torch.Tensor = _PackedProduct.apply(x.to(torch.bfloat16), self.weight.data, self.weight.quant_state)
    if self.bias is not None:
        product = product + self.bias.to(product.dtype)
    return product.to(x.dtype)
