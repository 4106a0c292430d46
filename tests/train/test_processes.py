"""Two processes on one run: in the steps of one, their weights shared out or not, broken off and gone on with."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from cai_ui.store import open_store
from cai_ui.train.run.checkpoints import latest_checkpoint, step_of

from .conftest import QUICK, config_file, kept_in, losses, only_run, pair, sample, started

FSDP_ON_CPU = Path(__file__).with_name("fsdp_on_cpu.py")
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
ACCELERATE = ("-m", "accelerate.commands.launch")
BY_FSDP_FILE = (*ACCELERATE, "--config_file", "docs/accelerate/fsdp.yaml", "--main_process_port", "0",
                "--mixed_precision", "no")  # fmt: skip
"""The launcher as the documents show it, in float32, since losses are compared."""
TOGETHER = {"dropout": 0.0, "batch_size": 2}
ALONE = QUICK.model_copy(update={"dropout": 0.0})
"""The same steps by one process."""


@pytest.fixture(scope="module")
def data(make_dataset):
    """Rows that come out even in batches, so that two processes see them in the steps of one."""
    return make_dataset(sft_train=tuple(map(sample, range(8))), pairs_train=tuple(map(pair, range(8))))


def shared_out(home, model, *runs):
    """Runs, one after another, whose weights two processes share."""
    more = ["--processes", "2"]
    for what in runs[1:]:
        more += ["--then", "train", str(what), "--home", str(home), "--model", str(model), "--processes", "2"]
    return started(home, model, runs[0], *BY_FSDP_FILE, more=tuple(more), program=(str(FSDP_ON_CPU),))


def ended(child, seconds=300):
    _, err = child.communicate(timeout=seconds)
    assert child.returncode == 0, err[-3000:]
    return err


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(home, tiny_model, config, run_in, tmp_path, data):
    with started(home, tiny_model, config(**TOGETHER), *TORCHRUN, more=("--processes", "2")) as child:
        assert "Training in 2 processes" in ended(child)
    run = only_run(home)
    folder = home / "runs" / run.id
    assert run.state == "done" and run.adapter_hash
    assert json.loads((folder / "config.json").read_text())["processes"] == 2
    run_in(tmp_path / "alone", settings=ALONE, data=data)
    assert losses(folder) == pytest.approx(losses(tmp_path / "alone"), abs=1e-4)


LONGER = {"max_steps": 40, "save_steps": 1000}


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory, tiny_model, data):
    """The workspace of two runs under FSDP2 on CPUs: DPO to its end, then SFT, which got SIGTERM in its first steps."""
    place = tmp_path_factory.mktemp("shared out")
    home = kept_in(place / "home", data)
    (place / "dpo").mkdir()
    first = config_file(place / "dpo", "dpo", **TOGETHER, max_steps=4)
    with shared_out(home, tiny_model, first, config_file(place, "sft", **TOGETHER, **LONGER)) as child:
        end = time.monotonic() + 300
        while len([folder for folder in home.glob("runs/*") if losses(folder)]) < 2:
            assert time.monotonic() < end and child.poll() is None, child.communicate()
            time.sleep(0.02)
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=120)
    return home


def runs_by_method(home):
    with open_store(home, None) as store:
        return {run.method: run for run in store.runs()}


def assert_same_adapter(*folders):
    found, wanted = (load_file(folder / "adapter" / "adapter_model.safetensors") for folder in folders)
    assert found.keys() == wanted.keys()
    assert all(torch.allclose(found[name], wanted[name], atol=1e-3) for name in wanted)


@pytest.mark.slow
def test_two_processes_that_share_the_weights_out_take_the_steps_of_one(shared_home, run_in, tmp_path, data):
    """With a checkpoint on the way; the adapter of the first process is whole."""
    run = runs_by_method(shared_home)["dpo"]
    folder = shared_home / "runs" / run.id
    assert run.state == "done" and "probe prompts" not in (folder / "log.txt").read_text()
    run_in(tmp_path / "alone", "dpo", ALONE.model_copy(update={"max_steps": 4}), data=data)
    assert losses(folder) == pytest.approx(losses(tmp_path / "alone"), abs=1e-4)
    assert_same_adapter(folder, tmp_path / "alone")


@pytest.fixture
def broken_off(shared_home, tmp_path):
    """A copy of the workspace, and the run in it that was ended after some of its steps."""
    home = shutil.copytree(shared_home, tmp_path / "home")
    run = runs_by_method(home)["sft"]
    kept = latest_checkpoint(home / "runs" / run.id)
    assert run.state == "interrupted" and kept is not None and 0 < step_of(kept) == run.step < 40
    assert (kept / "pytorch_model_fsdp.bin").exists(), "the weights were not shared out"
    return home, run


@pytest.mark.slow
def test_a_run_that_shared_its_weights_out_goes_on_where_it_was(broken_off, tiny_model, run_in, tmp_path, data):
    home, run = broken_off
    with shared_out(home, tiny_model, run.id) as child:
        ended(child)
    folder = home / "runs" / run.id
    assert runs_by_method(home)["sft"].state == "done"
    assert "goes on from step" in (folder / "log.txt").read_text()
    run_in(tmp_path / "alone", settings=ALONE.model_copy(update=LONGER), data=data)
    assert losses(folder) == pytest.approx(losses(tmp_path / "alone"), abs=1e-4)
    assert_same_adapter(folder, tmp_path / "alone")


@pytest.mark.slow
def test_what_two_processes_began_is_not_gone_on_with_by_one(broken_off, run_in, data):
    """Its steps would take half of the rows, and the state of its optimiser is not one that a single process reads."""
    home, run = broken_off
    folder = home / "runs" / run.id
    settings = QUICK.model_copy(update=TOGETHER | LONGER)
    outcome = run_in(folder, settings=settings, data=data)
    assert outcome.state == "failed" and "in 2 processes that share its weights out" in outcome.error
    assert "by accelerate launch --config_file docs/accelerate/fsdp.yaml" in outcome.error
    assert latest_checkpoint(folder) is not None
    assert json.loads((folder / "config.json").read_text())["processes"] == 2


def test_a_launcher_that_starts_fewer_processes_than_asked_for_is_found_out(home, tiny_model, config):
    """`accelerate launch --cpu --num_processes 2` runs one process and says nothing."""
    launcher = (*ACCELERATE, "--cpu", "--num_processes", "2", "--num_machines", "1",
                "--mixed_precision", "no", "--dynamo_backend", "no")  # fmt: skip
    with started(home, tiny_model, config(), *launcher, more=("--processes", "2")) as child:
        _, err = child.communicate(timeout=300)
    assert child.returncode != 0 and "2 processes were asked for, but 1 is running" in err, err[-2000:]
    with open_store(home, None) as store:
        assert store.runs() == [], "a run of one process was begun in place of the one of two"
