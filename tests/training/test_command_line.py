"""Runs from a file: alone, ended by SIGTERM and taken up again, and by two processes under torchrun."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from cai_ui.cli import main
from cai_ui.config import TrainSettings
from cai_ui.errors import CaiError, InputError
from cai_ui.store import open_store
from cai_ui.training.checkpoints import latest_checkpoint, step_of
from cai_ui.training.config_file import config_text, read_config_file
from cai_ui.training.metrics import read_rows
from cai_ui.training.presets import PRESETS

from .conftest import QUICK, pair, sample

ROOT = Path(__file__).parents[2]
FSDP_ON_CPU = Path(__file__).with_name("fsdp_on_cpu.py")
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")


@pytest.fixture
def data(make_dataset):
    """Rows that come out even in batches, so that two processes see them in the steps of one."""
    return make_dataset(sft_train=tuple(map(sample, range(8))))


@pytest.fixture
def home(tmp_path, data):
    with open_store(tmp_path / "home", None) as store:
        store.save_dataset(data, "me")
    return tmp_path / "home"


@pytest.fixture
def config(tmp_path, make_run):
    """`config(**changes)`: the path of a run's file, as the page would show it."""

    def write(**changes):
        path = tmp_path / "config.yaml"
        run = make_run(settings=QUICK.model_copy(update=changes), dataset_hash="latest")
        path.write_text(config_text(run))
        return path

    return write


def started(home, model, what, *launcher, more=(), program=("-m", "cai_ui")):
    rest = [*program, "train", str(what), "--home", str(home), "--model", str(model), *more]
    command = [sys.executable, *launcher, *rest]
    paths = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=paths)


@pytest.fixture
def in_this_process(home, tiny_model):
    """`in_this_process("train", …)`: the command's exit status, without the seconds a fresh process needs."""
    before = signal.getsignal(signal.SIGTERM)
    yield lambda *words: main([*words, "--home", str(home), "--model", str(tiny_model)])
    signal.signal(signal.SIGTERM, before)


def only_run(home):
    with open_store(home, None) as store:
        return store.runs()[0]


def losses(folder):
    return {row["step"]: row["loss"] for row in read_rows(folder) if "loss" in row}


def test_sigterm_ends_after_the_step_and_the_run_goes_on_where_it_was(
    home, tiny_model, config, run_in, tmp_path, in_this_process, data
):
    path = config(max_steps=150, save_steps=1000)
    with started(home, tiny_model, path) as child:
        end = time.monotonic() + 300
        while not any(losses(folder) for folder in home.glob("runs/*")):
            assert time.monotonic() < end and child.poll() is None, child.communicate()
            time.sleep(0.02)
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=120)
    run = only_run(home)
    folder = home / "runs" / run.id
    assert child.returncode == 128 + signal.SIGTERM and "interrupted" in out and f"train {run.id}" in err
    assert run.state == "interrupted" and run.error == "The program was closed."
    checkpoint = latest_checkpoint(folder)
    assert checkpoint is not None and 0 < step_of(checkpoint) == run.step < 150
    assert in_this_process("train", run.id) == 0 and only_run(home).state == "done"
    run_in(tmp_path / "whole", settings=QUICK.model_copy(update={"max_steps": 150, "save_steps": 1000}), data=data)
    assert losses(folder) == pytest.approx(losses(tmp_path / "whole"), abs=1e-5)


def test_a_second_sigterm_ends_at_once_and_the_last_complete_checkpoint_counts(home, tiny_model, config, make_dataset):
    """A5. A step of 256 rows one by one takes seconds, so the second signal comes before the first is obeyed."""
    with open_store(home, None) as store:
        store.save_dataset(make_dataset(sft_train=tuple(map(sample, range(512))), name="many"), "me")
    with started(home, tiny_model, config(batch_size=1, accumulation=256, max_steps=50, save_steps=1)) as child:
        end = time.monotonic() + 300
        while not any(latest_checkpoint(folder) for folder in home.glob("runs/*")):
            assert time.monotonic() < end and child.poll() is None, child.communicate()
            time.sleep(0.02)
        child.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        child.send_signal(signal.SIGTERM)
        assert child.wait(2) == -signal.SIGTERM
        child.communicate()
    with open_store(home, None) as store:
        (run,) = store.mark_interrupted()
    kept = latest_checkpoint(home / "runs" / run.id)
    assert kept is not None and step_of(kept) == 1
    assert run.state == "interrupted" or only_run(home).state == "interrupted"


def test_two_processes_take_the_steps_of_one(home, tiny_model, config, run_in, tmp_path, data):
    with started(home, tiny_model, config(dropout=0.0, batch_size=2), *TORCHRUN, more=("--processes", "2")) as child:
        out, err = child.communicate(timeout=300)
    assert child.returncode == 0, err[-3000:]
    assert "Training in 2 processes" in err
    run = only_run(home)
    folder = home / "runs" / run.id
    assert run.state == "done" and run.adapter_hash and run.id in out
    assert json.loads((folder / "config.json").read_text())["processes"] == 2
    run_in(tmp_path / "alone", settings=QUICK.model_copy(update={"dropout": 0.0}), data=data)
    assert losses(folder) == pytest.approx(losses(tmp_path / "alone"), abs=1e-4)


