"""What a seed study is asked to do. The same plan on the same model is the same study, and goes on where it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cai_ui.config.answers import Sampling
from cai_ui.config.curate import DatasetSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.config.studies import SeedStudySettings
from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import Engine
from cai_ui.errors import InputError
from cai_ui.records import BASE, Example, Message, Prompt, TrainingExample, content_hash, to_dict
from cai_ui.store.encoding import from_dict

ALONE = "SFT without helpful rows"
SFT = "SFT"
DPO = "DPO"
BOTH = "SFT, then DPO"
RUNS = {SFT: "sft", ALONE: "sft", DPO: "dpo", BOTH: "dpo"}
"""Variants that can be trained, in this order, and their method."""
CALLED = {"sft": SFT, "sft-alone": ALONE, "dpo": DPO, "sft-dpo": BOTH}
"""What they are called where somebody chooses among them."""
_ROWS = {"requests": Prompt, "published": Example, "helpful": TrainingExample, "references": TrainingExample,
         "measured": Prompt}  # fmt: skip
_SETTINGS = {"settings": SeedStudySettings, "revision": RevisionSettings, "sampling": Sampling,
             "dataset": DatasetSettings, "sft": TrainSettings, "dpo": TrainSettings}  # fmt: skip


@dataclass(frozen=True)
class SeedPlan:
    """The inputs, read and drawn, and the settings of all stages.

    `requests` are revised by chains; where `published` rows are given these are learnt instead. Without `helpful`
    rows the base answers shipped harmless requests itself. `references` are helpful rows that nothing is trained on;
    without them the base's own answers to other requests stand in. `measured` are the prompts that all variants get.
    """

    requests: tuple[Prompt, ...]
    published: tuple[Example, ...]
    helpful: tuple[TrainingExample, ...]
    references: tuple[TrainingExample, ...]
    measured: tuple[Prompt, ...]
    constitution: str
    settings: SeedStudySettings
    revision: RevisionSettings
    sampling: Sampling
    dataset: DatasetSettings
    sft: TrainSettings
    dpo: TrainSettings

    def key(self, engine: Engine) -> str:
        """Names the study: a hash of all of it and of the model."""
        knobs = [
            one.identity() for one in (self.settings, self.revision, self.sampling, self.dataset, self.sft, self.dpo)
        ]
        rows = [to_dict(row) for row in (*self.requests, *self.published, *self.helpful, *self.references)]
        return content_hash([engine.base_hash, self.constitution, knobs, rows, [to_dict(p) for p in self.measured]])[
            :16
        ]

    @property
    def trained(self) -> tuple[str, ...]:
        """Variants that are trained, in the order in which they are. InputError where none or an unknown one is
        named."""
        return chosen(self.settings.trained)

    @property
    def variants(self) -> tuple[str, ...]:
        """The base, and what is trained of it."""
        return (BASE, *self.trained)

    @property
    def pairs(self) -> bool:
        """Whether anything learns from pairs, which need an answer of the base beside each revision."""
        return any(RUNS[variant] != "sft" for variant in self.trained)

    @property
    def source(self) -> str:
        """What is learnt."""
        return "published rows" if self.published else "chains"

    def told(self) -> dict[str, Any]:
        """As plain data, from which `of` makes the same plan again."""
        rows = {name: [to_dict(row) for row in getattr(self, name)] for name in _ROWS}
        settings = {name: getattr(self, name).model_dump() for name in _SETTINGS}
        return {**rows, **settings, "constitution": self.constitution}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> SeedPlan:
        """The plan that was told."""
        rows: dict[str, Any] = {name: tuple(from_dict(kind, row) for row in told[name]) for name, kind in _ROWS.items()}
        settings: dict[str, Any] = {name: kind(**told[name]) for name, kind in _SETTINGS.items()}
        return cls(constitution=told["constitution"], **rows, **settings)

    def train(self, variant: str) -> TrainSettings:
        """Settings of the run that makes a variant."""
        return self.sft if RUNS[variant] == "sft" else self.dpo


def chosen(names: str) -> tuple[str, ...]:
    """The variants that are called so, with commas between; what one begins at comes along."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in CALLED]
    if unknown or not wanted:
        said = f"{unknown[0][:60]!r} is no variant of the study." if unknown else "No variant to train is named."
        raise InputError(said, next_step=f"Choose among {', '.join(CALLED)}.")
    found = {CALLED[name] for name in wanted} | ({SFT} if "sft-dpo" in wanted else set())
    return tuple(variant for variant in RUNS if variant in found)


def unmeasured(prompts: Iterable[Prompt], measured: Iterable[Prompt], number: int) -> tuple[Prompt, ...]:
    """The first `number` requests that are not measured on. InputError where fewer than two are left."""
    asked = {prompt.text.strip() for prompt in measured}
    kept = tuple(prompt for prompt in prompts if prompt.text.strip() not in asked)[:number]
    if len(kept) < 2:
        raise InputError(
            "There are not two requests to revise that are not measured on as well.",
            next_step="Give more requests, or measure on other sets.",
        )
    return kept


def fitting(rows: Iterable[TrainingExample], engine: Engine, longest: int, number: int) -> list[TrainingExample]:
    """The first `number` rows that training would not leave out for their length."""
    kept: list[TrainingExample] = []
    for row in rows:
        if len(kept) == number:
            break
        if engine.count_tokens(row.conversation) + _tokens(engine, row.answer) <= longest:
            kept.append(row)
    return kept


def _tokens(engine: Engine, text: str) -> int:
    return engine.count_tokens((Message("user", text),))
