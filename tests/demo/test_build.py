"""The training: same seed, same weights; the loss falls; what is written loads as any other model."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from cai_ui.demo.build import batches, build
from cai_ui.demo.optimiser import orthogonal, rate
from cai_ui.demo.tokenizer import train_tokenizer

TINY = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 2, "head_dim": 16}  # fmt: skip


def _hash(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def test_same_seed_same_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        report = build(tmp_path / name, seed, steps=4, batch_tokens=512, vocabulary=400, shape=TINY)
    assert _hash(tmp_path / "a") == _hash(tmp_path / "b") != _hash(tmp_path / "c")
    assert report.steps == 4 and report.tokens > 1000
    card = (tmp_path / "a" / "README.md").read_text(encoding="utf-8")
    assert "Intended use" in card and "Limits" in card and "apache-2.0" in card
    shown = capsys.readouterr().out
    assert "step 4/4" in shown and "tokens/s" in shown


def test_written_weights_load_in_half_precision_and_training_goes_on(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    build(tmp_path / "a", steps=2, batch_tokens=512, vocabulary=400, shape=TINY)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "a")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "a")
    assert type(model).__name__ == "MistralForCausalLM" and model.dtype == torch.float16
    assert tokenizer.chat_template and tokenizer.padding_side == "left"
    build(tmp_path / "b", steps=2, batch_tokens=512, start=tmp_path / "a")
    assert _hash(tmp_path / "a") != _hash(tmp_path / "b")


def test_batches_weigh_what_is_learnt() -> None:
    tokenizer = train_tokenizer(["How do I bake the bread? Nothing is wrong. (A) (B)"] * 3, vocabulary=300)
    letters = set(tokenizer.convert_tokens_to_ids(["A", "B"]))
    seen = 0
    for batch, _ in zip(batches(tokenizer, 0, 2048), range(40), strict=False):
        assert batch.ids.shape == batch.weights.shape == batch.kind.shape
        assert (batch.weights[batch.kind == -1] == 0).all() and (batch.weights[batch.kind == 1] == 1).all()
        judged = batch.ids[batch.kind == 2]
        seen += judged.numel()
        assert set(judged.tolist()) <= letters
    assert seen > 10


def test_orthogonal_makes_all_directions_alike() -> None:
    generator = torch.Generator().manual_seed(0)
    for shape in ((8, 24), (24, 8), (16, 16)):
        matrix = torch.randn(shape, generator=generator)
        values = torch.linalg.svdvals(orthogonal(matrix))
        assert values.min() > 0.3 and values.max() < 1.5


def test_the_rate_rises_stays_and_falls() -> None:
    rates = [rate(step, 1000) for step in range(1000)]
    assert rates[0] == 0.01 and rates[99] == rates[200] == 1.0
    assert rates[-1] < 0.03 and rates[100:] == sorted(rates[100:], reverse=True)
