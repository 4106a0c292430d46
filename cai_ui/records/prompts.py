"""What is put to a model: turns of a conversation, requests of a known kind, and sets of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cai_ui.records.hashing import content_hash

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
    helpful ones and benign look-alikes (harmless, but sounding harmful) are answered. `before` are the turns of a
    conversation that `text` goes on with; a trace and an example keep them as their conversation instead."""

    id: str
    text: str
    kind: PromptKind = "unknown"
    topic: str = ""
    source: str = ""
    before: tuple[Message, ...] = field(default=(), repr=False)  # files of chains know their prompts by the rest

    @property
    def turns(self) -> tuple[Message, ...]:
        """What is put to a model: the turns before, and the request."""
        return (*self.before, Message("user", self.text))


@dataclass(frozen=True)
class SetPrompt:
    """A request as a prompt set holds it: its turns, of which the last is the question. `kind` and `topic` as in
    `Prompt`."""

    turns: tuple[Message, ...]
    kind: PromptKind = "unknown"
    topic: str = ""

    @property
    def hash(self) -> str:
        """Of what is said alone, so that the same request is found whatever its kind and topic."""
        return content_hash([[turn.role, turn.content] for turn in self.turns])


@dataclass(frozen=True)
class PromptSet:
    """A set of requests, without them. `kinds` counts its requests by kind.

    A `heldout` set is there to measure on: nothing is trained on it. `origin`: it comes with the workbench, or it
    was read from a file and lies in the workspace.
    """

    key: str
    title: str
    count: int
    kinds: dict[PromptKind, int] = field(default_factory=dict)
    origin: Literal["shipped", "imported"] = "imported"
    heldout: bool = False
    created_at: str = ""
