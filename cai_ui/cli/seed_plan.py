"""The plan of a seed study from flags and files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import WAIT_S, read_requests
from cai_ui.cli.flags import Arguments, read_flags
from cai_ui.cli.principles import find_version
from cai_ui.config import DatasetSettings, RevisionSettings, Sampling, SeedStudySettings, TrainSettings, checked
from cai_ui.engine.interface import Engine
from cai_ui.errors import FileFormatError, InputError
from cai_ui.records import Example, Prompt, TrainingExample

if TYPE_CHECKING:
    from cai_ui.pipeline import Services
    from cai_ui.studies.seed.plan import SeedPlan


def plan_of(services: Services, parsed: Arguments) -> SeedPlan:
    """All inputs read and drawn, in the order of their files. InputError, FileFormatError where they do not suffice."""
    from cai_ui.pipeline import models
    from cai_ui.pipeline.prompts.measured import prompts_to_measure
    from cai_ui.studies.seed.plan import SeedPlan, unmeasured

    engine = services.engine(WAIT_S)
    settings = read_flags(SeedStudySettings, parsed)
    sampling = read_flags(Sampling, parsed, models.default_sampling(services)).model_copy(
        update={"seed": settings.seed}
    )
    measured = prompts_to_measure(services.store, ",".join(parsed.set_keys or ()), settings.per_kind, settings.seed)
    sft, dpo = (_training(parsed, method, settings.seed) for method in ("sft", "dpo"))
    helpful = _helpful(parsed.helpful_rows, engine, min(sft.max_length, engine.context_length), settings)
    return SeedPlan(
        requests=() if parsed.rows else unmeasured(_requests(services, parsed, settings), measured, settings.harmless),
        published=_published(parsed.rows, measured, settings.harmless),
        helpful=tuple(helpful[: settings.helpful]),
        references=tuple(helpful[settings.helpful :]),
        measured=tuple(measured),
        constitution=find_version(services, parsed.constitution).hash,
        settings=settings,
        revision=read_flags(RevisionSettings, parsed, models.default_revision(services)),
        sampling=sampling,
        dataset=read_flags(DatasetSettings, parsed),
        sft=sft,
        dpo=dpo,
    )


def _training(parsed: Arguments, method: str, seed: int) -> TrainSettings:
    from cai_ui.train.presets import preset

    rate = parsed.sft_rate if method == "sft" else parsed.dpo_rate
    start = preset(parsed.preset, method).model_copy(update={"probe_steps": 0, "seed": seed})
    settings = read_flags(TrainSettings, parsed, start).model_copy(update={"seed": seed})
    given = {} if rate is None else {"learning_rate": rate}
    return checked(TrainSettings, {**settings.model_dump(), **given}, {"learning_rate": f"--{method}-rate"})


def _requests(services: Services, parsed: Arguments, settings: SeedStudySettings) -> list[Prompt]:
    from cai_ui.pipeline.prompts.sets import list_requests

    if parsed.prompts is not None:
        return read_requests(parsed.prompts, "harmful")
    return list_requests(services, parsed.prompt_set, settings.harmless, settings.seed)


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
    from cai_ui.studies.seed.plan import fitting

    if path is None:
        return []
    rows = [TrainingExample(row.conversation, row.revision, None, row.source, helpful=True) for row in _rows(path)]
    found = fitting(rows, engine, longest, settings.helpful + settings.references)
    if len(found) < settings.helpful + 2:
        raise InputError(
            f"{path.name} has {len(found)} rows of up to {longest} tokens, too few for {settings.helpful} to mix in "
            "and some to hold out.",
            next_step="Give more rows, a lower --helpful, or a higher --max-length.",
        )
    return found


def _rows(path: Path) -> Sequence[Example]:
    from cai_ui.curate.importing import read_rows
    from cai_ui.pipeline.curate.imports import named_lines

    report = read_rows(path)
    if report.bad_rows:
        raise FileFormatError(
            f"{path.name} has {len(report.bad_rows):,} rows that do not fit ({named_lines(report.bad_rows)}).",
            kept="Nothing was started.",
            next_step="Correct or remove those rows.",
        )
    return report.examples
