"""Pairs of a variant's own answers, in the background: drawn, judged, queued for Curate, or frozen as they are.

What comes of a few requests is kept together, as one small record beside the examples it names. A drawing is known by
everything that decides it, so whoever asks for the same again goes on behind the last of these records.
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cai_ui.background import time_left
from cai_ui.compare.variants import choose, confirm, expected_hash
from cai_ui.config.curate import DatasetSettings, OnPolicySettings
from cai_ui.engine.interface import Engine, StopFlag
from cai_ui.errors import InputError
from cai_ui.pipeline.compare.comparison import engine_variants
from cai_ui.pipeline.curate.helpful import helpful_pairs, helpful_rows
from cai_ui.pipeline.curate.labels import preference_version
from cai_ui.pipeline.model_host import WAIT_S
from cai_ui.pipeline.readers import reader_for
from cai_ui.pipeline.services import Services
from cai_ui.readers import refused
from cai_ui.records import (
    AdapterInfo,
    ConstitutionVersion,
    DatasetInfo,
    Decision,
    Example,
    Message,
    Prompt,
    TrainingExample,
    content_hash,
    to_dict,
)
from cai_ui.revise import as_prompt

if TYPE_CHECKING:
    from cai_ui.curate.on_policy import Asked

Asking = str | Prompt | Sequence[Message]
TOGETHER = 128
"""Answers that are drawn together. What came of them is kept before the next; a stop drops those in flight."""


@dataclass(frozen=True)
class OnPolicyProgress:
    """Requests that are done, of how many, and the pairs they gave. `answers` counts answers that are in no pair and
    `no_pair` what gave none, by reason. `drawing` is what `freeze_pairs` takes."""

    done: int
    total: int
    eta_s: float | None = None
    pairs: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    no_pair: dict[str, int] = field(default_factory=dict)
    drawing: str = ""


@dataclass(frozen=True)
class _Drawing:
    """All that decides which pairs come of it. `judge` is the name that its judgements bear."""

    asked: tuple[Asked, ...]
    variant: AdapterInfo
    settings: OnPolicySettings
    judge: str
    constitution: ConstitutionVersion
    sampling: dict[str, Any]

    @property
    def told(self) -> dict[str, Any]:
        """As it is kept beside its pairs and in a dataset of them."""
        return {
            "variant": self.variant.name,
            "adapter_hash": expected_hash(self.variant),
            "base_hash": self.variant.base_hash,
            "judge": self.judge,
            "constitution": self.constitution.hash,
            "sampling": self.sampling,
            "requests": len(self.asked),
            **self.settings.model_dump(exclude={"judge"}),
        }

    @property
    def id(self) -> str:
        talks = [[[turn.role, turn.content] for turn in conversation] for _, conversation in self.asked]
        return content_hash([self.told, talks])[:32]

    @property
    def source(self) -> str:
        """Of its examples; the variant and its weights are named."""
        return f"on-policy: {self.variant.name}, adapter {(expected_hash(self.variant) or 'none')[:12]}"


def make_pairs(
    services: Services,
    prompts: Sequence[Asking],
    variant: str,
    settings: OnPolicySettings,
    stop: StopFlag | None = None,
) -> Iterator[OnPolicyProgress]:
    """Draw and judge here and now. The pairs are put into Curate's queue with the judge's labels, a few requests at a
    time; stopping keeps those, and starting again goes on from there, to the same end.

    Raises NotFoundError for a variant that is not there, InputError for no requests or no preference principle,
    EngineError for an answer of other weights than the variant's, and what makes model or judge unusable.
    """
    engine = services.engine_for([settings.judge], WAIT_S)
    drawing = _drawing(services, engine, prompts, variant, settings)
    id, step = drawing.id, _step(settings.answers)
    services.store.set_setting(_key(id), drawing.told)
    now, began, made = OnPolicyProgress(0, len(prompts), drawing=id), time.monotonic(), 0
    yield now
    for start in range(0, len(prompts), step):
        known = services.store.get_setting(_key(id, start))
        some = drawing.asked[start : start + step]
        if known is None:
            known = _made(services, engine, drawing, some, stop)
            if known is None:
                return
            services.store.set_setting(_key(id, start), known)
            made += len(some)
        now = _counted(now, len(some), known)
        left = time_left(made, made + now.total - now.done, time.monotonic() - began)
        yield dataclasses.replace(now, eta_s=left)


def start_pairs(
    services: Services, prompts: Sequence[Asking], variant: str, settings: OnPolicySettings, owner: str = ""
) -> None:
    """The same in the background. What cannot be begun is refused here; ConflictError if pairs are being made."""
    _drawing(services, services.engine_for([settings.judge]), prompts, variant, settings)
    first = OnPolicyProgress(0, len(prompts))
    services.pairs.start(lambda stop: make_pairs(services, prompts, variant, settings, stop), first, owner)


def freeze_pairs(
    services: Services,
    drawing: str,
    name: str,
    settings: DatasetSettings,
    author: str = "",
    helpful: Sequence[TrainingExample] | None = None,
) -> DatasetInfo:
    """A dataset of a drawing's pairs with the judge's preferences, and helpful pairs mixed in, of `helpful` rows or of
    those that `freeze_dataset` takes. It has no SFT rows, since nobody said that the better answer is a good one.

    InputError if there is no such drawing, or it has given no pair yet.
    """
    from cai_ui.curate.dataset import REPEATED, build_dataset

    told = services.store.get_setting(_key(drawing))
    preferences, counted = _kept(services, drawing, told) if told else ({}, {})
    examples = services.store.examples_by_id(list(preferences))
    if not examples:
        raise InputError("There are no pairs to freeze.", kept="Nothing was frozen.", next_step="Make some first.")
    decided = [(example, Decision("", id, "accept", told["judge"])) for id, example in examples.items()]
    rows = helpful_rows(services, settings) if helpful is None else helpful
    mixed = helpful_pairs(rows, _refusals(services, list(examples.values())), settings.seed)
    dataset = build_dataset(name, decided, (), settings, mixed, preferences)
    made_of = {**dataset.settings, "on_policy": {"drawing": drawing, **told}}
    left_out = {why: number for why, number in dataset.left_out.items() if why != REPEATED}  # that is said of SFT rows
    pairs = dataclasses.replace(dataset, sft_train=(), sft_eval=(), settings=made_of, left_out={**left_out, **counted})
    return services.store.save_dataset(pairs, author or "local")


def _kept(services: Services, drawing: str, told: dict[str, Any]) -> tuple[dict[str, float], dict[str, int]]:
    """The judge's preference by the id of each pair that was made so far; and what gave none, by reason."""
    preferences: dict[str, float] = {}
    counted: Counter[str] = Counter()
    for start in range(0, told["requests"], _step(told["answers"])):
        part = services.store.get_setting(_key(drawing, start))
        if part is not None:
            preferences |= {pair["example"]: pair["preference"] for pair in part["pairs"]}
            counted += Counter(part["answers"]) + Counter(part["no_pair"])
    return preferences, {f"on-policy: {reason}": number for reason, number in sorted(counted.items())}


