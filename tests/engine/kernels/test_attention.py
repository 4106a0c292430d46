"""Attending to one copy of what rows begin with is attending to the whole text; where a model cannot, none is lent."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cai_ui.engine.decoding.batch import Given, Reading
from cai_ui.engine.decoding.prefix_cache import PrefixCache
from cai_ui.engine.kernels.attention import use_shared_heads
from cai_ui.engine.kernels.forward import forward

SHOTS = [5 + place % 90 for place in range(300)]
ENDS = ([7, 8, 9], [11, 12], list(range(20, 50)), [6])


def read(model: Any, cache: PrefixCache, texts: list[list[int]], columns: int) -> tuple[Reading, torch.Tensor]:
    """Logits of the last token of each text, read piece by piece."""
    with torch.inference_mode():
        reading = Reading([Given("a", ids) for ids in texts], cache, "cpu")
        while reading.logits is None:
            reading.read_piece(model, columns)
    return reading, reading.logits[:, -1]


@pytest.mark.parametrize("columns", [1, 7, 100])
def test_two_parts_weigh_as_the_whole(tiny_engine: Any, columns: int):
    assert tiny_engine._loaded.shares
    model, cache = tiny_engine._adapters.base, PrefixCache(10**9, shares=True)
    texts = [SHOTS + end for end in ENDS]
    _, whole = read(model, PrefixCache(0), texts, 1000)
    read(model, cache, [SHOTS], 1000)[0].keep(cache)
    shared, logits = read(model, cache, texts, columns)
    assert shared.kv.groups[0][0].length == 300 and shared.kv.width == 30, "the shots are not copied"
    torch.testing.assert_close(logits, whole, atol=2e-5, rtol=1e-4)

    late, _ = read(model, cache, [[*SHOTS, 60, 61]], columns)
    other, _ = read(model, cache, [[70, 71, 72]], columns)
    for reading in (late, other):
        shared.kv.join(reading.kv)
    assert [None if rows is None else rows.tolist() for _, rows in shared.kv.groups] == [[0, 1, 2, 3, 4]]
    ids = torch.tensor([[50], [51], [52], [53], [54], [55]])
    with torch.inference_mode():
        step = forward(model, ids, shared.kv, 1)[:, -1]
    told = [*texts, [*SHOTS, 60, 61], [70, 71, 72]]
    _, whole = read(model, PrefixCache(0), [[*text, 50 + row] for row, text in enumerate(told)], 1000)
    torch.testing.assert_close(step, whole, atol=2e-5, rtol=1e-4)


def test_a_model_that_looks_through_a_window_lends_nothing():
    from transformers import MistralConfig, MistralForCausalLM

    sizes = {"vocab_size": 32, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2}
    sizes |= {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 4}
    shares = {w: use_shared_heads(MistralForCausalLM(MistralConfig(sliding_window=w, **sizes))) for w in (None, 4)}
    assert shares == {None: True, 4: False}


def test_a_model_that_keeps_beginnings_to_itself_lends_nothing():
    from transformers import MistralConfig, MistralForCausalLM
    from transformers.models.mistral.modeling_mistral import MistralAttention

    sizes = {"vocab_size": 32, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2}
    sizes |= {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 4}
    model = MistralForCausalLM(MistralConfig(sliding_window=None, **sizes))

    class Silent(MistralAttention):
        def forward(self, *args: Any, beginnings: Any = None, **options: Any) -> Any:
            return super().forward(*args, **options)

    model.model.layers[1].self_attn = Silent(model.config, 1)
    assert not use_shared_heads(model.eval())
