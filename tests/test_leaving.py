"""A process left while threads of it compute: its exit status and its last words arrive, and nothing crashes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUSY = """
import atexit, sys, threading, time, torch
from cai_ui.leaving import leave

def work():
    layer = torch.nn.Linear(200, 200)
    while True:
        layer(torch.randn(200, 200)).square().mean().backward()
        begun.set()

begun = threading.Event()
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
begun.wait()
"""
LATE = """
import sys, threading, time
from cai_ui.config.app import AppSettings
from cai_ui.leaving import leave
from cai_ui.pipeline import open_services, services

begun = threading.Event()

def endless(stop):
    while True:
        begun.set()
        time.sleep(0.01)
        yield open.batch.last().progress

services.CLOSE_S = 0.2
open = open_services(AppSettings(home=sys.argv[1], model="scripted"))
from cai_ui.pipeline.revise.batch import BatchProgress
open.batch.start(endless, BatchProgress(0, 0))
begun.wait()
open.close()
leave(0)
"""


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("status", [0, 3])
def test_threads_in_the_middle_of_a_step_crash_nothing(status: int) -> None:
    """With sys.exit in place of leave each of six tries ended with SIGABRT."""
    ended = run(f"{BUSY}\natexit.register(print, 'at exit')\nprint('kept')\nleave({status})")
    assert (ended.returncode, ended.stdout, ended.stderr) == (status, "kept\nat exit\n", "")


def test_a_second_interrupt_while_the_end_is_waited_for_is_the_end() -> None:
    ended = run(
        f"{BUSY}\nfrom cai_ui.leaving import leave_after\n"
        "def main():\n    try:\n        raise KeyboardInterrupt\n    finally:\n        raise KeyboardInterrupt\n"
        "leave_after(main)"
    )
    assert (ended.returncode, ended.stderr) == (130, "")


def test_a_reader_that_went_away_is_no_error() -> None:
    ended = run(f"{BUSY}\nsys.stdout.close()\nleave(0)")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_what_does_not_end_in_time_is_named(tmp_path: Path) -> None:
    ended = run(LATE, str(tmp_path / "home"))
    assert ended.returncode == 0
    assert "A batch did not end within 0 seconds and is cut off. What it had finished is kept" in ended.stderr
