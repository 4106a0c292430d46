"""What every backend can do, and the requests, chunks and scores that pass between an engine and its askers."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cai_ui.config.answers import AskSettings, Sampling
from cai_ui.config.knobs import checked
from cai_ui.config.train import TrainSettings
from cai_ui.errors import CaiError, InputError, PromptTooLongError
from cai_ui.records import BASE, AdapterInfo, Answer, Message, Provenance
from cai_ui.text import whole_characters

ANOTHER_MODEL = "another model"
"""Where the provenance of an answer says by which name a model beside the main one was asked."""
AS_LOADED = "as loaded"
"""The chat format that the model was loaded with."""

StopFlag = threading.Event
"""Set by whoever wants a generation to end; read at every token."""


@dataclass(frozen=True)
class Request:
    """One row of a batch: what is asked, of which variant, and how the answer is drawn.

    `strength` multiplies the adapter's effect (0: as the base, at most 1.5); `chat_format` is that of AskSettings.
    `begun` is what the assistant has said already; the answer goes on from there. The answer ends before the first
    of the strings in `stops`, and after `timeout_s` seconds.
    """

    messages: tuple[Message, ...]
    sampling: Sampling
    adapter: str = BASE
    strength: float = 1.0
    begun: str = ""
    stops: tuple[str, ...] = ()
    timeout_s: float | None = None
    chat_format: str = AS_LOADED


MAX_STRENGTH = 1.5
MAX_STOPS, MAX_STOP_LENGTH = 16, 200
MAX_CHARACTERS = 4_000_000
"""No model reads a longer conversation; it is not even sent to a server that does not say how much it takes."""


def check_request(request: Request) -> None:
    """InputError for a strength, format, stop string or time limit that cannot be meant, and for text that no model
    could be given: half a character, or far too much of it."""
    characters = sum(len(whole_characters(text)) for text in (*(m.content for m in request.messages), request.begun))
    if characters > MAX_CHARACTERS:
        raise PromptTooLongError(
            f"The conversation has {characters:,} characters; at most {MAX_CHARACTERS:,} are taken.",
            next_step="Shorten it.",
        )
    if request.chat_format != AS_LOADED:
        checked(AskSettings, {"chat_format": request.chat_format})
    if not 0 <= request.strength <= MAX_STRENGTH:  # also refuses NaN
        raise InputError(
            f"The adapter strength {request.strength} is not a number from 0 to {MAX_STRENGTH}.",
            next_step="1 is the adapter as it was trained.",
        )
    if len(request.stops) > MAX_STOPS or not all(0 < len(stop) <= MAX_STOP_LENGTH for stop in request.stops):
        raise InputError(
            f"Stop strings must have 1 to {MAX_STOP_LENGTH} characters, and at most {MAX_STOPS} fit.",
            next_step="Remove the empty or long ones.",
        )
    if request.timeout_s is not None and not request.timeout_s > 0:
        raise InputError("The time limit is not a number of seconds above 0.", next_step="Leave it empty for none.")


def asked_beside_sampling(request: Request) -> dict[str, Any]:
    """What of a request shaped the answer beside its sampling, for its provenance; nothing where it is as usual."""
    usual = Request(request.messages, request.sampling)
    names = ("strength", "begun", "stops", "timeout_s", "chat_format")
    shaped = {name: getattr(request, name) for name in names if getattr(request, name) != getattr(usual, name)}
    stops = {"stops": list(request.stops)} if request.stops else {}
    return shaped | stops


def asked_again(messages: Sequence[Message], came_from: Provenance) -> Request:
    """The request that an answer was made with, put to these messages. InputError for a record that makes no sense."""
    told = {**came_from.sampling, "seed": came_from.seed}
    sampling = checked(Sampling, {name: told[name] for name in Sampling.model_fields if name in told})
    request = Request(
        tuple(messages),
        sampling,
        came_from.sampling.get(ANOTHER_MODEL) or came_from.adapter or BASE,
        told.get("strength", 1.0),
        told.get("begun", ""),
        tuple(told.get("stops", ())),
        told.get("timeout_s"),
        told.get("chat_format", AS_LOADED),
    )
    check_request(request)
    return request


BUILT_IN = ("embedded", "scripted")
"""Models that come with this program, by name; both are small."""


@dataclass(frozen=True)
class ReplyScore:
    """How likely a given reply is: `total` natural log-probability over its `tokens`."""

    total: float
    tokens: int

    @property
    def mean(self) -> float | None:
        """Per token; None for a reply without tokens."""
        return self.total / self.tokens if self.tokens else None


@dataclass(frozen=True)
class ScoreRequest:
    """Replies to be weighed after the same messages, under one variant; `strength` as in Request."""

    messages: tuple[Message, ...]
    replies: tuple[str, ...]
    adapter: str = BASE
    strength: float = 1.0


Scores = tuple[ReplyScore, ...]
"""In the order of a request's replies."""


