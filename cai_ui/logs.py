"""What the process writes to its log: one line each, without keys.

Libraries log what they ask for, under names that change from version to version, and an address or an exception may
hold a key; so what looks like one is taken out of every line, whoever wrote it.
"""

from __future__ import annotations

import json
import logging
import os
import re
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
        about, line = _about.get(), super().format(record)
        if self._as_json:
            return json.dumps(
                {
                    "time": self.formatTime(record), "level": record.levelname, "logger": record.name, **about,
                    "message": self._clean(line),
                }
            )  # fmt: skip
        if about:
            first, end, rest = line.partition("\n")
            line = f"{first} [{' '.join(f'{name}={value}' for name, value in about.items())}]{end}{rest}"
        return self._clean(line)

    def _clean(self, line: str) -> str:
        for value in self._values:
            line = line.replace(value, HIDDEN)
        return KEYS.sub(HIDDEN, line)


def set_up_logs() -> None:
    """Have all loggers write to standard error, without keys; with CAI_LOG=json each line is an object of JSON."""
    handler, as_json = logging.StreamHandler(), os.environ.get("CAI_LOG") == "json"
    whole = "%(message)s" if as_json else "%(asctime)s %(levelname)s %(name)s: %(message)s"
    handler.setFormatter(WithoutKeys(whole, as_json=as_json))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
