"""A seed study from plan to results."""

from __future__ import annotations

from collections.abc import Iterator

from cai_ui.pipeline.services import Services
from cai_ui.studies.seed import results
from cai_ui.studies.seed.measuring import FORMATS, Measuring
from cai_ui.studies.seed.plan import VARIANTS, SeedPlan
from cai_ui.studies.seed.results import SeedResults
from cai_ui.studies.seed.stages import Stages, StudyProgress, made_of


def run_seed_study(services: Services, plan: SeedPlan) -> Iterator[StudyProgress | SeedResults]:
    """Progress, and as the last item the results. The same call goes on where an earlier one ended, however it ended.

    TrainingError where a run fails or there is too little to train on; then what was finished is kept.
    """
    stages = Stages(services, plan)
    yield from stages.make()
    measuring = Measuring(stages)
    yield from measuring.measure()
    answers = measuring.rows("answers")
    version = services.store.version(plan.constitution)
    yield SeedResults(
        cells=results.cells(answers, VARIANTS),
        kept=results.kept(stages.folder.rows("scores")),
        formats=results.formats({format: measuring.rows(f"format-{format}") for format in FORMATS}, answers),
        critiques=results.critiques(
            stages.traces(), {principle.id: principle.name for principle in version.constitution.principles}
        ),
        removed=results.removed(measuring.rows("adapter-off"), answers),
        made=made_of(stages),
        settings=_settings(stages, measuring),
    )


def _settings(stages: Stages, measuring: Measuring) -> dict[str, object]:
    plan = stages.plan
    return {
        "study": stages.key,
        "evaluation": measuring.evaluation().id,
        "model": stages.engine.name,
        "base": stages.engine.base_hash,
        "reader": f"{measuring.reader.name}, version {measuring.reader.version}",
        "constitution": plan.constitution,
        "source": "published rows" if plan.published else "chains",
        "seed_study": plan.settings.model_dump(),
        "revision": plan.revision.model_dump(),
        "sampling": plan.sampling.model_dump(),
        "sft": plan.sft.model_dump(),
        "dpo": plan.dpo.model_dump(),
    }
