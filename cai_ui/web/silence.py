"""Connections on which nobody asks for anything are hung up.

uvicorn (0.54) bounds the pause between two requests of a connection, and neither that before the first one nor how long
the head of one may take to arrive: without this, whoever opens connections and says nothing, or ever another line of a
head, keeps each as long as they like, until the server may open no more files.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

HEAD_S, LOOK_S = 20.0, 2.0
"""How long a connection may be without a whole head, and the pause between two looks for such."""


async def hang_up(page: Any) -> None:
    """Close such connections of a page's server, for ever."""
    since: dict[Any, tuple[Any, float]] = {}
    while True:
        await asyncio.sleep(LOOK_S)
        state = getattr(getattr(page, "server", None), "server_state", None)
        since = silent(getattr(state, "connections", ()), since, time.monotonic())
        for connection, (_, begun) in since.items():
            if time.monotonic() - begun > HEAD_S:
                connection.transport.close()


def silent(
    connections: Iterable[Any], before: dict[Any, tuple[Any, float]], now: float
) -> dict[Any, tuple[Any, float]]:
    """The connections that have no request under way, each with the one it had last and since when that was so."""
    without = ((one, getattr(one, "cycle", one)) for one in list(connections))
    return {
        one: before[one] if one in before and before[one][0] is last else (last, now)
        for one, last in without
        if last is None or getattr(last, "response_complete", False)
    }
