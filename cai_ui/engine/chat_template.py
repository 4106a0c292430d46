"""Chat templates, rendered within bounds of time and memory.

A chat template is a program that comes with somebody's model: 84 bytes of nested loops eat memory at 190 MB/s and never
end. Those of this project are rendered here; all others in a process of their own (`chat_template_child.py`), which is
ended where a text takes too long, too much memory, or becomes too long itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cai_ui.engine.weights.sources import EMBEDDED
from cai_ui.errors import EngineError

RENDER_S = 5
"""Seconds that a template may take for one conversation. They take well under a millisecond."""
START_S = 60
"""Seconds until the process must be there."""
MEMORY = 512 * 2**20
"""Bytes that rendering may take beside what the process takes when it is idle."""
LONGEST = 16 * 2**20
"""Characters of a rendered conversation; far above what fits a context."""
_CHILD = Path(__file__).with_name("chat_template_child.py")
_OWN = "Choose another model, or the Human/Assistant format in place of its template."


class ChatTemplate:
    """The template of one tokenizer. `own` are texts of templates that are rendered without a process of their own.

    One that once ran into a limit is not tried again.
    """

    def __init__(self, tokenizer: Any, own: Sequence[str] = ()) -> None:
        try:
            self._source: str = tokenizer.get_chat_template()
        except ValueError as error:
            raise EngineError(f"This model's chat template cannot be used: {error}", next_step=_OWN) from None
        self._tokenizer = tokenizer
        self._trusted = self._source in own or self._source == _embedded()
        self._limit = ""
        self.tells_the_date = "strftime_now" in self._source

    def render(self, turns: list[dict[str, str]], add_generation_prompt: bool) -> str:
        """The text of a conversation. EngineError where the template refuses it or runs into a limit."""
        if self._trusted:
            text: str = self._tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=add_generation_prompt
            )
            return text
        if not self._limit:
            told = _RENDERER.render(self._source, turns, add_generation_prompt, self._tokenizer.special_tokens_map)
            if "text" in told:
                return str(told["text"])
            if "refused" in told:
                raise EngineError(
                    f"This model's chat template refuses the conversation: {told['refused']}", next_step=_OWN
                )
            self._limit = str(told["limit"])
        raise EngineError(
            f"This model's chat template takes too much {self._limit} for one conversation; it was stopped.",
            kept="Nothing else was touched.",
            next_step=_OWN,
        )


class Renderer:
    """The process, started when it is first needed and again after it was ended. One text at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._known: set[str] = set()
        self._rest = b""

    def render(
        self, template: str, turns: list[dict[str, str]], add_generation_prompt: bool, tokens: dict[str, Any]
    ) -> dict[str, Any]:
        """{"text": …}, {"refused": sentence}, or {"limit": "time", "memory" or "length"}."""
        key = hashlib.sha256(template.encode("utf-8", "surrogatepass")).hexdigest()
        with self._lock:
            self._start()
            if key not in self._known:
                told = self._ask({"define": key, "template": template})
                if "text" not in told:
                    return told
                self._known.add(key)
            return self._ask(
                {
                    "render": key,
                    "messages": turns,
                    "add_generation_prompt": add_generation_prompt,
                    "tokens": {name: _plain(token) for name, token in tokens.items()},
                }
            )

    def _start(self) -> None:
        if self._process is not None and self._owner == os.getpid() and self._process.poll() is None:
            return
        self._owner, self._known, self._rest = os.getpid(), set(), b""  # a forked copy needs a process of its own
        limits = [str(value) for value in (2 * RENDER_S, MEMORY, LONGEST)]
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(_CHILD), *limits],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=_CHILD.parent,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        if self._line(START_S) != b"ready":
            self._end()
            raise EngineError(
                "The process that renders chat templates did not start.", next_step="Try again; see the log."
            )

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question).encode("ascii") + b"\n")
            self._process.stdin.flush()
        except OSError:
            self._end()
            return {"limit": "memory"}
        line = self._line(RENDER_S)
        if line is None:
            self._end()
            return {"limit": "time"}
        if not line:
            self._end()
            return {"limit": "memory"}
        told: dict[str, Any] = json.loads(line)
        return told

    def _line(self, seconds: float) -> bytes | None:
        """The next line without its end; b"" where the process is gone, None where it said nothing in time."""
        assert self._process is not None and self._process.stdout is not None
        stream, ends = self._process.stdout.fileno(), time.monotonic() + seconds
        with selectors.DefaultSelector() as ready:
            ready.register(stream, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not ready.select(max(0.0, ends - time.monotonic())):
                    return None
                block = os.read(stream, 2**20)
                if not block:
                    return b""
                self._rest += block
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # what was not written yet goes with it
                if pipe is not None:
                    pipe.close()


_RENDERER = Renderer()


def _plain(token: Any) -> Any:
    return [str(one) for one in token] if isinstance(token, list | tuple) else str(token)


def _embedded() -> str:
    """The template of the embedded model; "" where it is not there."""
    path = EMBEDDED / "chat_template.jinja"
    return path.read_text(encoding="utf-8") if path.is_file() else ""
