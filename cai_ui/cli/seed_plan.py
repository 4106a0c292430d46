"""What a seed study is asked to do, from flags and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cai_ui.cli.command import read_requests
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
    from cai_ui.cli.command import WAIT_S
    from cai_ui.pipeline import models
    from cai_ui.studies.seed import inputs

    services.engine(WAIT_S)
    return inputs.plan_of(
        services,
        inputs.SeedInputs(
            settings=read_flags(SeedStudySettings, parsed),
            revision=read_flags(RevisionSettings, parsed, models.default_revision(services)),
            sampling=read_flags(Sampling, parsed, models.default_sampling(services)),
            dataset=read_flags(DatasetSettings, parsed),
            sft=_training(parsed, "sft", parsed.sft_rate),
            dpo=_training(parsed, "dpo", parsed.dpo_rate),
            constitution=find_version(services, parsed.constitution).hash,
            measured=tuple(parsed.set_keys or ()),
            prompt_set=parsed.prompt_set,
            prompts=() if parsed.rows or not parsed.prompts else tuple(read_requests(parsed.prompts, "harmful")),
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
