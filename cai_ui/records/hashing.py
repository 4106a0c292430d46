"""The one JSON text of a record, and its content hash."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

ONLY_IF_SET = frozenset({"soft", "helpful", "rejected_train", "rejected_eval"})
"""Fields that are left out where they are None, so that records from before them keep their hashes."""


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, UTF-8 kept, NaN refused (ValueError)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def to_dict(record: Any) -> dict[str, Any]:
    """A record as plain dictionaries and lists, ready for JSON. Fields of ONLY_IF_SET that are None are left out."""
    plain: dict[str, Any] = json.loads(
        json.dumps(dataclasses.asdict(record, dict_factory=_set_fields), ensure_ascii=False)
    )
    return plain


def _set_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if value is not None or name not in ONLY_IF_SET}
