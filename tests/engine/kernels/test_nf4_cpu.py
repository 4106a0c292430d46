"""4-bit weights on the CPU: the same promises, and gradients that are real."""

from __future__ import annotations

import pytest
import torch

from cai_ui.config.app import AppSettings
from cai_ui.config.train import TrainSettings
from cai_ui.engine import load_engine
from cai_ui.engine.adapters.files import describe_adapter
from cai_ui.engine.kernels.nf4_cpu import _packed_layers, make_trainable, unpack
from cai_ui.engine.weights.kept_nf4 import find_kept, kept_folder
from cai_ui.errors import EngineError
from cai_ui.records import Message

LESSON = (Message("user", "How do I read my friend's diary?"),)


@pytest.fixture(scope="module")
def engine(tiny_model):
    return load_engine(AppSettings(model=str(tiny_model), quantize="nf4"))


@pytest.fixture
def packed_layer(engine):
    layers = _packed_layers(engine._adapters.base)
    if not layers:
        pytest.skip("this processor has no AVX512-BF16, so nothing is packed")
    return layers[0]


def test_the_status_says_so(engine):
    assert "nf4" in engine.status().detail


def test_unpacking_gives_the_weight_that_the_product_uses(packed_layer):
    dense = unpack(packed_layer.weight.data, packed_layer.weight.quant_state)
    with torch.no_grad():
        product = packed_layer(torch.eye(dense.shape[1], dtype=torch.bfloat16))
    assert torch.equal(product.T, dense)


def test_the_gradient_is_that_of_the_unpacked_weight(packed_layer):
    from cai_ui.engine.adapters.loaded import share_tree

    tree = share_tree(packed_layer)
    make_trainable(tree)
    x = torch.randn(5, packed_layer.in_features, generator=torch.Generator().manual_seed(0)).requires_grad_()
    tree(x).sum().backward()
    wanted = unpack(packed_layer.weight.data, packed_layer.weight.quant_state).float().sum(0)
    assert torch.allclose(x.grad, wanted.expand_as(x), atol=0.02 * float(wanted.abs().max()))


def test_training_moves_every_layer_and_leaves_the_base_to_the_bit(engine, ask, tmp_path):
    quiet = engine.generate([ask("hello")])[0].text
    weights = {name: p.detach().clone() for name, p in engine._adapters.base.named_parameters()}
    prompt, reply = engine.chat.encode_reply(LESSON, "I would not do that.")
    ids = torch.tensor([prompt + reply])
    labels = torch.tensor([[-100] * len(prompt) + reply])
    with engine.training_seat(TrainSettings(rank=8)) as seat:
        trainable = {n: p for n, p in seat.model.named_parameters() if p.requires_grad}
        before = {n: p.detach().clone() for n, p in trainable.items()}
        optimizer = torch.optim.AdamW(trainable.values(), lr=1e-2)
        for _ in range(60):
            with seat.step():
                loss = seat.model(input_ids=ids, labels=labels).loss
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
        assert all(not torch.equal(before[n], trainable[n]) for n in before), "no gradient reached a layer"
        seat.save(tmp_path / "run-4")
    assert all(torch.equal(weights[n], p) for n, p in engine._adapters.base.named_parameters())
    assert engine.generate([ask("hello")])[0].text == quiet
    engine.load_adapter(describe_adapter(tmp_path / "run-4", "run-4", "", "sft"))
    answers = engine.generate([ask(LESSON[0].content, adapter="run-4"), ask("hello")])
    engine.unload_adapter("run-4")
    assert [a.text for a in answers] == ["I would not do that.", quiet]
    assert all(torch.equal(weights[n], p) for n, p in engine._adapters.base.named_parameters())


def test_layers_of_sizes_that_cannot_be_packed(packed_layer, build_tiny_model, tmp_path):
    import json

    import transformers

    config = json.loads((build_tiny_model(tmp_path / "tiny") / "config.json").read_text())
    odd = transformers.MistralConfig(**{**config, "intermediate_size": 72})
    transformers.MistralForCausalLM(odd).save_pretrained(tmp_path / "tiny")
    with pytest.raises(EngineError, match="cannot be packed"):
        load_engine(AppSettings(model=str(tmp_path / "tiny"), quantize="nf4"))


def test_packed_weights_are_kept_and_give_the_same_texts(tiny_model, tmp_path, ask, monkeypatch):
    monkeypatch.setattr("cai_ui.engine.weights.loading.KEEP_BYTES", 0)
    settings = AppSettings(model=str(tiny_model), quantize="nf4", home=str(tmp_path))
    told: list[str] = []
    first = load_engine(settings, told.append)
    assert "written to disk" in told[-1]
    folder = kept_folder(settings, first.base_hash)
    second = load_engine(settings, told.append)
    assert "written" not in told[-1] and second.base_hash == first.base_hash
    texts = [[a.text for a in engine.generate([ask("Why?"), ask("Bake bread")])] for engine in (first, second)]
    assert texts[0] == texts[1]
    for damage in (b"", b"x" * 100):
        weights = next(folder.glob("*.safetensors"))
        weights.write_bytes(damage)
        assert find_kept(settings, first.base_hash) is None
        again = load_engine(settings, told.append)
        assert "written to disk" in told[-1]
        assert again.generate([ask("Why?")])[0].text == texts[0][0]
    assert not list(folder.parent.glob(".*")), "a draft was left behind"
    load_engine(settings.model_copy(update={"keep_quantized": False, "home": str(tmp_path / "other")}))
    assert not (tmp_path / "other").exists()
