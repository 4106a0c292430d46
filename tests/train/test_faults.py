"""Memory, disk and power give out at the worst moment: what is lost, what is said, and how it goes on."""

from __future__ import annotations

import os
import resource
import shutil
import signal
from types import SimpleNamespace

import pytest
from safetensors.torch import load_file

from cai_ui.config.app import AppSettings
from cai_ui.disk import DISK_RESERVE
from cai_ui.engine import load_engine
from cai_ui.errors import is_memory
from cai_ui.train.check.plan import halved
from cai_ui.train.run import checkpoints
from cai_ui.train.run.causes import cause, is_full_disk
from cai_ui.train.run.run import train
from cai_ui.train.signals import StopSignal

from .conftest import QUICK, losses

EVEN = QUICK.model_copy(update={"dropout": 0.0})


@pytest.fixture
def broken_at(tiny_engine, make_dataset, make_run):
    """`broken_at(folder, step, error, times, settings)`: a run whose step fails that often."""

    def go(folder, step, error, times=1, settings=EVEN):
        folder.mkdir(exist_ok=True)
        left = [times]

        def report(done, steps):
            if done == step and left[0]:
                left[0] -= 1
                raise error

        return train(make_run(settings=settings), make_dataset(), tiny_engine, folder, StopSignal(), report)

    return go


OOM = RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried 8 GB")


def test_out_of_memory_is_tried_once_more_in_half_batches_that_give_the_same_steps(broken_at, run_in, tmp_path):
    outcome = broken_at(tmp_path / "run", 5, OOM)
    assert outcome.state == "done" and outcome.step == 8
    assert "batch of 4; the run went on with 2 and an accumulation of 2" in outcome.summary["retried"]
    assert "goes on from step 4" in (tmp_path / "run" / "log.txt").read_text()
    run_in(tmp_path / "whole", settings=EVEN)
    assert losses(tmp_path / "run") == pytest.approx(losses(tmp_path / "whole"), abs=1e-5)


def test_out_of_memory_twice_fails_with_a_next_step(broken_at, tmp_path, tiny_engine):
    outcome = broken_at(tmp_path / "run", 5, OOM, times=2)
    assert outcome.state == "failed" and "not enough memory" in outcome.error and "Halve the batch" in outcome.error
    assert checkpoints.latest_checkpoint(tmp_path / "run") is not None
    assert tiny_engine.lease.holder == ""


def test_batches_of_one_row_cannot_be_halved(broken_at, tmp_path):
    outcome = broken_at(tmp_path / "run", 2, MemoryError(), settings=EVEN.model_copy(update={"batch_size": 1}))
    assert outcome.state == "failed" and "not enough memory" in outcome.error


@pytest.mark.parametrize("before,after", [((8, 1), (4, 2)), ((2, 4), (1, 8)), ((3, 2), (1, 6)), ((1, 4), None)])
def test_halving_keeps_the_rows_of_a_step(before, after):
    found = halved(QUICK.model_copy(update={"batch_size": before[0], "accumulation": before[1]}), 1)
    assert (found and (found.batch_size, found.accumulation)) == after


def test_a_loss_that_becomes_no_number_ends_the_run_in_that_step_and_the_checkpoint_before_stays(
    build_tiny_model, make_dataset, make_run, tmp_path
):
    """A15. The weights go bad after step 5; checkpoints are written at each second step."""
    engine = load_engine(AppSettings(model=str(build_tiny_model(tmp_path / "model"))))

    def report(step, steps):
        if step == 5:
            engine._adapters.base.lm_head.weight.data.fill_(float("nan"))

    (tmp_path / "run").mkdir()
    outcome = train(make_run(), make_dataset(), engine, tmp_path / "run", StopSignal(), report)
    assert outcome.state == "failed" and "no longer a number (nan) at step 6" in outcome.error
    assert losses(tmp_path / "run")[6] == "nan"
    kept = checkpoints.latest_checkpoint(tmp_path / "run")
    assert kept is not None and kept.name == "checkpoint-4"
    assert all(t.isfinite().all() for t in load_file(kept / "adapter_model.safetensors").values())
    assert engine.lease.holder == ""


def test_a_full_disk_fails_by_name_leaves_the_older_checkpoint_and_can_be_gone_on_with(
    tiny_engine, make_dataset, make_run, run_in, tmp_path
):
    """A limit on the size of files stands in for the full disk: the writers of torch and safetensors meet it alike."""
    settings = QUICK.model_copy(update={"rank": 32})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def report(step, steps):
        if step == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))

    (tmp_path / "run").mkdir()
    try:
        outcome = train(
            make_run(settings=settings), make_dataset(), tiny_engine, tmp_path / "run", StopSignal(), report
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert outcome.state == "failed" and "disk is full" in outcome.error and "Resume" in outcome.error
    left = sorted(path.name for path in (tmp_path / "run" / "checkpoints").iterdir() if path.is_dir())
    assert left == ["checkpoint-2"] and checkpoints.is_complete(tmp_path / "run" / "checkpoints" / "checkpoint-2")
    assert run_in(tmp_path / "run", settings=settings).state == "done"
    assert list(losses(tmp_path / "run")) == list(range(1, 9))


def test_a_checkpoint_never_takes_the_room_that_decisions_need(
    tiny_engine, make_dataset, make_run, run_in, tmp_path, monkeypatch
):
    free = [10**12]
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=free[0]))

    def report(step, steps):
        if step == 3:
            free[0] = DISK_RESERVE + 1_000

    (tmp_path / "run").mkdir()
    outcome = train(make_run(), make_dataset(), tiny_engine, tmp_path / "run", StopSignal(), report)
    assert outcome.state == "failed" and "too little room for a checkpoint" in outcome.error
    assert "Resume" in outcome.error and outcome.step == 3
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == ["checkpoint-2"]
    assert tiny_engine.lease.holder == ""
    free[0] = 10**12
    assert run_in(tmp_path / "run").state == "done"


