"""Critique-revision chains, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from cai_ui.records.answers import Answer
from cai_ui.records.prompts import Message, Prompt

StepKind = Literal["draft", "critique", "revision"]


@dataclass(frozen=True)
class Step:
    """One step of a critique-revision chain. `request` is the user text that asked for it ("" for the draft).

    A step edited by hand keeps the model's own words in `model_text`. `principle_ids` is filled where one
    request speaks of several principles. `scores` holds each principle's relevance where that chose it.
    `labels` are those a person set instead of the computed ones; None means that nobody did.
    """

    kind: StepKind
    text: str
    request: str = ""
    principle_id: str | None = None
    answer: Answer | None = None
    model_text: str | None = None
    principle_ids: tuple[str, ...] = ()
    scores: dict[str, float] = field(default_factory=dict)
    labels: tuple[str, ...] | None = None
    seconds: float | None = field(default=None, compare=False)
    """Time the model took for it; never a reason to call two steps different."""

    @property
    def edited(self) -> bool:
        return self.model_text is not None and self.model_text != self.text

    @property
    def principles(self) -> tuple[str, ...]:
        """Ids of all principles it was asked under, one or several; none for a draft."""
        return self.principle_ids or ((self.principle_id,) if self.principle_id else ())


@dataclass(frozen=True)
class Trace:
    """One chain: prompt, draft, then critiques and revisions under a constitution version.

    `settings` holds what it was asked with (revision and sampling settings, adapter), so that it can be made again.
    """

    id: str
    prompt: Prompt
    conversation: tuple[Message, ...]
    constitution_hash: str
    steps: tuple[Step, ...] = ()
    seed: int = 0
    created_at: str = ""
    parent: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def initial(self) -> str | None:
        """Text of the draft, or None before there is one."""
        return next((s.text for s in self.steps if s.kind == "draft"), None)

    @property
    def revision(self) -> str | None:
        """Text of the last revision, or None before there is one."""
        return next((s.text for s in reversed(self.steps) if s.kind == "revision"), None)
