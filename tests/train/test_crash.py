"""The program is killed in the middle of a run: the run is interrupted, can be resumed, and nothing of it is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cai_ui.config.train import TrainSettings
from cai_ui.store import open_store
from cai_ui.train.jobs.jobs import Jobs
from cai_ui.train.run.metrics import read_rows

SETTINGS = TrainSettings(batch_size=4, max_steps=400, save_steps=2, rank=4, learning_rate=1e-3, dropout=0.1)
PROGRAM = """
import sys
from pathlib import Path
from cai_ui.config.app import AppSettings
from cai_ui.config.train import TrainSettings
from cai_ui.engine import load_engine
from cai_ui.store import open_store
from cai_ui.train.jobs.jobs import Jobs

home, model, dataset, settings = sys.argv[1:]
engine = load_engine(AppSettings(model=model))
jobs = Jobs(open_store(Path(home), None), lambda: engine)
run = jobs.submit("sft", dataset, TrainSettings.model_validate_json(settings), "me")
print(run.id, flush=True)
jobs.wait(run.id)
"""


@pytest.mark.slow
def test_kill_9_in_training_then_resume(tmp_path: Path, tiny_model, tiny_engine, make_dataset, run_in) -> None:
    home = tmp_path / "home"
    store = open_store(home, None)
    dataset = store.save_dataset(make_dataset(), "me").hash
    store.close()
    arguments = [str(home), str(tiny_model), dataset, SETTINGS.model_dump_json()]
    with subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, text=True,
                          cwd=Path(__file__).parents[2]) as child:  # fmt: skip
        assert child.stdout is not None
        run_id = child.stdout.readline().strip()
        folder = home / "runs" / run_id
        end = time.monotonic() + 90
        try:
            while not any(row["step"] >= 5 for row in read_rows(folder)):
                assert time.monotonic() < end and child.poll() is None
                time.sleep(0.01)
        finally:
            os.kill(child.pid, signal.SIGKILL)
    store = open_store(home, None)
    assert [run.id for run in store.mark_interrupted()] == [run_id]
    left = store.run(run_id)
    assert left.state == "interrupted" and "program ended" in (left.error or "")
    lost = max(row["step"] for row in read_rows(folder))

    jobs = Jobs(store, lambda: tiny_engine)
    jobs.resume(run_id)
    end = time.monotonic() + 90
    while not any(row["step"] >= lost + 3 for row in read_rows(folder)):
        assert time.monotonic() < end, store.run(run_id)
        time.sleep(0.01)
    jobs.stop(run_id, save=True)
    assert jobs.wait(run_id, 60).state == "stopped"
    losses = [(row["step"], row["loss"]) for row in read_rows(folder) if "loss" in row]
    assert [step for step, _ in losses] == list(range(1, len(losses) + 1)), "a step is missing or counted twice"
    assert "goes on from step" in (folder / "log.txt").read_text()
    run_in(tmp_path / "whole", settings=SETTINGS, stop_at=(len(losses), "close"))
    whole = [row["loss"] for row in read_rows(tmp_path / "whole") if "loss" in row]
    assert max(abs(a - b) for a, (_, b) in zip(whole, losses, strict=True)) < 1e-5
    jobs.close()
    store.close()
    tiny_engine.unload_adapter(run_id)
