"""Where all askers' rows meet: one batch for everybody, decoded by one thread in slices of the lease.

A call (one asker's rows) is read piece by piece, then its rows join those that are being decoded already.
Every asker's first row is let in at once; further rows take turns between the askers, so a long batch
delays nobody's chat. The thread lives while there is work.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from itertools import count

import torch

from cai_ui.engine.adapters.loaded import LoadedAdapters, exchanged
from cai_ui.engine.decoding.batch import Batch, Reading, Row, alike, push, shared_beginnings
from cai_ui.engine.decoding.call import Call, News, out_of_memory
from cai_ui.engine.decoding.limits import MAX_ROWS, Limits
from cai_ui.engine.decoding.prefix_cache import PrefixCache
from cai_ui.engine.lease import Lease
from cai_ui.engine.memory import give_back
from cai_ui.errors import EngineError, begin, is_memory

SLICE_S = 0.2
"""Seconds of decoding before the lease goes to the next in line."""
ALONE_SLICE_S = 0.05
"""The same while nobody waits: only so that text appears smoothly."""
REFILL = 0.75
"""Share of MAX_ROWS below which further rows are let in: joining copies the cache, so not for every row that ends."""

log = logging.getLogger(__name__)


class Scheduler:
    """Answers calls on the loaded adapters' weights. Safe to be asked from any thread."""

    def __init__(
        self,
        adapters: LoadedAdapters,
        lease: Lease,
        cache: PrefixCache,
        end_ids: frozenset[int],
        device: str,
        limits: Limits,
    ) -> None:
        self.limits = limits
        self._adapters, self._lease, self._cache = adapters, lease, cache
        self._end_ids, self._device = end_ids, device
        self._numbers = count(1)
        self._lock = threading.Lock()
        """Guards rows, batch and readings; held for a slice. Taken after the lease, never before it."""
        self._door = threading.Lock()
        """Guards the thread's coming and going."""
        self._thread: threading.Thread | None = None
        self._arrived: deque[Call] = deque()
        self._calls: list[Call] = []
        self._inside: list[Row] = []
        self._readings: deque[tuple[int, Iterator[None]]] = deque()
        self._batch = Batch(cache, device)
        self._max_rows, self._halved = limits.max_rows, False
        self._closed = False

    def answer(self, rows: list[Row]) -> Iterator[News]:
        """Text of the rows as it comes. Closing the iterator ends the rows."""
        call = Call(rows, next(self._numbers))
        with self._door:
            if self._closed:
                raise exchanged()
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="answer", daemon=True)
                begin(thread)
                self._thread = thread
            self._arrived.append(call)
        try:
            left = len(rows)
            while left:
                for row, text, last in call.next_news(self._lock):
                    left -= last
                    yield row, text, last
        finally:
            call.leave(self._lock)

    def close(self) -> None:
        """Refuse new calls, end those under way with an error, and wait for the thread."""
        with self._door:
            self._closed = True
            thread = self._thread
        with self._lock:
            self._tell_all(exchanged())
            self._batch, self._inside = Batch(self._cache, self._device), []
            self._readings.clear()
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while True:
            try:
                self._slice()
            except Exception as error:
                try:
                    self._recover(error)
                except Exception as again:  # of memory that gave out while room was made: nobody is to wait for ever
                    with self._lock:
                        self._inside = []
                        self._tell_all(again)
            with self._door:
                if not self._arrived and not self._calls:
                    give_back()
                    self._thread = None
                    return

    def _slice(self) -> None:
        """One hold of the lease: let in, read, decode, hand out."""
        with self._lease.hold("answering"), self._lock, torch.inference_mode():
            until = time.monotonic() + (SLICE_S if self._lease.waiting else ALONE_SLICE_S)
            self._let_in()
            self._read(until)
            reading = {asker for asker, _ in self._readings}
            if any(row.asker not in reading for row in self._batch.rows):
                self._decode(time.monotonic() + SLICE_S if reading else until)
            self._batch.drop_finished()
            for call in self._calls:
                call.tell()
            self._calls = [call for call in self._calls if not call.over]
            if not self._calls:
                self._max_rows, self._halved = self.limits.max_rows, False

    def _let_in(self) -> None:
        """Waiting rows, in turns between the askers, while there is room; every asker's first row in any case."""
        while self._arrived:
            self._calls.append(self._arrived.popleft())
        for row in self._inside:
            row.check()
        self._inside = [row for row in self._inside if row.finish is None]
        here = {row.asker for row in self._inside}
        roomy = len(self._inside) <= REFILL * self._max_rows
        chosen: dict[int, list[Row]] = {}
        turns = deque(self._calls)
        while turns:
            call = turns.popleft()
            while call.waiting and call.waiting[0].finish is not None:
                call.waiting.popleft()
            if call.waiting and (call.number not in here or (roomy and self._room_for(call.waiting[0]))):
                here.add(call.number)
                row = call.waiting.popleft()
                self._inside.append(row)
                chosen.setdefault(call.number, []).append(row)
                turns.append(call)
        self._readings.extend((asker, self._reading(rows)) for asker, rows in chosen.items())

    def _room_for(self, row: Row) -> bool:
        rows = len(self._inside) + 1
        longest = max(len(r.prompt) + r.limit for r in (*self._inside, row))
        return rows <= self._max_rows and rows * longest <= self.limits.kv_tokens

    def _read(self, until: float) -> None:
        """Read pieces of prompts, the askers in turns, for the time given (at least one piece)."""
        while self._readings:
            asker, reading = self._readings.popleft()
            if next(reading, self) is not self:
                self._readings.append((asker, reading))
            if time.monotonic() >= until:
                return

    def _reading(self, rows: list[Row]) -> Iterator[None]:
        """Read the rows' prompts piece by piece; then they join the batch."""
        for beginning in shared_beginnings(rows, self._cache) if self._cache.limit > 0 else ():
            yield from self._pieces(Reading([beginning], self._cache, self._device), rows)
        for group in alike(rows, self._cache, MAX_ROWS):
            going = [row for row in group if row.finish is None]
            if going:
                reading = Reading(going, self._cache, self._device)
                yield from self._pieces(reading, going)
                if reading.logits is not None:
                    push(going, reading.logits, self._end_ids)
                    self._batch.join(going, reading)

    def _pieces(self, reading: Reading, rows: list[Row]) -> Iterator[None]:
        """Read all, unless nobody among `rows` wants it any more."""
        columns = max(1, self.limits.read_tokens // len(reading.texts))
        while reading.logits is None:
            for row in rows:
                row.check()
            if all(row.finish is not None for row in rows):
                return
            with self._adapters.rows([text.key for text in reading.texts]) as model:
                reading.read_piece(model, columns)
            if reading.logits is not None:
                reading.keep(self._cache)
            yield

    def _decode(self, until: float) -> None:
        """One token after the other for all rows, until the time is over, a row ends, or somebody comes."""
        while True:
            self._batch.drop_finished()
            rows = self._batch.rows
            if not rows:
                return
            with self._adapters.rows([row.key for row in rows]) as model:
                while all(row.finish is None for row in rows):
                    self._batch.step(model, self._end_ids)
                    for row in rows:
                        row.check()
                    if self._arrived or time.monotonic() >= until:
                        return

    def _recover(self, error: Exception) -> None:
        """After a failure: once with half the rows if memory was short, otherwise every asker gets the error."""
        short = is_memory(error)
        with self._lock:
            rows = [row for row in self._inside if row.finish is None]
            self._batch, self._inside = Batch(self._cache, self._device), []
            self._readings.clear()
            if short and not self._halved and len(rows) > 1:
                self._max_rows, self._halved = len(rows) // 2, True
                for call in self._calls:
                    call.waiting.extendleft(reversed([row for row in rows if row.asker == call.number]))
                log.warning("out of memory with %d rows; going on with half of them", len(rows))
            else:
                self._tell_all(out_of_memory() if short else error)
        with self._lease.hold("freeing memory"):
            self._cache.clear()

    def _tell_all(self, error: Exception) -> None:
        if not isinstance(error, EngineError):
            log.error("answering failed", exc_info=error)
        for call in (*self._calls, *self._arrived):
            call.news.put(error)
        self._calls = []
        self._arrived.clear()