def _refusals(services: Services, examples: Sequence[Example]) -> list[str]:
    """Preferred answers that decline: of two answers that comply the better one is no refusal."""
    harmful = [example for example in examples if example.prompt.kind == "harmful"]
    reader = reader_for(services.engine(WAIT_S), [example.prompt for example in harmful])
    return [e.revision for e in harmful if refused(reader.read(e.prompt, e.revision).outcome)]


def _drawing(
    services: Services, engine: Engine, prompts: Sequence[Asking], variant: str, settings: OnPolicySettings
) -> _Drawing:
    if not prompts:
        raise InputError("There are no requests in this set.", next_step="Choose another prompt set.")
    (chosen,) = choose(engine_variants(services.engine(WAIT_S)), [variant])
    asked = tuple(as_prompt(prompt) for prompt in prompts)
    usual = engine.default_sampling.model_dump(exclude={"temperature", "max_new_tokens", "seed"})
    return _Drawing(asked, chosen, settings, settings.judge or engine.name, preference_version(services), usual)


def _made(
    services: Services, engine: Engine, drawing: _Drawing, asked: Sequence[Asked], stop: StopFlag | None
) -> dict[str, Any] | None:
    """What came of these requests, once its examples and labels are kept; None after a stop."""
    from cai_ui.curate import on_policy

    made = on_policy.make_pairs(
        engine, asked, drawing.variant.name, drawing.constitution, drawing.settings,
        source=drawing.source, checked=lambda answer: confirm(answer, drawing.variant), stop=stop,
    )  # fmt: skip
    if made is None:
        return None
    services.store.add_examples([pair.example for pair in made.pairs])
    services.store.save_judgements(drawing.judge, {pair.example.id: pair.label.body() for pair in made.pairs})
    pairs = [
        {
            "example": pair.example.id,
            "preference": pair.label.preference,
            "better": to_dict(pair.better),
            "worse": to_dict(pair.worse),
        }
        for pair in made.pairs
    ]
    return {"pairs": pairs, "answers": made.answers, "no_pair": made.no_pair}


def _counted(now: OnPolicyProgress, requests: int, part: dict[str, Any]) -> OnPolicyProgress:
    """The progress with what came of some more requests."""
    return dataclasses.replace(
        now,
        done=now.done + requests,
        pairs=now.pairs + len(part["pairs"]),
        answers=dict(Counter(now.answers) + Counter(part["answers"])),
        no_pair=dict(Counter(now.no_pair) + Counter(part["no_pair"])),
    )


def _step(answers: int) -> int:
    """Requests that are done together."""
    return max(1, TOGETHER // answers)


def _key(drawing: str, start: int | None = None) -> str:
    """Where a drawing is kept, and what came of the requests from `start` on."""
    return f"on_policy.{drawing}" + ("" if start is None else f".{start}")
