"""JSON read with care: repeated keys, NaN and bottomless nesting are refused, with the line where there is one."""

from __future__ import annotations

import json
import math
from typing import Any

from cai_ui.errors import FileFormatError


def read_json(text: str) -> Any:
    """The value of a JSON text. FileFormatError says in which line it stops being JSON."""
    try:
        return json.loads(text, object_pairs_hook=once_each, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise FileFormatError(
            f"The JSON has an error in line {error.lineno}, column {error.colno}: {error.msg}.",
            next_step="Correct that line.",
        ) from None
    except RecursionError:
        raise FileFormatError("The JSON is nested too deeply.", next_step="See principles/README.md.") from None
    except ValueError as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError("The JSON has a number of thousands of digits.", next_step="Shorten it.") from None


def field(plain: Any, key: str, where: str, kind: type = str, required: bool = True) -> Any:
    """A value of a JSON object; FileFormatError names the place where it is missing or of another type."""
    if not isinstance(plain, dict):
        raise FileFormatError(f"{where} is not an object with keys.", next_step="See principles/README.md.")
    if key not in plain:
        if required:
            raise FileFormatError(f"{where} has no `{key}`.", next_step="Add it.")
        return None
    value = plain[key]
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value) if abs(value) < _LARGEST else math.inf
    if not isinstance(value, kind) or value in (math.inf, -math.inf):
        raise FileFormatError(f"`{key}` of {where} is not {_WORDS[kind]}.", next_step="Correct it.")
    return value


_LARGEST = 10**300
_WORDS: dict[type, str] = {
    str: "text",
    list: "a list",
    dict: "an object",
    bool: "true or false",
    float: "a number that can be kept",
    int: "a whole number",
}


def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as a dictionary; FileFormatError names a key that is there twice."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise FileFormatError(f"The key {key[:60]!r} is there twice.", next_step="Keep one of them.")
        found[key] = value
    return found


def _refuse(name: str) -> Any:
    raise FileFormatError(f"{name} is not a number that can be kept.", next_step="Write a finite number.")
