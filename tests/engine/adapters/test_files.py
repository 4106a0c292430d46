"""Only whole, plain LoRA adapters of this very base are loaded."""

from __future__ import annotations

import dataclasses
import json
import shutil
import threading
from pathlib import Path

import pytest
import torch

from cai_ui.config.app import AppSettings
from cai_ui.engine import load_engine
from cai_ui.engine.adapters.files import CONFIG, MANIFEST, WEIGHTS, check_adapter, describe_adapter, write_adapter
from cai_ui.engine.decoding.text_stream import TextStream
from cai_ui.errors import AdapterError, NotFoundError


@pytest.fixture
def info(tiny_engine, tmp_path, make_adapter):
    return make_adapter(tiny_engine, tmp_path / "run-9", 9)


def refused(engine, info, match: str) -> None:
    with pytest.raises(AdapterError, match=match):
        engine.load_adapter(info)
    assert engine.adapters() == []


def test_load_list_answer_unload(tiny_engine, info, ask):
    quiet = tiny_engine.generate([ask("hello")])[0].text
    tiny_engine.load_adapter(info)
    assert tiny_engine.adapters() == [info]
    assert tiny_engine.generate([ask("hello", adapter="run-9")])[0].text != quiet
    tiny_engine.unload_adapter("run-9")
    assert tiny_engine.adapters() == [] and tiny_engine._adapters._tree is None
    with pytest.raises(NotFoundError):
        tiny_engine.generate([ask("hello", adapter="run-9")])
    assert tiny_engine.generate([ask("hello")])[0].text == quiet


def test_peft_itself_reads_the_folder_and_answers_the_same(tiny_engine, tiny_model, info, ask):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    peft = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model), info.path).eval()
    request = ask("How do I bake bread?", adapter=info.name)
    ids = tiny_engine.chat.encode(request.messages)
    with torch.no_grad():
        out = peft.generate(input_ids=torch.tensor([ids]), max_new_tokens=24, do_sample=False)
    tiny_engine.load_adapter(info)
    answer = tiny_engine.generate([request])[0]
    tiny_engine.unload_adapter(info.name)
    plain = TextStream(tiny_engine.chat.decode)
    plain.ids = [i for i in out[0, len(ids) :].tolist() if i != tiny_engine.chat.tokenizer.eos_token_id]
    assert answer.text == plain.take(final=True)


def test_unloading_while_a_batch_uses_it(tiny_engine, info, ask):
    tiny_engine.load_adapter(info)
    request = ask("How do I bake bread?", adapter=info.name, max_new_tokens=400)
    whole = tiny_engine.generate([request])[0].text
    stream = tiny_engine.stream([request])
    first = next(stream)
    tiny_engine.unload_adapter(info.name)
    assert first.text + "".join(c.text for c in stream) == whole
    with tiny_engine.lease.hold("test"):
        tiny_engine._adapters._sweep()
    assert tiny_engine._adapters._tree is None, "its memory is kept"


def test_a_second_load_takes_the_place_of_the_first(tiny_engine, tmp_path, info, make_adapter, ask):
    other = make_adapter(tiny_engine, tmp_path / "other" / "run-9", 10)
    tiny_engine.load_adapter(info)
    first = tiny_engine.generate([ask("hello", adapter="run-9")])[0]
    tiny_engine.load_adapter(other)
    second = tiny_engine.generate([ask("hello", adapter="run-9")])[0]
    tiny_engine.unload_adapter("run-9")
    assert first.text != second.text
    assert (first.provenance.adapter_hash, second.provenance.adapter_hash) == (info.hash, other.hash)


def test_another_base_is_refused_by_name(tiny_engine, tmp_path, build_tiny_model, info):
    folder = build_tiny_model(tmp_path / "stranger", seed=1)
    stranger = load_engine(AppSettings(model=str(folder)))
    assert stranger.base_hash != tiny_engine.base_hash
    with pytest.raises(AdapterError, match=r"made for .*tiny.*loaded model is .*stranger"):
        stranger.load_adapter(info)


def test_the_same_weights_elsewhere_are_the_same_base(tiny_engine, tiny_model, tmp_path, info):
    moved = load_engine(AppSettings(model=str(shutil.copytree(tiny_model, tmp_path / "moved"))))
    moved.load_adapter(info)
    assert moved.adapters() == [info]


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG])
@pytest.mark.parametrize("damage", ["truncated", "flipped", "missing", "empty"])
def test_damaged_files(tiny_engine, info, name, damage):
    path = Path(info.path) / name
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 1
    path.write_bytes(b"" if damage == "empty" else content[:-1] if damage == "truncated" else content)
    if damage == "missing":
        path.unlink()
    refused(tiny_engine, info, "missing" if damage == "missing" else "changed or cut short")


def test_a_missing_or_broken_manifest(tiny_engine, info):
    manifest = Path(info.path) / MANIFEST
    whole = manifest.read_text()
    for broken in (whole[:-2], "[]", "{}", whole.replace('"format": 1', '"format": 2')):
        manifest.write_text(broken)
        refused(tiny_engine, info, "damaged|form this version")
    manifest.unlink()
    refused(tiny_engine, info, "adapter.json is missing")


