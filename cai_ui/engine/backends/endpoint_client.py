"""Asking an OpenAI-compatible server over HTTP: bounds, retries, and a named error for every bad answer.

Nothing the server sends is trusted: sizes and times are bounded, redirects are not followed (they could carry
the key elsewhere), and text is made admissible before anybody sees it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
import re
import socket
from collections.abc import AsyncIterator, Callable, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx

from cai_ui.engine.backends.endpoint_errors import NamedErrors, broken_off, garbage, refusal, shown, too_large
from cai_ui.engine.backends.endpoint_habits import Habits
from cai_ui.engine.backends.endpoint_reading import Draft, Reply, model_list, no_text
from cai_ui.engine.backends.endpoint_stream import MAX_BYTES, body_of, events, parse
from cai_ui.errors import EndpointError, InputError, PromptTooLongError

ATTEMPTS = 5
"""How often a request is sent before its error counts."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
SECRET_FROM = 8
"""Characters of a key that is a secret; "EMPTY" is none."""
CONNECT_S, SILENT_S = 10.0, 120.0
"""Seconds for the connection, and seconds the server may send nothing."""
LONGEST_S, MODELS_S = 3600.0, 60.0
"""Seconds for one whole answer, and for the list of models, however it trickles."""

_METADATA = tuple(
    ipaddress.ip_address(each)
    for each in ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
"""Services of clouds that do not lie in the link-local ranges."""
_WITHIN = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
"""Networks whose last 32 bits are an address of the older kind: of translators, and of a form no longer used."""

_EVENTS = re.compile(rb"(\xef\xbb\xbf)?\s*(data|event|id|retry)?:")
"""How a stream begins, whatever a proxy calls it."""
_PLACES = ("/chat/completions", "/completions", "/models")
"""What addresses are pasted with, though it is added to them here."""

OnText = Callable[[str], None]


def check_url(url: str) -> str:
    """The base URL without a slash at its end; "/v1" is added to a bare host. InputError if it is none."""
    try:
        parts = urlsplit(url.strip())
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # no port, half a bracket
        sound = False
    if (
        not sound
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
        or not url.strip().isprintable()
        or " " in url.strip()
    ):
        raise InputError(
            f"{url[:80]!r} is not the address of an endpoint.",
            next_step="Write it as https://host/v1; a key belongs into the environment variable CAI_ENDPOINT_KEY.",
        )
    path = parts.path.rstrip("/")
    path = next((path.removesuffix(place) for place in _PLACES if path.endswith(place)), path)
    return f"{parts.scheme}://{parts.netloc}{path or '/v1'}"


def check_key(key: str) -> str:
    """The key without white space around it. InputError for one that could not be sent."""
    key = key.strip()
    if not key.isascii() or not key.isprintable():
        raise InputError(
            "The key for the endpoint holds characters that no key has, such as a line break or a curly quote.",
            next_step="Set its environment variable (CAI_ENDPOINT_KEY) once more.",
        )
    return key


class EndpointClient:
    """One server. Use it inside one event loop; `first_pause_s` is the shortest pause before a new try.

    EndpointError where this machine's proxies or certificates cannot be used."""

    def __init__(
        self,
        url: str,
        key: str = "",
        silent_s: float = SILENT_S,
        first_pause_s: float = FIRST_PAUSE_S,
        longest_s: float = LONGEST_S,
        habits: Habits | None = None,
    ) -> None:
        self.url, self._key = url, key
        self._habits = habits or Habits()
        self._first_pause_s, self._longest_s = first_pause_s, longest_s
        self._http = _http(
            headers={"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {key}"} if key else {}),
            timeout=httpx.Timeout(silent_s, connect=min(CONNECT_S, silent_s)),
            limits=httpx.Limits(max_connections=None),
            event_hooks={"request": [_refuse_link_local]},
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def models(self) -> list[dict[str, Any]]:
        """What the server says it has. Asked once, without retries."""
        async with _at_most(MODELS_S), self._errors(), self._http.stream("GET", f"{self.url}/models") as response:
            body = self._without_key(await _body(response))
            self._check(response, body)
        return model_list(body)

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A JSON answer, with retries."""
        found: dict[str, Any] = await self._with_retries(lambda: self._post(path, body))
        return found

    async def chat(self, body: dict[str, Any], on_text: OnText | None = None, spare: Sequence[str] = ()) -> Reply:
        """One answer; with `on_text` it is streamed. Tried again after failures that pass, and without what the server
        does not take where the answer can do without it (`spare` names more of that). Text that came before a failure
        is kept, and ends as "broken", or as "length" where the context was full."""
        asked = body if on_text is None else body | {"stream": True, "stream_options": {"include_usage": True}}

        async def once(tried: Set[str] = frozenset()) -> Reply:
            answer, sent = Draft(), self._habits.fitted(asked, tried)
            try:
                async with _at_most(self._longest_s):
                    if on_text is None:
                        answer.take(await self._post("chat/completions", sent), "message")
                    else:
                        await self._stream(sent, answer, on_text)
            except (EndpointError, PromptTooLongError) as error:
                if not answer.text:
                    if isinstance(error, EndpointError) and (more := self._habits.named(error, sent, spare)):
                        return await once(tried | more)
                    raise
                answer.finish = "length" if isinstance(error, PromptTooLongError) else "error"
                answer.trouble = str(error)
            self._habits.learn(tried)
            came = answer.reply()
            if not came.text and answer.other:
                raise no_text(answer.other)
            return replace(came, left_out=tuple(name for name in asked if name not in sent))

        reply: Reply = await self._with_retries(once)
        return reply

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self._errors(), self._http.stream("POST", f"{self.url}/{path}", json=body) as response:
            return self._json(response, self._without_key(await _body(response)))

    def _without_key(self, said: bytes) -> bytes:
        """What a server said. Some repeat the key in errors of any kind, where it is nobody's business; a short one is
        no secret, and may stand in any text."""
        secret = len(self._key) >= SECRET_FROM
        return said.replace(self._key.encode(), b"(the key)") if secret else said

    async def _pieces(self, response: httpx.Response) -> AsyncIterator[bytes]:
        """The same of what comes bit by bit: what may be the beginning of the key waits for what comes next."""
        key, held = self._key.encode(), b""
        async for piece in body_of(response):
            held = self._without_key(held + piece)
            begun = next((n for n in range(min(len(key) - 1, len(held)), 0, -1) if held.endswith(key[:n])), 0)
            begun = begun if len(key) >= SECRET_FROM else 0
            if ready := held[: len(held) - begun]:
                yield ready
            held = held[len(held) - begun :]
        if held:
            yield held

    def _check(self, response: httpx.Response, body: bytes) -> None:
        """The error that a status stands for."""
        if response.status_code != 200:
            raise refusal(response.status_code, body, response.headers)
        if body.lstrip()[:1] == b"<":
            raise garbage("it sent a web page")

    def _json(self, response: httpx.Response, body: bytes) -> dict[str, Any]:
        self._check(response, body)
        return parse(body)

    async def _stream(self, body: dict[str, Any], answer: Draft, on_text: OnText) -> None:
        async with self._errors(), self._http.stream("POST", f"{self.url}/chat/completions", json=body) as response:
            pieces = self._pieces(response)
            if response.status_code != 200 or "event-stream" not in response.headers.get("content-type", ""):
                body_there = self._without_key(await _body(response))
                if response.status_code != 200 or not _EVENTS.match(body_there):
                    answer.take(self._json(response, body_there), "message")
                    on_text(answer.text)
                    return
                pieces = _at_once(body_there)
            over = False
            async for found in events(pieces):
                if found is None:
                    over = True
                    break  # some servers hold the connection open
                before = len(answer.text)
                try:
                    answer.take(found, "delta")
                finally:
                    if len(answer.text) > before:
                        on_text(answer.text[before:])
            if answer.finish is None and not over:
                raise broken_off()
            if answer.place is None:
                raise no_text(answer.other)

    def _errors(self) -> NamedErrors:
        return NamedErrors(self.url)

    async def _with_retries(self, once: Callable[[], Any]) -> Any:
        for attempt in range(ATTEMPTS):
            try:
                return await once()
            except EndpointError as error:
                if not error.passes or attempt == ATTEMPTS - 1:
                    raise
                pause = max(error.pause_s, self._first_pause_s * 2**attempt * random.uniform(0.75, 1.25))
            await asyncio.sleep(min(pause, LONGEST_PAUSE_S))
        raise AssertionError("unreachable")


def _http(**settings: Any) -> httpx.AsyncClient:
    """EndpointError where this machine's own settings forbid any connection: they are read at once."""
    try:
        return httpx.AsyncClient(**settings)
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
        raise EndpointError(
            "own settings",
            f"No connection can be made with this machine's settings: {shown(error)}",
            next_step="Check the variables for proxies (ALL_PROXY, HTTP_PROXY, HTTPS_PROXY, NO_PROXY) and certificates "
            "(SSL_CERT_FILE, SSL_CERT_DIR).",
        ) from None


async def _refuse_link_local(request: httpx.Request) -> None:
    """No model is served from an address of the kind that clouds give their machines' secrets out by."""
    host = request.url.host
    try:
        found = [ipaddress.ip_address(host)]
    except ValueError:
        found = await asyncio.get_running_loop().run_in_executor(None, _addresses, host)
    found = [_older(address) for address in found]
    if any(address.is_link_local or address in _METADATA for address in found):
        raise EndpointError(
            "link-local",
            f"{host} is an address of this machine's own network services, not of a model's server.",
            next_step="Give the address of a server that serves a model.",
        )


def _older(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address of the older kind that one of the newer kind stands for, or itself."""
    if isinstance(address, ipaddress.IPv4Address) or address.is_loopback:
        return address
    if any(address in network for network in _WITHIN):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """What a name stands for; nothing where it is not known, which the connection will say."""
    try:
        return [ipaddress.ip_address(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError, ValueError):
        return []


@asynccontextmanager
async def _at_most(seconds: float) -> AsyncIterator[None]:
    """A bound on the whole of it: a server that sends a byte now and then is not silent."""
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise EndpointError("timeout", f"The endpoint took longer than {seconds:,.0f} s.") from None


async def _at_once(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def _body(response: httpx.Response) -> bytes:
    held = bytearray()
    async for piece in body_of(response):
        held += piece
        if len(held) > MAX_BYTES:
            raise too_large(MAX_BYTES)
    return bytes(held)
