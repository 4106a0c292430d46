"""What people judge, and their judgements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from cai_ui.records.hashing import content_hash
from cai_ui.records.prompts import Message, Prompt

Verdict = Literal["accept", "edit", "reject", "flip", "tie", "skip", "flag"]
SpanPart = Literal["request", "initial", "revision"]


@dataclass(frozen=True)
class Example:
    """A thing to be judged by a person: an initial answer and its revision.

    `initial` is None for rows that only have an answer (they give SFT targets, never pairs).
    `id` is the hash of what is judged, so the same pair imported twice is one example.
    """

    id: str
    prompt: Prompt
    conversation: tuple[Message, ...]
    initial: str | None
    revision: str
    critique: str | None = None
    principle_ids: tuple[str, ...] = ()
    constitution_hash: str | None = None
    trace_id: str | None = None
    source: str = ""


def make_example(conversation: tuple[Message, ...], initial: str | None, revision: str, **rest: Any) -> Example:
    """An example whose id is the hash of conversation, initial answer and revision."""
    parts = [[[m.role, m.content] for m in conversation], initial, revision]
    prompt = rest.pop("prompt", None) or Prompt(id=content_hash(parts[0])[:16], text=conversation[-1].content)
    return Example(content_hash(parts)[:24], prompt, conversation, initial, revision, **rest)


@dataclass(frozen=True)
class Span:
    """A passage that a person highlighted: characters `start` to `end` (excluded) of the request, the initial answer
    or the revision as it stood, with their text."""

    part: SpanPart
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Remarks:
    """A comment on an example, and highlighted passages."""

    note: str = ""
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Decision:
    """A person's judgement of one example; `text` is the edited revision where verdict is "edit".

    accept: the revision is the SFT target and is chosen over the initial answer. edit: the same with
    the edited text. reject: neither. flip: the initial answer is the better one (target and chosen).
    tie: neither is better, so nothing is learnt. skip: no judgement. flag: set aside for somebody else.
    `labels` are codes of what is said about critique and answers beside the verdict, `note` is a comment and `spans`
    are passages that were highlighted.
    """

    event_id: str
    example_id: str
    verdict: Verdict
    rater: str
    text: str | None = None
    note: str = ""
    at: str = ""
    rev: int = 0
    labels: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