@pytest.mark.parametrize("extra", ["adapter_model.bin", "modeling.py", "tokenizer.json", ".hidden", "sub/file.txt"])
def test_files_that_do_not_belong_there(tiny_engine, info, extra):
    path = Path(info.path) / extra
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    refused(tiny_engine, info, "does not belong")


def test_a_link_in_the_place_of_a_file(tiny_engine, info, tmp_path):
    path = Path(info.path) / WEIGHTS
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    refused(tiny_engine, info, "missing")


def sign_again(info):
    """The manifest as a forger would write it, with the hashes of the changed files."""
    from cai_ui.engine.adapters.files import _fingerprint

    folder = Path(info.path)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"] = {name: _fingerprint(folder / name) for name in (CONFIG, WEIGHTS)}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return describe_adapter(folder, info.name, info.title, info.method)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"auto_mapping": {"base_model_class": "X", "parent_library": "os"}}, "auto_mapping"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"use_dora": True}, "use_dora"),
        ({"peft_type": "IA3"}, "peft_type"),
        ({"bias": "all"}, "bias"),
        ({"target_modules": "all-linear"}, "lacks rank"),
        ({"r": None}, "lacks rank"),
        ({"r": "8"}, "out of bounds"),
        ({"r": True}, "out of bounds"),
        ({"r": 0}, "out of bounds"),
        ({"r": 3_000_000}, "out of bounds"),
        ({"r": 10**30}, "out of bounds"),
        ({"lora_alpha": 1e308}, "out of bounds"),
        ({"lora_alpha": float("nan")}, "out of bounds"),
        ({"lora_alpha": float("inf")}, "out of bounds"),
        ({"lora_dropout": "much"}, "out of bounds"),
        ({"target_modules": [f"layer_{n}" for n in range(1_000)]}, "out of bounds"),
        ({"target_modules": ["x" * 10_000]}, "out of bounds"),
        ({"r": 8}, "another rank"),
        ({"target_modules": ["nothing_like_it"]}, "does not have"),
    ],
)
def test_configurations_outside_the_allow_list(tiny_engine, info, change, match):
    path = Path(info.path) / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    refused(tiny_engine, sign_again(info), match)


def test_empty_extra_keys_of_peft_are_no_reason_to_refuse(tiny_engine, info):
    path = Path(info.path) / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | {"auto_mapping": None, "use_dora": False}))
    signed = sign_again(info)
    tiny_engine.load_adapter(signed)
    tiny_engine.unload_adapter(signed.name)


def test_weights_of_another_kind_of_number(tiny_engine, info):
    from safetensors.torch import load_file, save_file

    path = Path(info.path) / WEIGHTS
    for kind in (torch.float8_e4m3fn, torch.int64, torch.bool):
        save_file({name: tensor.to(kind) for name, tensor in load_file(path).items()}, path)
        refused(tiny_engine, sign_again(info), "16 or 32 bits")


def test_tensors_that_are_missing_not_finite_or_pickled(tiny_engine, info):
    from safetensors.torch import load_file, save_file

    path = Path(info.path) / WEIGHTS
    state = load_file(path)
    state.pop(sorted(state)[0])
    save_file(state, path)
    refused(tiny_engine, sign_again(info), "do not fit")
    state[sorted(state)[0]][0, 0] = float("nan")
    save_file(state, path)
    refused(tiny_engine, sign_again(info), "not finite")
    path.write_bytes(b"\x80\x04\x95pickle")
    refused(tiny_engine, sign_again(info), "not a sound safetensors")


def test_exchanged_files_are_noticed_by_the_recorded_hash(tiny_engine, info, tmp_path, make_adapter):
    other = make_adapter(tiny_engine, tmp_path / "other", 11)
    refused(tiny_engine, dataclasses.replace(info, path=other.path), "exchanged")


def test_the_name_of_the_base_is_taken(tiny_engine, info):
    refused(tiny_engine, dataclasses.replace(info, name="base"), "without an adapter")
    with pytest.raises(NotFoundError):
        tiny_engine.unload_adapter("base")


def test_writing_replaces_whole_or_not_at_all(tiny_engine, info, tmp_path):
    folder = check_adapter(Path(info.path), tiny_engine.name, tiny_engine.base_hash)
    target = tmp_path / "saved"
    first = write_adapter(target, folder.config, folder.state, tiny_engine.name, tiny_engine.base_hash)
    assert first == info.hash, "the same adapter gives the same hash"
    with pytest.raises(AttributeError):
        write_adapter(target, folder.config, {"broken": None}, tiny_engine.name, tiny_engine.base_hash)
    assert check_adapter(target, tiny_engine.name, tiny_engine.base_hash).hash == first
    write_adapter(target, folder.config, folder.state, tiny_engine.name, tiny_engine.base_hash)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run-9", "saved"], "left-overs"


def test_loading_and_unloading_under_fire(tiny_engine, info, two_adapters, ask):
    """Adapters come and go while others answer; the answers do not notice."""
    requests = [ask("hello", adapter=i.name) for i in two_adapters] + [ask("hello")]
    quiet = [a.text for a in tiny_engine.generate(requests)]
    wrong, done = [], threading.Event()

    def answer() -> None:
        while not done.is_set():
            if [a.text for a in tiny_engine.generate(requests)] != quiet:
                wrong.append(1)

    threads = [threading.Thread(target=answer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(6):
        tiny_engine.load_adapter(info)
        tiny_engine.unload_adapter(info.name)
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong
