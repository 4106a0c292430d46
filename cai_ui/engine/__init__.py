"""The only owner of model weights. Askers see this interface; what is behind it may be the embedded
model, any local causal language model with a chat template, or the scripted model.

Importing this package loads no torch; `load_engine` does when a model needs it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cai_ui.config import AppSettings, Sampling, TrainSettings
from cai_ui.records import BASE, AdapterInfo, Answer, Message

StopFlag = threading.Event
"""Set by whoever wants a generation to end; read at every token."""


@dataclass(frozen=True)
class Request:
    """One row of a batch: what is asked, of which arm, and how the answer is drawn."""

    messages: tuple[Message, ...]
    sampling: Sampling
    adapter: str = BASE


@dataclass(frozen=True)
class Chunk:
    """New text of row `index`. The last chunk of a row carries its whole `answer`."""

    index: int
    text: str
    answer: Answer | None = None


@dataclass(frozen=True)
class EngineStatus:
    """`state` is "loading", "ready" or "failed"; `detail` is a sentence for people."""

    state: str
    model: str
    detail: str
    device: str = ""
    memory_bytes: int | None = None
    busy_with: str = ""


class TrainingSeat(Protocol):
    """A place at the engine's weights for one training run. One at a time."""

    model: Any
    """The shared PeftModel; adapter "default" is trainable."""
    tokenizer: Any

    def step(self) -> AbstractContextManager[None]:
        """Hold the weights for one training step, with the run's adapter active and in training mode.

        On leaving, the model is back in evaluation mode and the next asker in line goes first.
        """

    def look(self) -> AbstractContextManager[None]:
        """Hold the weights for one forward pass on held-out rows, in evaluation mode."""

    def set_reference(self) -> None:
        """Make the adapter "ref", which a DPO trainer added, the model that the settings name as reference."""

    def save(self, folder: Path) -> str:
        """Write the trained adapter as a PEFT folder (safetensors) atomically; gives the adapter's hash."""


class Engine(Protocol):
    """What every backend can do."""

    name: str
    base_hash: str
    context_length: int

    def status(self) -> EngineStatus: ...

    def stream(self, requests: Sequence[Request], stop: StopFlag | None = None) -> Iterator[Chunk]:
        """All rows as one batch, text as it comes. Closing the iterator ends the generation."""

    def generate(self, requests: Sequence[Request], stop: StopFlag | None = None) -> list[Answer]:
        """Answers in the order of the requests."""

    def score(self, messages: Sequence[Message], continuations: Sequence[str], adapter: str = BASE) -> list[float]:
        """Natural log-probability of each continuation as the assistant's reply (sum over its tokens)."""

    def count_tokens(self, messages: Sequence[Message]) -> int: ...

    def adapters(self) -> list[AdapterInfo]: ...

    def load_adapter(self, info: AdapterInfo) -> None:
        """Make an adapter choosable by its name. AdapterError if it is damaged or of another base."""

    def unload_adapter(self, name: str) -> None: ...

    def training_seat(
        self, settings: TrainSettings, start_adapter: str | None = None
    ) -> AbstractContextManager[TrainingSeat]:
        """Take the one training seat. ConflictError if it is taken; EngineError if this backend cannot train."""


def load_engine(settings: AppSettings) -> Engine:
    """The engine that `settings.model` names, ready to answer. Imports torch only when needed."""
    if settings.model == "scripted":
        from cai_ui.engine.scripted import ScriptedEngine

        return ScriptedEngine()
    from cai_ui.engine.local import load_local

    return load_local(settings)


__all__ = [
    "BASE",
    "Chunk",
    "Engine",
    "EngineStatus",
    "Request",
    "StopFlag",
    "TrainingSeat",
    "load_engine",
]
