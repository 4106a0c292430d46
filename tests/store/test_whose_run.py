"""Whose process a run belongs to: numbers are given out again, clocks jump, and a process may only be asleep."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cai_ui.errors import CaiError
from cai_ui.records import Run
from cai_ui.store import open_store
from cai_ui.store.runs import THIS_PROCESS, birth_of, is_gone

HOLD = """
import sys
from pathlib import Path
from cai_ui.store import open_store
store = open_store(Path(sys.argv[1]), None)
print("ready", flush=True)
input()
"""


def test_a_number_given_out_again_is_not_taken_for_the_process_that_had_it() -> None:
    """A18: after a restart another process may have the number of the one that trained."""
    assert not is_gone(THIS_PROCESS)
    before, _, birth = THIS_PROCESS.rpartition("-")
    if not birth:
        pytest.skip("this system does not tell when a process began")
    boot, _, started = birth.partition(".")
    assert is_gone(f"{before}-{boot}.{int(started) - 1}"), "same number, begun earlier"
    assert is_gone(f"{before}-{'0' * 8}.{started}"), "same number, before the machine was started again"
    assert not is_gone(THIS_PROCESS.replace(":", "elsewhere:", 1)), "of other machines nothing is known"


def test_a_process_that_has_ended_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    held = THIS_PROCESS.replace(f":{os.getpid()}:", f":{child.pid}:").rpartition("-")[0] + f"-{birth_of(child.pid)}"
    assert not is_gone(held)
    child.kill()
    child.wait()
    assert is_gone(held)


def test_a_sleeping_process_keeps_its_workspace(tmp_path: Path) -> None:
    """A17: nobody takes over while it sleeps, so nothing it writes when it wakes can do harm."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as it:
        assert it.stdout is not None and it.stdout.readline() == b"ready\n"
        try:
            it.send_signal(signal.SIGSTOP)
            with pytest.raises(CaiError, match=str(it.pid)):
                open_store(tmp_path, None)
        finally:
            it.kill()


def test_runs_keep_their_order_whatever_the_clock_says(tmp_path: Path) -> None:
    """A16: an hour back, a day ahead; the newest is the one that was added last."""
    times = ("2026-05-01T12:00:00+00:00", "2026-05-01T11:00:00+00:00", "2026-05-02T12:00:00+00:00",
             "2026-05-01T12:00:01+00:00")  # fmt: skip
    with open_store(tmp_path, None) as store:
        for number, at in enumerate(times):
            store.create_run(Run(f"run-{number}", "", "sft", "queued", "d", {}, "me", at))
        assert [run.id for run in store.runs()] == ["run-3", "run-2", "run-1", "run-0"]
