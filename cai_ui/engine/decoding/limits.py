"""How much of a model's work is done at once: read in one piece, and held in one batch."""

from __future__ import annotations

from dataclasses import dataclass

from cai_ui.engine.weights.estimate import free_bytes
from cai_ui.engine.weights.loading import LoadedModel

MAX_ROWS = 64
"""Rows decoded at once, beside the first row of each asker."""
READING_WORK = 2e10
"""Multiply-adds of one piece of reading on a CPU: a few tenths of a second on two cores."""
KV_SHARE = 0.4
"""Share of the free memory that the keys and values of one batch may take."""


@dataclass
class Limits:
    """`read_tokens` of one piece of reading (rows x columns); `kv_tokens` that may be held in one batch."""

    read_tokens: int
    kv_tokens: int
    max_rows: int = MAX_ROWS


def limits_of(loaded: LoadedModel) -> Limits:
    """The limits for a model, with the memory that is free now."""
    free = free_bytes(loaded.device)
    return Limits(_read_tokens(loaded), int(KV_SHARE * (free if free is not None else 4e9) / kv_bytes(loaded)))


def kv_bytes(loaded: LoadedModel) -> int:
    """Bytes of the keys and values of one token."""
    config = loaded.model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(2 * config.num_hidden_layers * heads * size * loaded.model.dtype.itemsize)


def _read_tokens(loaded: LoadedModel) -> int:
    """Tokens of one piece of reading. Fixed per model rather than timed, so that a text never depends on timing."""
    if loaded.device == "cuda":
        return 8192
    weights = sum(p.numel() for p in loaded.model.parameters())
    return int(min(4096, max(32, READING_WORK / weights)))
