"""Many small questions to one server: several in flight, each result as it comes; and reading a choice from what the
server wrote.
"""

from __future__ import annotations

import asyncio
import math
import queue
import re
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from cai_ui.engine.backends.endpoint_client import EndpointClient
from cai_ui.engine.backends.endpoint_reading import Reply, TokenLogs
from cai_ui.engine.interface import StopFlag
from cai_ui.errors import CaiError, EndpointError

POLL_S = 0.05
"""How often the asker looks at its stop flag, in seconds."""
T = TypeVar("T")


class Seats:
    """A client of which no more requests than `places` are under way at once. For one event loop."""

    def __init__(self, client: EndpointClient, places: int) -> None:
        self._client, self._places = client, asyncio.Semaphore(places)

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self._places:
            return await self._client.post(path, body)

    async def chat(self, body: dict[str, Any], spare: Sequence[str] = ()) -> Reply:
        async with self._places:
            return await self._client.chat(body, spare=spare)


Question = Callable[[Seats], Awaitable[T]]


def in_flight(
    client: EndpointClient, questions: Sequence[Question[T]], places: int, stop: StopFlag | None
) -> Iterator[tuple[int, T | CaiError]]:
    """Result or error of each question by its place. A stop, or closing the iterator, cancels what is under way. The
    client is closed at the end."""
    news: queue.SimpleQueue[tuple[int, T | CaiError]] = queue.SimpleQueue()
    loop = asyncio.new_event_loop()
    work = loop.create_task(_ask_all(client, questions, places, news))
    threading.Thread(target=serve, args=(loop, work), name="endpoint", daemon=True).start()
    left = len(questions)
    try:
        while left and not (stop is not None and stop.is_set()):
            try:
                found = news.get(timeout=POLL_S)
            except queue.Empty:
                continue
            left -= 1
            yield found
    finally:
        with suppress(RuntimeError):  # the loop has ended by itself
            loop.call_soon_threadsafe(work.cancel)


def serve(loop: asyncio.AbstractEventLoop, work: asyncio.Task[None]) -> None:
    """Run a loop to the end of its work, or until that is cancelled."""
    try:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())  # streams that were left before their end
        loop.close()


async def _ask_all(
    client: EndpointClient,
    questions: Sequence[Question[T]],
    places: int,
    news: queue.SimpleQueue[tuple[int, T | CaiError]],
) -> None:
    seats, waiting = Seats(client, places), iter(enumerate(questions))

    async def ask_in_turn() -> None:
        for place, question in waiting:
            try:
                news.put((place, await question(seats)))
            except CaiError as error:
                news.put((place, error))
            except Exception as error:  # whatever it is, the asker must not wait for ever
                news.put((place, EndpointError("unknown", f"Asking failed ({type(error).__name__}).")))

    try:
        await asyncio.gather(*(ask_in_turn() for _ in range(min(places, len(questions)))))
    finally:
        await client.close()


def chosen(tokens: Sequence[TokenLogs], replies: Sequence[str]) -> tuple[float, ...] | None:
    """The replies' shares where the written text first tells them apart; None where it begins like none of them, or
    goes on as something else: "A judge cannot say", "10", "0.8", "A and B".

    `tokens` are the tokens written, each with the log-probabilities of what could have stood in its place. Signs
    around a reply do not count: "A" is "(A)".
    """
    cores = [_core(reply) for reply in replies]
    said = ""
    for nth, (token, logs) in enumerate(tokens):
        token, logs = _written(token), {_written(other): log for other, log in logs.items()}
        meant = _meant(said + token, cores)
        if meant is None:
            said += token
            if not any(core.startswith(_core(said)) for core in cores):
                return None
            continue
        if _SOMETHING_ELSE.match(said + token + "".join(_written(later) for later, _ in tokens[nth + 1 :])):
            return None
        weights = [0.0] * len(replies)
        for other, log in {**logs, token: logs.get(token, 0.0)}.items():
            place = _meant(said + other, cores)
            if place is not None:
                weights[place] += math.exp(log)
        return tuple(weight / sum(weights) for weight in weights) if sum(weights) else None
    return None


_SOMETHING_ELSE = re.compile(
    r"\W*\w+\W{0,4}\s(and|or|und|et|y)\s"  # more than one, or neither
    r"|\W*\w+\s*/\s*\w|[^\w-]*-\d|\W*\d+([.,]\d|\s*%|\s+(out\s+)?of\s+\d)|\W*\d\d"
    r"|\s*A\s+(?!is\b|does\b|has\b|was\b|would\b|because\b|seems\b|gives\b)[a-z]",  # an article
)
"""Texts that begin like a letter or number and mean something else."""


def _written(token: str) -> str:
    """A token as it reads, where a server gives its vocabulary's own sign for a blank or line break."""
    return token.replace("\u2581", " ").replace("\u0120", " ").replace("\u010a", "\n")


def _core(text: str) -> str:
    """A text without the signs and spaces around it; words of several letters in small letters."""
    start, stop = 0, len(text)
    while start < stop and not text[start].isalnum():
        start += 1
    while stop > start and not text[stop - 1].isalnum():
        stop -= 1
    found = text[start:stop]
    return found.lower() if len(found) > 1 else found


def _meant(text: str, cores: Sequence[str]) -> int | None:
    found = _core(text)
    return next((place for place, core in enumerate(cores) if core == found), None)
