"""Answers that one server writes at the same time, each piece of text as it comes."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cai_ui.engine.backends.endpoint_bulk import POLL_S, serve
from cai_ui.engine.backends.endpoint_client import EndpointClient
from cai_ui.engine.backends.endpoint_reading import Reply, without_thoughts
from cai_ui.engine.decoding.repetition import repeats
from cai_ui.engine.interface import StopFlag
from cai_ui.errors import CaiError, EndpointError

WORDS_SEEN, CHARACTERS_SEEN = 300, 4_000
"""Words, and characters, at the end of a text that are looked at for a circle."""
News = tuple[int, str, Reply | CaiError | None]
"""A row's place, its new text, and its whole reply or error once it is over."""


@dataclass(frozen=True)
class Asked:
    """What one row sends, and after how many seconds it ends (None: when the server ends it)."""

    body: dict[str, Any]
    timeout_s: float | None


def written(
    client: EndpointClient, rows: Sequence[Asked], places: int, stop: StopFlag | None, *, stream: bool
) -> Generator[News, None, None]:
    """All rows at once, `places` of them under way. Without `stream` the text of each comes whole, with its reply.

    A stop ends the rows that are left with what came of them; that, or closing the iterator, cancels what is under way.
    The client is closed at the end.
    """
    texts: dict[int, str] = dict.fromkeys(range(len(rows)), "")  # of the rows that are not over
    news: queue.SimpleQueue[News] = queue.SimpleQueue()
    loop = asyncio.new_event_loop()
    work = loop.create_task(_ask_all(client, rows, places, news, stream))
    threading.Thread(target=serve, args=(loop, work), name="endpoint", daemon=True).start()
    try:
        while texts:
            if stop is not None and stop.is_set():
                yield from ((place, "", Reply(without_thoughts(text), "stopped")) for place, text in texts.items())
                return
            try:
                place, text, result = news.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if result is None:
                texts[place] += text
            else:
                del texts[place]
            yield place, text, result
    finally:
        with suppress(RuntimeError):  # the loop has ended by itself
            loop.call_soon_threadsafe(work.cancel)


async def _ask_all(
    client: EndpointClient, rows: Sequence[Asked], places: int, news: queue.SimpleQueue[News], stream: bool
) -> None:
    free = asyncio.Semaphore(places)
    try:
        await asyncio.gather(*(_ask(client, place, row, free, news, stream) for place, row in enumerate(rows)))
    finally:
        await client.close()


async def _ask(
    client: EndpointClient, place: int, row: Asked, free: asyncio.Semaphore, news: queue.SimpleQueue[News], stream: bool
) -> None:
    said: list[str] = []
    end = ""

    def tell(text: str) -> None:
        nonlocal end
        said.append(text)
        end = (end + text)[-CHARACTERS_SEEN:]
        news.put((place, text, None))
        if repeats(end.split()[-WORDS_SEEN:]):
            raise _GoesRound

    rest = ""
    result: Reply | CaiError
    try:
        async with asyncio.timeout(row.timeout_s), free:
            result = await client.chat(row.body, tell if stream else None)
        told = "".join(said)
        rest = result.text[len(told) :] if result.text.startswith(told) else ""
    except _GoesRound:
        result = Reply(without_thoughts("".join(said)), "repetition")
    except TimeoutError:
        result = Reply(without_thoughts("".join(said)), "timeout")
    except CaiError as error:
        result = error
    except Exception as error:  # whatever it is, the asker must not wait for ever
        result = EndpointError("unknown", f"Asking failed ({type(error).__name__}).")
    news.put((place, rest, result))


class _GoesRound(Exception):
    """The text being written repeats itself, so nobody waits for its end."""
