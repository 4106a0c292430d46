"""Principles, the versions of a set of them, and few-shot examples that are shown before a chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cai_ui.records.hashing import content_hash, to_dict


@dataclass(frozen=True)
class Principle:
    """One rule of a constitution, as the pair of requests that Bai et al. 2022 (appendix C.1) use.

    `weight` is the relative chance to be drawn (0 = never). A principle without a revision request
    can only be critiqued under. `kind` "preference" marks a (A)/(B) instruction for AI labels; its
    text is in `critique_request` and `revision_request` stays empty.
    """

    id: str
    name: str
    critique_request: str
    revision_request: str
    tags: tuple[str, ...] = ()
    enabled: bool = True
    weight: float = 1.0
    kind: Literal["critique", "preference"] = "critique"
    source: str = ""


@dataclass(frozen=True)
class Constitution:
    """An immutable version of a set of principles. Two versions with equal content have equal hashes."""

    name: str
    title: str
    description: str
    principles: tuple[Principle, ...]
    source: str = ""
    licence: str = ""

    @property
    def hash(self) -> str:
        return content_hash(to_dict(self))

    def principle(self, principle_id: str) -> Principle:
        """The principle with this id; KeyError if there is none."""
        return {p.id: p for p in self.principles}[principle_id]


@dataclass(frozen=True)
class ConstitutionVersion:
    """A saved constitution: who saved it, when, why, and what it was made from."""

    hash: str
    constitution: Constitution
    author: str
    note: str
    created_at: str
    parent: str | None = None


@dataclass(frozen=True)
class ConstitutionDraft:
    """A constitution that is being edited, and the hash of the version it began from."""

    constitution: Constitution
    base: str


@dataclass(frozen=True)
class DraftChange:
    """A change of a draft that can be taken back: the draft before it and after it."""

    id: int
    before: Constitution
    after: Constitution


@dataclass(frozen=True)
class FewShot:
    """A few-shot example that is shown to the model before the chain (Bai et al. 2022, section 3.1).

    It is a whole round: request, answer, critique request, critique, revision request, revision. One that
    is not `enabled` is kept but not shown.
    """

    request: str
    answer: str
    critique_request: str
    critique: str
    revision_request: str
    revision: str
    enabled: bool = True
