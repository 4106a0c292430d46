"""What a server's refusal means, whatever form it has, with the server's own sentence."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from cai_ui.engine.decoding.text_stream import CONTROL, HALF
from cai_ui.errors import CaiError, EndpointError, PromptTooLongError

SAID = 200
"""Characters of a server's sentence that are shown."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_TURNS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Turns the direction of what a terminal shows."""
_TOO_LONG = re.compile(
    r"context[ _-]?(length|window|size)|maximum (model|input|sequence|prompt|number of tokens)|longer than the max"
    r"|\binputs?\b.{0,40}must (be <=|have less than|be less than)|reduce the length|too many (input |prompt )?tokens"
    r"|\b(prompt|input|request|conversation|messages?)\b((?!\b(took|tak(es|ing)|queue)\b).){0,60}\btoo (long|large)"
    r"|exceed\w*.{0,60}\b(context|token limit|session_len|allowed length)\b|tokens? exceeds?\b|range of input length"
    r"|超长|超过.{0,20}(长度|上下文)",
    re.IGNORECASE | re.DOTALL,
)
"""Wordings of OpenAI, vLLM, TGI, llama.cpp and its Python server, Ollama, LiteLLM (and whom it passes on), Mistral,
SGLang, LMDeploy, Moonshot, Qwen's and Zhipu's own servers."""
_FILTERED = re.compile(
    r"content[_ -]?(filter|policy|management|exists risk)|responsible.?ai|inappropriate content|data_inspection"
    r"|\bflagged\b|content.?moderation|不安全或敏感",
    re.IGNORECASE,
)
"""Wordings of Azure, OpenRouter, DeepSeek, Qwen's and Zhipu's own servers for a text that their filter stopped."""
_SENTENCES = ("message", "error_msg", "msg", "Message")
"""Under which names servers put a sentence at the top of a message."""
_KINDS = (
    (429, re.compile("rate_?limit|too_?many|quota|overloaded", re.IGNORECASE)),
    (401, re.compile("auth|api_?key|permission", re.IGNORECASE)),
    (404, re.compile("not_?found", re.IGNORECASE)),
    (400, re.compile("invalid|bad_?request|validation|exceed_context|unsupported|content_filter", re.IGNORECASE)),
)
"""The statuses that names of kinds of errors stand for, where a stream tells no number."""


def shown(text: object) -> str:
    """A server's text as it may be shown: bounded, one line, whole characters, none of a web page."""
    flat = " ".join(_TURNS.sub("", CONTROL.sub(" ", _SURROGATE.sub(HALF, str(text or "")[:20_000]))).split())
    return "" if flat.startswith("<") else flat if len(flat) <= SAID else flat[:SAID] + "…"


def whole(text: str) -> str:
    """Text of an answer without control characters and halves of characters."""
    return CONTROL.sub(HALF, _SURROGATE.sub(HALF, text))


def refusal(status: int, body: bytes | dict[str, Any], headers: Mapping[str, str] | None = None) -> CaiError:
    """The error that a status and a body mean."""
    told, kind = _told(body)
    said = shown(told)
    said += "." if said and said[-1] not in ".!?…" else ""
    if status in (400, 403, 422, 451) and _FILTERED.search(f"{str(told)[:2_000]} {kind}"):
        return EndpointError("filtered", f"The endpoint's own filter stopped this text. {said}".strip())
    if status == 413 or (status not in (401, 403, 404, 429) and _TOO_LONG.search(f"{str(told)[:2_000]} {kind}")):
        return PromptTooLongError(f"The endpoint says that the conversation is too long{f': {said}' if said else '.'}")
    if status in (401, 403):
        return EndpointError(
            "key", f"The endpoint refused the key. {said}".strip(), next_step="Set the variable CAI_ENDPOINT_KEY."
        )
    if 300 <= status < 400:
        return EndpointError(
            "moved",
            f"The endpoint sends on to another address ({status}), which is not followed: a key could get lost there.",
            next_step="Give the address that it sends on to.",
        )
    if status == 404:
        return EndpointError(
            "not found", f"The endpoint has no such address or model. {said}".strip(), next_step="Check both."
        )
    if status in (408, 425, 429) or status >= 500:
        cause, what = {429: ("too often", "is asked too often"), 408: ("timeout", "did not get done in time")}.get(
            status, ("server error", "failed")
        )
        return EndpointError(
            cause,
            f"The endpoint {what} ({status}). {said}".strip(),
            next_step="Try again later.",
            passes=True,
            pause_s=_pause(headers or {}),
        )
    return EndpointError("refused", f"The endpoint did not take the request ({status}). {said}".strip())


