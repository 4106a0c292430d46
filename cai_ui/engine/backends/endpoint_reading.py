"""What a server's messages hold of an answer: its text in whatever form, why it ended, counts; and its list of models.

docs/servers.md lists the servers and their habits.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from cai_ui.engine.backends.endpoint_errors import garbage, shown, told_error, too_large, whole
from cai_ui.engine.backends.endpoint_logs import TokenLogs, token_logs
from cai_ui.engine.decoding.text_stream import HALF
from cai_ui.errors import EndpointError
from cai_ui.records import Finish

MAX_TEXT = 2**20
"""Most characters of one answer."""
_FINISH: tuple[tuple[Finish, re.Pattern[str]], ...] = (
    ("length", re.compile("length|max(?:(?!max).)*tokens|incomplete|context(?:(?!context).)*window", re.IGNORECASE)),
    ("broken", re.compile("error|abort|fail|cancel|interrupt|network|insufficient|time_?out|overload", re.IGNORECASE)),
)
"""What a server's reason means. Those that are neither (stop, eos, end_turn, COMPLETE) mean that the model ended."""
_WITHHELD = re.compile("content.?filter|safety|sensitive|toxic|blocked|prohibited|recitation", re.IGNORECASE)
_NO_REASON = ("", "null", "none")
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
_THINK, _THOUGHT = "<think>", "</think>"
"""Around thoughts that a server leaves in the text."""
_ENDED = re.compile(rf"(?:(?:(?!{_THINK}).)*?\n)?{_THOUGHT}\s*(?:\n|\Z)", re.DOTALL)
"""Thoughts that the prompt's own end began, as templates of DeepSeek and Qwen have it: the text holds their end alone.
In a stream they were shown before that is known, and are gone at its end."""
_ONLY_THOUGHTS = "only thoughts: raise the limit of tokens, or switch thinking off at the server"
_PAIR, _FIRST_HALF = re.compile("[\ud800-\udbff][\udc00-\udfff]"), re.compile("[\ud800-\udbff]$")
_PARTS = {"text": "text", "output_text": "text", "refusal": "refusal"}
"""Kinds of parts that are part of an answer, and what holds their text."""
_IDS, _LENGTHS = ("id", "name", "model"), ("max_model_len", "context_length", "context_window", "max_context_length")
"""What servers call a model's name and its context in their list."""
MOST_MODELS = 10_000


@dataclass(frozen=True)
class Reply:
    """What came back. Token counts, and the log-probabilities of the tokens, are None where the server gives none.

    `trouble` says what went wrong after this text ("": nothing); `left_out` names what of the request the server does
    not take.
    """

    text: str
    finish: Finish
    prompt_tokens: int | None = None
    tokens: int | None = None
    logs: tuple[TokenLogs, ...] | None = None
    trouble: str = ""
    left_out: tuple[str, ...] = ()


