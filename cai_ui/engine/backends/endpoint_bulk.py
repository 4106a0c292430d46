"""Many small questions to one server: several in flight, each result as it comes."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from cai_ui.engine.backends.endpoint_client import EndpointClient
from cai_ui.engine.backends.endpoint_reading import Reply
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
