"""By what the requests of an evaluation are parted: their set, topic, principle and condition, and their length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BY = ("set", "topic", "principle", "condition", "length")
"""Ways to part the answers. "" is a value: no topic."""
Part = tuple[str, str]
"""One of `BY`, and its value."""
LENGTHS = ((10, "to 10 words"), (25, "11 to 25 words"), (60, "26 to 60 words"))
LONGER = "more than 60 words"


def value_of(row: Mapping[str, Any], by: str) -> str | None:
    """The part that a row is in; None where the evaluation does not say it, as those of older versions. The length is
    that of the request: an answer's length is what a variant did."""
    if by == "length":
        words = len(str(row.get("prompt", "")).split())
        return next((name for most, name in LENGTHS if words <= most), LONGER)
    return str(row[by]) if by in row else None
