"""The queue of runs: one trains at a time, in a thread of this process; the database and the folders remember.

A run is never lost by its page: it belongs to the process, its state to the database, and how it ended to the exit
record in its folder. What is queued when the program ends begins when it is started again.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import Engine
from cai_ui.errors import ConflictError, StoreError
from cai_ui.records import BASE, GOING_ON, NOT_OVER, RESUMABLE, AdapterInfo, Run
from cai_ui.store import Store
from cai_ui.store.encoding import now
from cai_ui.text import clean_name
from cai_ui.train.check.pace import Paces
from cai_ui.train.check.preflight import PreflightReport, preflight, trainable_engine
from cai_ui.train.encoding import EncodedDatasets
from cai_ui.train.jobs.adapters import RunAdapters
from cai_ui.train.jobs.queue import RunQueue
from cai_ui.train.jobs.slices import Slices
from cai_ui.train.jobs.training_thread import TrainingThread
from cai_ui.train.methods import method_of
from cai_ui.train.run.probes import NO_PROBES, ProbeKit


class Jobs:
    """Starts, stops and resumes runs. `engine` gives the model, waiting for it if need be."""

    def __init__(
        self, store: Store, engine: Callable[[], Engine], kit: ProbeKit = NO_PROBES, slices: Slices | None = None
    ) -> None:
        """`slices`: the GPU is lent for a while at a time, and runs are cut accordingly."""
        self._store = store
        self._engine = engine
        self._kit = kit
        self._slices = slices
        seat = threading.Lock()  # a run waits for a trial to end; no trial is begun while a run has the weights
        self._paces = Paces(store, seat, trials=slices is None)
        self._adapters = RunAdapters(store)
        self._queue = RunQueue(store)
        self._encoded = EncodedDatasets(store)
        self._training = TrainingThread(store, engine, kit, slices, self._adapters, self._encoded, seat)
        self._changed = self._training.changed
        self._training.wake()

    def check(
        self, method: str, dataset_hash: str, settings: TrainSettings, start_adapter: str | None = None
    ) -> PreflightReport:
        """What would stop a run, and what it would cost, without starting it.

        `start_adapter` may be a run that is not over yet: then it is looked at as if it began from the base.
        """
        start = None if start_adapter in (None, "", BASE) or self._queue.unfinished(start_adapter) else start_adapter
        engine = self._engine()
        self._adapters.need(engine, start)
        self._adapters.need(engine, settings.reference)
        dataset, rows = self._encoded.get(method, dataset_hash, settings, trainable_engine(engine).chat)
        prompts = self._kit.prompts(settings) if settings.probe_steps else ()
        pace = partial(self._paces.choose, method, engine, settings, start)
        lent = None if self._slices is None else self._slices.seconds
        home = self._store.workspace.home
        return preflight(method, dataset, settings, engine, start, prompts, home, pace, lent, rows)

    def submit(
        self,
        method: str,
        dataset_hash: str,
        settings: TrainSettings,
        owner: str,
        name: str = "",
        start_adapter: str | None = None,
        group: str = "",
    ) -> Run:
        """Begin a run, or queue it behind the one there is. The same run asked for twice is one run.

        A run that starts from one that is not over waits for its end, and fails if that leaves no adapter.
        PreflightError names what stands against it; then nothing was started.
        """
        start = None if start_adapter in (None, "", BASE) else start_adapter
        name = clean_name(name, "The name of the run", required=False)
        self.check(method, dataset_hash, settings, start).require()
        engine = self._engine()
        dataset = self._store.dataset_info(dataset_hash)
        with self._changed:
            config = settings.model_dump()
            there = self._queue.same(method, dataset_hash, config, start)
            if there is not None:
                return there
            run = Run(
                id=f"run-{uuid.uuid4().hex[:12]}",
                name=name or self._queue.free_name(f"{method_of(method).title} {dataset.name}".strip()),
                method=method,
                state="queued",
                dataset_hash=dataset_hash,
                config=config,
                owner=owner,
                created_at=now(),
                start_adapter=start,
                base_hash=engine.base_hash,
                group=group,
            )
            self._store.create_run(run)
            self._training.wake()
        with suppress(StoreError):  # it is written once more when the run begins, and that says so where it cannot be
            self._training.describe(run)
        return run

    def stop(self, run_id: str, save: bool = True) -> None:
        """End a run after the step in hand; with `save` its adapter is kept. A waiting run leaves the queue.

        ConflictError for one that is over.
        """
        with self._changed:
            run = self._store.run(run_id)
            if run.state == "queued":
                self._store.update_run(run_id, state="cancelled", ended_at=now())
                self._changed.notify_all()
            elif run.state in GOING_ON and self._training.ask(run_id, "stop" if save else "cancel"):
                self._store.update_run(run_id, state="stopping")
            else:
                raise ConflictError(f"The run {run.name} is not going on.", kept="Nothing was changed.")

    def resume(self, run_id: str) -> Run:
        """Go on from the last complete checkpoint, or from the beginning where there is none."""
        self._engine()
        with self._changed:
            run = self._store.run(run_id)
            if run.state in NOT_OVER:
                return run
            if run.state not in RESUMABLE:
                raise ConflictError(
                    f"The run {run.name} is {run.state}; there is nothing to go on with.",
                    kept="It was left as it is.",
                    next_step="Start a new run.",
                )
            method_of(run.method)  # another version may know other methods
            run = self._store.update_run(run_id, state="queued", error=None, ended_at=None)
            self._training.wake()
        return run

    def move_up(self, run_id: str) -> Run:
        """Put a waiting run before all others. ConflictError for one that does not wait."""
        with self._changed:
            run = self._store.run(run_id)
            if run.state != "queued":
                raise ConflictError(f"The run {run.name} is not waiting.", kept="The queue is unchanged.")
            first = min((other.place for other in self._queue.waiting()), default=0)
            return self._store.update_run(run_id, place=first - 1)

    def queue(self) -> list[Run]:
        """Runs that wait, in the order in which they will begin."""
        return self._queue.waiting()

    def rename(self, run_id: str, name: str, engine: Engine | None) -> Run:
        """Give a run, and the adapter it made, another name. `engine` is the one in use, if it is ready."""
        with self._changed:
            run = self._store.update_run(run_id, name=name)
        if run.adapter and run.state not in GOING_ON:
            self._adapters.show(engine, run, kept=True)
        return run

    def trash(self, run_id: str, engine: Engine | None) -> Run:
        """Put a run into the trash; its files stay. ConflictError while it goes on or others start from it."""
        with self._changed:
            run = self._store.run(run_id)
            users = [r.name for r in self._store.runs() if r.state in NOT_OVER and r.start_adapter == run.id]
            if run.state in NOT_OVER or users:
                why = f"the run {users[0]} starts from it" if users else "it is going on"
                raise ConflictError(f"{run.name} cannot be put away: {why}.", next_step="Wait for the end, or stop it.")
            run = self._store.update_run(run_id, trashed_at=now())
        self._adapters.show(engine, run, kept=False)
        return run

    def restore(self, run_id: str, engine: Engine | None) -> Run:
        """Bring a run back from the trash."""
        with self._changed:
            run = self._store.update_run(run_id, trashed_at=None)
        self._adapters.show(engine, run, kept=bool(run.adapter))
        return run

    def wait(self, run_id: str, timeout_s: float | None = None) -> Run:
        """The run when it is over, or as it is after `timeout_s` seconds."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            while True:
                run = self._store.run(run_id)
                left = None if end is None else end - time.monotonic()
                if run.state not in NOT_OVER or (left is not None and left <= 0):
                    return run
                self._changed.wait(left)

    def adapters(self) -> list[AdapterInfo]:
        """Adapters of all runs that kept one, oldest first; a damaged folder is left out and logged."""
        return self._adapters.all()

    def ask_to_close(self) -> None:
        """Ask the run that trains to end with a checkpoint, and begin no other. It can be resumed later."""
        self._training.ask_to_close()

    def close(self, wait_s: float = 30.0) -> bool:
        """The same, and wait for the end, but not longer; whether it came."""
        return self._training.close(wait_s)
