"""What can be compared, and evaluations over held-out prompts."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from cai_ui.background import time_left
from cai_ui.compare import variants as side
from cai_ui.compare.conditions import conditions_of
from cai_ui.compare.evaluation import evaluate
from cai_ui.config.compare import CompareSettings, JudgeSettings
from cai_ui.engine.interface import Engine, StopFlag
from cai_ui.errors import EngineError, InputError, NotFoundError
from cai_ui.pipeline.compare.judging import check_judging, judge_evaluation
from cai_ui.pipeline.compare.progress import EvaluationProgress
from cai_ui.pipeline.model_host import WAIT_S
from cai_ui.pipeline.prompts.measured import prompts_to_measure
from cai_ui.pipeline.readers import reader_for
from cai_ui.pipeline.services import Services
from cai_ui.readers import Reader
from cai_ui.records import BASE, AdapterInfo, Evaluation, Prompt, content_hash
from cai_ui.versions import versions_here

CHECKPOINT = "@"
"""Between the run and the step in the name of a checkpoint that is loaded as a variant."""


def variants(services: Services) -> list[AdapterInfo]:
    """The base, then the adapters of runs that are loaded; nothing while there is no model that could answer.
    Checkpoints are asked by name, and come and go."""
    try:
        return [variant for variant in engine_variants(services.engine()) if CHECKPOINT not in variant.name]
    except EngineError:
        return []


def variants_left_out(services: Services) -> list[tuple[str, str]]:
    """Name of each run whose adapter cannot be chosen now, and why; nothing while there is no model."""
    there = variants(services)
    if not there:
        return []
    loaded, base = {variant.name for variant in there}, there[0].base_hash
    return [
        (run.name, "it is damaged" if run.base_hash == base else "it belongs to another base model")
        for run in services.store.runs(trashed=False)
        if run.adapter and run.adapter not in loaded
    ]


def variant_titles(services: Services) -> dict[str, str]:
    """Title by variant name, also of adapters that are not loaded, for showing older results."""
    titles = {run.adapter: run.name for run in services.store.runs() if run.adapter}
    return {BASE: side.BASE_TITLE, **titles, **{variant.name: variant.title for variant in variants(services)}}


def engine_variants(engine: Engine) -> list[AdapterInfo]:
    """The base and every adapter an engine has loaded."""
    return [side.base_variant(engine), *engine.adapters()]


def run_evaluation(
    services: Services,
    variant_names: Sequence[str],
    settings: CompareSettings,
    stop: StopFlag | None = None,
    judging: JudgeSettings | None = None,
) -> Iterator[EvaluationProgress]:
    """Evaluate here and now over the prompts that the settings name; the result is stored, and then read by a judge
    where `judging` names one. After a stop the same call goes on."""
    prompts = _prompts(services, settings)
    yield from evaluate_prompts(services, variant_names, prompts, settings, stop=stop, judging=judging)


def evaluate_prompts(
    services: Services,
    variant_names: Sequence[str],
    prompts: Sequence[Prompt],
    settings: CompareSettings,
    reader: Reader | None = None,
    stop: StopFlag | None = None,
    judging: JudgeSettings | None = None,
) -> Iterator[EvaluationProgress]:
    """The same over prompts, and perhaps with a reader, of one's own."""
    engine = services.engine(WAIT_S)
    chosen = side.choose(engine_variants(engine), variant_names)
    if judging is not None and judging.judge:
        check_judging(services, judging)
    reader = reader or reader_for(engine, prompts)
    id = None
    for progress in _measured(services, engine, chosen, prompts, reader, settings, stop):
        yield progress
        id = progress.evaluation_id
    if id and judging is not None and judging.judge:
        yield from judge_evaluation(services, id, judging, stop)


def start_evaluation(
    services: Services,
    variant_names: Sequence[str],
    settings: CompareSettings,
    owner: str = "",
    judging: JudgeSettings | None = None,
) -> None:
    """Begin in the background. ConflictError while one is running; NotFoundError for a variant, prompt set, rubric or
    adapter to judge with that is not there."""
    chosen = side.choose(engine_variants(services.engine()), variant_names)
    prompts = _prompts(services, settings)
    if judging is not None and judging.judge:
        check_judging(services, judging)
    services.evaluation.start(
        lambda stop: evaluate_prompts(services, variant_names, prompts, settings, stop=stop, judging=judging),
        EvaluationProgress(0, len(chosen) * len(prompts) * len(conditions_of(settings))),
        owner,
    )


