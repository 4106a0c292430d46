"""How a program of ours ends: a thread that still computes is not to have its libraries taken down beneath it.

Whoever began work in a thread asks it to end and waits for a bounded while. A thread that is then still inside torch
would crash the process (SIGSEGV or SIGABRT) as the interpreter goes down, and with it the exit status would be lost.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import NoReturn

TERMINATED = 128 + signal.SIGTERM
"""Exit status after SIGTERM, so that a scheduler does not take the work for done."""
INTERRUPTED = 128 + signal.SIGINT
"""Exit status after Ctrl+C."""


class Terminated(KeyboardInterrupt):
    """SIGTERM came: unwind as after Ctrl+C."""


def unwind_at_sigterm(first: Callable[[], None] = lambda: None) -> None:
    """From now on SIGTERM has the main thread do what comes `first`, and raises Terminated in it; a second one ends the
    process at once."""

    def come(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        first()
        raise Terminated

    signal.signal(signal.SIGTERM, come)


def leave_after(main: Callable[[], int]) -> NoReturn:
    """Run a program and end the process with its exit status, however it ends."""
    try:
        status = main()
    except KeyboardInterrupt as again:  # while what was stopped is waited for
        status = TERMINATED if isinstance(again, Terminated) else INTERRUPTED
    except SystemExit as end:  # the flags' own refusal
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    leave(status)


def leave(status: int) -> NoReturn:
    """End the process with this exit status. What is to last is on the disk by now.

    With daemon threads left, what is registered for the exit is done and all output written, but the interpreter is
    not taken down; without, this is `sys.exit`.
    """
    if not any(thread.daemon for thread in threading.enumerate()):
        sys.exit(status)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # a pipe whose reader went away; a stream that is closed or none
            continue
    os._exit(status)
