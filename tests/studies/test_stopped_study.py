"""A study is stopped in the middle of a training."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cai_ui.store import open_store
from cai_ui.train.run.checkpoints import latest_checkpoint

from .test_seed_study import ROOT, flags


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Programs that are started meanwhile take SIGINT for Ctrl+C, also where these tests run in the background of a
    shell, which has what it starts there ignore SIGINT, and whatever that starts in turn."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("ctrl_c")
def test_a_study_that_is_stopped_in_a_training_ends_in_order_and_goes_on(tmp_path: Path) -> None:
    """First while the run is prepared, then in the middle of its steps, each time with a run in a thread."""
    home, told = tmp_path / "home", []
    command = [sys.executable, "-m", "cai_ui", *flags(home, tmp_path / "a.md"), "--max-steps", "4000"]

    def written(name: str) -> int:
        """When the run's file was written last; 0 where there is none."""
        return max((path.stat().st_mtime_ns for path in home.glob(f"runs/*/{name}")), default=0)

    for number, awaited, status in ((signal.SIGINT, "config.json", 130), (signal.SIGTERM, "metrics.jsonl", 143)):
        before = written(awaited)
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as child:
            while written(awaited) == before:
                assert child.poll() is None, child.communicate()
                time.sleep(0.02)
            child.send_signal(number)
            said = child.communicate(timeout=120)[1]
        assert child.returncode == status and said.endswith("Stopped. What was finished is kept.\n"), said
        assert "Traceback" not in said and "cut off" not in said
        with open_store(home, None) as store:
            told.append(store.runs()[0])
    assert [run.state for run in told] == ["interrupted"] * 2
    assert told[0].id == told[1].id and 0 < told[1].step < 4000
    assert latest_checkpoint(home / "runs" / told[1].id) is not None
