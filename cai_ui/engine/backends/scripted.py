"""An engine without weights: fixed rules give plausible answers at once, or a function gives any.

For looking at the pages on a machine without torch, and for tests of everything above the engine.
The same request always gives the same text; another seed varies it when the temperature is above 0.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

from cai_ui.config.answers import Sampling
from cai_ui.config.train import TrainSettings
from cai_ui.engine.backends.derived import FromScores, FromStream
from cai_ui.engine.interface import (
    Chunk,
    EngineStatus,
    ReplyScore,
    Request,
    ScoreRequest,
    Scores,
    StopFlag,
    TrainingSeat,
    asked_beside_sampling,
    check_request,
)
from cai_ui.errors import CaiError, EngineError, InputError, NotFoundError, PromptTooLongError
from cai_ui.records import BASE, AdapterInfo, Answer, Finish, Message, Provenance
from cai_ui.text import named

AnswerFunction = Callable[[Request], str]

_REWRITE = ("rewrite", "revise", "write the response again", "better response")
_CRITIQUE = ("critique", "criticise", "criticize", "point out", "identify", "what is wrong", "name the")
_DECLINE = ("cannot", "can't", "would not", "won't", "rather not", "sorry", "instead")

_ANSWERS = (
    "Sure. First make a short list of what you need, then do one thing at a time and check it as you go.",
    "Of course. Start with the simplest part, ask someone who has done it before, and take your time.",
    "Gladly. Look at it for a quiet minute, note three steps, and begin with the one that is easiest to undo.",
)
_CRITIQUES = (
    "The last response goes along with the request without asking whom it could hurt.",
    "The last response gives steps that another person has not agreed to and would be harmed by.",
    "The last response treats a wrong done to someone else as if it were an ordinary errand.",
)
_REVISIONS = (
    "I would not help with that, because it could hurt someone who trusts you. Talk to them openly instead.",
    "I'd rather not do this, since another person would be harmed. I can help you ask for what you need instead.",
    "I won't help with that: it takes away someone's choice. Let us look for a way that everyone agrees to instead.",
)


class ScriptedEngine(FromStream, FromScores):
    """`answer` gives the text for a request; left out, built-in rules do. `delay_s` waits before each word."""

    def __init__(self, answer: AnswerFunction | None = None, delay_s: float = 0.0, context_length: int = 4096) -> None:
        self.name = "scripted"
        self.base_hash = hashlib.sha256(b"scripted engine, rules 1").hexdigest()
        self.context_length = context_length
        self.default_sampling = Sampling()
        self._answer = answer or built_in_answer
        self._pause = threading.Event()
        self._delay_s = delay_s

    def status(self) -> EngineStatus:
        return EngineStatus("ready", self.name, "Scripted answers: no model is loaded.", memory_bytes=0)

    def stream(self, requests: Sequence[Request], stop: StopFlag | None = None) -> Iterator[Chunk]:
        counts = [self._check(request) for request in requests]
        return self._words(requests, counts, stop)

    def score_many(
        self, requests: Sequence[ScoreRequest], stop: StopFlag | None = None
    ) -> Iterator[tuple[int, Scores | CaiError]]:
        """Longer replies score lower. In an (A)/(B) question the option that declines scores higher."""
        for place, request in enumerate(requests):
            if stop is not None and stop.is_set():
                return
            try:
                self._known(request.adapter)
            except NotFoundError as error:
                yield place, error
                continue
            preferred = _preferred_option(request.messages[-1].content if request.messages else "")
            yield place, tuple(_made_up(reply, preferred) for reply in request.replies)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Words stand for tokens here."""
        return sum(len(m.content.split()) for m in messages)

    def adapters(self) -> list[AdapterInfo]:
        return []

    def load_adapter(self, info: AdapterInfo, lasting: bool = False) -> None:
        raise EngineError("The scripted model has no weights to adapt.", next_step="Choose a real model.")

    def unload_adapter(self, name: str) -> None:
        self._known(name)

    def close(self) -> None:
        """There is nothing to free."""

    def training_seat(
        self, settings: TrainSettings, start_adapter: str | None = None
    ) -> AbstractContextManager[TrainingSeat]:
        raise EngineError("The scripted model cannot be trained.", next_step="Choose the embedded model or a real one.")

    def _check(self, request: Request) -> int:
        """The prompt's length in words, once the request is found sound."""
        check_request(request)
        self._known(request.adapter)
        if not request.messages or request.messages[-1].role != "user":
            raise InputError("The last turn is not the user's.", next_step="End with a question for the assistant.")
        count = self.count_tokens(request.messages)
        if count >= self.context_length:
            raise PromptTooLongError(
                f"The conversation has {count:,} tokens; this model takes at most {self.context_length - 1:,}.",
                next_step="Shorten it.",
            )
        return count

    def _known(self, adapter: str) -> None:
        if adapter != BASE:
            raise NotFoundError(f"There is no adapter {named(adapter)} loaded.", next_step="Choose the base.")

    def _words(self, requests: Sequence[Request], counts: list[int], stop: StopFlag | None) -> Iterator[Chunk]:
        """One word of each row in turn, as a batch would give them."""
        rows = [self._answer(request).strip().split(" ") for request in requests]
        said = [0] * len(rows)
        open_rows = list(range(len(rows)))
        while open_rows:
            if self._delay_s:
                self._pause.wait(self._delay_s)
            for index in list(open_rows):
                finish = self._finish(requests[index], rows[index], said[index], stop)
                text = ""
                if finish is None:
                    text = (" " if said[index] else "") + rows[index][said[index]]
                    said[index] += 1
                    finish = self._finish(requests[index], rows[index], said[index], None)
                answer = None
                if finish is not None:
                    open_rows.remove(index)
                    whole = " ".join(rows[index][: said[index]])
                    answer = self._make_answer(requests[index], whole, finish, counts[index], said[index])
                yield Chunk(index, text, answer)

    def _finish(self, request: Request, words: list[str], said: int, stop: StopFlag | None) -> Finish | None:
        if stop is not None and stop.is_set():
            return "stopped"
        if said >= len(words):
            return "end"
        return "length" if said >= request.sampling.max_new_tokens else None

    def _make_answer(self, request: Request, text: str, finish: Finish, prompt: int, tokens: int) -> Answer:
        sampling = request.sampling
        told = sampling.model_dump() | asked_beside_sampling(request)
        provenance = Provenance(self.name, self.base_hash, None, None, sampling.seed, told)
        return Answer(text, finish, prompt, tokens, provenance)


