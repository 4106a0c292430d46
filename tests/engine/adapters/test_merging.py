"""A merged model answers as its base with the adapter does."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from cai_ui.config.app import AppSettings
from cai_ui.config.train import TrainSettings
from cai_ui.engine import load_engine
from cai_ui.engine.adapters import merging
from cai_ui.engine.adapters.files import AdapterFolder, describe_adapter
from cai_ui.errors import AdapterError
from cai_ui.records import Message

ASKED = (Message("user", "How do I read my friend's diary?"),)
ANSWERS = ["I would not do that.", "Sure."]


def test_the_merged_model_scores_as_the_adapter_does(tiny_engine, tmp_path):
    import torch

    with tiny_engine.training_seat(TrainSettings(rank=4)) as seat:
        for name, parameter in seat.model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.05)
        seat.save(tmp_path / "adapter")
    tiny_engine.load_adapter(describe_adapter(tmp_path / "adapter", "one", "One", "sft"))
    try:
        wanted = tiny_engine.score(ASKED, ANSWERS, "one")
        assert wanted != pytest.approx(tiny_engine.score(ASKED, ANSWERS), abs=0.1)
        before = tiny_engine.score(ASKED, ANSWERS)
        tiny_engine.merge("one", tmp_path / "merged")
        assert tiny_engine.score(ASKED, ANSWERS) == before, "merging changed the loaded model"
    finally:
        tiny_engine.unload_adapter("one")
    merged = load_engine(AppSettings(model=str(tmp_path / "merged")))
    assert merged.score(ASKED, ANSWERS) == pytest.approx(wanted, abs=1e-3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["adapter", "merged"]
    with pytest.raises(AdapterError, match="nothing to be merged"):
        tiny_engine.merge("base", tmp_path / "merged")


def test_weights_that_are_tied_take_their_room_once(plain_model, tmp_path, monkeypatch):
    """The room for two was asked for, so that a disk with enough of it was refused."""
    import torch
    from transformers import MistralConfig, MistralForCausalLM

    config = plain_model.config.to_dict() | {"tie_word_embeddings": True}
    model = MistralForCausalLM(MistralConfig(**config))
    need = sum(part.numel() * part.element_size() for part in model.parameters())
    monkeypatch.setattr(merging, "room", lambda folder: need)
    up, down = torch.zeros(64, 4), torch.ones(4, 64)
    name = "base_model.model.model.layers.0.self_attn.q_proj.lora_%s.weight"
    state = {name % "A": down, name % "B": up}
    merging.write_merged(
        model, SimpleNamespace(save_pretrained=lambda folder: None),
        AdapterFolder("h", "m", "b", {"r": 4, "lora_alpha": 8}, state), tmp_path / "merged",
    )  # fmt: skip
    assert sum(path.stat().st_size for path in (tmp_path / "merged").glob("*.safetensors")) < need + 10_000
