"""What one process shares: workspace, model, training jobs, background work. Pages and commands hold ids only."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cai_ui.background import Background
from cai_ui.config import AppSettings, checked
from cai_ui.engine import load_engine
from cai_ui.engine.interface import Engine, EngineStatus
from cai_ui.errors import CaiError, ConflictError, EngineError
from cai_ui.pipeline.other_models import OtherModels
from cai_ui.records import NOT_OVER
from cai_ui.store import Store, open_store
from cai_ui.train.jobs.jobs import Jobs

log = logging.getLogger(__name__)

WAIT_S = 600.0
"""How long background work waits for a model that is being loaded."""


class EngineHost:
    """Holds the engine and loads it in a thread of its own, so that nobody waits for it who does not need it."""

    def __init__(self, loaded: Callable[[Engine], None]) -> None:
        """`loaded` is called with each new engine before anybody else gets it."""
        self._loaded = loaded
        self._changed = threading.Condition()
        self._one_at_a_time = threading.Lock()
        self._turn = 0
        self._engine: Engine | None = None
        self._own: Engine | None = None
        self._status = EngineStatus("loading", "", "The model has not been asked for yet.")

    def load(self, settings: AppSettings, key: str = "") -> None:
        """Begin to load; the engine there was is let go at once, since two may not fit into memory.

        `key` is sent to the endpoint, if the settings name one.
        """
        with self._changed:
            self._turn += 1
            old, self._engine, self._own = self._own, None, None
            self._status = EngineStatus("loading", settings.model, "The model is being loaded.")
            turn = self._turn
        threading.Thread(target=self._load, args=(settings, turn, old, key), name="load-model", daemon=True).start()

    def use(self, engine: Engine) -> None:
        """Take an engine that was made elsewhere."""
        self._loaded(engine)
        with self._changed:
            self._turn += 1
            self._engine, self._status = engine, engine.status()
            self._changed.notify_all()

    def get(self, wait_s: float = 0.0) -> Engine:
        """The engine. EngineError with a plain sentence while it is loading (after `wait_s`) or has failed."""
        with self._changed:
            self._changed.wait_for(lambda: self._status.state != "loading", wait_s)
            if self._engine is not None:
                return self._engine
            status = self._status
        if status.state == "failed":
            raise EngineError(
                f"There is no model to answer: {status.detail}",
                kept="Everything else works.",
                next_step="Choose another model on the Start tab.",
            )
        raise EngineError("The model is still being loaded.", next_step="Try again in a moment.")

    def status(self) -> EngineStatus:
        with self._changed:
            engine, status = self._engine, self._status
        return engine.status() if engine is not None else status

    def _load(self, settings: AppSettings, turn: int, old: Engine | None, key: str) -> None:
        with self._one_at_a_time:
            if old is not None:
                old.close()
            if turn != self._turn:
                return
            engine: Engine | None = None
            try:
                engine = load_engine(settings, lambda sentence: self._tell(sentence, turn), key)
                self._loaded(engine)
                status = engine.status()
            except CaiError as error:
                status = EngineStatus("failed", settings.model, str(error))
            except Exception as error:
                log.exception("loading the model failed")
                status = EngineStatus("failed", settings.model, f"Loading ended unexpectedly ({type(error).__name__}).")
            if engine is not None and turn != self._turn:
                engine.close()
            with self._changed:
                if turn == self._turn:
                    self._engine = self._own = engine if status.state == "ready" else None
                    self._status = status
                    self._changed.notify_all()

    def _tell(self, sentence: str, turn: int) -> None:
        """Say how far the loading is, unless another model was asked for since."""
        with self._changed:
            if turn == self._turn and self._status.state == "loading":
                self._status = replace(self._status, detail=sentence)


@dataclass
class Services:
    """Everything that lives as long as the process. Made by `open_services`."""

    settings: AppSettings
    store: Store
    host: EngineHost
    jobs: Jobs
    batch: Background[Any]
    evaluation: Background[Any]
    loop: Background[Any]
    labels: Background[Any]
    others: OtherModels

    def engine(self, wait_s: float = 0.0) -> Engine:
        """The engine, or an EngineError that says whether it is still loading or has failed."""
        return self.host.get(wait_s)

    def ask_to_close(self) -> None:
        """Ask all background work to end, and a training run to leave a checkpoint; returns at once."""
        self.jobs.ask_to_close()
        for work in (self.loop, self.batch, self.evaluation, self.labels):
            work.stop()

    def close(self) -> None:
        """Ask all background work to end, wait a few seconds for it, and let go of the workspace."""
        self.ask_to_close()
        for work in (self.loop, self.batch, self.evaluation, self.labels):
            work.wait(10)
        self.jobs.close()
        self.others.close()
        self.store.close()


def open_services(settings: AppSettings, engine: Engine | None = None) -> Services:
    """Open the workspace and begin to load the model. Returns at once; StoreError if the folder cannot be used.

    `engine` is one that is there already; then nothing is loaded. CAI_DATABASE_URL puts the database elsewhere.
    """
    from cai_ui.pipeline.constitution.constitutions import keep_shipped
    from cai_ui.pipeline.progress import remembering
    from cai_ui.pipeline.prompts.sets import probe_kit
    from cai_ui.pipeline.train.zero_gpu import lent_slices

    store = open_store(Path(settings.home).expanduser(), os.environ.get("CAI_DATABASE_URL") or None)
    try:
        store.mark_interrupted()
        keep_shipped(store)
        host = EngineHost(lambda engine: load_adapters(engine, services))
        services = Services(
            settings,
            store,
            host,
            Jobs(store, lambda: host.get(WAIT_S), probe_kit(), lent_slices()),
            Background("A batch", remembering(store, "batch")),
            Background("An evaluation", remembering(store, "evaluation")),
            Background("The whole loop", remembering(store, "loop")),
            Background("Labelling by the model"),
            OtherModels(settings),
        )
    except BaseException:
        store.close()
        raise
    if engine is None:
        host.load(settings, services.others.key(settings.endpoint))
    else:
        host.use(engine)
    return services


def load_adapters(engine: Engine, services: Services) -> None:
    """Make every finished adapter of this base choosable; a damaged one is left out and logged."""
    there = {info.name for info in engine.adapters()}
    for info in services.jobs.adapters():
        if info.base_hash == engine.base_hash and info.name not in there:
            try:
                engine.load_adapter(info)
            except CaiError as error:
                log.warning("adapter %s is left out: %s", info.name, error)


def engine_status(services: Services) -> EngineStatus:
    """What the model is doing, and which training run it is busy with."""
    status = services.host.status()
    if status.busy_with.startswith("training"):
        running = next((run for run in services.store.runs() if run.state in ("running", "stopping")), None)
        if running is not None:
            return replace(status, busy_with=f"training {running.name}")
    return status


def choose_model(
    services: Services, model: str, quantize: str = "auto", revision: str = "", endpoint: str = ""
) -> None:
    """Load another model in the background. ConflictError while a run, batch or evaluation uses this one.

    An `endpoint` other than the one the server was started with does not get its key: whoever sees the page
    could otherwise have it sent anywhere.
    """
    chosen = {"model": model, "quantize": quantize, "revision": revision, "endpoint": endpoint}
    settings = checked(AppSettings, {**services.settings.model_dump(), **chosen})
    busy = [run.name for run in services.store.runs() if run.state in NOT_OVER]
    for what, work in (
        ("a batch", services.batch),
        ("an evaluation", services.evaluation),
        ("the loop", services.loop),
        ("labelling", services.labels),
    ):
        snapshot = work.snapshot()
        if snapshot is not None and snapshot.active:
            busy.append(what)
    if busy:
        raise ConflictError(
            f"The model is in use by {busy[0]}.", kept="It goes on.", next_step="Wait for it to end, or stop it first."
        )
    services.settings = settings
    services.host.load(settings, services.others.key(endpoint))


def download_folder(services: Services) -> Path:
    """The folder that holds nothing but files made for download."""
    return services.store.workspace.exports_dir()


def upload_folder(services: Services) -> Path:
    """Where uploaded files wait to be read."""
    return services.store.workspace.uploads_dir()