@dataclass
class Draft:
    """An answer on its way. White space around it is dropped; at the end it is held until more text follows.

    `other` says what the server sent in place of text: thoughts, a call of a tool. `begun` is the beginning of a text
    that may be thoughts, `half` half a character whose other half may follow. `place` is the number that the server
    gives this answer; None before any of it came.
    """

    text: str = ""
    space: str = ""
    finish: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    logs: tuple[TokenLogs, ...] | None = None
    other: str = ""
    trouble: str = ""
    begun: str = ""
    half: str = ""
    place: Any = None

    def reply(self) -> Reply:
        self._close()
        prompt, tokens = (
            n if type(n := self.usage.get(name)) is int and 0 <= n <= MAX_TEXT else None
            for name in ("prompt_tokens", "completion_tokens")
        )
        finish: Finish = next((meant for meant, named in _FINISH if named.search(self.finish or "")), "end")
        why = f"The endpoint ended its answer as {shown(self.finish)}." if finish == "broken" else ""
        return Reply(self.text, finish, prompt, tokens, self.logs, self.trouble or why)

    def take(self, found: dict[str, Any], part: str) -> None:
        """Add what one message holds. `part`: "message" for a whole answer, "delta" for one of a stream, which may hold
        nothing (a sign of life, counts). EndpointError, PromptTooLongError for what the server says went wrong."""
        error = told_error(found)
        if isinstance(found.get("usage"), dict):
            self.usage = found["usage"]
        choice = self._choice(found, "delta" if error else part)
        if choice is not None:
            error = error or (told_error({"error": choice["error"]}) if choice.get("error") else None)
            self._take_choice(choice, "delta" if error else part)
        if error:
            raise error

    def _choice(self, found: dict[str, Any], part: str) -> dict[str, Any] | None:
        """The answer in a message, or None where a stream's message has none. One was asked for: it has the number 0,
        or, where no answer has it, any other."""
        choices = found.get("choices")
        if part == "delta" and not choices:
            return None
        if not isinstance(choices, list) or not choices or not all(isinstance(one, dict) for one in choices):
            raise garbage("its answer has another form")
        places = [0 if (place := one.get("index")) in (None, "0") else place for one in choices]
        if part == "message" or self.place is None:
            self.place = 0 if 0 in places else places[0]
        return choices[places.index(self.place)] if self.place in places else None

    def _take_choice(self, choice: dict[str, Any], part: str) -> None:
        """Its text first, so that nothing else about it can lose that."""
        finish = choice.get("finish_reason")
        finish = finish.get("type") if isinstance(finish, dict) else finish  # of SGLang
        finish = finish if isinstance(finish, str) and finish.lower() not in _NO_REASON else None
        said = choice.get(part)
        if said is None:
            said = choice.get("message" if part == "delta" else "delta")
        said = {"content": said} if isinstance(said, str) else said or {}
        if not isinstance(said, dict):
            raise garbage("its answer has another form")
        content = _text_of(said.get("content"))
        if content is None:
            content = _text_of(choice.get("text"))
        if not content and isinstance(said.get("refusal"), str):  # what OpenAI's models decline with
            content = said["refusal"]
        again = (content or "").lstrip()
        if part == "delta" and finish and self.text and choice.get("delta") is None and again.startswith(self.text):
            content, self.space = again[len(self.text) :], ""  # the whole answer once more, at its end
        self._add(content, said, part)
        if finish and _WITHHELD.search(finish):
            raise EndpointError("filtered", "The endpoint's own filter withheld the answer.")
        self.logs = (*(self.logs or ()), *logs) if (logs := token_logs(choice.get("logprobs"))) else self.logs
        self.finish = finish or self.finish

    def _add(self, content: str | None, said: dict[str, Any], part: str) -> None:
        if any(said.get(name) for name in _THOUGHTS):
            self.other = _ONLY_THOUGHTS
        if said.get("tool_calls") or said.get("function_call"):
            self.other = "a call of a tool: serve the model without tools"
        if content is None and part == "message":
            raise no_text(self.other)
        fresh = self.half + (content or "")
        self.half = fresh[-1] if content and _FIRST_HALF.search(fresh) else "" if content else self.half
        if content:
            self._put(fresh.removesuffix(self.half))
        if part == "message":
            self._close()

    def _put(self, fresh: str) -> None:
        fresh = whole(_PAIR.sub(lambda halves: _joined(halves[0]), fresh))
        fresh = self.space + fresh if self.text else self._after_thoughts(fresh).lstrip()
        piece = fresh.rstrip()
        self.text, self.space = self.text + piece, fresh[len(piece) :]
        if len(self.text) > MAX_TEXT:
            raise too_large(MAX_TEXT)

    def _after_thoughts(self, fresh: str) -> str:
        """Of a text that begins: what is no thought, once that is known."""
        self.begun = (self.begun + fresh).lstrip()
        if len(self.begun) > MAX_TEXT:
            raise too_large(MAX_TEXT)
        if self.begun.startswith(_THINK):
            self.other = _ONLY_THOUGHTS
            _, over, rest = self.begun.partition(_THOUGHT)
            if not over:
                return ""
        elif _THINK.startswith(self.begun):
            return ""
        else:
            rest = self.begun
        self.begun = ""
        return rest

    def _close(self) -> None:
        """What was held because more might follow."""
        begun = "" if self.begun.startswith(_THINK) else self.begun
        last, self.begun, self.half = begun + (HALF if self.half else ""), "", ""
        if last.strip():
            self.text, self.space = self.text + self.space + last.strip(), ""
        if self.other != _ONLY_THOUGHTS and (answer := without_thoughts(self.text)) != self.text:
            self.text, self.other = answer, _ONLY_THOUGHTS


def without_thoughts(text: str) -> str:
    """An answer without thoughts at its beginning of which only the end is marked."""
    thoughts = _ENDED.match(text)
    return text[thoughts.end() :].lstrip() if thoughts else text


def _joined(halves: str) -> str:
    return halves.encode("utf-16", "surrogatepass").decode("utf-16")


def no_text(other: str) -> EndpointError:
    what = f"The endpoint gave {other.partition(':')[0]}, no text." if other else "The endpoint gave no text."
    step = other.partition(": ")[2]
    return EndpointError("no text", what, next_step=f"{step[:1].upper()}{step[1:]}." if step else "Try another model.")


def _text_of(content: Any) -> str | None:
    """Text, or the text parts of a list of parts."""
    if isinstance(content, list):
        parts = [
            part.get(_PARTS.get(str(part.get("type", "text")), "")) if isinstance(part, dict) else part
            for part in content
        ]
        return "".join(part for part in parts if isinstance(part, str))
    if not isinstance(content, str | None):
        raise garbage("its answer is not text")
    return content


def model_list(body: bytes) -> list[dict[str, Any]]:
    """The models that a server lists: `id`, and `max_model_len` (tokens) where it tells. Some list them without a
    frame, or under other names; an entry without a name is left out."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise garbage("it sent something that is not JSON") from None
    if isinstance(found, dict):
        found = found.get("data") or found.get("models") or ([] if "data" in found or "models" in found else None)
    if not isinstance(found, list):
        raise garbage("its list of models has another form")
    entries = [one if isinstance(one, dict) else {"id": one} for one in found[:MOST_MODELS]]
    named = [(next((one[n] for n in _IDS if isinstance(one.get(n), str) and one[n]), ""), one) for one in entries]
    if found and not any(name for name, _ in named):
        raise garbage("its list of models has another form")
    return [{**one, "id": name, "max_model_len": _length(one)} for name, one in named if name]


def _length(model: dict[str, Any]) -> int | None:
    lengths = (model.get(name) for name in _LENGTHS)
    return next((n for n in lengths if isinstance(n, int) and not isinstance(n, bool) and n > 0), None)
