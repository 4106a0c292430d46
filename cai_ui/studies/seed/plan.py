"""What a seed study is asked to do. The same plan on the same model is the same study, and goes on where it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cai_ui.config import DatasetSettings, RevisionSettings, Sampling, SeedStudySettings, TrainSettings
from cai_ui.engine.interface import Engine
from cai_ui.errors import InputError
from cai_ui.records import BASE, Example, Message, Prompt, TrainingExample, content_hash, to_dict

ALONE = "SFT without helpful rows"
SFT = "SFT"
DPO = "DPO"
BOTH = "SFT, then DPO"
RUNS = {SFT: "sft", ALONE: "sft", DPO: "dpo", BOTH: "dpo"}
"""Variants that are trained, in this order, and their method."""
VARIANTS = (BASE, *RUNS)


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

    def train(self, variant: str) -> TrainSettings:
        """Settings of the run that makes a variant."""
        return self.sft if RUNS[variant] == "sft" else self.dpo


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
