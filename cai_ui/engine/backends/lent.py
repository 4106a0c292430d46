"""The engine where a GPU is lent for one call at a time (ZeroGPU Spaces).

A call runs in a process that is forked for it, perhaps kept for the next one, and ended at its limit. Arguments and
what it gives are pickled; no thread and no lock of the main process is of use there. So the main process holds the
weights and checks requests, and each worker makes an engine of its own over the same weights when it is first asked.
Adapters are loaded there, by their hash, when a request needs them. Nothing here imports the platform's package:
`lend` stands for its decorator.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from cai_ui.config.train import TrainSettings
from cai_ui.engine.adapters.files import check_recorded
from cai_ui.engine.adapters.training_needs import TrainingNeeds
from cai_ui.engine.adapters.training_seat import Seat
from cai_ui.engine.backends.derived import FromScores, FromStream
from cai_ui.engine.backends.local import LocalEngine, answer_of
from cai_ui.engine.interface import (
    Chunk,
    EngineStatus,
    Request,
    ScoreRequest,
    Scores,
    StopFlag,
    check_request,
)
from cai_ui.engine.weights.loading import LoadedModel
from cai_ui.errors import CaiError, EngineError, NotFoundError
from cai_ui.records import BASE, AdapterInfo, Answer, Finish, Message
from cai_ui.text import named

log = logging.getLogger(__name__)
START_S, LEAST_S, MOST_S = 10.0, 20.0, 120.0
"""Seconds for the weights' way to the device, and bounds of what is asked for in one call."""
TOKENS_A_SECOND, SCORES_A_SECOND = 15.0, 20.0
"""What is reckoned with, of a 7 B model in bfloat16: cautiously, since a call that is too short loses its end."""
TOGETHER = 32
"""Rows that are decoded at that pace together."""
SCORED_A_CALL = 256
"""Requests that are scored in one call, so that a long list loses little when its time is over."""

Seconds = Callable[..., float]
Lend = Callable[[Callable[..., Any], Seconds], Callable[..., Any]]
"""Makes of a function one that runs where the GPU is, for at most as long as the second says for what is asked."""
_REFUSALS = (
    ("quota", "Your share of this Space's GPU for today is used up.", "Sign in to the Hub, or come back later."),
    ("credits", "Your share of this Space's GPU for today is used up.", "Sign in to the Hub, or come back later."),
    ("limit", "This Space's own share of the GPU is used up.", "Come back later, or duplicate the Space."),
    ("duration", "This takes longer than the Space may use a GPU at once.", "Ask for less: fewer or shorter answers."),
    ("no gpu", "No GPU was free within a minute.", "Try again in a while."),
    ("abort", "The GPU was taken back before the answer was whole.", "Ask for a shorter answer, or try again."),
)


