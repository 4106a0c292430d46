"""What an engine gave, and with which weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Finish = Literal["end", "length", "repetition", "stopped", "timeout", "broken"]


@dataclass(frozen=True)
class Provenance:
    """Which weights really gave a text, and how: recorded by the engine, not by the asker.

    `model` names the base, `base_hash` identifies its weights; `adapter` is None for the base; `revision` is the
    commit of a downloaded model, "" for others. `same_in_any_batch`: whether the same request would
    get this text beside any other requests; None where nobody knows (a server, an older record).
    """

    model: str
    base_hash: str
    adapter: str | None
    adapter_hash: str | None
    seed: int
    sampling: dict[str, Any]
    revision: str = ""
    same_in_any_batch: bool | None = None


@dataclass(frozen=True)
class Answer:
    """What the engine gave for one request. `finish` says why it ended ("length": cut at the
    limit; "repetition": ended because it went round in circles;
    "broken": the server broke off, or failed, in the middle)."""

    text: str
    finish: Finish
    prompt_tokens: int
    tokens: int
    provenance: Provenance
