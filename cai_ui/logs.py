"""What the process writes to its log: one line each, without keys.

Libraries log what they ask for, under names that change from version to version, and an address or an exception may
hold a key; so what looks like one is taken out of every line, whoever wrote it. Lines also tell what somebody sent:
that ends none, moves no cursor and fills no disk.
"""

from __future__ import annotations

import json
import logging
import os
import re
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

QUIET = ("httpx", "httpx2", "httpcore", "urllib3", "huggingface_hub", "filelock", "matplotlib", "asyncio")
"""Libraries whose everyday lines nobody reads."""
HIDDEN = "[hidden]"
KEYS = re.compile(
    r"hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|(?<=[Bb]earer )[^\s'\"]{8,}|(?<=://)[^/\s@:]+:[^/\s@]+(?=@)"
)
_SECRET_NAME = re.compile(r"TOKEN|_KEY$|SECRET|PASSWORD|DATABASE_URL")
LEAST = 8
"""Shorter values of variables are words rather than keys."""
LINE, TRACEBACK = 2_000, 20_000
"""Characters of a line and of the traceback below it."""
_MOVES = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Ends a line, or changes where or how a terminal writes."""


_about: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))


@contextmanager
def about(**named: str) -> Iterator[None]:
    """Until the end of the block each line of this thread or task says what it is about: event=…, run=…"""
    token = _about.set({**_about.get(), **named})
    try:
        yield
    finally:
        _about.reset(token)


class WithoutKeys(logging.Formatter):
    """A formatter that leaves out what looks like a key, and the values of variables that hold one.

    `as_json`: a line is an object of JSON, for programs that collect logs.
    """

    def __init__(self, format: str, environment: Mapping[str, str] = os.environ, *, as_json: bool = False) -> None:
        super().__init__(format)
        self._as_json = as_json
        values = (value for name, value in environment.items() if _SECRET_NAME.search(name) and len(value) >= LEAST)
        self._values = sorted(values, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        about = {name: self._line(value) for name, value in _about.get().items()}
        record.message, record.asctime = record.getMessage(), self.formatTime(record)
        line, below = self._line(self.formatMessage(record)), self._traceback(record)
        if self._as_json:
            return json.dumps(
                {
                    "time": record.asctime, "level": record.levelname, "logger": record.name, **about,
                    "message": line + below,
                }
            )  # fmt: skip
        named = f" [{' '.join(f'{name}={value}' for name, value in about.items())}]" if about else ""
        return line + named + below

    def _line(self, said: str) -> str:
        """Keys go before it is cut: half of one is none that is recognised."""
        said = self._clean(said)
        return _still(said if len(said) <= LINE else f"{said[:LINE]}… ({len(said):,} characters)")

    def _traceback(self, record: logging.LogRecord) -> str:
        """Its lines, indented: an exception may say what somebody sent, and no line of that begins like one of ours."""
        parts = (self.formatException(record.exc_info) if record.exc_info else "", record.stack_info or "")
        said = self._clean("\n".join(part for part in parts if part))
        if len(said) > TRACEBACK:
            said = f"{said[: TRACEBACK // 2]}\n…\n{said[-TRACEBACK // 2 :]}"
        lines = "\n".join(map(_still, said.split("\n")))
        return "\n" + textwrap.indent(lines, "  ", lambda line: True) if said else ""

    def _clean(self, line: str) -> str:
        for value in self._values:
            line = line.replace(value, HIDDEN)
        return KEYS.sub(HIDDEN, line)


def _still(said: str) -> str:
    """One line, with what would move a cursor written out."""
    return _MOVES.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), said)


def set_up_logs() -> None:
    """Have all loggers write to standard error, without keys; with CAI_LOG=json each line is an object of JSON."""
    handler, as_json = logging.StreamHandler(), os.environ.get("CAI_LOG") == "json"
    whole = "%(message)s" if as_json else "%(asctime)s %(levelname)s %(name)s: %(message)s"
    handler.setFormatter(WithoutKeys(whole, as_json=as_json))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
