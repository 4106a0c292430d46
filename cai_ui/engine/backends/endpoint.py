"""The engine on somebody else's weights: any OpenAI-compatible server (vLLM, TGI, llama.cpp, transformers serve,
Hugging Face Inference Providers). For bulk work and as a judge; it has no adapters of ours and trains nothing.

Which weights really answer cannot be checked from here: provenance names the server and its name for the model.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from typing import Any, TypeVar

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.train import TrainSettings
from cai_ui.engine.backends.derived import FromScores
from cai_ui.engine.backends.endpoint_bulk import Question, Seats, in_flight
from cai_ui.engine.backends.endpoint_client import FIRST_PAUSE_S, SILENT_S, EndpointClient, check_key, check_url
from cai_ui.engine.backends.endpoint_errors import shown
from cai_ui.engine.backends.endpoint_habits import Habits
from cai_ui.engine.backends.endpoint_reading import Reply
from cai_ui.engine.backends.endpoint_scoring import ScoreAsker, turns_of
from cai_ui.engine.backends.endpoint_writing import Asked, written
from cai_ui.engine.interface import (
    AS_LOADED,
    Choice,
    Chunk,
    EngineStatus,
    Request,
    ScoreRequest,
    Scores,
    StopFlag,
    TrainingSeat,
    asked_beside_sampling,
    check_request,
)
from cai_ui.errors import CaiError, EndpointError, EngineError, InputError, NotFoundError
from cai_ui.records import BASE, AdapterInfo, Answer, Message, Provenance, content_hash
from cai_ui.text import named

BEYOND = ("top_k", "min_p", "repetition_penalty")
"""Knobs that vLLM, TGI and llama.cpp take beyond OpenAI's; sent only where they are not as usual."""
T = TypeVar("T")
News = tuple[int, str, Answer | CaiError | None]
"""A request's place, its new text, and its answer or error once it is over."""