@pytest.mark.parametrize("steps,kept", [(2, 2), (0, 0)])
@pytest.mark.parametrize("wish,state", [("stop", "stopped"), ("close", "interrupted")])
def test_a_run_that_is_ended_without_room_for_a_checkpoint_says_so(
    run_in, tmp_path, monkeypatch, wish, state, steps, kept
):
    """It ended as failed, and the adapter that somebody had asked to be kept was lost."""
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=free[0]))
    free, folder, settings = [10**12], tmp_path / "run", QUICK.model_copy(update={"save_steps": steps})

    def report(step, total):
        if step == 3:
            free[0] = DISK_RESERVE + 1_000

    outcome = run_in(folder, settings=settings, stop_at=(3, wish), also=report)
    assert (outcome.state, outcome.step) == (state, 3)
    assert (folder / "adapter").exists() == (outcome.adapter_hash is not None) == (wish == "stop")
    assert "room for a checkpoint of step 3" in outcome.error and list(losses(folder)) == [1, 2, 3]
    assert ("from step 2" if kept else "from the beginning") in outcome.error
    free[0] = 10**12
    assert run_in(folder, settings=settings).state == "done"
    assert list(losses(folder)) == list(range(1, 9))


def test_a_disk_that_is_full_when_a_run_is_stopped_costs_the_checkpoint_alone(
    tiny_engine, make_dataset, make_run, tmp_path
):
    settings, signal, before = (
        QUICK.model_copy(update={"rank": 32}),
        StopSignal(),
        resource.getrlimit(resource.RLIMIT_FSIZE),
    )

    def report(step, steps):
        if step == 3:
            signal.ask("stop")
            resource.setrlimit(resource.RLIMIT_FSIZE, (450_000, before[1]))

    (tmp_path / "run").mkdir()
    try:
        outcome = train(make_run(settings=settings), make_dataset(), tiny_engine, tmp_path / "run", signal, report)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert outcome.state == "stopped" and outcome.adapter_hash and "goes on from step 2" in outcome.error
    left = sorted(path.name for path in (tmp_path / "run" / "checkpoints").iterdir() if path.is_dir())
    assert left == ["checkpoint-2"]


@pytest.mark.parametrize("words,full,memory", [
    ("PytorchStreamWriter failed writing file data/3: file write failed", True, False),
    ("I/O error: No space left on device (os error 28)", True, False),
    ("CUDA out of memory. Tried to allocate 2 GiB", False, True),
    ("std::bad_alloc", False, True),
    ("libgomp.so.1: failed to map segment from shared object", False, True),
    ("can't start new thread", False, True),
    ("something else", False, False),
])  # fmt: skip
def test_what_libraries_say_is_understood(words, full, memory):
    error = RuntimeError(words)
    assert (is_full_disk(error), is_memory(error)) == (full, memory)
    assert ("disk is full" in cause(error), "not enough memory" in cause(error)) == (full, memory)
    assert is_full_disk(OSError(28, "No space left on device"))


def test_at_each_write_of_a_save_the_older_checkpoint_is_the_one_that_counts(run_in, tmp_path):
    """As a kill leaves it: the files written so far, the next one cut, no manifest yet."""
    run_in(tmp_path / "run", stop_at=(5, "close"))
    folder = tmp_path / "run" / "checkpoints"
    newest = folder / "checkpoint-5"
    written = sorted((p for p in newest.iterdir()), key=lambda p: p.stat().st_mtime_ns)
    assert written[-1].name == "manifest.json" and len(written) > 6
    kept = tmp_path / "kept"
    newest.rename(kept)
    for number, path in enumerate(written):
        for share in (0, 0.5):
            newest.mkdir()
            for done in written[:number]:
                shutil.copy2(kept / done.name, newest)
            content = (kept / path.name).read_bytes()
            (newest / path.name).write_bytes(content[: int(share * len(content))])
            found = checkpoints.latest_checkpoint(tmp_path / "run")
            assert found is not None and found.name == "checkpoint-4", path.name
            checkpoints.drop_incomplete(tmp_path / "run")
            assert not newest.exists()
    kept.rename(newest)
    assert checkpoints.latest_checkpoint(tmp_path / "run") == newest


@pytest.mark.forks
@pytest.mark.parametrize("files", [1, 3, 5, 7])
def test_kill_9_in_a_save_and_resume(files, tiny_model, make_dataset, make_run, run_in, tmp_path):
    """A child process is killed when so many files of its second checkpoint are there."""
    folder = tmp_path / "run"
    folder.mkdir()
    child = os.fork()
    if child == 0:
        _train_and_be_killed(tiny_model, make_run(), make_dataset(), folder, files)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    found = checkpoints.latest_checkpoint(folder)
    assert found is not None and found.name in ("checkpoint-2", "checkpoint-4")
    assert run_in(folder).state == "done"
    assert list(losses(folder)) == list(range(1, 9))


def _train_and_be_killed(model, run, data, folder, files):
    import threading

    def watch():
        place = folder / "checkpoints" / "checkpoint-4"
        while not place.is_dir() or len(os.listdir(place)) < files:
            pass
        os.kill(os.getpid(), signal.SIGKILL)

    try:
        threading.Thread(target=watch, daemon=True).start()
        train(run, data, load_engine(AppSettings(model=str(model))), folder, StopSignal(), lambda step, steps: None)
    finally:
        os._exit(0)
