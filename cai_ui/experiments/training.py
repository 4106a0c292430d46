"""Adapters that an experiment trains: data of the model's own, a dataset, a run, and the held-out requests asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cai_ui.config.answers import Sampling
from cai_ui.config.curate import DatasetSettings
from cai_ui.config.experiments import ExperimentSettings, TrainedSettings
from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import BUILT_IN, Engine, Request
from cai_ui.errors import ConflictError, EngineError, TrainingError
from cai_ui.experiments.bench import Bench, Cell, Stopped
from cai_ui.experiments.results import Steps
from cai_ui.experiments.rows import row_of
from cai_ui.pipeline.curate.helpful import harmless_prompts, helpful_pairs
from cai_ui.pipeline.models import default_revision
from cai_ui.pipeline.prompts.sets import list_requests
from cai_ui.pipeline.prompts.shipped import draw
from cai_ui.pipeline.services import Services
from cai_ui.records import (
    BASE,
    NOT_OVER,
    Answer,
    Constitution,
    Decision,
    Example,
    Message,
    Prompt,
    Run,
    TrainingExample,
)
from cai_ui.revise import to_example
from cai_ui.train.presets import default_preset, preset

OWNER = "experiment"
"""Signs runs and datasets; what it accepts is in no person's queue."""
_RUNS = "runs"
_POLL_S = 0.5
_FEWEST = 4


@dataclass(frozen=True)
class Learnt:
    """What one seed learns from: revisions that the reader finds right, and helpful answers of the base's own."""

    examples: tuple[Example, ...]
    helpful: tuple[TrainingExample, ...]


def requests_to_learn(bench: Bench, settings: TrainedSettings, seed: int) -> list[Prompt]:
    """Requests that nothing is measured on."""
    measured = {prompt.text for prompt in (*bench.harmful, *bench.harmless)}
    wanted = settings.learnt + len(measured)
    if settings.learn_from:
        found = list_requests(bench.services, settings.learn_from, wanted, seed)
    else:
        twins = 2 * settings.learnt // 5
        found = [*draw("train-harmful", settings.learnt - twins, seed), *draw("train-twin", twins, seed)]
    return [prompt for prompt in found if prompt.text not in measured][: settings.learnt]


def revisions(
    bench: Bench, settings: TrainedSettings, cell: Cell, prompts: Sequence[Prompt], constitution: Constitution
) -> Steps[list[Example]]:
    """One critique and revision of each request's first answer, where the reader finds the revision right."""
    how, sampling = default_revision(bench.services), drawn(settings, cell.seed)
    traces = yield from bench.chains(cell, prompts, constitution, how, sampling)
    found = []
    for trace in traces:
        example = to_example(trace, f"{OWNER} {bench.folder.path.name}")
        right = bench.readers.declines if trace.prompt.kind == "harmful" else bench.readers.helps
        if right(trace.prompt, example.revision):
            found.append(example)
        else:
            bench.missing[f"revision of {trace.prompt.kind} request not right, or unread"] += 1
    return found


def helpful_answers(bench: Bench, settings: ExperimentSettings, number: int, seed: int) -> Steps[list[TrainingExample]]:
    """The base's own likeliest answers to harmless requests (Bai et al. 2022, section 3.2)."""
    measured = {prompt.text for prompt in (*bench.harmful, *bench.harmless)}
    prompts = [prompt for prompt in harmless_prompts(number, seed) if prompt.text not in measured]
    sampling = Sampling(temperature=0.0, max_new_tokens=settings.answer_tokens, seed=seed)
    asked = {f"helpful/{prompt.id}": Request(prompt.turns, sampling) for prompt in prompts}
    answers = yield from bench.ask(asked)
    return [
        TrainingExample((Message("user", prompt.text),), answer.text, None, f"helpful mix: {prompt.kind}", helpful=True)
        for prompt, answer in zip(prompts, answers.values(), strict=True)
        if isinstance(answer, Answer) and answer.finish == "end" and answer.text.strip()
    ]


def learnt(bench: Bench, settings: TrainedSettings, seed: int) -> Steps[Learnt]:
    """All that one seed learns from."""
    prompts = requests_to_learn(bench, settings, seed)
    examples = yield from revisions(bench, settings, Cell("learnt", seed), prompts, bench.constitution)
    helpful = yield from helpful_answers(bench, settings, settings.helpful, seed)
    return Learnt(tuple(examples), tuple(helpful))


