"""Several columns answer at once: those of one model from one batch, other models beside it.

One column that fails (a server that dies, a prompt too long for one model) says so and leaves the others alone. Which
weights gave an answer is asserted: see `variants.confirm`.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from cai_ui.compare.variants import VariantText, confirm, expected_hash
from cai_ui.engine.interface import Chunk, Engine, Request, StopFlag
from cai_ui.errors import CaiError, EngineError
from cai_ui.records import AdapterInfo, Answer


@dataclass(frozen=True)
class Row:
    """One answer to be had: the column it is for, by name and title, which number it has among the column's, of which
    variant of which engine, and the request. `error` says why a column cannot be asked; the rest is None then."""

    column: str
    title: str
    sample: int = 0
    variant: AdapterInfo | None = None
    engine: Engine | None = None
    request: Request | None = None
    error: CaiError | None = None


def side_by_side(rows: Sequence[Row], stop: StopFlag | None = None) -> Iterator[list[VariantText]]:
    """All rows; each item is the text so far of all of them. The error of the first where none can be asked, or all
    have failed. Closing the iterator sets `stop`."""
    stop, began = stop or StopFlag(), time.monotonic()
    shown, failed = [_beginning(row) for row in rows], {i: row.error for i, row in enumerate(rows) if row.error}
    if rows and len(failed) == len(rows):
        raise failed[0]
    if failed:
        yield list(shown)
    for place, came in _together(rows, stop):
        try:
            shown[place] = _with(shown[place], rows[place], came, time.monotonic() - began)
        except CaiError as error:
            came = error
        if isinstance(came, CaiError):
            failed[place] = came
            shown[place] = replace(shown[place], error=str(came))
            if len(failed) == len(rows):
                raise failed[0]
        yield list(shown)


def _beginning(row: Row) -> VariantText:
    weights = expected_hash(row.variant) if row.variant is not None else None
    return VariantText(row.column, row.title, "", weights, sample=row.sample, error=str(row.error or ""))


def _with(now: VariantText, row: Row, came: Chunk | CaiError, seconds: float) -> VariantText:
    """What a row has said by now. EngineError where other weights, or another strength or seed, gave the answer."""
    if isinstance(came, CaiError) or now.error:
        return now
    if came.answer is None:
        return replace(now, text=now.text + came.text)
    assert row.variant is not None and row.request is not None
    answer = _as_asked(confirm(came.answer, row.variant), row.request, row.title)
    return replace(now, text=answer.text, answer=answer, seconds=seconds)


def _as_asked(answer: Answer, request: Request, title: str) -> Answer:
    told = answer.provenance.sampling
    strength = told.get("strength", 1.0) if answer.provenance.adapter is not None else request.strength
    if strength != request.strength:
        raise EngineError(
            f"The answer for {title} came at the strength {strength:g}.", kept="The answer was thrown away."
        )
    return answer


def _together(rows: Sequence[Row], stop: StopFlag) -> Iterator[tuple[int, Chunk | CaiError]]:
    """Chunks, or the error that ends a row, by the row's place; engines beside each other."""
    groups: dict[int, list[int]] = {}
    for place, row in enumerate(rows):
        if row.engine is not None and row.error is None:
            groups.setdefault(id(row.engine), []).append(place)
    streams = [_one_engine(rows, places, stop) for places in groups.values()]
    if len(streams) == 1:
        yield from streams[0]
    elif streams:
        yield from _beside(streams, stop)


def _one_engine(rows: Sequence[Row], places: Sequence[int], stop: StopFlag) -> Iterator[tuple[int, Chunk | CaiError]]:
    """One batch. A row that is refused is left out of it; where the engine fails, all that are not over have failed."""
    engine = cast(Engine, rows[places[0]].engine)
    asked = {place: cast(Request, rows[place].request) for place in places}
    over: set[int] = set()
    try:
        stream = _begun(engine, asked, stop)
    except CaiError as error:
        refused = _refused(engine, asked, stop) if len(asked) > 1 else dict.fromkeys(asked, error)
        yield from refused.items()
        asked = {place: request for place, request in asked.items() if place not in refused}
        stream = _begun(engine, asked, stop) if asked else iter(())
    left = list(asked)
    try:
        for chunk in stream:
            over |= {left[chunk.index]} if chunk.answer is not None else set()
            yield left[chunk.index], chunk
    except CaiError as error:
        for place in left:
            if place not in over:
                yield place, error
    finally:
        getattr(stream, "close", lambda: None)()


def _begun(engine: Engine, asked: Mapping[int, Request], stop: StopFlag) -> Iterator[Chunk]:
    """The batch, checked: an engine refuses what it cannot take before its first chunk is asked for."""
    return engine.stream(list(asked.values()), stop)


def _refused(engine: Engine, asked: Mapping[int, Request], stop: StopFlag) -> dict[int, CaiError]:
    """The rows that the engine will not begin, and why. A stream that nobody reads generates nothing."""
    refused: dict[int, CaiError] = {}
    for place, request in asked.items():
        try:
            engine.stream([request], stop)
        except CaiError as error:
            refused[place] = error
    return refused


def _beside(
    streams: Sequence[Iterator[tuple[int, Chunk | CaiError]]], stop: StopFlag
) -> Iterator[tuple[int, Chunk | CaiError]]:
    """Several streams, each read by a thread of its own."""
    came: queue.Queue[tuple[int, Chunk | CaiError] | Exception | None] = queue.Queue()

    def read(stream: Iterator[tuple[int, Chunk | CaiError]]) -> None:
        try:
            for item in stream:
                came.put(item)
        except Exception as error:  # a fault of ours: told to whoever asked, in their thread
            came.put(error)
        came.put(None)

    threads = [threading.Thread(target=read, args=(stream,), name="column", daemon=True) for stream in streams]
    for thread in threads:
        thread.start()
    try:
        ended = 0
        while ended < len(threads):
            item = came.get()
            if isinstance(item, Exception):
                raise item
            if item is None:
                ended += 1
            else:
                yield item
    finally:
        stop.set()
