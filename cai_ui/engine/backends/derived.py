"""What follows for a backend that can stream answers and score replies: the other ways to ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cai_ui.engine.interface import Choice, Chunk, ReplyScore, Request, ScoreRequest, Scores, StopFlag, shares_of
from cai_ui.errors import CaiError, InputError, NotFoundError
from cai_ui.records import BASE, Answer, Message


class FromScores:
    """What follows for a backend from its `score_many`."""

    score_many: Callable[..., Iterator[tuple[int, Scores | CaiError]]]

    def choose_many(
        self, requests: Sequence[ScoreRequest], stop: StopFlag | None = None
    ) -> Iterator[tuple[int, Choice | CaiError]]:
        for place, found in self.score_many(requests, stop):
            yield place, found if isinstance(found, CaiError) else Choice(shares_of(found))

    def score_replies(
        self, messages: Sequence[Message], continuations: Sequence[str], adapter: str = BASE, strength: float = 1.0
    ) -> list[ReplyScore]:
        asked = ScoreRequest(tuple(messages), tuple(continuations), adapter, strength)
        ((_, found),) = self.score_many([asked])
        if isinstance(found, CaiError):
            raise found
        return list(found)

    def score(self, messages: Sequence[Message], continuations: Sequence[str], adapter: str = BASE) -> list[float]:
        return [score.total for score in self.score_replies(messages, continuations, adapter)]


class FromStream:
    """What follows for a backend from its `stream`, which refuses a bad request before it begins."""

    stream: Callable[..., Iterator[Chunk]]

    def generate(self, requests: Sequence[Request], stop: StopFlag | None = None) -> list[Answer]:
        answers = {c.index: c.answer for c in self.stream(requests, stop) if c.answer is not None}
        return [answers[index] for index in range(len(requests))]

    def attempt(self, requests: Sequence[Request], stop: StopFlag | None = None) -> list[Answer | CaiError]:
        refused: dict[int, CaiError] = {}
        for place, request in enumerate(requests):
            try:
                self.stream([request], stop)
            except (InputError, NotFoundError) as error:
                refused[place] = error
        answers = iter(self.generate([r for place, r in enumerate(requests) if place not in refused], stop))
        return [refused[place] if place in refused else next(answers) for place in range(len(requests))]
