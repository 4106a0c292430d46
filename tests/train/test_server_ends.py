"""The server ends in the middle of a run, asked to (SIGTERM) and without (SIGKILL): the next one goes on with it."""

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
from cai_ui.train.run.checkpoints import latest_checkpoint, step_of
from cai_ui.train.run.metrics import read_rows
from tests.app_server import free_port

from .conftest import ROOT, a_run

LONG = TrainSettings(batch_size=4, max_steps=4_000, save_steps=2, rank=4)
RUN = "run-0123456789ab"
PATIENCE_S = 600.0


def served(home: Path, model: Path) -> subprocess.Popen[bytes]:
    """The app as somebody starts it; it begins what waits by itself."""
    port = free_port()
    command = [sys.executable, "app.py", "--home", str(home), "--model", str(model), "--port", str(port)]
    with (home.parent / "log").open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env={**os.environ, "HF_HUB_OFFLINE": "1"})


def wait_for_step(server: subprocess.Popen[bytes], folder: Path, step: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while not any(row["step"] >= step for row in read_rows(folder)):
        assert time.monotonic() < end and server.poll() is None, (folder.parents[2] / "log").read_text()[-3000:]
        time.sleep(0.05)


@pytest.mark.slow
def test_the_server_ends_in_the_middle_of_a_run(tmp_path: Path, tiny_model: Path, make_dataset) -> None:
    home = tmp_path / "home"
    with open_store(home, None) as store:
        data = store.save_dataset(make_dataset(), "me").hash
        store.create_run(a_run(settings=LONG, id=RUN, state="queued", dataset_hash=data))
        folder = store.workspace.run_dir(RUN)
    reached = 3
    for ended, status in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 0)):
        server = served(home, tiny_model)
        try:
            wait_for_step(server, folder, reached)
            server.send_signal(ended)
            assert server.wait(60) == status
        finally:
            server.kill()
        done = max(row["step"] for row in read_rows(folder))
        with open_store(home, None) as store:
            if ended == signal.SIGKILL:
                assert [run.id for run in store.mark_interrupted()] == [RUN]
            run, kept = store.run(RUN), latest_checkpoint(folder)
            assert run.state == "interrupted" and kept is not None and store.check() == []
            assert step_of(kept) == done if ended == signal.SIGTERM else 0 <= done - step_of(kept) <= LONG.save_steps
            store.update_run(RUN, state="queued")
        reached = done + 3
    text = (tmp_path / "log").read_text()
    assert "Traceback" not in text, text[-3000:]
    assert "goes on from step" in (folder / "log.txt").read_text()
