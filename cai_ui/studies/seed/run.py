"""A seed study from plan to results."""

from __future__ import annotations

from collections.abc import Iterator

from cai_ui.errors import NotFoundError
from cai_ui.pipeline.services import Services
from cai_ui.studies.seed import results
from cai_ui.studies.seed.measuring import FORMATS, Measuring
from cai_ui.studies.seed.plan import RUNS, VARIANTS, SeedPlan
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
    yield _results(stages, measuring, measuring.evaluation().id)


def seed_study_so_far(services: Services, plan: SeedPlan) -> SeedResults:
    """What is measured already, without asking the model for more. NotFoundError before all adapters are there."""
    stages = Stages(services, plan)
    runs = [stages.run(variant) for variant in RUNS]
    if any(run is None or run.state != "done" for run in runs):
        raise NotFoundError(
            "The study has not trained all its variants yet.",
            kept="What is finished is kept.",
            next_step="Go on with --yes.",
        )
    return _results(stages, Measuring(stages), None)


def _results(stages: Stages, measuring: Measuring, evaluation: str | None) -> SeedResults:
    answers = measuring.rows("answers")
    version = stages.services.store.version(stages.plan.constitution)
    return SeedResults(
        cells=results.cells(answers, VARIANTS),
        kept=results.kept(stages.folder.rows("scores")),
        formats=results.formats({format: measuring.rows(f"format-{format}") for format in FORMATS}, answers),
        critiques=results.critiques(
            stages.traces(), {principle.id: principle.name for principle in version.constitution.principles}
        ),
        removed=results.removed(measuring.rows("adapter-off"), answers),
        made=made_of(stages),
        settings=_settings(stages, measuring, evaluation),
    )


def _settings(stages: Stages, measuring: Measuring, evaluation: str | None) -> dict[str, object]:
    plan = stages.plan
    return {
        "study": stages.key,
        "evaluation": evaluation,
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