@dataclass(frozen=True)
class Choice:
    """Which of given replies a model would give. `shares` are theirs, in their order, and sum to 1; None where the
    model gives no log-probabilities, or wrote something else. `text` is what it wrote, where it was made to write.
    """

    shares: tuple[float, ...] | None
    text: str = ""


def shares_of(scores: Scores) -> tuple[float, ...]:
    """Each reply's share among the replies, from their log-probabilities."""
    most = max(score.total for score in scores)
    weights = [math.exp(score.total - most) for score in scores]
    return tuple(weight / sum(weights) for weight in weights)


@dataclass(frozen=True)
class Chunk:
    """New text of row `index`. The last chunk of a row carries its whole `answer`."""

    index: int
    text: str
    answer: Answer | None = None


@dataclass(frozen=True)
class EngineStatus:
    """`state` is "loading", "ready" or "failed"; `detail` is a sentence for people.

    `cache_bytes` are held by texts that were read already, at most `cache_limit_bytes`.
    """

    state: str
    model: str
    detail: str
    device: str = ""
    memory_bytes: int | None = None
    busy_with: str = ""
    revision: str = ""
    cache_bytes: int | None = None
    cache_limit_bytes: int | None = None


class TrainingSeat(Protocol):
    """A place at the engine's weights for one training run. One at a time."""

    model: Any
    """The shared PeftModel; adapter "default" is trainable."""
    tokenizer: Any

    def step(self) -> AbstractContextManager[None]:
        """Hold the weights for one training step, with the run's adapter active and in training mode.

        On leaving, the next asker in line goes first. The modules are the run's own, so nobody else sees their mode.
        """

    def evaluation(self) -> AbstractContextManager[None]:
        """Hold the weights for one forward pass on held-out rows, in evaluation mode."""

    def set_reference(self) -> None:
        """Make the adapter "ref", which a trainer with a reference added, the model that is named as reference."""

    def state(self) -> dict[str, Any]:
        """The adapter's tensors, whole; with several processes that share the weights out, all call it at once."""

    def save(self, folder: Path, state: dict[str, Any] | None = None) -> str:
        """Write the trained adapter as a PEFT folder (safetensors) atomically; gives the adapter's hash."""


class Engine(Protocol):
    """What every backend can do."""

    name: str
    base_hash: str
    context_length: int
    default_sampling: Sampling
    """How answers are drawn unless told otherwise: see `weights.defaults`."""

    def status(self) -> EngineStatus: ...

    def stream(self, requests: Sequence[Request], stop: StopFlag | None = None) -> Iterator[Chunk]:
        """All rows as one batch, text as it comes. Closing the iterator ends the generation."""

    def generate(self, requests: Sequence[Request], stop: StopFlag | None = None) -> list[Answer]:
        """Answers in the order of the requests."""

    def attempt(self, requests: Sequence[Request], stop: StopFlag | None = None) -> list[Answer | CaiError]:
        """`generate`, but a request that is refused, or fails by itself, gives its error; the others their answers."""

    def score(self, messages: Sequence[Message], continuations: Sequence[str], adapter: str = BASE) -> list[float]:
        """Natural log-probability of each continuation as the assistant's reply (sum over its tokens)."""

    def score_replies(
        self, messages: Sequence[Message], continuations: Sequence[str], adapter: str = BASE, strength: float = 1.0
    ) -> list[ReplyScore]:
        """`score` with the number of tokens, so that means per token can be had."""

    def score_many(
        self, requests: Sequence[ScoreRequest], stop: StopFlag | None = None
    ) -> Iterator[tuple[int, Scores | CaiError]]:
        """Scores of each request by its place, as they come and in any order; a request that is refused, or fails by
        itself, gives its error. Other askers get their turn in between. After a stop the rest is left out."""

    def choose_many(
        self, requests: Sequence[ScoreRequest], stop: StopFlag | None = None
    ) -> Iterator[tuple[int, Choice | CaiError]]:
        """The same, for askers who only want to know which of the replies the model would give."""

    def count_tokens(self, messages: Sequence[Message]) -> int: ...

    def adapters(self) -> list[AdapterInfo]: ...

    def load_adapter(self, info: AdapterInfo, lasting: bool = False) -> None:
        """Make an adapter choosable by its name. AdapterError if it is damaged or of another base.

        The folder of one that is `lasting` stays: its weights may leave memory and are read again when they are asked.
        """

    def unload_adapter(self, name: str) -> None: ...

    def training_seat(
        self, settings: TrainSettings, start_adapter: str | None = None
    ) -> AbstractContextManager[TrainingSeat]:
        """Take the one training seat. ConflictError if it is taken; EngineError if this backend cannot train."""

    def close(self) -> None:
        """Free the memory. Whoever still asks gets an EngineError."""
