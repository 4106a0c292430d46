"""Faults at exact places: a forked process is killed, or told that the disk is full, at its nth call of the system.

Needs Linux and strace, and the right to trace one's own processes; without them tests are skipped with a reason.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

CHANGES = (
    "write,pwrite64,ftruncate,rename,renameat2,unlink,unlinkat,rmdir,mkdir,fsync,fdatasync,copy_file_range,sendfile"
)
"""Calls that change what is on the disk, or ask for it to be there."""


def killed_at_each(work: Callable[[], None], folder: Path, stride: int = 1) -> Iterator[str]:
    """Kill the work at its first change, then another at its second, and so on through all of them.

    Yields the place of each kill, to look at what is left and to put things back; `folder` holds strace's output. Of
    writes of pages, which may be hundreds, only every `stride`th is tried.
    """
    yield from _each(work, CHANGES, "signal=KILL", "", folder, stride)


def failing_at_each(work: Callable[[], None], error: str, calls: str, folder: Path, stride: int = 1) -> Iterator[str]:
    """The same with an error, such as ENOSPC, from the nth of these calls on."""
    yield from _each(work, calls, f"error={error}", "+", folder, stride)


def _each(work: Callable[[], None], calls: str, what: str, onwards: str, folder: Path, stride: int) -> Iterator[str]:
    """strace counts each kind of call by itself, so each is gone through. How often it comes may differ a little from
    one time to the next, so a kind is over when the fault does not come any more."""
    if sys.platform != "linux" or shutil.which("strace") is None:
        pytest.skip("strace was not found")
    log = folder / "strace.log"
    for call in calls.split(","):
        for number in range(1, 1000, stride if call == "pwrite64" else 1):
            status = _traced(work, calls, f"inject={call}:{what}:when={number}{onwards}", log)
            killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            if not killed and "(INJECTED)" not in log.read_text(errors="replace"):
                assert os.WEXITSTATUS(status) == 0, "it fails without a fault, too"
                yield ""  # it came to its end: put things back
                break
            yield f"{call} {number}"


def _traced(work: Callable[[], None], calls: str, inject: str, log: Path) -> int:
    """The status of a forked process that did the work under strace."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.kill(os.getpid(), signal.SIGSTOP)
            work()
            code = 0
        finally:
            os._exit(code)
    os.waitpid(child, os.WUNTRACED)
    strace = subprocess.Popen(
        ["strace", "-f", "-o", str(log), "-e", f"trace={calls}", "-e", inject, "-p", str(child)], stderr=subprocess.PIPE
    )
    end = time.monotonic() + 20
    while "TracerPid:\t0\n" in Path(f"/proc/{child}/status").read_text():
        if strace.poll() is not None or time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            pytest.skip("strace may not be used here")
        time.sleep(0.002)
    os.kill(child, signal.SIGCONT)
    _, status = os.waitpid(child, 0)
    strace.communicate(timeout=20)
    return status
