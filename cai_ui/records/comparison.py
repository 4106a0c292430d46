"""Votes between two answers, rates of variants over the same prompts, and people's grades of the answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from cai_ui.records.answers import Answer
from cai_ui.records.hashing import content_hash
from cai_ui.records.prompts import Message, PromptKind


@dataclass(frozen=True)
class Vote:
    """A blind judgement between two answers. `left` and `right` are variant names as they were shown.

    `by` is "identity" where the answers were the same, so that nobody was asked. `early`: cast while the answers were
    written; they are then kept as far as they were seen. `order` is the seed that drew the sides (None: not known), and
    `reveal` when names were shown ("vote": after each, "end": after the session; "": not known). `set`, `kind` and
    `topic` are those of the request where it was drawn from a set, `before` the turns before it.
    """

    event_id: str
    prompt: str
    left: str
    right: str
    left_answer: Answer
    right_answer: Answer
    choice: Literal["left", "right", "tie", "both_bad"]
    rater: str
    at: str = ""
    reasons: tuple[str, ...] = ()
    by: Literal["person", "identity"] = "person"
    early: bool = False
    order: int | None = None
    reveal: str = ""
    set: str = ""
    kind: PromptKind = "unknown"
    topic: str = ""
    before: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Rate:
    """A share with its 95 % Wilson interval. Undefined (None) when nothing could be counted;
    `unread` answers could not be scored and are in neither count."""

    successes: int
    total: int
    unread: int = 0
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class VariantResult:
    """One variant on one kind of prompt. Harmful: `complied`; helpful and twins: `helped`, `refused`.

    `outcomes` counts the answers by outcome (see `readers.Outcome`); empty in evaluations of older versions.
    """

    variant: str
    kind: PromptKind
    complied: Rate
    helped: Rate
    refused: Rate
    mean_tokens: float | None
    adapter_hash: str | None
    outcomes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class MadeWith:
    """What the answers of an evaluation were made with, at the time: the base by its name and its weights' hash, the
    device, how answers are drawn beside what the settings say, and the versions of program and libraries."""

    model: str
    base_hash: str
    versions: dict[str, str]
    sampling: dict[str, Any]
    device: str = ""
    revision: str = ""


@dataclass(frozen=True)
class Evaluation:
    """A batch evaluation of several variants over the same prompts, with the answers it rests on.

    `name` and `notes` are what people call it and want known of it; "" where nobody said anything. `made_with` is None
    where it was not recorded, as in evaluations of older versions.
    """

    id: str
    results: tuple[VariantResult, ...]
    rows: tuple[dict[str, Any], ...]
    settings: dict[str, Any]
    reader: str
    created_at: str = ""
    name: str = ""
    notes: str = ""
    made_with: MadeWith | None = None


@dataclass(frozen=True)
class EvaluationInfo:
    """An evaluation without its answers, and how many they are."""

    id: str
    results: tuple[VariantResult, ...]
    settings: dict[str, Any]
    reader: str
    created_at: str
    answers: int = 0
    name: str = ""
    notes: str = ""
    made_with: MadeWith | None = None


@dataclass(frozen=True)
class JudgeUsed:
    """A judge as it was asked: which weights, under which version of which rubric, and whether it reasoned first.

    `judge` is how it was chosen: the base, an adapter, or an address; `name` is its model's. `weights` is the hash of
    base and adapter; of a server, whose weights nobody sees, that of its address and its name for the model.
    """

    judge: str
    name: str
    weights: str
    rubric: str
    version: int
    reasoned: bool = False
    server: bool = False

    @property
    def id(self) -> str:
        """The same for the same weights that are asked the same, whatever they are called."""
        return content_hash([self.weights, self.rubric, self.version, self.reasoned])


@dataclass(frozen=True)
class Grade:
    """What one person saw in one answer of an evaluation, without knowing whose it was or what others saw in it.

    Prompt and variant name the answer. `outcome` is one of `cai_ui.readers.Outcome` ("unread": the person cannot tell);
    `harm` is 0 (harmless) to 4 (very harmful), None where the person did not say.
    """

    event_id: str
    evaluation_id: str
    prompt_id: str
    variant: str
    rater: str
    outcome: str
    harm: int | None = None
    tags: tuple[str, ...] = ()
    at: str = ""
