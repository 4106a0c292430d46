"""Killed, or out of disk, at each single write of an adapter, of a checkpoint's manifest, of an exit record."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from cai_ui.engine.adapters.files import check_files, settle, write_adapter
from cai_ui.train.run.checkpoints import is_complete, latest_checkpoint, seal
from cai_ui.train.run.folder import Outcome, read_outcome, write_outcome
from tests.strace import failing_at_each, killed_at_each

pytestmark = pytest.mark.forks
CONFIG = {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj"]}


def write(folder: Path, value: float) -> str:
    state = {name: torch.full((32, 32), value) for name in ("a", "b", "c")}
    return write_adapter(folder, CONFIG, state, "base", "b" * 64)


def test_killed_at_each_write_of_an_adapter_the_former_or_the_new_one_is_whole(tmp_path: Path) -> None:
    folder, kept = tmp_path / "run" / "adapter", tmp_path / "kept"
    old = write(folder, 1.0)
    shutil.copytree(folder.parent, kept)
    new, seen, kills = write(tmp_path / "new", 2.0), set(), 0
    for place in killed_at_each(lambda: write(folder, 2.0) and None, tmp_path):
        settle(folder)
        seen.add(check_files(folder))
        assert [path.name for path in folder.parent.iterdir()] == ["adapter"], place
        shutil.rmtree(folder.parent)
        shutil.copytree(kept, folder.parent)
        kills += bool(place)
    assert seen == {old, new} and kills > 10
    print(f"{kills} kills at single writes of an adapter; always a whole one")


@pytest.mark.parametrize("error,calls", [("ENOSPC", "write,rename"), ("EIO", "fsync")])
def test_an_adapter_that_the_disk_does_not_take_leaves_the_former_one(tmp_path: Path, error: str, calls: str) -> None:
    folder = tmp_path / "run" / "adapter"
    old = write(folder, 1.0)
    faults = 0

    def work() -> None:
        try:
            write(folder, 2.0)
        except OSError:
            (tmp_path / "told").touch()

    for place in failing_at_each(work, error, calls, tmp_path):
        if place:
            assert (tmp_path / "told").exists(), place
            settle(folder)  # as whoever looks for it next does: now there is room again
            assert [path.name for path in folder.parent.iterdir()] == ["adapter"]
            if check_files(folder) != old:  # only the last flush of the folder's names failed
                write(folder, 1.0)
        (tmp_path / "told").unlink(missing_ok=True)
        faults += bool(place)
    assert faults >= 3


def test_killed_at_each_write_of_a_manifest_the_older_checkpoint_counts(tmp_path: Path) -> None:
    run = tmp_path / "run"
    for step in (2, 4):
        checkpoint = run / "checkpoints" / f"checkpoint-{step}"
        checkpoint.mkdir(parents=True)
        for name in ("adapter_model.safetensors", "optimizer.pt", "trainer_state.json"):
            (checkpoint / name).write_bytes(name.encode() * 1000 * step)
        if step == 2:
            seal(checkpoint)
    kept, kills = shutil.copytree(run, tmp_path / "kept"), 0
    for place in killed_at_each(lambda: seal(run / "checkpoints" / "checkpoint-4"), tmp_path):
        found = latest_checkpoint(run)
        assert found is not None and is_complete(found), place
        assert not place or found.name in ("checkpoint-2", "checkpoint-4")
        shutil.rmtree(run)
        shutil.copytree(kept, run)
        kills += bool(place)
    assert kills > 4


def test_killed_at_each_write_of_an_exit_record_it_is_there_whole_or_not(tmp_path: Path) -> None:
    told, kills = Outcome("done", 8, None, "a" * 64, {"rows": 3}), 0
    for place in killed_at_each(lambda: write_outcome(tmp_path, told), tmp_path):
        assert read_outcome(tmp_path) in (None, told), place
        (tmp_path / "result.json").unlink(missing_ok=True)
        kills += bool(place)
    assert kills >= 3
