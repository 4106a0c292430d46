"""A run that was broken off and resumed is the run that was never broken off."""

from __future__ import annotations

import shutil
import time

import pytest

from cai_ui.train.methods import METHODS
from cai_ui.train.run import checkpoints
from cai_ui.train.run.run import train
from cai_ui.train.signals import StopSignal

from .conftest import QUICK, losses


@pytest.mark.parametrize("method", METHODS)
def test_resumed_losses_and_adapter_equal_those_of_an_unbroken_run(run_in, tmp_path, method):
    """Dropout is on, rows are shuffled, the rate falls: optimiser, schedule, random states and data order all count."""
    whole = run_in(tmp_path / "whole", method)
    broken = run_in(tmp_path / "broken", method, stop_at=(3, "close"))
    assert broken.state == "interrupted" and broken.adapter_hash is None
    resumed = run_in(tmp_path / "broken", method)
    assert resumed.state == "done"
    wanted, found = losses(tmp_path / "whole"), losses(tmp_path / "broken")
    assert list(found) == list(wanted) == list(range(1, 9))
    assert found == pytest.approx(wanted, abs=1e-5)
    assert resumed.adapter_hash == whole.adapter_hash


@pytest.fixture(scope="module")
def once_broken(run_in, tmp_path_factory):
    folder = tmp_path_factory.mktemp("broken") / "run"
    assert run_in(folder, stop_at=(5, "close")).state == "interrupted"
    return folder


@pytest.fixture
def broken(once_broken, tmp_path):
    """The folder of a run that was broken off after step 5, with checkpoints 4 and 5."""
    return shutil.copytree(once_broken, tmp_path / "run")


def test_steps_after_the_last_whole_checkpoint_are_taken_again_and_counted_once(run_in, broken):
    weights = broken / "checkpoints" / "checkpoint-5" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    assert run_in(broken).state == "done"
    assert list(losses(broken)) == list(range(1, 9))
    assert "goes on from step 4" in (broken / "log.txt").read_text()


@pytest.mark.parametrize("harm", ["half", "flipped", "no manifest", "garbage manifest"])
def test_a_checkpoint_that_is_not_whole_is_never_opened(broken, harm):
    newest = broken / "checkpoints" / "checkpoint-5"
    assert checkpoints.latest_checkpoint(broken) == newest
    weights = newest / "adapter_model.safetensors"
    if harm == "half":
        weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    elif harm == "flipped":
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(bytes(content))
    elif harm == "no manifest":
        (newest / "manifest.json").unlink()
    else:
        (newest / "manifest.json").write_text('{"files": 3}')
    older = checkpoints.latest_checkpoint(broken)
    assert older is not None and older.name == "checkpoint-4"
    checkpoints.drop_incomplete(broken)
    assert not newest.exists()


def test_without_a_checkpoint_it_begins_again(run_in, broken):
    checkpoints.drop_all(broken)
    assert run_in(broken).state == "done" and list(losses(broken)) == list(range(1, 9))


def test_a_stopped_run_can_be_gone_on_with(run_in, tmp_path):
    stopped = run_in(tmp_path / "run", stop_at=(3, "stop"))
    done = run_in(tmp_path / "run")
    assert stopped.state == "stopped" and done.state == "done"
    assert stopped.adapter_hash and stopped.adapter_hash != done.adapter_hash


def test_two_checkpoints_are_kept(broken):
    """Of those after steps 2, 4 and 5."""
    names = sorted(path.name for path in (broken / "checkpoints").glob("checkpoint-*"))
    assert names == ["checkpoint-4", "checkpoint-5"]


def test_other_base_weights_are_refused(run_in, broken):
    outcome = run_in(broken, base_hash="0" * 64)
    assert outcome.state == "failed" and "other base weights (00000000" in outcome.error
    assert checkpoints.latest_checkpoint(broken) is not None


@pytest.mark.parametrize(("seconds", "kept"), [(1, True), (0, False)])
def test_a_short_run_keeps_checkpoints_by_the_clock(make_run, make_dataset, tiny_engine, tmp_path, seconds, kept):
    """Killed before its first `save_steps`, it would lose everything."""
    settings = QUICK.model_copy(update={"save_steps": 1000, "save_seconds": seconds, "max_steps": 5})
    seen = []

    def slowly(step, steps):
        seen.append(checkpoints.latest_checkpoint(tmp_path))
        time.sleep(0.3)

    assert train(make_run(settings=settings), make_dataset(), tiny_engine, tmp_path, StopSignal(), slowly).step == 5
    assert any(seen) == kept
