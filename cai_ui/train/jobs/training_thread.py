"""The thread that trains: one run after the other while any waits, and how each ended is kept."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from cai_ui.config.knobs import checked
from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import Engine
from cai_ui.errors import CaiError, StoreError, begin
from cai_ui.formats.whole_file import write_whole
from cai_ui.logs import about
from cai_ui.records import Run
from cai_ui.store import Store
from cai_ui.store.encoding import now
from cai_ui.train import config_file
from cai_ui.train.check.preflight import trainable_engine
from cai_ui.train.encoding import EncodedDatasets
from cai_ui.train.jobs.adapters import RunAdapters
from cai_ui.train.jobs.queue import RunQueue
from cai_ui.train.jobs.slices import Slices, train_in_slices
from cai_ui.train.run.causes import cause
from cai_ui.train.run.checkpoints import drop_all
from cai_ui.train.run.folder import Outcome, read_outcome
from cai_ui.train.run.probes import ProbeKit
from cai_ui.train.run.run import train
from cai_ui.train.signals import StopSignal, Wish

REPORT_S = 1.0
"""Seconds between two notes of a run's step in the database; its metrics are written at every step."""
AGAIN_S = 5.0
"""Seconds until a database that could not be read or written is asked again."""

T = TypeVar("T")
log = logging.getLogger(__name__)


class TrainingThread:
    """Works on the runs that wait in a store. `changed` is held while the queue or a run's row is changed, and notified
    when a run has ended."""

    def __init__(
        self,
        store: Store,
        engine: Callable[[], Engine],
        kit: ProbeKit,
        slices: Slices | None,
        adapters: RunAdapters,
        encoded: EncodedDatasets,
        seat: threading.Lock,
    ) -> None:
        """`seat` is held while a run has the weights."""
        self._store, self._engine, self._kit, self._slices = store, engine, kit, slices
        self._adapters, self._encoded, self._seat = adapters, encoded, seat
        self._queue = RunQueue(store)
        self.changed = threading.Condition(threading.RLock())
        self._thread: threading.Thread | None = None
        self._signals: dict[str, StopSignal] = {}
        self._closed = False
        self._believe_exit_records()

    def wake(self) -> None:
        """See to it that somebody works on the queue."""
        with self.changed:
            if self._thread is None and not self._closed and self._queue.next() is not None:
                thread = threading.Thread(target=self._work, name="training", daemon=True)
                begin(thread)
                self._thread = thread

    def ask(self, run_id: str, wish: Wish) -> bool:
        """Ask a run to end; whether it is under way here."""
        signal = self._signals.get(run_id)
        if signal is not None:
            signal.ask(wish)
        return signal is not None

    def ask_to_close(self) -> None:
        """Ask the run that trains to end with a checkpoint, and begin no other."""
        with self.changed:
            self._closed = True
            for signal in self._signals.values():
                signal.ask("close")

    def close(self, wait_s: float) -> bool:
        """The same, and wait for the end, but not longer; whether it came."""
        self.ask_to_close()
        with self.changed:
            thread = self._thread
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(wait_s)
        return not thread.is_alive()

    def describe(self, run: Run) -> None:
        """See to it that the file is in the run's folder that asks for the same run again. StoreError if it cannot be
        written."""
        path = self._folder(run) / config_file.NAME
        if not path.exists():
            write_whole(path, config_file.config_text(run).encode("utf-8"))

    def _work(self) -> None:
        try:
            self._train_all()
        except BaseException:  # as of memory that gave out between two runs: whoever comes next finds nobody at work
            with self.changed:
                self._thread = None
            raise

    def _train_all(self) -> None:
        while True:
            with self.changed:
                run = self._insist(self._begin)
                if run is None:
                    self._thread = None
                    return
                signal = self._signals[run.id] = StopSignal()
            with about(run=run.id):
                outcome = self._run(run, signal)
            with self.changed:
                del self._signals[run.id]
                self._insist(partial(self._settle, run, outcome))
                self.changed.notify_all()

    def _begin(self) -> Run | None:
        """The next run, which is now under way; None where none is to begin."""
        run = None if self._closed else self._queue.next()
        return run and self._store.update_run(run.id, state="preparing", started_at=run.started_at or now())

    def _insist(self, ask: Callable[[], T]) -> T | None:
        """What the database answers, asked again while it cannot be read or written; None where it could not before the
        end. Called with the lock held, which others may have in between.

        How a run ended is in its exit record, too: the next start knows what could not be noted.
        """
        while True:
            try:
                return ask()
            except StoreError as error:
                log.error("training waits for the database and asks it again in %.0f s: %s", AGAIN_S, error)
            if self._closed:
                return None
            self.changed.wait(AGAIN_S)

    def _run(self, run: Run, signal: StopSignal) -> Outcome:
        try:
            return self._trained(run, signal)
        except CaiError as error:
            return Outcome("failed", run.step, str(error))
        except Exception as error:  # whatever it is, the runs that wait have to get their turn
            log.exception("the run %s ended with an error", run.id)
            return Outcome("failed", run.step, cause(error))

    def _trained(self, run: Run, signal: StopSignal) -> Outcome:
        self.describe(run)
        engine = self._engine()
        self._adapters.need(engine, run.start_adapter)
        settings = checked(TrainSettings, run.config)  # another version may know other knobs
        self._adapters.need(engine, settings.reference)
        chat = trainable_engine(engine).chat
        dataset, rows = self._encoded.get(run.method, run.dataset_hash, settings, chat)
        given = (run, dataset, engine, self._folder(run), signal, self._reporter(run), self._kit)
        with self._seat:
            outcome = train_in_slices(*given, self._slices, rows) if self._slices else train(*given, rows)
        self._adapters.put_up(engine, run, bool(outcome.adapter_hash or run.adapter) and outcome.state != "cancelled")
        return outcome

    def _reporter(self, run: Run) -> Callable[[int, int], None]:
        last = 0.0

        def report(step: int, steps: int) -> None:
            nonlocal last
            if last and time.monotonic() - last < REPORT_S and step < steps:
                return
            last = time.monotonic()
            changes: dict[str, Any] = {"step": step, "total_steps": steps}
            try:
                with self.changed:
                    if self._store.run(run.id).state == "preparing":
                        changes["state"] = "running"
                    self._store.update_run(run.id, **changes)
            except StoreError as error:  # the metrics have it: a database that is away costs no training
                log.warning("the step of %s could not be noted: %s", run.id, error)

        return report

    def _settle(self, run: Run, outcome: Outcome) -> None:
        kept = outcome.adapter_hash is not None
        changes: dict[str, Any] = {
            "state": outcome.state,
            "step": outcome.step,
            "error": outcome.error,
            "ended_at": now(),
            "summary": outcome.summary,
        }
        if kept or outcome.state == "cancelled":
            changes |= {"adapter": run.id if kept else None, "adapter_hash": outcome.adapter_hash}
        if outcome.state == "cancelled":
            drop_all(self._folder(run))
        self._store.update_run(run.id, **changes)

    def _believe_exit_records(self) -> None:
        """A process may die between a run's end and its note in the database: the exit record decides."""
        for run in self._store.runs():
            if run.state == "interrupted":
                outcome = read_outcome(self._folder(run))
                if outcome is not None and outcome.state != "interrupted":
                    self._settle(run, outcome)

    def _folder(self, run: Run) -> Path:
        return self._store.workspace.run_dir(run.id)
