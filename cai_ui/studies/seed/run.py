"""A seed study from plan to results."""

from __future__ import annotations

from collections.abc import Iterator

from cai_ui.compare import likelihood
from cai_ui.engine.interface import StopFlag
from cai_ui.errors import NotFoundError
from cai_ui.pipeline.progress import StudyProgress
from cai_ui.pipeline.services import Services
from cai_ui.records import to_dict
from cai_ui.store.encoding import from_dict
from cai_ui.studies.seed import results
from cai_ui.studies.seed.measuring import FORMATS, Measuring
from cai_ui.studies.seed.plan import SeedPlan
from cai_ui.studies.seed.results import SeedResults
from cai_ui.studies.seed.stages import Stages, made_of


def run_seed_study(
    services: Services, plan: SeedPlan, stop: StopFlag | None = None, command: str = ""
) -> Iterator[StudyProgress | SeedResults]:
    """Progress, and as the last item the results; none after a stop. The same call goes on where an earlier one ended,
    however it ended. `command` is kept with the study, as what makes it again.

    TrainingError where a run fails or there is too little to train on; then what was finished is kept.
    """
    stages = Stages(services, plan, stop)
    stages.keep_plan(command)
    yield from stages.make()
    if stages.stopped:
        return
    measuring = Measuring(stages)
    yield from measuring.measure()
    if not stages.stopped:
        found = _results(stages, measuring, measuring.evaluation().id)
        stages.folder.keep("results", to_dict(found))
        yield found


def seed_study_so_far(services: Services, plan: SeedPlan) -> SeedResults:
    """What is measured already, without asking the model for more: all of it once the study is finished. NotFoundError
    before all adapters are there."""
    stages = Stages(services, plan)
    kept = stages.folder.value("results")
    if kept is not None:
        return from_dict(SeedResults, kept)
    runs = [stages.run(variant) for variant in plan.trained]
    if any(run is None or run.state != "done" for run in runs):
        raise NotFoundError(
            "The study has not trained all its variants yet.",
            kept="What is finished is kept.",
            next_step="Go on with it (--yes).",
        )
    return _results(stages, Measuring(stages), None)


def _results(stages: Stages, measuring: Measuring, evaluation: str | None) -> SeedResults:
    answers = measuring.rows("answers")
    version = stages.services.store.version(stages.plan.constitution)
    return SeedResults(
        cells=results.cells(answers, stages.plan.variants),
        kept=likelihood.kept(stages.folder.rows("scores")),
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
        "source": plan.source,
        "trained": plan.trained,
        "seed_study": plan.settings.model_dump(),
        "revision": plan.revision.model_dump(),
        "sampling": plan.sampling.model_dump(),
        "sft": plan.sft.model_dump(),
        "dpo": plan.dpo.model_dump(),
    }