def start_judging(services: Services, evaluation_id: str, judging: JudgeSettings, owner: str = "") -> None:
    """Have a judge read the answers of an evaluation that is there, in the background; it goes on where it was stopped.

    Errors as for `start_evaluation`; InputError where no judge is named.
    """
    if not judging.judge:
        raise InputError("No judge is chosen.", next_step="Choose who judges.")
    check_judging(services, judging)
    first = EvaluationProgress(0, 0, evaluation_id=evaluation_id, phase="judged")
    work = partial(judge_evaluation, services, evaluation_id, judging)
    services.evaluation.start(lambda stop: work(stop), first, owner)


def evaluation_status(services: Services) -> EvaluationProgress | None:
    """The evaluation that runs, or the last one, also from before a restart."""
    last = services.evaluation.last()
    if last is None:
        return None
    now: EvaluationProgress = replace(last.progress, state=last.state, error=last.error)
    return now if last.active else replace(now, evaluation=_stored(services, now.evaluation_id))


def _prompts(services: Services, settings: CompareSettings) -> list[Prompt]:
    return prompts_to_measure(services.store, settings.sets, settings.per_kind, settings.seed)


def _measured(
    services: Services,
    engine: Engine,
    chosen: Sequence[AdapterInfo],
    prompts: Sequence[Prompt],
    reader: Reader,
    settings: CompareSettings,
    stop: StopFlag | None,
) -> Iterator[EvaluationProgress]:
    """Evaluate, and keep answers as they come: the same evaluation of the same weights goes on where it was stopped."""
    key = f"evaluation.begun.{_asked(engine, chosen, prompts, reader, settings)}"
    begun_as = services.store.get_setting(key) or {"id": uuid.uuid4().hex, "with": []}
    if isinstance(begun_as, str):  # of an older version, which did not keep what it was made with
        begun_as = {"id": begun_as, "with": [{}]}
    id, made = begun_as["id"], versions_here()
    if made not in begun_as["with"]:
        begun_as["with"].append(made)
        services.store.set_setting(key, begun_as)
    begun = services.store.answers(id)
    kept, before, began = len(begun), len(begun), time.monotonic()
    for measured in evaluate(engine, chosen, prompts, reader, settings, stop, begun):
        if measured.fresh:
            services.store.add_answers(id, measured.fresh, kept)
            kept += len(measured.fresh)
        found = None
        if measured.evaluation is not None:
            services.store.save_evaluation(_as_begun(measured.evaluation, id, begun_as["with"]))
            services.store.set_setting(key, None)
            found = id
        eta = time_left(measured.done - before, measured.total - before, time.monotonic() - began)
        yield EvaluationProgress(measured.done, measured.total, eta, found)


def _as_begun(made: Evaluation, id: str, versions: Sequence[Mapping[str, str]]) -> Evaluation:
    """The evaluation under its id. One that was stopped and went on may have been made with several versions."""
    if made.made_with is None:
        return replace(made, id=id)
    told = {}
    for name in dict.fromkeys(name for known in versions for name in known):
        told[name] = ", then ".join(dict.fromkeys(known.get(name, "not recorded") for known in versions))
    return replace(made, id=id, made_with=replace(made.made_with, versions=told))


def _asked(
    engine: Engine, chosen: Sequence[AdapterInfo], prompts: Sequence[Prompt], reader: Reader, settings: CompareSettings
) -> str:
    """By which the same evaluation is known: who answers what, how, and who reads it."""
    who = [[variant.name, variant.hash, variant.base_hash] for variant in chosen]
    what = [[prompt.id, prompt.kind, [[turn.role, turn.content] for turn in prompt.turns]] for prompt in prompts]
    return content_hash(
        [who, what, settings.identity(), engine.default_sampling.model_dump(), reader.name, reader.version]
    )[:32]


def _stored(services: Services, evaluation_id: str | None) -> Evaluation | None:
    if not evaluation_id:
        return None
    try:
        return services.store.evaluation(evaluation_id)
    except NotFoundError:
        return None
