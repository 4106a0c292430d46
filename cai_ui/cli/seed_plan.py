"""What a seed study is asked to do, from flags and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cai_ui.cli.command import loaded, read_bytes, read_requests
from cai_ui.cli.flags import Arguments, read_flags
from cai_ui.cli.principles import find_version
from cai_ui.config.answers import Sampling
from cai_ui.config.curate import DatasetSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.config.studies import SeedStudySettings
from cai_ui.config.train import TrainSettings

if TYPE_CHECKING:
    from cai_ui.pipeline import Services
    from cai_ui.studies.seed.plan import SeedPlan


def plan_of(services: Services, parsed: Arguments) -> SeedPlan:
    """All inputs read and drawn, in the order of their files. InputError, FileFormatError where they do not suffice."""
    from cai_ui.pipeline import models
    from cai_ui.pipeline.prompts.measured import prompts_to_measure
    from cai_ui.pipeline.prompts.sets import list_requests
    from cai_ui.studies.seed import inputs

    settings, constitution = read_flags(SeedStudySettings, parsed), find_version(services, parsed.constitution).hash
    read_flags(RevisionSettings, parsed)  # what is wrong is told before the model is loaded, which may take minutes
    read_flags(Sampling, parsed)
    prompts_to_measure(services.store, ",".join(parsed.set_keys or ()), settings.per_kind, settings.seed)
    for path in filter(None, (parsed.rows, parsed.helpful_rows)):
        read_bytes(path, 1)
    prompts = () if parsed.rows or not parsed.prompts else tuple(read_requests(parsed.prompts, "harmful"))
    if not (prompts or parsed.rows):
        list_requests(services, parsed.prompt_set, 1, settings.seed)
    dataset = read_flags(DatasetSettings, parsed)
    sft, dpo = _training(parsed, "sft", parsed.sft_rate), _training(parsed, "dpo", parsed.dpo_rate)
    loaded(services)
    return inputs.plan_of(
        services,
        inputs.SeedInputs(
            settings=settings,
            revision=read_flags(RevisionSettings, parsed, models.default_revision(services)),
            sampling=read_flags(Sampling, parsed, models.default_sampling(services)),
            dataset=dataset,
            sft=sft,
            dpo=dpo,
            constitution=constitution,
            measured=tuple(parsed.set_keys or ()),
            prompt_set=parsed.prompt_set,
            prompts=prompts,
            rows=parsed.rows,
            helpful_rows=parsed.helpful_rows,
        ),
    )


def _training(parsed: Arguments, method: str, rate: str | None) -> TrainSettings:
    from cai_ui.studies.seed.inputs import training
    from cai_ui.train.presets import preset

    given = read_flags(TrainSettings, parsed, preset(parsed.preset, method))
    return training(parsed.preset, method, {**given.model_dump(), "probe_steps": 0}, rate, {
        "learning_rate": f"--{method}-rate"
    })  # fmt: skip
