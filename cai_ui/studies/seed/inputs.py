"""The plan of a seed study, from what somebody asks for: rows are read and requests drawn, and found to suffice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cai_ui.config.answers import Sampling
from cai_ui.config.curate import DatasetSettings
from cai_ui.config.knobs import checked
from cai_ui.config.revise import RevisionSettings
from cai_ui.config.studies import SeedStudySettings
from cai_ui.config.train import TrainSettings
from cai_ui.curate.importing import read_rows
from cai_ui.engine.interface import Engine
from cai_ui.errors import FileFormatError, InputError
from cai_ui.pipeline.curate.imports import named_lines
from cai_ui.pipeline.model_host import WAIT_S
from cai_ui.pipeline.prompts.measured import prompts_to_measure
from cai_ui.pipeline.prompts.sets import list_requests
from cai_ui.pipeline.services import Services
from cai_ui.records import Example, Prompt, TrainingExample
from cai_ui.studies.seed.plan import CALLED, SeedPlan, chosen, fitting, unmeasured
from cai_ui.train.presets import preset


@dataclass(frozen=True)
class SeedInputs:
    """What is asked for. `constitution` is a version's hash, `measured` names prompt sets (none: the shipped ones).

    Requests to revise come from the set `prompt_set` or are `prompts`; where `rows` is a file of published revisions,
    these are learnt instead. `helpful_rows` is a file of helpful rows to mix in and hold out.
    """

    settings: SeedStudySettings
    revision: RevisionSettings
    sampling: Sampling
    dataset: DatasetSettings
    sft: TrainSettings
    dpo: TrainSettings
    constitution: str
    measured: tuple[str, ...] = ()
    prompt_set: str = ""
    prompts: tuple[Prompt, ...] = ()
    rows: Path | None = None
    helpful_rows: Path | None = None


def plan_of(services: Services, asked: SeedInputs) -> SeedPlan:
    """All inputs read and drawn, in the order of their files. InputError, FileFormatError where they do not suffice."""
    engine = services.engine(WAIT_S)
    trained = chosen(asked.settings.trained)
    names = ",".join(name for name, variant in CALLED.items() if variant in trained)
    settings = asked.settings.model_copy(update={"trained": names})
    measured = prompts_to_measure(services.store, ",".join(asked.measured), settings.per_kind, settings.seed)
    longest = min(asked.sft.max_length, engine.context_length)
    helpful = _helpful(asked.helpful_rows, engine, longest, settings)
    return SeedPlan(
        requests=() if asked.rows else unmeasured(_requests(services, asked), measured, settings.harmless),
        published=_published(asked.rows, measured, settings.harmless),
        helpful=tuple(helpful[: settings.helpful]),
        references=tuple(helpful[settings.helpful :]),
        measured=tuple(measured),
        constitution=asked.constitution,
        settings=settings,
        revision=asked.revision,
        sampling=asked.sampling.model_copy(update={"seed": settings.seed}),
        dataset=asked.dataset,
        sft=asked.sft.model_copy(update={"seed": settings.seed}),
        dpo=asked.dpo.model_copy(update={"seed": settings.seed}),
    )


def training(
    name: str, method: str, changes: Mapping[str, Any], rate: Any = None, called: Mapping[str, str] | None = None
) -> TrainSettings:
    """Settings of the runs of a method: those of a preset with `changes`, and a learning `rate` where one is given.
    InputError names what does not fit, by `called` where that knows it."""
    values = {**preset(name, method).model_dump(), "probe_steps": 0, **changes}
    if rate is not None:
        values["learning_rate"] = rate
    return checked(TrainSettings, values, {"learning_rate": f"{method.upper()} learning rate", **(called or {})})


def _requests(services: Services, asked: SeedInputs) -> Sequence[Prompt]:
    return asked.prompts or list_requests(services, asked.prompt_set, asked.settings.harmless, asked.settings.seed)


def _published(path: Path | None, measured: Iterable[Prompt], number: int) -> tuple[Example, ...]:
    """Rows whose request is not measured on; they count as harmful where they say no kind."""
    if path is None:
        return ()
    asked = {prompt.text.strip() for prompt in measured}
    rows = [row for row in _rows(path) if row.prompt.text.strip() not in asked][:number]
    if len(rows) < 2:
        raise InputError(f"{path.name} has {len(rows)} rows that are not measured on.", next_step="Give more rows.")
    return tuple(
        replace(row, prompt=replace(row.prompt, kind="harmful")) if row.prompt.kind == "unknown" else row
        for row in rows
    )


def _helpful(path: Path | None, engine: Engine, longest: int, settings: SeedStudySettings) -> list[TrainingExample]:
    """The rows to mix in and, behind them, the held-out ones."""
    if path is None:
        return []
    rows = [TrainingExample(row.conversation, row.revision, None, row.source, helpful=True) for row in _rows(path)]
    found = fitting(rows, engine, longest, settings.helpful + settings.references)
    if len(found) < settings.helpful + 2:
        raise InputError(
            f"{path.name} has {len(found)} rows of up to {longest} tokens, too few for {settings.helpful} to mix in "
            "and some to hold out.",
            next_step="Give more rows, or ask for fewer helpful ones (--helpful) or longer rows (--max-length).",
        )
    return found


def _rows(path: Path) -> Sequence[Example]:
    report = read_rows(path)
    if report.bad_rows:
        raise FileFormatError(
            f"{path.name} has {len(report.bad_rows):,} rows that do not fit ({named_lines(report.bad_rows)}).",
            kept="Nothing was started.",
            next_step="Correct or remove those rows.",
        )
    return report.examples
