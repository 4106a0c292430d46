"""Places of this machine that are told to nobody but an owner: a word stands in their place, wherever they occur."""

from __future__ import annotations

import html
from collections.abc import Iterable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

STANDS_FOR = "WORKSPACE"
HIDDEN: ContextVar[tuple[str, ...]] = ContextVar("HIDDEN", default=())
"""The places that whoever asks now is not told: for what goes to the page beside an event's answer."""


def spellings(folder: Path, asked: str) -> tuple[str, ...]:
    """How a workspace's folder may be written on the page: as it is, as it was `asked` for where that is a whole path,
    and either as HTML; longest first."""
    whole = [str(folder), *(str(one) for one in (Path(asked), Path(asked).expanduser()) if one.is_absolute())]
    return tuple(sorted({*whole, *map(html.escape, whole)}, key=len, reverse=True))


def without(value: Any, places: Iterable[str]) -> Any:
    """An event's answer without these places. A file keeps its own, by which the browser asks for it."""
    if isinstance(value, str):
        for place in places:
            value = value.replace(place, STANDS_FOR)
        return value
    if isinstance(value, dict):
        return value if _is_file(value) else {key: without(one, places) for key, one in value.items()}
    return [without(one, places) for one in value] if isinstance(value, list | tuple) else value


def _is_file(value: dict[Any, Any]) -> bool:
    meta = value.get("meta")
    return isinstance(meta, dict) and meta.get("_type") == "gradio.FileData"
