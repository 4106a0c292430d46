"""Which column of a file plays which part, as a person may change it before an import.

Files of published shapes need no help: `guess` reads the parts off the names of the columns.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

PARTS = {
    "request": "Request",
    "answer": "Answer (revised or better)",
    "initial": "Initial or worse answer",
    "critique": "Critique",
    "source": "Source",
    "kind": "Kind of request",
}
"""What a column can be. An answer without a request is a whole conversation that ends with the answer."""

_OPTIONAL = ("critique", "source", "kind")


@dataclass(frozen=True)
class Columns:
    """The column of each part; "" where there is none."""

    request: str = ""
    answer: str = ""
    initial: str = ""
    critique: str = ""
    source: str = ""
    kind: str = ""


SHAPES: tuple[tuple[str, Columns], ...] = (
    (
        "critique and revision, as in cai-conversation-harmless",
        Columns("init_prompt", "revision_response", "init_response", "critic_response"),
    ),
    ("a better and a worse answer to a request", Columns("prompt", "chosen", "rejected")),
    ("a better and a worse conversation, as in hh-rlhf", Columns("", "chosen", "rejected")),
    ("request and completion", Columns("prompt", "completion")),
    ("request and answer", Columns("prompt", "response")),
    ("whole conversations, as in ultrachat", Columns("", "messages")),
)
"""Published shapes with their names, the most telling ones first."""


def guess(row: dict[str, Any]) -> tuple[str, Columns]:
    """The shape that a row has, in words, and its columns; ("", no columns) if it has none of those known."""
    for name, columns in SHAPES:
        needed = [c for c in (columns.request, columns.answer, columns.initial) if c]
        if all(column in row for column in needed) and not _holds_its_request(row, columns):
            return name, dataclasses.replace(columns, **_beside(row, columns))
    return "", Columns(**_beside(row, Columns()))


def _holds_its_request(row: dict[str, Any], columns: Columns) -> bool:
    """Whether the answers are conversations that repeat the request, which then stands beside them for nothing."""
    return columns.request == "prompt" and columns.answer == "chosen" and (
        isinstance(row["prompt"], str) and isinstance(row["chosen"], list)
    )  # fmt: skip


def _beside(row: Collection[str], columns: Columns) -> dict[str, str]:
    """Parts that have a column of their own name."""
    return {part: part for part in _OPTIONAL if not getattr(columns, part) and part in row}


def renamed(row: dict[str, Any], columns: Columns) -> dict[str, Any]:
    """The row with the names that `curate.rows` reads. KeyError names a column that it lacks and needs."""
    given = {part: column for part, column in dataclasses.asdict(columns).items() if column}
    found = {part: row[column] for part, column in given.items() if part not in _OPTIONAL}
    plain = {part: row[column] for part, column in given.items() if part in _OPTIONAL and row.get(column) is not None}
    if "request" in found:
        plain["prompt"] = found["request"]
    if "initial" in found:
        return {**plain, "chosen": found.get("answer"), "rejected": found["initial"]}
    if "request" in found:
        name = "completion" if isinstance(found.get("answer"), list) else "response"
        return {**plain, name: found.get("answer")}
    return {**plain, "messages": found.get("answer")}