class LentEngine(FromStream, FromScores):
    """See `cai_ui.engine.Engine`. Make it before the page is launched: weights and functions must be there by then."""

    def __init__(self, loaded: LoadedModel, lend: Lend, cache_gb: float = 1.0) -> None:
        self.name, self.base_hash = loaded.name, loaded.base_hash
        self.context_length, self.default_sampling = loaded.context_length, loaded.default_sampling
        self._loaded, self._cache_gb = loaded, cache_gb
        self._there: dict[int, LocalEngine] = {}
        self._infos: dict[str, AdapterInfo] = {}
        self.chat = self._here().chat
        self._lent_stream = lend(self._stream_there, _seconds_to_write)
        self._lent_scores = lend(self._scores_there, _seconds_to_score)

    def status(self) -> EngineStatus:
        detail = f"{self.name} is ready; a GPU is lent to it for each call ({self._loaded.dtype})."
        return EngineStatus("ready", self.name, detail, device="lent GPU", revision=self._loaded.revision)

    def stream(self, requests: Sequence[Request], stop: StopFlag | None = None) -> Iterator[Chunk]:
        """Over-long prompts and unknown adapters are refused here, before any GPU is asked for."""
        here, needed = self._here(), self._needed(request.adapter for request in requests)
        lengths = []
        for request in requests:
            check_request(request)
            prompt, begun = here.chat_as(request.chat_format).encode_prompt(request.messages, request.begun)
            lengths.append(len(prompt) + len(begun))
        return self._chunks(tuple(requests), lengths, needed, stop)

    def score_many(
        self, requests: Sequence[ScoreRequest], stop: StopFlag | None = None
    ) -> Iterator[tuple[int, Scores | CaiError]]:
        """Each stretch of SCORED_A_CALL is a call of its own. EngineError where one is refused or taken back."""
        for first in range(0, len(requests), SCORED_A_CALL):
            part = tuple(requests[first : first + SCORED_A_CALL])
            needed = self._needed(request.adapter for request in part)
            told = self._lent_scores(part, needed)
            try:
                for place, found in told:
                    yield first + place, found
                    if stop is not None and stop.is_set():
                        return
            except Exception as error:  # the platform raises its page's own errors, and of ours only the class's name
                raise _refused(error) from None
            finally:
                told.close()

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(self.chat.encode(messages))

    def adapters(self) -> list[AdapterInfo]:
        return list(self._infos.values())

    def load_adapter(self, info: AdapterInfo, lasting: bool = False) -> None:
        """Checked now, loaded by the worker that is asked for it."""
        check_recorded(info, self.name, self.base_hash)
        self._infos = {**self._infos, info.name: info}

    def unload_adapter(self, name: str) -> None:
        self._infos = {known: info for known, info in self._infos.items() if known != name}

    def training_needs(
        self, settings: TrainSettings, start_adapter: str | None = None, measured: bool = True
    ) -> TrainingNeeds:
        return self._here(self._needed([start_adapter or BASE])).training_needs(settings, start_adapter, measured)

    def training_seat(self, settings: TrainSettings, start_adapter: str | None = None) -> AbstractContextManager[Seat]:
        """The seat of this process: training runs in slices, each in a lent call of its own."""
        names = (start_adapter or BASE, BASE if settings.reference == "start" else settings.reference)
        return self._here(self._needed(names)).training_seat(settings, start_adapter)

    def close(self) -> None:
        for engine in self._there.values():
            engine.close()
        self._there.clear()

    # In whatever process this is

    def _here(self, needed: Sequence[AdapterInfo] = ()) -> LocalEngine:
        """The engine of this process, with the adapters that are needed; a forked one makes its own."""
        engine = self._there.get(os.getpid())
        if engine is None:
            engine = LocalEngine(self._loaded, self._cache_gb)
            self._there = {os.getpid(): engine}
        there = {info.name: info.hash for info in engine.adapters()}
        for info in needed:
            if there.get(info.name) != info.hash:
                if info.name in there:
                    engine.unload_adapter(info.name)
                engine.load_adapter(info)
        return engine

    # In the worker

    def _stream_there(
        self, requests: tuple[Request, ...], needed: tuple[AdapterInfo, ...]
    ) -> Iterator[Chunk | CaiError]:
        """Errors of ours are given as they are: raised, only their class's name would arrive."""
        try:
            yield from self._here(needed).stream(requests)
        except CaiError as error:
            yield error

    def _scores_there(
        self, requests: tuple[ScoreRequest, ...], needed: tuple[AdapterInfo, ...]
    ) -> Iterator[tuple[int, Scores | CaiError]]:
        yield from self._here(needed).score_many(requests)

    # In the main process

    def _needed(self, names: Any) -> tuple[AdapterInfo, ...]:
        """What is recorded of the adapters that are asked. NotFoundError for one that is not loaded."""
        wanted = sorted(set(names) - {BASE})
        for name in wanted:
            if name not in self._infos:
                known = named([info.title or info.name for info in self._infos.values()]) or "none"
                raise NotFoundError(f"There is no adapter {name!r}.", next_step=f"Loaded are: {known}.")
        return tuple(self._infos[name] for name in wanted)

    def _chunks(
        self, requests: tuple[Request, ...], lengths: list[int], needed: tuple[AdapterInfo, ...], stop: StopFlag | None
    ) -> Iterator[Chunk]:
        """What the worker writes. Rows that were not ended keep their text: stopped, or broken off by the platform."""
        texts, left = [""] * len(requests), set(range(len(requests)))
        finish: Finish = "stopped"
        told = self._lent_stream(requests, needed)
        try:
            for item in told:
                if isinstance(item, CaiError):
                    raise item
                texts[item.index] += item.text
                left -= {item.index} if item.answer is not None else set()
                yield item
                if stop is not None and stop.is_set():
                    break
        except CaiError:
            raise
        except Exception as error:  # the platform raises its page's own errors
            if not any(texts):
                raise _refused(error) from None
            log.warning("a lent call ended early: %s", _refused(error))
            finish = "broken"
        finally:
            told.close()
        for index in sorted(left):
            yield Chunk(index, "", self._unfinished(requests[index], texts[index], lengths[index], finish))

    def _unfinished(self, request: Request, text: str, length: int, finish: Finish) -> Answer:
        tokens = len(self.chat.encode_reply(request.messages, text, end=False)[1])
        return answer_of(self._loaded, request, self._infos.get(request.adapter), text, finish, length, tokens)


def _seconds_to_write(requests: Sequence[Request], needed: Sequence[AdapterInfo]) -> float:
    """For the longest answer, as often as not all rows are decoded together."""
    longest = max((request.sampling.max_new_tokens for request in requests), default=0)
    rounds = -(-len(requests) // TOGETHER)
    return _bounded(START_S + longest * rounds / TOKENS_A_SECOND)


def _seconds_to_score(requests: Sequence[ScoreRequest], needed: Sequence[AdapterInfo]) -> float:
    return _bounded(START_S + sum(len(request.replies) for request in requests) / SCORES_A_SECOND)


def _bounded(seconds: float) -> int:
    return round(min(MOST_S, max(LEAST_S, seconds)))


def _refused(error: Exception) -> EngineError:
    """A sentence for what the platform says, by the words in its titles and messages."""
    said = f"{getattr(error, 'title', '')} {error}".lower()
    for word, what, next_step in _REFUSALS:
        if word in said:
            return EngineError(what, kept="What was written before is kept.", next_step=next_step)
    return EngineError(
        f"The lent GPU gave no answer ({type(error).__name__}).",
        kept="What was written before is kept.",
        next_step="Try again; the Space's log has more.",
    )
