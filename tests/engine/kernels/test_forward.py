"""The short way through a model gives what transformers' own pass gives; a model of another build does not take it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

from cai_ui.engine.kernels.attention import use_shared_heads
from cai_ui.engine.kernels.forward import _short_way, _usual_way, use_short_way
from cai_ui.engine.kernels.kv_cache import Beginning, KeyValues

SIZES = {"vocab_size": 32, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2}
SIZES |= {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 4}


def mistral() -> Any:
    torch.manual_seed(0)
    return MistralForCausalLM(MistralConfig(sliding_window=None, initializer_range=0.3, **SIZES)).eval()


def llama_with_biases() -> Any:
    torch.manual_seed(0)
    scaled = {"rope_type": "linear", "factor": 3.0, "rope_theta": 10000.0}
    config = LlamaConfig(attention_bias=True, mlp_bias=True, initializer_range=0.3, rope_parameters=scaled, **SIZES)
    model = LlamaForCausalLM(config).eval()
    for name, part in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(part)
    return model


@pytest.mark.parametrize("build", [mistral, llama_with_biases])
@pytest.mark.parametrize("begun", [False, True])
def test_both_ways_lead_to_the_same(build: Any, begun: bool):
    model = build()
    assert use_shared_heads(model)
    use_short_way(model)
    assert model.short_way
    pair = (torch.randn(2, 9, 4), torch.randn(2, 9, 4))
    beginning = Beginning(9, [pair, pair])
    found = []
    for way in (_usual_way, _short_way):
        kv = KeyValues(torch.tensor([0, 3, 1]), [beginning, None, beginning] if begun else ())
        ids = torch.arange(27).view(3, 9) % 32
        with torch.inference_mode():
            logits = [way(model, ids[:, part], kv, 1) for part in (slice(0, 6), slice(6, 7), slice(7, 9))]
        found.append(torch.cat(logits, 1))
    torch.testing.assert_close(found[1], found[0], atol=1e-6, rtol=1e-5)


def test_a_model_that_gives_something_else_is_asked_itself():
    model = mistral()
    use_shared_heads(model)
    model.model.layers[0].register_forward_hook(lambda module, given, out: out * 2)
    use_short_way(model)
    assert not model.short_way


def test_weights_in_fewer_bits_keep_transformers_way():
    model = mistral().to(torch.bfloat16)
    use_shared_heads(model)
    use_short_way(model)
    assert not hasattr(model, "short_way")


def test_the_engines_models_take_it(tiny_engine: Any):
    assert tiny_engine._adapters.base.short_way
