"""One interface over the main model and others that criticise, revise or judge for it.

A request goes to the model that its variant names: an adapter's name, or the base, means the main model; the address
of another model (see `is_address`) means that one, without an adapter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from typing import Any, TypeVar, cast

from cai_ui.config.train import TrainSettings
from cai_ui.engine.backends.derived import FromScores
from cai_ui.engine.interface import (
    ANOTHER_MODEL,
    BUILT_IN,
    Choice,
    Chunk,
    Engine,
    EngineStatus,
    Request,
    ScoreRequest,
    Scores,
    StopFlag,
    TrainingSeat,
)
from cai_ui.errors import CaiError
from cai_ui.records import BASE, AdapterInfo, Answer, Message

R = TypeVar("R", Request, ScoreRequest)


def is_address(variant: str) -> bool:
    """Whether a variant's name is that of a model: `embedded`, `scripted`, or with a slash in it, as folders, names
    on the Hub and the addresses of servers have. Adapters' names have none."""
    return variant in BUILT_IN or "/" in variant or "\\" in variant


class SeveralModels(FromScores):
    """See `cai_ui.engine.Engine`; `others` are the models by address. It owns none of them.

    Rows for different models are asked one model after the other. An answer of another model says so in its
    provenance, under ANOTHER_MODEL.
    """

    def __init__(self, main: Engine, others: Mapping[str, Engine]) -> None:
        self.name, self.base_hash, self.context_length = main.name, main.base_hash, main.context_length
        self.default_sampling = main.default_sampling
        self._main, self._others = main, others

    def status(self) -> EngineStatus:
        return self._main.status()

    def stream(self, requests: Sequence[Request], stop: StopFlag | None = None) -> Iterator[Chunk]:
        parts = [
            (variant, places, self._model(variant).stream(own, stop)) for variant, places, own in self._parts(requests)
        ]
        return self._joined(parts)

    def generate(self, requests: Sequence[Request], stop: StopFlag | None = None) -> list[Answer]:
        answers = {c.index: c.answer for c in self.stream(requests, stop) if c.answer is not None}
        return [answers[index] for index in range(len(requests))]

    def attempt(self, requests: Sequence[Request], stop: StopFlag | None = None) -> list[Answer | CaiError]:
        found: dict[int, Answer | CaiError] = {}
        for variant, places, own in self._parts(requests):
            for place, result in zip(places, self._model(variant).attempt(own, stop), strict=True):
                found[place] = _marked(result, variant) if isinstance(result, Answer) else result
        return [found[place] for place in range(len(requests))]

    def score_many(
        self, requests: Sequence[ScoreRequest], stop: StopFlag | None = None
    ) -> Iterator[tuple[int, Scores | CaiError]]:
        for variant, places, own in self._parts(requests):
            for place, found in self._model(variant).score_many(own, stop):
                yield places[place], found

    def choose_many(
        self, requests: Sequence[ScoreRequest], stop: StopFlag | None = None
    ) -> Iterator[tuple[int, Choice | CaiError]]:
        for variant, places, own in self._parts(requests):
            for place, found in self._model(variant).choose_many(own, stop):
                yield places[place], found

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return self._main.count_tokens(messages)

    def adapters(self) -> list[AdapterInfo]:
        return self._main.adapters()

    def load_adapter(self, info: AdapterInfo, lasting: bool = False) -> None:
        self._main.load_adapter(info, lasting)

    def unload_adapter(self, name: str) -> None:
        self._main.unload_adapter(name)

    def training_seat(
        self, settings: TrainSettings, start_adapter: str | None = None
    ) -> AbstractContextManager[TrainingSeat]:
        return self._main.training_seat(settings, start_adapter)

    def close(self) -> None:
        """The models belong to others; none is let go here."""

    def _model(self, variant: str) -> Engine:
        return self._others[variant] if variant else self._main

    def _parts(self, requests: Sequence[R]) -> list[tuple[str, list[int], list[R]]]:
        """Address ("" for the main model), places and requests of each model that is asked."""
        parts: dict[str, tuple[list[int], list[R]]] = {}
        for place, request in enumerate(requests):
            variant = request.adapter if is_address(request.adapter) else ""
            places, own = parts.setdefault(variant, ([], []))
            places.append(place)
            own.append(replace(request, adapter=BASE, strength=1.0) if variant else request)
        return [(variant, places, own) for variant, (places, own) in parts.items()]

    def _joined(self, parts: Sequence[tuple[str, list[int], Iterator[Chunk]]]) -> Iterator[Chunk]:
        for variant, places, stream in parts:
            with closing(cast(Any, stream)):
                for chunk in stream:
                    answer = _marked(chunk.answer, variant) if chunk.answer else None
                    yield replace(chunk, index=places[chunk.index], answer=answer)


def _marked(answer: Answer, variant: str) -> Answer:
    if not variant:
        return answer
    came_from = answer.provenance
    return replace(answer, provenance=replace(came_from, sampling={**came_from.sampling, ANOTHER_MODEL: variant}))
