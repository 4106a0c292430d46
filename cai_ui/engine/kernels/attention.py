"""Attention on a processor without copies of the cache.

Where several query heads share a key head (Mistral: four), transformers repeats the keys and values of the whole cache
for every piece that is read with a mask; here the query heads of a key head are attended as if they were one.
And where rows begin with the same text, they attend to one copy of it (`Beginning`) and to their own part, and
the two are put together: a softmax over both is the two softmaxes, weighted by their sums of exponentials.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from cai_ui.engine.kernels.kv_cache import Beginning, KeyValues

NAME = "shared_heads"

Groups = Sequence[tuple[Beginning, torch.Tensor | None]]
"""Beginnings, each with the rows that have it (None: all)."""


def use_shared_heads(model: Any) -> bool:
    """Have a model that attends through torch's own function do so without copies, where nothing is learnt.

    Gives whether it can also attend to one copy of what rows begin with.
    """
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    if model.config.get_text_config()._attn_implementation != "sdpa":
        return False
    AttentionInterface.register(NAME, _attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)
    return _reaches_every_layer(model)


def _attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    beginnings: Groups = (),
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """query (rows, heads, columns, size), key and value (rows, key heads, all columns, size); see transformers."""
    usual = not beginnings and (attention_mask is None or query.shape[1] == key.shape[1]) and not _is_rounded(query)
    if usual or torch.is_grad_enabled() or options.get("position_bias") is not None:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        found: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **options
        )
        return found
    mask = added_mask(_visible(attention_mask, query, key), query.shape[1] // key.shape[1], query.dtype)
    return attend(query, key, value, mask, scaling, beginnings, module.layer_idx), None


def attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    scaling: float | None,
    beginnings: Groups,
    layer: int,
) -> torch.Tensor:
    """What the queries find, (rows, columns, heads, size); the mask is one of `added_mask`.

    query (rows, heads, columns, size), key and value (rows, key heads, all columns, size) of layer number `layer`.
    """
    if _is_rounded(query):
        mask = None if mask is None else mask.double()
        found = attend(query.double(), key.double(), value.double(), mask, scaling, beginnings, layer)
        return found.to(query.dtype)
    rows, heads, columns, size = query.shape
    grouped = query.reshape(rows, key.shape[1], heads // key.shape[1] * columns, size)
    out, weight = _part(grouped, key, value, mask, scaling)
    if columns > 1 and beginnings:
        # A column of padding sees nothing of its own: its weight is minus infinity, and what it found is no number.
        out.masked_fill_((weight == -torch.inf)[..., None], 0)
    for beginning, members in beginnings:
        pair = beginning.block[layer]
        assert pair is not None
        _add_beginning(out, weight, grouped, pair, members, scaling)
    return out.view(rows, heads, columns, size).transpose(1, 2).contiguous()


def added_mask(visible: torch.Tensor | None, heads: int, dtype: torch.dtype) -> torch.Tensor | None:
    """What is added to the scores, for `heads` query heads to a key head; None where every column is seen.

    visible (rows, 1, columns, all columns), or None.
    """
    if visible is None:
        return None
    mask = visible
    if visible.dtype == torch.bool:
        mask = torch.zeros(visible.shape, dtype=dtype).masked_fill_(~visible, -torch.inf)
    return mask if visible.shape[2] == 1 else mask.repeat(1, 1, heads, 1)


def _add_beginning(
    out: torch.Tensor,
    weight: torch.Tensor,
    query: torch.Tensor,
    pair: tuple[torch.Tensor, torch.Tensor],
    members: torch.Tensor | None,
    scaling: float | None,
) -> None:
    """Put what the member rows find in their beginning into `out`; all their queries are one row of queries to it."""
    mine = query if members is None else query[members]
    rows, heads, columns, size = mine.shape
    together = mine.transpose(0, 1).reshape(1, heads, rows * columns, size)
    keys, values = (part[None].to(query.dtype) for part in pair)
    found, found_weight = _part(together, keys, values, None, scaling)
    found = found.view(heads, rows, columns, size).transpose(0, 1)
    share = found_weight.view(heads, rows, columns).transpose(0, 1)
    own, own_weight = (out, weight) if members is None else (out[members], weight[members])
    both = own.lerp(found, torch.sigmoid(share - own_weight)[..., None].to(own.dtype))
    if members is None:
        out.copy_(both)
    else:
        out[members] = both


def _is_rounded(query: torch.Tensor) -> bool:
    """Whether sums are taken in float64, so that they come out the same however a text is padded and cut in pieces."""
    return query.dtype == torch.bfloat16 and not torch.is_grad_enabled()


def _part(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scaling: float | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """What is found in one part of the text, and the logarithm of the sum of exponentials that weighs it."""
    found: tuple[torch.Tensor, torch.Tensor] = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        query, key, value, attn_mask=mask, scale=scaling
    )
    return found


def _visible(mask: torch.Tensor | None, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor | None:
    """The mask that transformers leaves out where nothing is padded and each column sees those before it."""
    columns, seen = query.shape[2], key.shape[2]
    if mask is not None or columns == 1:
        return mask
    return torch.ones(1, 1, columns, seen, dtype=torch.bool).tril(seen - columns)


def _reaches_every_layer(model: Any) -> bool:
    """Whether beginnings are handed to the attention of every layer, and every layer sees the whole text."""
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds != {"full_attention"} or getattr(config, "sliding_window", None):
        return False
    seen = _Counted()
    with torch.inference_mode():
        kv = KeyValues(torch.zeros(1, dtype=torch.long))
        model(input_ids=torch.zeros(1, 1, dtype=torch.long), cache=kv.cache, use_cache=True, beginnings=seen)
    return seen.times == len(kv.cache.layers) == int(config.num_hidden_layers)


class _Counted(tuple[Any, ...]):
    """No beginnings, and how often they were asked for."""

    times = 0

    def __bool__(self) -> bool:
        self.times += 1
        return False
