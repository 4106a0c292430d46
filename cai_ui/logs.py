"""What the process writes to its log: one line each, without keys.

Libraries log what they ask for, under names that change from version to version, and an address or an exception may
hold a key; so what looks like one is taken out of every line, whoever wrote it.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping

QUIET = ("httpx", "httpx2", "httpcore", "urllib3", "huggingface_hub", "filelock", "matplotlib", "asyncio")
"""Libraries whose everyday lines nobody reads."""
HIDDEN = "[hidden]"
KEYS = re.compile(
    r"hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|(?<=[Bb]earer )[^\s'\"]{8,}|(?<=://)[^/\s@:]+:[^/\s@]+(?=@)"
)
_SECRET_NAME = re.compile(r"TOKEN|_KEY$|SECRET|PASSWORD|DATABASE_URL")
LEAST = 8
"""Shorter values of variables are words rather than keys."""


class WithoutKeys(logging.Formatter):
    """A formatter that leaves out what looks like a key, and the values of variables that hold one."""

    def __init__(self, format: str, environment: Mapping[str, str] = os.environ) -> None:
        super().__init__(format)
        values = (value for name, value in environment.items() if _SECRET_NAME.search(name) and len(value) >= LEAST)
        self._values = sorted(values, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for value in self._values:
            line = line.replace(value, HIDDEN)
        return KEYS.sub(HIDDEN, line)


def set_up_logs() -> None:
    """Have all loggers write to standard error, without keys."""
    handler = logging.StreamHandler()
    handler.setFormatter(WithoutKeys("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
