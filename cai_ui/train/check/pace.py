"""Where the pace of an estimate comes from: the newest finished run of its kind, else a trial, else nothing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import Engine
from cai_ui.store import Store
from cai_ui.train.check.estimate import Pace
from cai_ui.train.check.trial import tried
from cai_ui.train.methods import method_of
from cai_ui.train.rows import Rows
from cai_ui.train.timings import read_rates

if TYPE_CHECKING:
    from cai_ui.engine.adapters.training_needs import TrainingNeeds


class Paces:
    """Chooses the pace of an estimate. Trials are made once for each shape of a run, and kept."""

    def __init__(self, store: Store, seat: threading.Lock, trials: bool = True) -> None:
        """`seat` is held by whoever trains; a trial takes it too, and is left out while it is taken.

        `trials` is false where the GPU is not at hand before a run.
        """
        self._store = store
        self._seat = seat
        self._trials = trials
        self._tried: dict[tuple[object, ...], Pace] = {}

    def choose(
        self,
        method: str,
        engine: Engine,
        settings: TrainSettings,
        start: str | None,
        rows: Rows,
        needs: TrainingNeeds,
        probes: int,
    ) -> Pace | None:
        """What the newest finished run of this method on these weights took; else what a trial takes."""
        known = self._of_a_run(method, engine)
        if known is not None:
            return known
        shape = (method, engine.base_hash, settings.batch_size, settings.rank, settings.modules, start, bool(probes))
        if self._trials and shape not in self._tried and self._seat.acquire(blocking=False):
            try:
                found = tried(method_of(method), engine, settings, start, rows, needs, probes)
            finally:
                self._seat.release()
            if found is not None:
                self._tried[shape] = found
        return self._tried.get(shape)

    def _of_a_run(self, method: str, engine: Engine) -> Pace | None:
        for run in self._store.runs():
            rates = read_rates(run.summary.get("rates"))
            if run.method == method and run.base_hash == engine.base_hash and "steps" in rates:
                return Pace("run", rates)
        return None