@pytest.mark.parametrize("method", ["sft", "dpo"])
def test_two_processes_that_share_the_weights_out_take_the_steps_of_one(
    home, tiny_model, config, run_in, tmp_path, make_dataset, method
):
    """FSDP2 on CPUs, with a checkpoint on the way; the adapter of the first process is whole."""
    data = make_dataset(sft_train=tuple(map(sample, range(8))), pairs_train=tuple(map(pair, range(8))), name="even")
    with open_store(home, None) as store:
        store.save_dataset(data, "me")
    path = config(dropout=0.0, batch_size=2, max_steps=4)
    path.write_text(path.read_text().replace("method: sft", f"method: {method}"))
    with started(home, tiny_model, path, *TORCHRUN, more=("--processes", "2"), program=(str(FSDP_ON_CPU),)) as child:
        _, err = child.communicate(timeout=300)
    assert child.returncode == 0, err[-3000:]
    run = only_run(home)
    folder = home / "runs" / run.id
    assert run.state == "done" and "probe prompts" not in (folder / "log.txt").read_text()
    alone = QUICK.model_copy(update={"dropout": 0.0, "max_steps": 4})
    run_in(tmp_path / "alone", method, alone, data=data)
    assert losses(folder) == pytest.approx(losses(tmp_path / "alone"), abs=1e-4)
    found, wanted = (
        load_file(place / "adapter" / "adapter_model.safetensors") for place in (folder, tmp_path / "alone")
    )
    assert found.keys() == wanted.keys()
    assert all(torch.allclose(found[name], wanted[name], atol=1e-3) for name in wanted)


def test_a_launcher_that_starts_fewer_processes_than_asked_for_is_found_out(home, tiny_model, config):
    """`accelerate launch --cpu --num_processes 2` runs one process and says nothing."""
    launcher = ("-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1",
                "--mixed_precision", "no", "--dynamo_backend", "no")  # fmt: skip
    with started(home, tiny_model, config(), *launcher, more=("--processes", "2")) as child:
        _, err = child.communicate(timeout=300)
    assert child.returncode != 0 and "2 processes were asked for, but 1 is running" in err, err[-2000:]
    with open_store(home, None) as store:
        assert store.runs() == [], "a run of one process was begun in place of the one of two"


@pytest.mark.parametrize("method", ["sft", "dpo"])
@pytest.mark.parametrize("preset", PRESETS)
def test_the_file_of_a_run_asks_for_the_same_run(make_run, preset, method):
    run = replace(make_run(method, PRESETS[preset][method], name="no: [1]"), start_adapter="run-0", base_hash="ab")
    read = read_config_file(config_text(run))
    assert (read.method, read.settings, read.dataset) == (method, PRESETS[preset][method], "d")
    assert (read.name, read.start_adapter, read.base_hash) == ("no: [1]", "run-0", "ab")


def test_a_runs_record_is_a_file_to_run(tmp_path, run_in):
    run_in(tmp_path / "run")
    read = read_config_file((tmp_path / "run" / "config.json").read_bytes())
    assert (read.method, read.settings) == ("sft", QUICK)


def test_settings_change_a_preset():
    read = read_config_file("method: dpo\npreset: seed study\nsettings: {beta: 0.3}")
    assert read.settings == PRESETS["seed study"]["dpo"].model_copy(update={"beta": 0.3})


@pytest.mark.parametrize(
    "text,words",
    {
        "[1]": "not a list of keys",
        "a: [": "error in line",
        "": "empty",
        "methd: sft": "'methd' is no key",
        "method: ppo": "The method is 'ppo'",
        "method: sft\nsettings: 3": "`settings` is not",
        "method: sft\npreset: best": "no preset 'best'",
        "method: sft\nsettings: {rank: 100000}": "rank",
        "method: sft\nsettings: {lerning_rate: 1}": "lerning rate",
        "method: sft\nsettings: {learning_rate: .nan}": "learning rate",
        "method: sft\ndataset: [1]": "`dataset` is not text",
        "method: &a sft\nname: *a": "anchor",
        "method: !!python/object:os.system sft": "tag",
    }.items(),
)
def test_what_a_file_may_not_say_is_named(text, words):
    with pytest.raises(CaiError, match=words):
        read_config_file(text)


def test_a_file_for_another_base_is_refused(in_this_process, tmp_path, capfd):
    path = tmp_path / "other.yaml"
    path.write_text("method: sft\nbase_hash: feedfeed00")
    assert in_this_process("train", str(path)) == 2
    assert "other weights (feedfeed" in capfd.readouterr().err


def test_every_knob_stands_in_the_file(make_run):
    text = config_text(make_run())
    assert all(f"  {name}:" in text for name in TrainSettings.model_fields)
    with pytest.raises(InputError):
        read_config_file(text.replace("rank: 4", "rank: 0"))
