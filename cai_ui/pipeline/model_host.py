"""Holds the one engine of a process, and loads it in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from cai_ui.config.app import AppSettings
from cai_ui.engine import load_engine
from cai_ui.engine.interface import Engine, EngineStatus
from cai_ui.errors import CaiError, EngineError

WAIT_S = 600.0
"""How long background work waits for a model that is being loaded."""

log = logging.getLogger(__name__)


class EngineHost:
    """Holds the engine and loads it in a thread of its own, so that nobody waits for it who does not need it."""

    def __init__(self, loaded: Callable[[Engine], None], model: str = "") -> None:
        """`loaded` is called with each new engine before anybody else gets it; `model` is the one that comes first."""
        self._loaded = loaded
        self._changed = threading.Condition()
        self._one_at_a_time = threading.Lock()
        self._turn = 0
        self._engine: Engine | None = None
        self._own: Engine | None = None
        self._status = EngineStatus("loading", model, "The model has not been asked for yet.")

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
