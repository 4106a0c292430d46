"""Frozen records that the stages hand to one another, and their content hashes.

A record never changes; an edit makes a new one. Every record names its parents by hash or id, so a
bad answer in a comparison can be walked back to the principle behind it:
answer -> adapter -> run -> dataset -> example -> decision -> trace -> constitution version.

Knows nothing of storage, models or the page. Times are ISO 8601 in UTC and never part of a hash.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]
PromptKind = Literal["harmful", "helpful", "twin", "unknown"]
StepKind = Literal["draft", "critique", "revision"]
Finish = Literal["end", "length", "stopped", "timeout"]
Verdict = Literal["accept", "edit", "reject", "flip", "tie", "skip", "flag"]
RunState = Literal[
    "queued", "preparing", "running", "stopping", "stopped", "cancelled", "interrupted", "failed", "done"
]
Method = Literal["sft", "dpo"]

BASE = "base"
"""Name of the arm that answers without an adapter."""


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, UTF-8 kept, NaN refused (ValueError)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode("utf-8")).hexdigest()


def to_dict(record: Any) -> dict[str, Any]:
    """A record as plain dictionaries and lists, ready for JSON.

    A field of `ONLY_IF_SET` that is None is left out, so that records from before it keep their hashes.
    """
    plain: dict[str, Any] = json.loads(
        json.dumps(dataclasses.asdict(record, dict_factory=_set_fields), ensure_ascii=False)
    )
    return plain


ONLY_IF_SET = frozenset({"soft"})


def _set_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if value is not None or name not in ONLY_IF_SET}


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
class FewShot:
    """A worked example that is shown to the model before the chain (Bai et al. 2022, section 3.1).

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


@dataclass(frozen=True)
class Provenance:
    """Which weights really gave a text, and how: recorded by the engine, not by the asker.

    `model` names the base, `base_hash` identifies its weights; `adapter` is None for the base; `revision` is the
    commit of a downloaded model, "" for others.
    """

    model: str
    base_hash: str
    adapter: str | None
    adapter_hash: str | None
    seed: int
    sampling: dict[str, Any]
    revision: str = ""


@dataclass(frozen=True)
class Answer:
    """What the engine gave for one request. `finish` says why it ended ("length": cut at the limit)."""

    text: str
    finish: Finish
    prompt_tokens: int
    tokens: int
    provenance: Provenance


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
class Decision:
    """A person's judgement of one example; `text` is the edited revision where verdict is "edit".

    accept: the revision is the SFT target and is chosen over the initial answer. edit: the same with
    the edited text. reject: neither. flip: the initial answer is the better one (target and chosen).
    tie: neither is better, so nothing is learnt. skip: no judgement. flag: set aside for somebody else.
    `labels` are codes of what is said about critique and answers beside the verdict.
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


@dataclass(frozen=True)
class TrainingExample:
    """One SFT row: the answer after `conversation` is learnt, the conversation is not."""

    conversation: tuple[Message, ...]
    answer: str
    example_id: str | None
    source: str


@dataclass(frozen=True)
class PreferencePair:
    """One DPO row. `soft` is the probability that `chosen` is the better answer (None: it is, a hard label)."""

    conversation: tuple[Message, ...]
    chosen: str
    rejected: str
    example_id: str | None
    source: str
    soft: float | None = None

    def swap(self) -> PreferencePair:
        """The same pair with the preference turned round."""
        soft = None if self.soft is None else 1 - self.soft
        return dataclasses.replace(self, chosen=self.rejected, rejected=self.chosen, soft=soft)


@dataclass(frozen=True)
class Dataset:
    """A frozen dataset version, split by prompt so that no prompt is on both sides.

    `parents` are the constitution hashes its examples were made under; `left_out` counts, by named
    reason, the examples that gave no row.
    """

    name: str
    sft_train: tuple[TrainingExample, ...]
    sft_eval: tuple[TrainingExample, ...]
    pairs_train: tuple[PreferencePair, ...]
    pairs_eval: tuple[PreferencePair, ...]
    settings: dict[str, Any]
    parents: tuple[str, ...]
    left_out: dict[str, int]

    @property
    def hash(self) -> str:
        return content_hash(to_dict(self))


@dataclass(frozen=True)
class DatasetInfo:
    """What the list of datasets shows; the rows stay in the store until asked for."""

    hash: str
    name: str
    counts: dict[str, int]
    settings: dict[str, Any]
    parents: tuple[str, ...]
    left_out: dict[str, int]
    created_at: str
    author: str


@dataclass(frozen=True)
class Run:
    """A training run as the page sees it. The run's folder holds the rest.

    `error` is the named cause where `state` is "failed". `adapter` is the adapter's name once one was saved.
    `note` is a person's; `trashed_at` is set while it lies in the trash; `place` orders the queue (smaller first);
    `group` names the sweep it belongs to.
    """

    id: str
    name: str
    method: Method
    state: RunState
    dataset_hash: str
    config: dict[str, Any]
    owner: str
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    step: int = 0
    total_steps: int = 0
    error: str | None = None
    adapter: str | None = None
    adapter_hash: str | None = None
    start_adapter: str | None = None
    base_hash: str = ""
    summary: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    trashed_at: str | None = None
    place: int = 0
    group: str = ""


@dataclass(frozen=True)
class AdapterInfo:
    """An adapter that can be chosen: `name` is its handle, `hash` identifies its weights."""

    name: str
    title: str
    hash: str
    base_hash: str
    method: str
    run_id: str | None
    path: str


@dataclass(frozen=True)
class Vote:
    """A blind judgement between two answers. `left` and `right` are arm names as they were shown."""

    event_id: str
    prompt: str
    left: str
    right: str
    left_answer: Answer
    right_answer: Answer
    choice: Literal["left", "right", "tie", "both_bad"]
    rater: str
    at: str = ""


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
class ArmResult:
    """One arm on one kind of prompt. Harmful: `complied`; helpful and twins: `helped`, `refused`."""

    arm: str
    kind: PromptKind
    complied: Rate
    helped: Rate
    refused: Rate
    mean_tokens: float | None
    adapter_hash: str | None


@dataclass(frozen=True)
class Evaluation:
    """A batch evaluation of several arms over the same prompts, with the answers it rests on."""

    id: str
    results: tuple[ArmResult, ...]
    rows: tuple[dict[str, Any], ...]
    settings: dict[str, Any]
    scorer: str
    created_at: str = ""
