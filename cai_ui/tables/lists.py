"""A list in a cell of a table, which knows no lists: as JSON writes it, as Python does, and NumPy, without commas."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from contextlib import suppress
from typing import Any

_READ = 100_000
"""Characters up to which a text is read as a list."""
_BESIDE = re.compile(r"""['"}\].\d]\s+['"{\[\d]""")
_ENDS, _BEGINS = ("}", "]"), ("{", "[")
_FAULTS = (ValueError, SyntaxError, RecursionError, MemoryError, tokenize.TokenError)


def listed(cell: Any) -> Any:
    """The list that a text is; any other cell as it is."""
    if not isinstance(cell, str) or len(cell) > _READ or not cell.lstrip().startswith("["):
        return cell
    with suppress(ValueError, RecursionError):
        return json.loads(cell)
    with suppress(*_FAULTS):
        # Texts side by side would be one text to Python.
        return ast.literal_eval(_with_commas(cell) if _BESIDE.search(cell) else cell.strip())
    return cell


def are_messages(cell: Any) -> bool:
    """Whether this is a list of messages, each with its speaker."""
    return (
        isinstance(cell, list) and cell != [] and all(isinstance(o, dict) and {"role", "from"} & o.keys() for o in cell)
    )


def _with_commas(text: str) -> str:
    """The text with a comma between values that stand side by side."""
    parts: list[str] = []
    ended = False
    for token in tokenize.generate_tokens(io.StringIO(text.strip()).readline):
        if token.type in (tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT):
            continue
        value = token.type in (tokenize.STRING, tokenize.NUMBER)
        if ended and (value or token.string in _BEGINS):
            parts.append(",")
        parts.append(token.string)
        ended = value or token.string in _ENDS
    return " ".join(parts)
