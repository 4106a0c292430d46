"""Work that outlives the page that began it: one thread, progress anyone may read, a stop flag, an end.

A job lives in the process, not in a page, so reloads and second tabs see the same. What it leaves
behind is durable elsewhere (traces, examples, evaluations); its own last word is kept through `remember`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, Literal, TypeVar

from cai_ui.engine.interface import StopFlag
from cai_ui.errors import CaiError, ConflictError, NoRoomError, begin, is_memory, no_room

JobState = Literal["running", "stopping", "stopped", "done", "failed"]
P = TypeVar("P")
Work = Callable[[StopFlag], Iterator[P]]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Snapshot(Generic[P]):
    """A job at one moment. `seconds` run from its start to now or to its end."""

    state: JobState
    progress: P
    error: str
    seconds: float
    owner: str

    @property
    def active(self) -> bool:
        return self.state in ("running", "stopping")


class Background(Generic[P]):
    """A place for one job at a time. `remember` is called with each new state, from the job's thread."""

    def __init__(self, what: str, remember: Callable[[Snapshot[P]], None] = lambda _: None) -> None:
        self.what = what
        self._remember = remember
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._flag = threading.Event()
        self._now: Snapshot[P] | None = None
        self._began = self._told = 0.0

    def start(self, work: Work[P], first: P, owner: str = "") -> None:
        """Begin; `work` yields its progress, `first` is shown until it does. ConflictError while one is active."""
        with self._lock:
            if self._now is not None and self._now.active:
                whose = f" (begun by {self._now.owner})" if self._now.owner else ""
                raise ConflictError(
                    f"{self.what} is already running{whose}.",
                    kept="It goes on.",
                    next_step="Wait for it to end, or stop it first.",
                )
            self._flag = threading.Event()
            self._began = self._told = time.monotonic()
            before, self._now = self._now, Snapshot("running", first, "", 0.0, owner)
            thread = threading.Thread(target=self._run, args=(work, self._flag), name=self.what, daemon=True)
            try:
                begin(thread)
            except NoRoomError:
                self._now = before
                raise
            self._thread = thread

    def snapshot(self) -> Snapshot[P] | None:
        """The job that runs, or the last one; None before there was any."""
        now = self._now
        if now is not None and now.active:
            return replace(now, seconds=time.monotonic() - self._began)
        return now

    def quiet_s(self) -> float:
        """Seconds since the job that runs last said how far it is; 0 while none runs."""
        with self._lock:
            return time.monotonic() - self._told if self._now is not None and self._now.active else 0.0

    def stop(self, why: str = "") -> None:
        """Ask the job to end; without one nothing happens. `why` is kept as its error, where nobody asked for it."""
        with self._lock:
            if self._now is not None and self._now.state == "running":
                self._flag.set()
                self._now = replace(self._now, state="stopping", error=why)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Whether no job is active any more within the time."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return thread is None or not thread.is_alive()

    def _run(self, work: Work[P], flag: StopFlag) -> None:
        end: JobState = "done"
        error = ""
        try:
            for progress in work(flag):
                with self._lock:
                    assert self._now is not None
                    self._now, self._told = replace(self._now, progress=progress), time.monotonic()
                self._keep(self._now)
            end = "stopped" if flag.is_set() else "done"
        except CaiError as failure:
            end, error = "failed", str(failure)
        except Exception as failure:
            log.exception("%s failed", self.what)
            unforeseen = f"An unexpected error ended it ({type(failure).__name__}). The log has the details."
            end, error = "failed", str(no_room()) if is_memory(failure) else unforeseen
        assert self._now is not None
        why = error or (self._now.error if end == "stopped" else "")
        last = replace(self._now, state=end, error=why, seconds=time.monotonic() - self._began)
        self._keep(last)  # before the state is shown, so that whoever sees the end finds it kept
        with self._lock:
            self._now = last

    def _keep(self, snapshot: Snapshot[P]) -> None:
        try:
            self._remember(snapshot)
        except Exception:  # whatever it is, the place has to be free again
            log.exception("the state of %s could not be kept", self.what)


def time_left(done: int, total: int, seconds: float) -> float | None:
    """Seconds still needed at the pace so far; None before anything is done."""
    return seconds / done * (total - done) if done else None
