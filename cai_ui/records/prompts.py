"""What is put to a model: turns of a conversation, and requests of a known kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]
PromptKind = Literal["harmful", "helpful", "twin", "unknown"]


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True)
class Prompt:
    """A request put to the model. `kind` says what a good answer does: harmful requests are declined,
    helpful ones and benign twins (harmless, but sounding harmful) are answered."""

    id: str
    text: str
    kind: PromptKind = "unknown"
    topic: str = ""
    source: str = ""
