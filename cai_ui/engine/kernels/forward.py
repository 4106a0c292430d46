"""Logits of a batch: through transformers' own pass, or a short way that gives the same.

transformers' pass does some sixty operations per layer, with checks and a mask of its own around them; for one token
of a model of a few million weights they cost more than the products with the weights. The short way calls the same
modules (so adapters and every kind of linear layer work as ever), does norms, rotation and attention in few
operations, and is taken where both gave the same logits when the model was loaded.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.functional import rms_norm

from cai_ui.engine.kernels.attention import added_mask, attend
from cai_ui.engine.kernels.kv_cache import KeyValues

KINDS = ("mistral", "llama")
"""Model types whose layers are built as `_layer` has it."""
MOST_COLUMNS = 64
"""Longer pieces go through transformers' pass: at a text's start it leaves out what a piece need not see."""


def forward(model: Any, ids: torch.Tensor, kv: KeyValues, keep: int) -> torch.Tensor:
    """Logits (rows, keep, vocabulary), in float32, of the last `keep` columns after reading `ids` (rows, columns)."""
    if ids.shape[1] <= MOST_COLUMNS and getattr(model, "short_way", False):
        return _short_way(model, ids, kv, keep)
    return _usual_way(model, ids, kv, keep)


def use_short_way(model: Any) -> None:
    """Have a model on a processor, whose attention takes beginnings, go the short way if it leads to the same.

    Weights in fewer bits are left out: norms round elsewhere there, and those models are so large that products
    are what costs.
    """
    if model.config.model_type in KINDS and model.dtype == torch.float32:
        model.short_way = _leads_to_the_same(model)


def _usual_way(model: Any, ids: torch.Tensor, kv: KeyValues, keep: int) -> torch.Tensor:
    columns, positions = _columns(ids, kv)
    beginnings = {"beginnings": kv.groups} if kv.groups else {}
    out = model(
        input_ids=ids,
        attention_mask=(columns >= kv.starts[:, None]).long(),
        position_ids=positions,
        cache=kv.cache,
        use_cache=True,
        logits_to_keep=keep,
        **beginnings,
    )
    logits: torch.Tensor = out.logits.float()
    return logits


def _short_way(model: Any, ids: torch.Tensor, kv: KeyValues, keep: int) -> torch.Tensor:
    text = model.model
    columns, positions = _columns(ids, kv)
    hidden = text.embed_tokens(ids)
    cos, sin = (part[:, :, None] for part in text.rotary_emb(hidden, positions))
    half = sin.shape[-1] // 2
    turn = (cos, torch.cat((-sin[..., :half], sin[..., half:]), -1))
    heads = model.config.num_attention_heads // model.config.num_key_value_heads
    visible = _visible(columns, kv)
    mask = added_mask(visible, heads, hidden.dtype)
    *layers, last = text.layers
    for place, layer in enumerate(layers):
        hidden = _layer(layer, place, hidden, turn, mask, kv)
    if keep < ids.shape[1] and visible is not None:
        mask = added_mask(visible[:, :, -keep:], heads, hidden.dtype)
    hidden = _layer(last, len(layers), hidden, turn, mask, kv, keep)
    logits: torch.Tensor = model.lm_head(_normed(text.norm, hidden))
    return logits


def _layer(
    layer: Any,
    place: int,
    hidden: torch.Tensor,
    turn: tuple[torch.Tensor, torch.Tensor],
    mask: torch.Tensor | None,
    kv: KeyValues,
    keep: int = 0,
) -> torch.Tensor:
    """hidden (rows, columns, size); `turn` are the cosines and the signed sines, (rows, columns, 1, head size).

    Gives the last `keep` columns (0: all); of the others only keys and values are made.
    """
    own = layer.self_attn
    normed = _normed(layer.input_layernorm, hidden)
    kept, hidden = normed[:, -keep:], hidden[:, -keep:]
    query, key, value = (
        part(of).view(*of.shape[:2], -1, own.head_dim)
        for part, of in ((own.q_proj, kept), (own.k_proj, normed), (own.v_proj, normed))
    )
    if query.shape[1] == key.shape[1]:
        query, key = _turned(torch.cat((query, key), 2), turn).split((query.shape[2], key.shape[2]), 2)
    else:
        query, key = _turned(query, (turn[0][:, -keep:], turn[1][:, -keep:])), _turned(key, turn)
    keys, values = kv.cache.update(key.transpose(1, 2), value.transpose(1, 2), place)
    found = attend(query.transpose(1, 2), keys, values, mask, own.scaling, kv.groups, place)
    hidden = hidden + own.o_proj(found.flatten(2))
    after: torch.Tensor = hidden + layer.mlp(_normed(layer.post_attention_layernorm, hidden))
    return after


def _turned(heads: torch.Tensor, turn: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    return heads * turn[0] + heads.roll(heads.shape[-1] // 2, -1) * turn[1]


def _normed(norm: Any, hidden: torch.Tensor) -> torch.Tensor:
    return rms_norm(hidden, norm.weight.shape, norm.weight, norm.variance_epsilon)


def _columns(ids: torch.Tensor, kv: KeyValues) -> tuple[torch.Tensor, torch.Tensor]:
    """Numbers of all columns after reading `ids`, and the positions (rows, columns of `ids`) of the new ones."""
    columns = torch.arange(kv.width + ids.shape[1], device=ids.device)
    return columns, (columns[kv.width :] - kv.starts[:, None]).clamp(min=0) + kv.offsets[:, None]


def _visible(columns: torch.Tensor, kv: KeyValues) -> torch.Tensor | None:
    """Which of all `columns` each new one sees, (rows, 1, new columns, all columns); None where all are seen."""
    new = columns[kv.width :]
    if len(new) == 1 and not kv.starts.any():
        return None
    return ((columns >= kv.starts[:, None, None]) & (columns <= new[:, None]))[:, None]


@torch.inference_mode()
def _leads_to_the_same(model: Any) -> bool:
    """Both ways read a piece of two rows, one of them padded, and a token more."""
    ids = torch.arange(12).view(2, 6) % model.config.vocab_size
    found = []
    for way in (_usual_way, _short_way):
        kv = KeyValues(torch.tensor([0, 2]))
        found.append(torch.cat([way(model, ids[:, :5], kv, 1), way(model, ids[:, 5:], kv, 1)]))
    same: bool = torch.allclose(*found, atol=1e-4, rtol=1e-4)
    return same
