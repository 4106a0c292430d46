"""Records to JSON text and back, so that what is read equals what was saved.

The text is plain ASCII: NUL and lone surrogates, which model output may hold, survive as escapes
where the database itself would cut or refuse them.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

R = TypeVar("R")


def dump(record: Any) -> str:
    """JSON text of a record. ValueError if it holds NaN or infinity, TypeError if it is not plain data."""
    return json.dumps(dataclasses.asdict(record), sort_keys=True, separators=(",", ":"), allow_nan=False)


def plain(record: Any) -> dict[str, Any]:
    """A record as dictionaries and lists, as `dump` writes it and `from_dict` reads it."""
    found: dict[str, Any] = dataclasses.asdict(record)
    return found


def load(kind: type[R], text: str) -> R:
    """The record of class `kind` that `dump` wrote. Fields it does not know are ignored."""
    return from_dict(kind, json.loads(text))


def from_dict(kind: type[R], plain: dict[str, Any]) -> R:
    """A record from dictionaries and lists; missing fields get their defaults."""
    given = {name: make(plain[name]) for name, make in _makers(cast(Any, kind)) if name in plain}
    return kind(**given)


def answer_values(evaluation_id: str, rows: Iterable[Mapping[str, Any]], first: int = 0) -> list[dict[str, Any]]:
    """Rows of an evaluation as they stand in the database, the first of them at this place."""
    return [
        {
            "evaluation_id": evaluation_id,
            "place": place,
            "prompt_id": json.dumps(str(row.get("prompt_id", ""))),
            "variant": json.dumps(str(row.get("variant", ""))),
            "kind": str(row.get("kind", ""))[:20],
            "body": json.dumps(row, sort_keys=True, separators=(",", ":"), allow_nan=False),
        }
        for place, row in enumerate(rows, first)
    ]


def batches(items: list[R], size: int) -> Iterator[list[R]]:
    """The items in lists of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


@functools.cache
def _makers(kind: Any) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    hints = get_type_hints(kind)
    return tuple((f.name, _maker(hints[f.name])) for f in dataclasses.fields(kind))


def _maker(hint: Any) -> Callable[[Any], Any]:
    """What turns a JSON value into a field of this type."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        inner = _maker(next(part for part in get_args(hint) if part is not type(None)))
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        item = _maker(get_args(hint)[0])
        return lambda value: tuple(item(v) for v in value)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return lambda value: from_dict(hint, value)
    return lambda value: value


def now() -> str:
    """The present time in UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
