"""Asking an OpenAI-compatible server over HTTP: bounds, retries, and a named error for every bad answer.

Nothing the server sends is trusted: sizes and times are bounded, redirects are not followed (they could carry
the key elsewhere), and text is made admissible before anybody sees it.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from cai_ui.engine.decoding.text_stream import CONTROL, HALF
from cai_ui.errors import EndpointError, InputError, PromptTooLongError
from cai_ui.records import Finish

ATTEMPTS = 5
"""How often a request is sent before its error counts."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
CONNECT_S, SILENT_S = 10.0, 120.0
"""Seconds for the connection, and seconds the server may send nothing."""
MAX_BYTES = 4 * 2**20
"""Longest answer read, in bytes."""

OnText = Callable[[str], None]
_SURROGATE = re.compile("[\ud800-\udfff]")
_FINISH: dict[str, Finish] = {"length": "length", "max_tokens": "length"}


TokenLogs = tuple[str, dict[str, float]]
"""A token, and the natural log-probabilities of the tokens that were likeliest in its place."""


@dataclass(frozen=True)
class Reply:
    """What came back. Token counts, and the log-probabilities of the tokens, are None where the server gives none."""

    text: str
    finish: Finish
    prompt_tokens: int | None = None
    tokens: int | None = None
    logs: tuple[TokenLogs, ...] | None = None


@dataclass
class _Answer:
    """An answer on its way. White space around it is dropped; at the end it is held until more text follows."""

    text: str = ""
    space: str = ""
    finish: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    logs: tuple[TokenLogs, ...] | None = None

    def reply(self) -> Reply:
        prompt, tokens = (
            n if isinstance(n := self.usage.get(name), int) else None for name in ("prompt_tokens", "completion_tokens")
        )
        return Reply(self.text, _FINISH.get(self.finish or "", "end"), prompt, tokens, self.logs)


