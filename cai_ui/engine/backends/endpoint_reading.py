"""What a server's messages hold of an answer: its text in whatever form, why it ended, counts, log-probabilities.

docs/servers.md lists the servers and their habits.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from cai_ui.engine.backends.endpoint_errors import garbage, told_error, too_large, whole
from cai_ui.errors import EndpointError
from cai_ui.records import Finish

MAX_BYTES = 4 * 2**20
"""Longest answer, and longest line of a stream, in bytes."""
MAX_TEXT = 2**20
"""Most characters of one answer."""
_FINISH: dict[str, Finish] = {"length": "length", "max_tokens": "length", "model_length": "length", "error": "broken",
                              "abort": "broken"}  # fmt: skip
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
_ROUNDED = 1e-3
"""How far above 0 a log-probability may be by rounding."""

TokenLogs = tuple[str, dict[str, float]]
"""A token, and the natural log-probabilities of the tokens that were likeliest in its place."""


@dataclass(frozen=True)
class Reply:
    """What came back. Token counts, and the log-probabilities of the tokens, are None where the server gives none.

    `trouble` says what went wrong after this text ("": nothing).
    """

    text: str
    finish: Finish
    prompt_tokens: int | None = None
    tokens: int | None = None
    logs: tuple[TokenLogs, ...] | None = None
    trouble: str = ""


@dataclass
class Draft:
    """An answer on its way. White space around it is dropped; at the end it is held until more text follows.

    `other` says what the server sent in place of text: thoughts, a call of a tool.
    """

    text: str = ""
    space: str = ""
    finish: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    logs: tuple[TokenLogs, ...] | None = None
    other: str = ""
    trouble: str = ""

    def reply(self) -> Reply:
        prompt, tokens = (
            n if isinstance(n := self.usage.get(name), int) else None for name in ("prompt_tokens", "completion_tokens")
        )
        return Reply(self.text, _FINISH.get(self.finish or "", "end"), prompt, tokens, self.logs, self.trouble)

    def take(self, found: dict[str, Any], part: str) -> None:
        """Add what one message holds. `part`: "message" for a whole answer, "delta" for one of a stream, which may hold
        nothing (a sign of life, counts). EndpointError, PromptTooLongError for what the server says went wrong."""
        if error := told_error(found):
            raise error
        if isinstance(found.get("usage"), dict):
            self.usage = found["usage"]
        choice = _choice(found, part)
        if choice is None:
            return
        said = choice.get(part)
        if said is None:
            said = choice.get("message" if part == "delta" else "delta")
        if not isinstance(said, dict | None):
            raise garbage("its answer has another form")
        finish = choice.get("finish_reason")
        if not isinstance(finish, str | None):
            raise garbage("its answer is not text")
        content = _text_of((said or {}).get("content", choice.get("text")))
        if not content and isinstance((said or {}).get("refusal"), str):  # what OpenAI's models decline with
            content = (said or {})["refusal"]
        self._add(content, said or {}, part)
        if finish == "content_filter":
            raise EndpointError("filtered", "The endpoint's own filter withheld the answer.")
        self.logs = (*(self.logs or ()), *logs) if (logs := token_logs(choice.get("logprobs"))) else self.logs
        self.finish = finish or self.finish

    def _add(self, content: str | None, said: dict[str, Any], part: str) -> None:
        if any(said.get(name) for name in _THOUGHTS):
            self.other = "only thoughts: raise the limit of tokens, or switch thinking off at the server"
        if said.get("tool_calls") or said.get("function_call"):
            self.other = "a call of a tool: serve the model without tools"
        if content is None and part == "message":
            raise no_text(self.other)
        fresh = whole(content or "")
        fresh = self.space + fresh if self.text else fresh.lstrip()
        piece = fresh.rstrip()
        self.text, self.space = self.text + piece, fresh[len(piece) :]
        if len(self.text) > MAX_TEXT:
            raise too_large(MAX_TEXT)


def no_text(other: str) -> EndpointError:
    what = f"The endpoint gave {other.partition(':')[0]}, no text." if other else "The endpoint gave no text."
    step = other.partition(": ")[2]
    return EndpointError("no text", what, next_step=f"{step[:1].upper()}{step[1:]}." if step else "Try another model.")


def _choice(found: dict[str, Any], part: str) -> dict[str, Any] | None:
    """The first answer in a message, or None where a stream's message has none."""
    choices = found.get("choices")
    if part == "delta" and not choices:
        return None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise garbage("its answer has another form")
    return choices[0] if choices[0].get("index") in (0, None) else None


def _text_of(content: Any) -> str | None:
    """Text, or the text parts of a list of parts."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type", "text") == "text"]
        return "".join(part for part in parts if isinstance(part, str))
    if not isinstance(content, str | None):
        raise garbage("its answer is not text")
    return content


def token_logs(found: Any) -> tuple[TokenLogs, ...] | None:
    """What a server says of the tokens it wrote; None where it says nothing, or nothing that can be read."""
    try:
        if found.get("content") is None:
            logs = tuple(_old_logs(found))
        else:
            logs = tuple((str(one["token"]), _likely(one)) for one in found["content"])
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
    sound = all(log <= _ROUNDED for _, others in logs for log in others.values())  # also no NaN
    return logs if logs and sound else None


def _likely(one: dict[str, Any]) -> dict[str, float]:
    """Log-probabilities by token: its own too, which is not always among the likeliest."""
    found = {str(o["token"]): _log(o["logprob"]) for o in (*(one.get("top_logprobs") or ()), one) if "logprob" in o}
    return found


def _old_logs(found: dict[str, Any]) -> list[TokenLogs]:
    """The older form: parallel lists of tokens, their logs, and the likeliest by token."""
    tokens, own = found["tokens"], found["token_logprobs"]
    likely = found.get("top_logprobs") or [{}] * len(tokens)
    return [
        (str(token), {**{str(t): _log(log) for t, log in (others or {}).items()}, str(token): _log(mine)})
        for token, mine, others in zip(tokens, own, likely, strict=True)
    ]


def _log(value: Any) -> float:
    """A log-probability; null is what some servers write for minus infinity."""
    return -math.inf if value is None else float(value)


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


async def events(pieces: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any] | None]:
    """Messages of a stream of server-sent events; None for its sign that it is over.

    Comments, names and numbers of events are passed over. Several data lines are one message, or, as some servers
    write them, one each.
    """
    held: list[str] = []
    async for line in _lines(pieces):
        name, _, value = line.partition(":")
        if name in ("data", "error"):  # llama.cpp once had a field of its own for errors
            held.append(value.removeprefix(" "))
        elif not line:
            for found in _messages(held):
                yield found
            held = []
    for found in _messages(held):
        yield found


def _messages(held: list[str]) -> list[dict[str, Any] | None]:
    together = "\n".join(held).strip()
    if not together:
        return []
    try:
        return [None if together == "[DONE]" else parse(together)]
    except EndpointError:
        if len(held) == 1:
            raise
        return [None if one.strip() == "[DONE]" else parse(one) for one in held if one.strip()]


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
