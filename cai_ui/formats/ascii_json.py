"""JSON in plain ASCII, for files that this program reads again: what a text holds survives as escapes, also NUL and
halves of characters."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from cai_ui.errors import FileFormatError
from cai_ui.formats.safe_json import read_json


def ascii_json(value: Any, indent: int | None = None) -> str:
    """JSON with sorted keys. NaN and what is no plain data are a ValueError or TypeError."""
    separators = (",", ":") if indent is None else None
    return json.dumps(value, sort_keys=True, separators=separators, indent=indent, allow_nan=False)


def ascii_lines(values: Iterable[Any]) -> str:
    """One value a line."""
    return "".join(ascii_json(value) + "\n" for value in values)


def read_lines(text: str, where: str) -> list[Any]:
    """The values of `ascii_lines`. FileFormatError names the file and the line that is none."""
    found = []
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else [], 1):
        try:
            found.append(read_json(line))
        except FileFormatError as error:
            raise FileFormatError(f"{where}, line {number}: {error.what}") from None
    return found