def told_error(found: dict[str, Any]) -> CaiError | None:
    """The error that a message of a stream, or the body of an answer, holds in place of a text."""
    error = found.get("error")
    if not error and found.get("object") != "error" and (found.get("choices") is not None or not _says(found)):
        return None
    place = error if isinstance(error, dict) else found
    told = (place.get(name) for name in ("code", "status_code", "status"))
    numbers = (int(n) for n in told if isinstance(n, int | str) and len(str(n)) == 3 and str(n).isdecimal())
    status = next((n for n in numbers if 400 <= n < 600), 0)
    kind = " ".join(str(place.get(name, "")) for name in ("type", "error_type", "code"))
    return refusal(status or next((n for n, named in _KINDS if named.search(kind)), 500), found)


def _says(found: dict[str, Any]) -> bool:
    """Whether a message without an answer has a sentence of an error."""
    return bool(found.get("detail") or found.get("errors")) or any(
        isinstance(found.get(name), str) and found[name].strip() for name in _SENTENCES
    )


def _told(body: bytes | dict[str, Any]) -> tuple[object, str]:
    """A server's sentence, and its own name for the kind of error."""
    if isinstance(body, bytes):
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            return body[:20_000].decode("utf-8", "replace"), ""
    else:
        found = body
    if isinstance(found, list) and found:  # Gemini's compatible endpoint
        found = found[0]
    if not isinstance(found, dict):
        return found if isinstance(found, str) else "", ""
    error = found.get("error")
    place = error if isinstance(error, dict) else found
    named = next((place[name] for name in _SENTENCES if place.get(name)), None)
    told = (error if isinstance(error, str) else None) or named or place.get("detail") or place.get("errors") or error
    if isinstance(told, list):  # FastAPI: what is wrong with which field
        told = "; ".join(_field(one) for one in told[:5])
    if isinstance(told, dict):
        told = told.get("message") or told.get("msg") or json.dumps(told)
    passed_on = place.get("metadata")
    if isinstance(passed_on, dict) and passed_on.get("raw"):  # OpenRouter: what the server behind it said
        told = f"{told}: {passed_on['raw']}"
    return told, f"{place.get('type', '')} {place.get('code', '')} {found.get('error_type', '')}"


def _field(one: Any) -> str:
    if not isinstance(one, dict):
        return str(one)
    place = [str(part) for part in one.get("loc") or () if part != "body"] if isinstance(one.get("loc"), list) else []
    return f"{'.'.join(place)}: {one.get('msg', '')}" if place else str(one.get("msg") or one.get("message") or one)


def _pause(headers: Mapping[str, str]) -> float:
    """Seconds that a server asks for: as a number, in milliseconds, or until a date; 0 where it asks for none."""
    given = headers.get("retry-after", "").strip()
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        return max(0.0, float(given)) if given else 0.0
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def garbage(why: str) -> EndpointError:
    return EndpointError(
        "garbage",
        f"The endpoint gave an answer that cannot be read: {why}.",
        next_step="Check that the address is that of an OpenAI-compatible server, ending in /v1.",
    )


def broken_off() -> EndpointError:
    return EndpointError("broken off", "The endpoint broke off in the middle of an answer.", passes=True)


def too_large(limit: int) -> EndpointError:
    return EndpointError("too large", f"The endpoint sent more than {limit // 2**20} MB.")


class NamedErrors:
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
            raise broken_off() from None
