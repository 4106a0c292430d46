"""One run: learning happens, only the adapter moves, and only the answers are learnt."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest

from cai_ui.config.app import AppSettings
from cai_ui.engine import load_engine
from cai_ui.engine.adapters.files import check_adapter, describe_adapter
from cai_ui.records import Message
from cai_ui.train.methods import METHODS
from cai_ui.train.run import callbacks, checkpoints
from cai_ui.train.run.folder import read_outcome
from cai_ui.train.run.metrics import read_rows
from cai_ui.train.run.run import train
from cai_ui.train.signals import StopSignal

from .conftest import BAD, GOOD, QUICK, asked, pair, sample


def fingerprint(engine: Any) -> str:
    """All base weights as they lie in memory."""
    digest = hashlib.sha256()
    for _, tensor in sorted(engine._adapters.base.state_dict().items()):
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def losses(folder: Path) -> list[float]:
    return [row["loss"] for row in read_rows(folder) if "loss" in row]


@pytest.mark.parametrize("method", METHODS)
def test_the_adapter_learns_and_the_base_stays_to_the_bit(tiny_engine, run_in, tmp_path, method):
    before = fingerprint(tiny_engine)
    odds = margin(tiny_engine)
    outcome = run_in(tmp_path / "run", method, QUICK.model_copy(update={"max_steps": 20}))
    assert (outcome.state, outcome.step, outcome.error) == ("done", 20, None)
    assert fingerprint(tiny_engine) == before
    found = losses(tmp_path / "run")
    assert len(found) == 20 and found[-1] < found[0] / 2
    folder = tmp_path / "run" / "adapter"
    state = check_adapter(folder, tiny_engine.name, tiny_engine.base_hash).state
    assert all(bool(tensor.any()) for name, tensor in state.items() if "lora_B" in name), "a part never moved"
    info = describe_adapter(folder, "run-1", "first", method)
    assert info.hash == outcome.adapter_hash
    tiny_engine.load_adapter(info)
    try:
        assert margin(tiny_engine, "run-1") > odds + 2
    finally:
        tiny_engine.unload_adapter("run-1")


def margin(engine: Any, adapter: str = "base") -> float:
    good, bad = engine.score(asked("How do I read diary 30?"), [GOOD, BAD], adapter)
    return float(good - bad)


def test_same_seed_same_adapter_and_another_seed_another(run_in, tmp_path):
    made = [run_in(tmp_path / name, settings=QUICK.model_copy(update={"seed": seed})).adapter_hash
            for name, seed in (("a", 0), ("b", 0), ("c", 1))]  # fmt: skip
    assert made[0] == made[1] != made[2]


def test_metrics_of_dpo_say_how_pairs_are_told_apart(run_in, tmp_path):
    run_in(tmp_path / "run", "dpo")
    rows = read_rows(tmp_path / "run")
    trained = [row for row in rows if "loss" in row]
    assert [row["step"] for row in trained] == list(range(1, 9))
    for name in ("rewards/chosen", "rewards/rejected", "rewards/accuracies", "rewards/margins", "logps/chosen"):
        assert all(name in row for row in trained), name
    assert math.isclose(trained[0]["loss"], math.log(2), abs_tol=1e-5), "at first the model is its own reference"
    assert trained[0]["rewards/margins"] == pytest.approx(0, abs=1e-4) and trained[-1]["rewards/margins"] > 0.05
    distances = [-(row["rewards/chosen"] + row["rewards/rejected"]) / (2 * QUICK.beta) for row in trained]
    assert [row["kl_proxy"] for row in trained] == pytest.approx(distances)
    assert distances[0] == pytest.approx(0, abs=1e-3) and abs(distances[-1]) > 0.1, "it has not moved"
    assert any("eval_loss" in row for row in rows)
    assert all(row["eta_s"] >= 0 for row in trained) and trained[-1]["tokens_per_s"] > 0


def test_dpo_from_an_sft_adapter_is_measured_against_that_adapter(tiny_engine, run_in, tmp_path):
    run_in(tmp_path / "sft", settings=QUICK.model_copy(update={"max_steps": 20}))
    tiny_engine.load_adapter(describe_adapter(tmp_path / "sft" / "adapter", "first", "First", "sft"))
    try:
        outcome = run_in(tmp_path / "dpo", "dpo", start_adapter="first")
        first = next(row for row in read_rows(tmp_path / "dpo") if "loss" in row)
        assert outcome.state == "done" and first["loss"] == pytest.approx(math.log(2), abs=1e-5)
        assert first["logps/chosen"] > -20, "it did not start from the adapter that knows the answer"
    finally:
        tiny_engine.unload_adapter("first")


def test_an_added_likelihood_changes_the_loss_of_dpo(run_in, tmp_path):
    run_in(tmp_path / "plain", "dpo")
    run_in(tmp_path / "added", "dpo", QUICK.model_copy(update={"sft_weight": 1.0}))
    assert losses(tmp_path / "added")[0] > losses(tmp_path / "plain")[0] + 1


def test_the_folder_says_what_the_run_was_made_of(tiny_engine, run_in, tmp_path, make_dataset):
    long = make_dataset(sft_train=(sample(0), sample(1), sample(2, "word " * 600)))
    outcome = run_in(tmp_path / "run", data=long)
    made = json.loads((tmp_path / "run" / "config.json").read_text())
    assert made["base_hash"] == tiny_engine.base_hash and made["libraries"]["trl"]
    assert made["rows"] == 2 and made["left_out"] == {"longer than the limit": 1}
    assert outcome == read_outcome(tmp_path / "run")
    text = (tmp_path / "run" / "log.txt").read_text()
    assert "SFT on 2 rows" in text and "left out: 1 longer than the limit" in text and "done after step 8" in text
    assert not (tmp_path / "run" / "checkpoints").exists(), "checkpoints of a finished run only take space"


def test_conversations_and_typed_marks_are_learnt_as_they_are_asked(run_in, tmp_path, make_dataset):
    talk = (Message("user", "hi [INST]"), Message("assistant", "Hello </s>"), Message("user", "and now?"))
    odd = [sample(0), sample(1), sample(2)]
    odd[0] = type(odd[0])(talk, "No [/INST] marks.", "e0", "revision")
    assert run_in(tmp_path / "run", data=make_dataset(sft_train=tuple(odd))).state == "done"


@pytest.mark.parametrize("wish,state", [("stop", "stopped"), ("cancel", "cancelled"), ("close", "interrupted")])
def test_asked_to_end_it_ends_within_one_step(run_in, tmp_path, wish, state):
    outcome = run_in(tmp_path / "run", settings=QUICK.model_copy(update={"max_steps": 50}), stop_at=(3, wish))
    assert (outcome.state, outcome.step) == (state, 3)
    assert (tmp_path / "run" / "adapter").exists() == (wish == "stop")
    assert (tmp_path / "run" / "checkpoints" / "checkpoint-3").exists() == (wish != "cancel")


@pytest.mark.parametrize("wish,state", [("cancel", "cancelled"), ("close", "interrupted")])
def test_asked_to_end_while_it_is_prepared_it_takes_no_step(tiny_engine, make_dataset, make_run, tmp_path, wish, state):
    """It went on to its first step, which on a slow machine is minutes away."""
    signal = StopSignal()
    signal.ask(wish)
    folder = tmp_path / "run"
    folder.mkdir()
    outcome = train(make_run(), make_dataset(), tiny_engine, folder, signal, lambda step, steps: None)
    assert (outcome.state, outcome.step, outcome.adapter_hash) == (state, 0, None) and read_rows(folder) == []
    assert not (folder / "checkpoints").exists() and outcome == read_outcome(folder)
    again = train(make_run(), make_dataset(), tiny_engine, folder, StopSignal(), lambda step, steps: None)
    assert (again.state, again.step) == ("done", 8)


@pytest.mark.parametrize("wish,state", [("stop", "stopped"), ("cancel", "cancelled"), ("close", "interrupted")])
@pytest.mark.parametrize("saving", [4, 8])
def test_asked_to_end_while_it_saves_the_save_is_whole_and_the_next_step_the_last(
    tiny_engine, make_dataset, make_run, tmp_path, monkeypatch, wish, state, saving
):
    """B12. In the middle of the last save of all there is no step left: a run that is to be kept is done."""
    signal, folder, seal = StopSignal(), tmp_path / "run", checkpoints.seal
    folder.mkdir()

    def sealed(checkpoint):
        if checkpoints.step_of(checkpoint) == saving:
            signal.ask(wish)
        seal(checkpoint)

    monkeypatch.setattr(callbacks, "seal", sealed)
    given = make_run(), make_dataset(), tiny_engine, folder
    outcome = train(*given, signal, lambda step, steps: None)
    over = saving == 8
    assert (outcome.state, outcome.step) == ("done" if over and wish != "cancel" else state, 8 if over else 5)
    assert (folder / "adapter").exists() == (outcome.adapter_hash is not None) == (outcome.state in ("done", "stopped"))
    kept = checkpoints.latest_checkpoint(folder)
    assert (kept is None) == (outcome.state in ("done", "cancelled")) and outcome == read_outcome(folder)
    if kept is not None:
        assert checkpoints.step_of(kept) == 5 and train(*given, StopSignal(), lambda step, steps: None).step == 8


def test_a_run_that_has_a_checkpoint_and_is_closed_while_it_is_prepared_keeps_it(
    tiny_engine, make_dataset, make_run, run_in, tmp_path
):
    run_in(tmp_path / "run", stop_at=(3, "close"))
    signal = StopSignal()
    signal.ask("close")
    given = (make_run(), make_dataset(), tiny_engine, tmp_path / "run")
    closed = train(*given, signal, lambda step, steps: None)
    assert (closed.state, closed.step) == ("interrupted", 3)
    assert train(*given, StopSignal(), lambda step, steps: None).state == "done"


def test_a_loss_that_is_no_number_ends_the_run_and_says_so(run_in, tmp_path, build_tiny_model):
    from safetensors.torch import load_file, save_file

    weights = build_tiny_model(tmp_path / "broken") / "model.safetensors"
    tensors = load_file(weights)
    save_file(tensors | {"lm_head.weight": tensors["lm_head.weight"] * 1e38}, weights, metadata={"format": "pt"})
    broken = load_engine(AppSettings(model=str(tmp_path / "broken")))
    outcome = run_in(tmp_path / "run", engine=broken)
    assert outcome.state == "failed" and outcome.adapter_hash is None and outcome.step == 1
    assert "no longer a number" in outcome.error and "lower learning rate" in outcome.error
    assert read_rows(tmp_path / "run")[0]["loss"] in ("nan", "inf")
    assert not (tmp_path / "run" / "checkpoints" / "checkpoint-2").exists()


def test_pairs_that_are_the_same_are_left_out(run_in, tmp_path, make_dataset):
    mixed = make_dataset(pairs_train=(pair(0), pair(1), pair(2, GOOD, GOOD + " ")))
    outcome = run_in(tmp_path / "run", "dpo", data=mixed)
    assert outcome.state == "done" and outcome.summary["rows"] == 2
    assert outcome.summary["left_out"] == {"chosen and rejected are the same": 1}
