"""What cannot be loaded says why and what to do; what can be loaded is identified by its bytes."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.engine import load_engine
from cai_ui.engine.interface import Request
from cai_ui.engine.weights.estimate import Estimate, default_model, estimate, wants_nf4
from cai_ui.engine.weights.loading import context_of, load_model
from cai_ui.engine.weights.sources import _check_disk, hash_weights
from cai_ui.errors import EngineError
from cai_ui.records import Message


@pytest.fixture
def copied(tiny_model, tmp_path) -> Path:
    return shutil.copytree(tiny_model, tmp_path / "model")


def refused(model: str | Path, match: str, **settings) -> str:
    with pytest.raises(EngineError, match=match) as error:
        load_engine(AppSettings(model=str(model), **settings))
    assert error.value.next_step
    return str(error.value)


def test_a_local_folder_loads_and_says_what_it_is(tiny_engine, tiny_model):
    status = tiny_engine.status()
    assert (status.state, status.device, status.busy_with) == ("ready", "cpu", "")
    assert status.memory_bytes and status.memory_bytes > 300_000
    assert tiny_engine.context_length == 512 and tiny_engine.name == str(tiny_model)
    assert not tiny_engine._adapters.base.training


def test_the_hash_follows_the_bytes_of_the_weights(tiny_engine, copied):
    assert hash_weights(copied) == tiny_engine.base_hash
    (copied / "README.md").write_text("other words")
    assert hash_weights(copied) == tiny_engine.base_hash
    weights = copied / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-100] ^= 1
    weights.write_bytes(content)
    assert hash_weights(copied) != tiny_engine.base_hash


def test_large_weights_are_identified_by_samples(copied):
    from cai_ui.engine.weights import sources

    whole, sources.FULL_HASH_BYTES = sources.FULL_HASH_BYTES, 1000
    try:
        first = hash_weights(copied)
        weights = copied / "model.safetensors"
        content = bytearray(weights.read_bytes())
        content[-100] ^= 1
        weights.write_bytes(content)
        assert hash_weights(copied) != first
    finally:
        sources.FULL_HASH_BYTES = whole


@pytest.mark.parametrize("name", ["no such folder", "../../etc", "a/b/c", "C:\\models", ""])
def test_neither_folder_nor_name(name):
    if name:
        refused(name, "neither a folder nor a name|not a model folder")
    else:
        assert isinstance(refused("nothing-here", "neither"), str)


def test_a_hub_name_without_network():
    refused("owner/some-model-that-is-not-here", "could not be reached|could not be downloaded")


def test_an_empty_folder(tmp_path):
    refused(tmp_path, "config.json is missing")


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000, ""])
def test_a_damaged_configuration(copied, text):
    (copied / "config.json").write_text(text)
    refused(copied, "config.json of model is damaged")


def test_not_a_language_model(copied):
    config = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps(config | {"model_type": "vit"}))
    refused(copied, "not a language model.*vit")


def test_code_from_a_repository_is_never_run(copied, tmp_path):
    config = json.loads((copied / "config.json").read_text())
    auto_map = {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}
    (copied / "config.json").write_text(json.dumps(config | {"auto_map": auto_map}))
    (copied / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit\n")
    load_model(AppSettings(model=str(copied)))
    assert not (tmp_path / "ran").exists()


def test_only_pickled_weights(copied):
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    refused(copied, "no safetensors")


@pytest.mark.parametrize("keep", [0, 7, 5000, -10])
def test_truncated_weights(copied, keep):
    weights = copied / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    refused(copied, "could not be read|incomplete")


def test_weights_with_a_tensor_missing(copied):
    from safetensors.torch import load_file, save_file

    state = load_file(copied / "model.safetensors")
    state.pop("lm_head.weight")
    save_file(state, copied / "model.safetensors", metadata={"format": "pt"})
    refused(copied, "incomplete")


def test_no_tokenizer_and_no_chat_template(copied):
    (copied / "chat_template.jinja").unlink()
    refused(copied, "no chat template")
    (copied / "tokenizer.json").unlink()
    refused(copied, "tokenizer")


def test_too_large_for_the_memory(copied):
    with (copied / "model-2.safetensors").open("wb") as stream:
        stream.truncate(2**42)
    refused(copied, r"needs about 4\d{3}\.\d GB")


def test_layers_that_are_no_attention(copied):
    config = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps(config | {"layer_types": ["full_attention", "linear_attention"]}))
    refused(copied, "linear_attention")


def test_what_is_expected_is_told_before_the_weights_are_read(tiny_model):
    told = []
    load_model(AppSettings(model=str(tiny_model)), told.append)
    assert len(told) == 1 and "needs about 0.0 GB and" in told[0]


@pytest.mark.parametrize(
    ("stored", "device", "quantize", "wanted"),
    [(14.5e9, "cpu", "auto", False), (14.5e9, "cpu", "nf4", True), (3e9, "cuda", "none", False)],
)
def test_four_bits_where_they_are_asked_for(stored, device, quantize, wanted):
    assert wants_nf4(AppSettings(quantize=quantize), stored, device) is wanted


def test_the_estimate_for_mistral_in_4_bit_is_near_what_was_measured():
    found = estimate(int(14.5e9), "cpu", quantized=True)
    assert 4e9 < found.need < 6e9
    assert not Estimate(10, 9).fits and Estimate(10, None).fits


def test_the_model_that_is_taken_when_none_is_named():
    import torch

    big = torch.cuda.is_available() and torch.cuda.get_device_properties(0).total_memory >= 8e9
    assert default_model() == ("mistralai/Mistral-7B-Instruct-v0.3" if big else "embedded")


def test_a_download_that_does_not_fit_is_refused_with_both_numbers():
    with pytest.raises(EngineError, match=r"takes 1000000\.0 GB on disk and \d+\.\d GB may be taken"):
        _check_disk("owner/huge", 10**15)


def test_the_revision_of_a_download_is_recorded(tiny_model, tmp_path, ask):
    snapshot = tmp_path / "models--o--m" / "snapshots" / "0123abc"
    shutil.copytree(tiny_model, snapshot)
    engine = load_engine(AppSettings(model=str(snapshot)))
    assert engine.status().revision == "0123abc"
    assert engine.generate([ask("hello", max_new_tokens=1)])[0].provenance.revision == "0123abc"


def test_a_model_that_is_let_go_leaves_no_weights_behind(tiny_model, ask):
    engine = load_engine(AppSettings(model=str(tiny_model)))
    engine.generate([ask("hello")])
    weights = weakref.ref(next(engine._adapters.base.parameters()))
    engine.close()
    gc.collect()
    assert weights() is None
    with pytest.raises(EngineError, match="exchanged"):
        engine.generate([ask("hello")])


def test_what_a_models_files_lack_is_mended_at_load_and_said(copied):
    """A padding token that the weights have no row for failed in training, a missing end mark ran on, and answers
    began with "assistant" where the template did not begin them."""
    path = copied / "tokenizer_config.json"
    config = json.loads(path.read_text())
    template = (
        "{% for m in messages %}{{ '[INST]' + m.role + '\\n' + m.content + '[/INST]\\n' }}{% endfor %}"  # as in ChatML
    )
    path.write_text(json.dumps(config | {"pad_token": "<|beyond|>", "chat_template": template}))
    (copied / "chat_template.jinja").unlink(missing_ok=True)
    engine = load_engine(AppSettings(model=str(copied)))
    said = engine.status().detail
    tokenizer, rows = engine.chat.tokenizer, engine._loaded.model.get_input_embeddings().weight.shape[0]
    assert "'[INST]assistant' is put before it" in said and "do not name [/INST] as the end" in said
    assert "<|beyond|>" in said and tokenizer.pad_token_id < rows
    assert tokenizer.decode(engine.chat.encode((Message("user", "hello"),))).endswith("[INST]assistant\n")
    [answer] = engine.generate([Request((Message("user", "hello"),), Sampling(max_new_tokens=8))])
    assert answer.tokens <= 8 and tokenizer.convert_tokens_to_ids("[/INST]") in engine._scheduler._end_ids


def test_the_context_is_found_under_each_kinds_own_name():
    """With 2,048 in place of GPT-2's 1,024 an answer ran beyond its last position."""
    from transformers import BloomConfig, Gemma3Config, GPT2Config, MistralConfig

    assert context_of(GPT2Config(n_positions=64)) == 64
    assert context_of(Gemma3Config(text_config={"max_position_embeddings": 96})) == 96
    assert context_of(MistralConfig(max_position_embeddings=512)) == 512 and context_of(BloomConfig()) == 2048


THREADS = """
import sys, threading, torch
from cai_ui.config.app import AppSettings
from cai_ui.engine.weights.loading import load_model
for name in ("embedded", sys.argv[1], "embedded"):
    load_model(AppSettings(model=name))
    later = threading.Thread(target=lambda: print(torch.get_num_threads(), end=" "))
    later.start()
    later.join()
"""


def test_the_embedded_model_leaves_a_core_to_the_page_and_the_next_model_gets_it_back(tiny_model):
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    command = [sys.executable, "-c", THREADS, str(tiny_model)]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert told.stdout.split() == ["1", "2", "1"], told.stderr[-400:]