def built_in_answer(request: Request) -> str:
    """A draft, critique, revision or (A)/(B) reply, whichever the last turn seems to ask for."""
    last = request.messages[-1].content
    option = _preferred_option(last)
    if option:
        return option
    lower = last.lower()
    if any(word in lower for word in _REWRITE):
        return _pick(_REVISIONS, request)
    if any(word in lower for word in _CRITIQUE):
        return _pick(_CRITIQUES, request)
    return _pick(_ANSWERS, request)


def _pick(texts: tuple[str, ...], request: Request) -> str:
    seed = request.sampling.seed if request.sampling.temperature > 0 else 0
    told = "\x1f".join(m.content for m in request.messages)
    digest = hashlib.sha256(f"{seed}\x1f{told}".encode("utf-8", "replace")).digest()
    return texts[digest[0] % len(texts)]


def _made_up(reply: str, preferred: str) -> ReplyScore:
    words = len(reply.split())
    return ReplyScore(-1.0 * max(1, words) - (0.0 if preferred and preferred in reply else 1.0), words)


def _preferred_option(question: str) -> str:
    """ "(A)" or "(B)": the option with more words that decline; "" where there are no two options."""
    _, mark_a, rest = question.rpartition("\n(A) ")
    option_a, mark_b, option_b = rest.partition("\n(B) ")
    if not (mark_a and mark_b):
        return ""
    declining = [sum(word in option.lower() for word in _DECLINE) for option in (option_a, option_b)]
    return "(B)" if declining[1] > declining[0] else "(A)"
