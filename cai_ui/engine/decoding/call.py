"""One asker's rows, and how the asker hears of them: the thread that decodes puts news in, the asker takes them out."""

from __future__ import annotations

import queue
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import NoReturn

from cai_ui.engine.decoding.batch import Row
from cai_ui.errors import EngineError, is_memory

POLL_S = 0.05
"""How often an asker looks at its stop flag and its clock while no news comes, in seconds."""

News = tuple[Row, str, bool]
"""A row, its new text, and whether that is its last."""


@dataclass(eq=False)
class Call:
    """One asker's rows. `news` carries what is new, or the error that ended it."""

    rows: list[Row]
    number: int
    waiting: deque[Row] = field(default_factory=deque)
    news: queue.SimpleQueue[list[News] | Exception] = field(default_factory=queue.SimpleQueue)
    told: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.waiting.extend(self.rows)
        for row in self.rows:
            row.asker = self.number

    @property
    def over(self) -> bool:
        return len(self.told) == len(self.rows)

    def tell(self) -> None:
        """Hand out what is new. Needs the scheduler's lock."""
        news = []
        for row in self.rows:
            done = row.finish is not None
            if row.index not in self.told and (done or row.text.ids):
                text = row.text.take(final=done)
                if done:
                    self.told.add(row.index)
                if text or done:
                    news.append((row, text, done))
        if news:
            self.news.put(news)

    def next_news(self, lock: threading.Lock) -> list[News]:
        """The next news; an asker whose time is over while it waits in line takes its rows back itself, under the
        scheduler's `lock`. EngineError where the call was ended by one, or by memory that gave out."""
        impatient = any(row.stop is not None or row.until is not None for row in self.rows)
        while True:
            try:
                news = self.news.get(timeout=POLL_S if impatient else None)
            except queue.Empty:
                for row in self.rows:
                    row.check()
                if any(row.finish is not None and row.index not in self.told for row in self.rows):
                    with lock:
                        self.tell()
                continue
            if isinstance(news, list):
                return news
            _raise(news)

    def leave(self, lock: threading.Lock) -> None:
        """After this the scheduler touches none of the rows any more."""
        for row in self.rows:
            row.finish = row.finish or "stopped"
        with lock:
            self.told |= {row.index for row in self.rows}


def out_of_memory() -> EngineError:
    """What ends the calls that were answered when memory gave out."""
    return EngineError(
        "The device ran out of memory while answering.",
        kept="Nothing else was disturbed.",
        next_step="Ask for fewer answers at once or for shorter ones, or lower the cache (CAI_CACHE_GB).",
    )


def _raise(error: Exception) -> NoReturn:
    """An error of the decoding thread, in the asker's."""
    if isinstance(error, EngineError):
        raise EngineError(error.what, kept=error.kept, next_step=error.next_step)
    if is_memory(error):
        raise out_of_memory() from error
    raise EngineError(
        f"The model failed while answering ({type(error).__name__}).",
        kept="Other work goes on.",
        next_step="The log has the details.",
    ) from error