class EndpointEngine(FromScores):
    """See `cai_ui.engine.Engine`. `context_length` is what the server says, or None's stand-in, the largest int32."""

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key: str = "",
        concurrency: int = 16,
        context_length: int | None = None,
        silent_s: float = SILENT_S,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self.name = model
        self.url = check_url(url)
        self.base_hash = content_hash(["endpoint", self.url, model])
        self.context_length = context_length or 2**31 - 1
        self.default_sampling = Sampling()
        self._concurrency = concurrency
        key, habits = check_key(key), Habits()
        self._client = lambda: EndpointClient(self.url, key, silent_s, first_pause_s, habits=habits)
        self._trouble = ""
        self._asked = 0
        self._asker = ScoreAsker(model)

    def check(self) -> list[dict[str, Any]]:
        """Health check: the models the server has. EndpointError with a sentence if it cannot be used."""

        async def ask() -> list[dict[str, Any]]:
            client = self._client()
            try:
                return await client.models()
            finally:
                await client.close()

        models: list[dict[str, Any]] = _run(ask())
        return models

    def status(self) -> EngineStatus:
        detail = f"{self.name} answers at {self.url}."
        if self._trouble:
            detail += f" The last request failed: {self._trouble}"
        busy = f"answering {self._asked} requests" if self._asked else ""
        return EngineStatus("ready", self.name, detail, device="endpoint", busy_with=busy)

    def stream(self, requests: Sequence[Request], stop: StopFlag | None = None) -> Iterator[Chunk]:
        bodies = [self._body(request) for request in requests]
        return self._chunks(requests, bodies, stop)

    def generate(self, requests: Sequence[Request], stop: StopFlag | None = None) -> list[Answer]:
        answers = self.attempt(requests, stop)
        for answer in answers:
            if isinstance(answer, CaiError):
                raise answer
        return [answer for answer in answers if isinstance(answer, Answer)]

    def attempt(self, requests: Sequence[Request], stop: StopFlag | None = None) -> list[Answer | CaiError]:
        bodies = [self._body_or_error(request) for request in requests]
        sound = [place for place, body in enumerate(bodies) if isinstance(body, dict)]
        told = self._ask([requests[p] for p in sound], [b for b in bodies if isinstance(b, dict)], stop, stream=False)
        found: dict[int, Answer | CaiError] = {p: body for p, body in enumerate(bodies) if isinstance(body, CaiError)}
        found |= {sound[index]: result for index, _, result in told if result is not None}
        return [found[place] for place in range(len(requests))]

    def score_many(
        self, requests: Sequence[ScoreRequest], stop: StopFlag | None = None
    ) -> Iterator[tuple[int, Scores | CaiError]]:
        """Where the server gives the log-probabilities of a prompt's tokens (vLLM does); EndpointError elsewhere."""
        return self._each(requests, self._score, stop)

    def choose_many(
        self, requests: Sequence[ScoreRequest], stop: StopFlag | None = None
    ) -> Iterator[tuple[int, Choice | CaiError]]:
        """One request for each choice where the server tells how likely the tokens were that it could have written;
        else it is asked for the log-probability of every reply; and where it gives none, its text is all there is."""
        return self._each(requests, self._choose, stop)

    def _each(
        self,
        requests: Sequence[ScoreRequest],
        ask: Callable[[Seats, ScoreRequest], Awaitable[T]],
        stop: StopFlag | None,
    ) -> Iterator[tuple[int, T | CaiError]]:
        questions: list[Question[T]] = [lambda seats, one=one: ask(seats, one) for one in requests]  # type: ignore[misc]
        self._asked += len(requests)
        try:
            yield from in_flight(self._client(), questions, self._concurrency, stop)
        finally:
            self._asked -= len(requests)

    async def _score(self, seats: Seats, request: ScoreRequest) -> Scores:
        self._only_base(request.adapter)
        return await self._asker.score(seats, request)

    async def _choose(self, seats: Seats, request: ScoreRequest) -> Choice:
        self._only_base(request.adapter)
        return await self._asker.choose(seats, request)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        raise EngineError("An endpoint does not say how many tokens a text has.", next_step="Use a local model.")

    def adapters(self) -> list[AdapterInfo]:
        return []

    def load_adapter(self, info: AdapterInfo, lasting: bool = False) -> None:
        raise EngineError("An endpoint cannot take an adapter of ours.", next_step="Load the model on this machine.")

    def unload_adapter(self, name: str) -> None:
        self._only_base(name)

    def close(self) -> None:
        """There is nothing to free."""

    def training_seat(
        self, settings: TrainSettings, start_adapter: str | None = None
    ) -> AbstractContextManager[TrainingSeat]:
        raise EngineError("A model behind an endpoint cannot be trained from here.", next_step="Load a local model.")

    def _only_base(self, adapter: str) -> None:
        if adapter != BASE:
            raise NotFoundError(f"There is no adapter {named(adapter)} loaded.", next_step="Choose the base.")

    def _body_or_error(self, request: Request) -> dict[str, Any] | CaiError:
        try:
            return self._body(request)
        except (InputError, NotFoundError) as error:
            return error

    def _body(self, request: Request) -> dict[str, Any]:
        """What the server is sent, once the request is found sound."""
        check_request(request)
        self._only_base(request.adapter)
        if request.begun:
            raise InputError("An endpoint cannot go on from an answer that was begun.", next_step="Ask a local model.")
        if request.chat_format not in (AS_LOADED, "template"):
            raise InputError(
                "An endpoint writes the conversation with the template of its model.",
                next_step="Leave the other formats out, or ask a local model.",
            )
        turns = turns_of(request.messages)
        if not turns or turns[-1]["role"] != "user":
            raise InputError("The last turn is not the user's.", next_step="End with a question for the assistant.")
        sampling = request.sampling
        body = {
            "model": self.name,
            "messages": turns,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_new_tokens,
            "seed": sampling.seed,
        }
        usual = Sampling()
        beyond = {name: getattr(sampling, name) for name in BEYOND if getattr(sampling, name) != getattr(usual, name)}
        return body | beyond | ({"stop": list(request.stops)} if request.stops else {})

    def _chunks(
        self, requests: Sequence[Request], bodies: list[dict[str, Any]], stop: StopFlag | None
    ) -> Iterator[Chunk]:
        for index, text, result in self._ask(requests, bodies, stop, stream=True):
            if isinstance(result, CaiError):
                raise result
            yield Chunk(index, text, result)

    def _ask(
        self, requests: Sequence[Request], bodies: list[dict[str, Any]], stop: StopFlag | None, *, stream: bool
    ) -> Iterator[News]:
        """What came of each request, by its place: new text, and once it is over its answer or error."""
        rows = [Asked(body, request.timeout_s) for body, request in zip(bodies, requests, strict=True)]
        self._asked += len(rows)
        try:
            with closing(written(self._client(), rows, self._concurrency, stop, stream=stream)) as news:
                for place, text, told in news:
                    if isinstance(told, CaiError):
                        self._trouble = str(told)
                    elif told is not None and told.finish in ("end", "length", "broken"):  # the server ended it
                        self._trouble = told.trouble
                    yield place, text, self._answer(requests[place], told) if isinstance(told, Reply) else told
        finally:
            self._asked -= len(rows)

    def _answer(self, request: Request, reply: Reply) -> Answer:
        sampling = request.sampling
        asked = sampling.model_dump() | asked_beside_sampling(request) | {"endpoint": self.url}
        dropped = [name for name in reply.left_out if name in asked]
        asked |= {"not taken by the server": dropped} if dropped else {}
        return Answer(
            reply.text,
            reply.finish,
            reply.prompt_tokens or 0,
            reply.tokens or 0,
            Provenance(self.name, self.base_hash, None, None, sampling.seed, asked),
        )


def connect(settings: AppSettings, key: str = "") -> EndpointEngine:
    """The engine on `settings.endpoint`, found healthy. `settings.model` may be left at its default where the server
    has one model only. EndpointError or InputError says what is wrong."""
    probe = EndpointEngine(settings.endpoint, settings.model, key=key)
    found = probe.check()
    names = [model["id"] for model in found]
    name = names[0] if settings.model == AppSettings().model and len(names) == 1 else settings.model
    if name not in names:  # Ollama's tags, Gemini's folder
        longer = [one for one in names if one == f"{name}:latest" or one.endswith(f"/{name}")]
        name = longer[0] if len(longer) == 1 else name
    if name not in names:
        raise EndpointError(
            "unknown model",
            f"The endpoint has no model {name!r}; it has {', '.join(shown(name) for name in names[:5]) or 'none'}.",
            next_step="Choose one of its models.",
        )
    length = next((m.get("max_model_len") for m in found if m["id"] == name), None)
    return EndpointEngine(
        settings.endpoint,
        name,
        key=key,
        concurrency=settings.concurrency,
        context_length=length,
    )


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end on a thread of its own, since the caller's thread may have a loop already."""
    results: list[Any] = []
    failures: list[BaseException] = []

    def target() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=target, name="endpoint", daemon=True)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]