def freeze(bench: Bench, name: str, data: Learnt, seed: int) -> str:
    """A dataset of these rows; the queue and what people decided are left alone. TrainingError for too few rows."""
    from cai_ui.curate.dataset import build_dataset

    if len(data.examples) < _FEWEST:
        raise TrainingError(
            f"Only {len(data.examples)} revisions were right, too few to train on.",
            kept="The answers are kept.",
            next_step="Learn from more requests, or look whether this model can follow the principles.",
        )
    decided = [(example, Decision("", example.id, "accept", OWNER)) for example in data.examples]
    refusals = [example.revision for example in data.examples if example.prompt.kind == "harmful"]
    settings = DatasetSettings(helpful=len(data.helpful), seed=seed)
    mixed = helpful_pairs(data.helpful, refusals, seed)
    dataset = build_dataset(f"{OWNER} {name}", decided, data.helpful, settings, mixed)
    return bench.services.store.save_dataset(dataset, OWNER).hash


def usual(engine: Engine, method: str) -> TrainSettings:
    """Those of the preset that suits the model."""
    return preset(default_preset(engine.name in BUILT_IN), method)


def train_settings(bench: Bench, settings: TrainedSettings, method: str, seed: int) -> TrainSettings:
    """The usual ones with the experiment's seed, and with no more steps than it allows."""
    chosen = usual(bench.engine, method)
    changes: dict[str, Any] = {"seed": seed, "probe_steps": 0}
    if settings.max_steps:
        changes["max_steps"] = settings.max_steps
    return chosen.model_copy(update=changes)


def train(
    bench: Bench, settings: TrainedSettings, title: str, method: str, dataset: str, seed: int, start: str = BASE
) -> Steps[str]:
    """The adapter of a run with the settings of the preset; see `trained`."""
    how = train_settings(bench, settings, method, seed)
    return (yield from trained(bench, how, title, method, dataset, seed, start))


def trained(
    bench: Bench, how: TrainSettings, title: str, method: str, dataset: str, seed: int, start: str = BASE
) -> Steps[str]:
    """The adapter of a run like any other, also on the Train tab; one that was cut off goes on from its checkpoint.

    `start` is the adapter to begin from. TrainingError where the run fails, Stopped after a stop.
    """
    jobs, key = bench.services.jobs, f"{title}, seed {seed}"
    runs: dict[str, str] = bench.folder.value(_RUNS) or {}
    run = _known(bench.services, runs.get(key))
    if run is None or run.state == "cancelled":
        name = f"{OWNER} {bench.folder.path.name[:8]} {key}"
        begin = None if start == BASE else start
        run = jobs.submit(method, dataset, how, OWNER, name, begin, f"{OWNER} {bench.folder.path.name}")
        bench.folder.keep(_RUNS, {**runs, key: run.id})
    elif run.state not in (*NOT_OVER, "done"):
        run = jobs.resume(run.id)
    asked = False
    while run.state in NOT_OVER:
        if bench.stopped() and not asked:
            asked = True
            with suppress(ConflictError):  # it has just ended
                jobs.stop(run.id)
        run = jobs.wait(run.id, _POLL_S)
        bench.part = f"training {key}: step {run.step} of {run.total_steps}"
        yield
    if bench.stopped():
        raise Stopped
    if run.state != "done":
        raise TrainingError(
            run.error or f"The run {run.name} was {run.state}.",
            kept="What was finished before is kept.",
            next_step="Go on with the experiment; the run's log is on the Train tab.",
        )
    return str(run.adapter)


def ask(bench: Bench, settings: ExperimentSettings, cell: Cell, adapter: str) -> Steps[None]:
    """Rows of a variant's answers to the requests of both sides. EngineError where other weights answered."""
    bench.part = f"{cell.condition}, seed {cell.seed}: held-out requests"
    prompts = {f"{cell.key}/{prompt.id}": prompt for prompt in (*bench.harmful, *bench.harmless)}
    sampling = drawn(settings, cell.seed)
    asked = {key: Request(prompt.turns, sampling, adapter) for key, prompt in prompts.items()}
    answers: Mapping[str, Answer | str] = yield from bench.ask(asked)
    for key, answer in answers.items():
        if isinstance(answer, str):
            bench.missing[f"{cell.condition}: {answer}"] += 1
            continue
        if (answer.provenance.adapter or BASE) != adapter:
            raise EngineError(f"{answer.provenance.adapter or BASE} answered in place of {adapter}.")
        row = row_of(cell, prompts[key], 0, answer.text, answer, bench.readers)
        bench.rows.append(row | {"adapter": adapter})


def drawn(settings: ExperimentSettings, seed: int) -> Sampling:
    return Sampling(temperature=settings.temperature, max_new_tokens=settings.answer_tokens, seed=seed)


def _known(services: Services, run_id: str | None) -> Run | None:
    return next((run for run in services.store.runs(trashed=False) if run.id == run_id), None)
