"""Messages of a server: one whole, or those of a stream of server-sent events as servers write it, well or badly."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx

from cai_ui.engine.backends.endpoint_errors import garbage, too_large
from cai_ui.errors import EndpointError

MAX_BYTES = 4 * 2**20
"""Longest answer, and longest line of a stream, in bytes."""
_AT_ONCE = 2**16
"""Bytes that are unpacked before somebody counts them."""
_SIGNS_OF_LIFE = ("ping", "heartbeat", "keep-alive", "keepalive")


def parse(text: str | bytes) -> dict[str, Any]:
    """A message as JSON. EndpointError for anything else."""
    if not text.strip():
        raise garbage("it sent nothing")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise garbage("it sent something that is not JSON") from None
    if not isinstance(found, dict):
        raise garbage("its answer has another form")
    return found


async def body_of(response: httpx.Response) -> AsyncIterator[bytes]:
    """What a server sends, in pieces. Plain text was asked for; some pack it by gzip all the same. EndpointError for
    any other way: httpx makes a gigabyte of a kilobyte before anybody can count."""
    packed = response.headers.get("content-encoding", "").strip().lower()
    if packed in ("", "identity"):
        async for piece in response.aiter_raw():
            yield piece
        return
    if packed != "gzip":
        raise garbage("it is packed, though plain text was asked for")
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    async for left in response.aiter_raw():
        more = True
        while more:
            try:
                piece = reader.decompress(left, _AT_ONCE)
            except zlib.error:
                raise garbage("it cannot be unpacked") from None
            yield piece
            left, more = reader.unconsumed_tail, len(piece) == _AT_ONCE or bool(reader.unconsumed_tail)


async def events(pieces: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any] | None]:
    """Messages of a stream of server-sent events; None for its sign that it is over.

    Comments and numbers of events are passed over, and what is no message in an event with a name of its own, such as
    a ping; an event named error holds one. Several data lines are one message, or, as some servers write them, one
    each; some send a message without the field's name.
    """
    held: list[str] = []
    event = ""
    async for line in _lines(pieces):
        name, _, value = line.partition(":")
        if name == "data" and value.lstrip().startswith("data:"):  # framed twice, as a proxy does it
            value = value.lstrip().removeprefix("data:")
        if name in ("data", "error"):  # llama.cpp once had a field of its own for errors
            held.append(value.removeprefix(" "))
            event = name if name == "error" else event
        elif name == "event":
            event = value.strip()
        elif line.startswith("{"):
            held.append(line)
        elif not line:
            for found in _messages(held, event):
                yield found
            held, event = [], ""
    for found in _messages(held, event):
        yield found


def _messages(held: list[str], event: str) -> list[dict[str, Any] | None]:
    together = "\n".join(held).strip()
    if not together or together == "null":
        return []
    try:
        found = [None if together.upper() == "[DONE]" else parse(together)]
    except EndpointError:
        if event == "error":
            return [{"error": together}]
        if event in _SIGNS_OF_LIFE:
            return []
        if len(held) == 1:
            raise
        found = [None if one.strip().upper() == "[DONE]" else parse(one) for one in held if one.strip()]
    return [one if one is None or one.get("error") else {"error": one} for one in found] if event == "error" else found


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Lines of a stream, which may end in any of three ways; its length and theirs are bounded."""
    held, seen = bytearray(), 0
    async for piece in pieces:
        seen += len(piece)
        held += piece
        if seen > 16 * MAX_BYTES or len(held) > MAX_BYTES:
            raise too_large(MAX_BYTES)
        if b"\n" in piece or b"\r" in piece:
            ready = len(held) - held.endswith(b"\r")  # its line feed may be on the way
            *lines, rest = re.split(rb"\r\n|\n|\r", bytes(held[:ready]))
            held = bytearray(rest) + held[ready:]
            for line in lines:
                yield line.decode("utf-8", "replace").removeprefix("\ufeff")
    if held:
        yield held.decode("utf-8", "replace").rstrip("\r")