def check_url(url: str) -> str:
    """The base URL without a slash at its end; "/v1" is added to a bare host. InputError if it is none."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise InputError(
            f"{url[:80]!r} is not the address of an endpoint.",
            next_step="Write it as https://host/v1; a key belongs into the environment variable CAI_ENDPOINT_KEY.",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') or '/v1'}"


class EndpointClient:
    """One server. Use it inside one event loop; `first_pause_s` is the shortest pause before a new try."""

    def __init__(self, url: str, key: str = "", silent_s: float = SILENT_S, first_pause_s: float = FIRST_PAUSE_S):
        self.url = url
        self._first_pause_s = first_pause_s
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(silent_s, connect=min(CONNECT_S, silent_s)),
            limits=httpx.Limits(max_connections=None),
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def models(self) -> list[dict[str, Any]]:
        """What the server says it has. Asked once, without retries."""
        async with self._errors():
            response = await self._http.get(f"{self.url}/models")
            found = self._json(response, await response.aread())
        data = found.get("data")
        if not isinstance(data, list) or not all(isinstance(m, dict) and isinstance(m.get("id"), str) for m in data):
            raise self._garbage("its list of models has another form")
        return data

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A JSON answer, with retries."""
        found: dict[str, Any] = await self._with_retries(lambda: self._post(path, body), lambda: True)
        return found

    async def chat(self, body: dict[str, Any], on_text: OnText | None = None) -> Reply:
        """One answer; with `on_text` it is streamed. Tried again after failures that pass, unless text was told."""
        answer = _Answer()

        async def once() -> Reply:
            nonlocal answer
            answer = _Answer()
            if on_text is None:
                self._take(answer, await self._post("chat/completions", body), "message")
            else:
                await self._stream(body, answer, on_text)
            return answer.reply()

        reply: Reply = await self._with_retries(once, lambda: on_text is None or not answer.text)
        return reply

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self._errors(), self._http.stream("POST", f"{self.url}/{path}", json=body) as response:
            return self._json(response, await self._body(response))

    async def _stream(self, body: dict[str, Any], answer: _Answer, on_text: OnText) -> None:
        asked = body | {"stream": True, "stream_options": {"include_usage": True}}
        async with self._errors(), self._http.stream("POST", f"{self.url}/chat/completions", json=asked) as response:
            if response.status_code != 200 or "event-stream" not in response.headers.get("content-type", ""):
                self._take(answer, self._json(response, await self._body(response)), "message")
                on_text(answer.text)
                return
            async for line in _lines(response):
                if line.startswith("data:") and line[5:].strip() != "[DONE]":
                    before = len(answer.text)
                    self._take(answer, self._parse(line[5:]), "delta")
                    if len(answer.text) > before:
                        on_text(answer.text[before:])
            if answer.finish is None:
                raise _broken_off()

    def _take(self, answer: _Answer, found: dict[str, Any], part: str) -> None:
        """Add what one message of the server holds."""
        if found.get("error"):
            raise self._refusal(500, found)
        if isinstance(found.get("usage"), dict):
            answer.usage = found["usage"]
        choices = found.get("choices")
        if part == "delta" and choices == []:
            return
        try:
            choice = choices[0]  # type: ignore[index]
            content, finish = choice[part].get("content"), choice.get("finish_reason")
        except (TypeError, IndexError, KeyError, AttributeError):
            raise self._garbage("its answer has another form") from None
        if not isinstance(content, str | None) or not isinstance(finish, str | None):
            raise self._garbage("its answer is not text")
        if content is None and part == "message":
            raise EndpointError("no text", "The endpoint gave an answer without text.", next_step="Try another model.")
        if finish == "content_filter":
            raise EndpointError("filtered", "The endpoint's own filter withheld the answer.")
        answer.logs = _token_logs(choice.get("logprobs"))
        fresh = CONTROL.sub(HALF, _SURROGATE.sub(HALF, content or ""))
        fresh = answer.space + fresh if answer.text else fresh.lstrip()
        piece = fresh.rstrip()
        answer.text, answer.space = answer.text + piece, fresh[len(piece) :]
        answer.finish = finish or answer.finish

    async def _body(self, response: httpx.Response) -> bytes:
        whole = b""
        async for piece in response.aiter_bytes():
            whole += piece
            if len(whole) > MAX_BYTES:
                raise EndpointError("too large", f"The endpoint sent more than {MAX_BYTES // 2**20} MB.")
        return whole

    def _json(self, response: httpx.Response, body: bytes) -> dict[str, Any]:
        if response.status_code != 200:
            try:
                found = json.loads(body)
            except (ValueError, RecursionError):
                found = {}
            raise self._refusal(response.status_code, found if isinstance(found, dict) else {}, response)
        if body.lstrip()[:1] == b"<":
            raise self._garbage("it sent a web page")
        return self._parse(body)

    def _parse(self, text: str | bytes) -> dict[str, Any]:
        if not text.strip():
            raise self._garbage("it sent nothing")
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise self._garbage("it sent something that is not JSON") from None
        if not isinstance(found, dict):
            raise self._garbage("its answer has another form")
        return found

    def _garbage(self, why: str) -> EndpointError:
        return EndpointError(
            "garbage",
            f"The endpoint gave an answer that cannot be read: {why}.",
            next_step="Check that the address is that of an OpenAI-compatible server, ending in /v1.",
        )

    def _refusal(self, status: int, found: dict[str, Any], response: httpx.Response | None = None) -> Exception:
        """The error that a status means."""
        detail = found.get("error")
        told = detail.get("message") if isinstance(detail, dict) else detail
        said = CONTROL.sub(" ", _SURROGATE.sub(HALF, str(told or "")))[:200]
        if status in (400, 413, 422) and re.search(
            r"context|too (long|large|many tokens)|maximum.*(length|tokens)", said
        ):
            return PromptTooLongError(f"The endpoint says that the conversation is too long: {said}")
        if status in (401, 403):
            return EndpointError(
                "key", "The endpoint refused the key.", next_step="Set the environment variable CAI_ENDPOINT_KEY."
            )
        if status == 404:
            return EndpointError(
                "not found", f"The endpoint has no such address or model. {said}".strip(), next_step="Check both."
            )
        if status == 429 or status >= 500:
            pause = response.headers.get("retry-after", "") if response is not None else ""
            what = "is asked too often" if status == 429 else "failed"
            return EndpointError(
                "too often" if status == 429 else "server error",
                f"The endpoint {what} ({status}). {said}".strip(),
                next_step="Try again later.",
                passes=True,
                pause_s=float(pause) if pause.isdigit() else 0.0,
            )
        return EndpointError("refused", f"The endpoint did not take the request ({status}). {said}".strip())

    def _errors(self) -> _NamedErrors:
        return _NamedErrors(self.url)

    async def _with_retries(self, once: Callable[[], Any], may_repeat: Callable[[], bool]) -> Any:
        for attempt in range(ATTEMPTS):
            try:
                return await once()
            except EndpointError as error:
                if not error.passes or attempt == ATTEMPTS - 1 or not may_repeat():
                    raise
                pause = max(error.pause_s, self._first_pause_s * 2**attempt * random.uniform(0.75, 1.25))
            await asyncio.sleep(min(pause, LONGEST_PAUSE_S))
        raise AssertionError("unreachable")


class _NamedErrors:
    """Turns what httpx raises into an EndpointError with a sentence."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol):
            raise EndpointError(
                "unreachable",
                f"The endpoint {self._url} could not be reached.",
                next_step="Check the address, and that the server runs.",
                passes=True,
            ) from None
        if isinstance(error, httpx.TimeoutException):
            raise EndpointError("timeout", "The endpoint did not answer in time.", passes=True) from None
        if isinstance(error, httpx.HTTPError | httpx.InvalidURL):
            raise _broken_off() from None


def _token_logs(found: Any) -> tuple[TokenLogs, ...] | None:
    """What a server says of the tokens it wrote; None where it says nothing, or nothing that can be read."""
    try:
        logs = tuple(
            (str(one["token"]), {str(other["token"]): float(other["logprob"]) for other in one["top_logprobs"]})
            for one in found["content"]
        )
    except (TypeError, KeyError, ValueError):
        return None
    return logs if logs and all(log <= 0 for _, others in logs for log in others.values()) else None  # also no NaN


def _broken_off() -> EndpointError:
    return EndpointError("broken off", "The endpoint broke off in the middle of an answer.", passes=True)


async def _lines(response: httpx.Response) -> AsyncIterator[str]:
    """Lines of a stream, its length bounded."""
    held, seen = b"", 0
    async for piece in response.aiter_bytes():
        seen += len(piece)
        if seen > 16 * MAX_BYTES or len(held) > MAX_BYTES:
            raise EndpointError("too large", f"The endpoint sent more than {MAX_BYTES // 2**20} MB.")
        *whole, held = (held + piece).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace").strip("\r")
    if held:
        yield held.decode("utf-8", "replace")
