"""The guided run: the whole method once, with defaults, in the background, every stage visible.

It does what a person does tab by tab: revise answers to harmful requests, accept the revisions, freeze
a dataset, train SFT and DPO adapters, and measure base and adapters on held-out requests.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from cai_ui import revise
from cai_ui.background import time_left
from cai_ui.config import CompareSettings, DatasetSettings, GuidedRunSettings, TrainSettings
from cai_ui.engine.interface import BUILT_IN, StopFlag
from cai_ui.errors import EngineError, NotFoundError, TrainingError
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.constitution.constitutions import current_constitution
from cai_ui.pipeline.constitution.few_shot import few_shot
from cai_ui.pipeline.curate.datasets import freeze_dataset
from cai_ui.pipeline.curate.helpful import own_answers
from cai_ui.pipeline.gate import approved
from cai_ui.pipeline.model_host import WAIT_S
from cai_ui.pipeline.models import default_revision, default_sampling
from cai_ui.pipeline.prompts.measured import prompts_to_measure
from cai_ui.pipeline.prompts.shipped import draw
from cai_ui.pipeline.readers import reader_for
from cai_ui.pipeline.revise.batch import keep_result
from cai_ui.pipeline.services import Services
from cai_ui.pipeline.train.runs import run_view
from cai_ui.readers import good as right
from cai_ui.records import BASE, NOT_OVER, Evaluation, Example, Run, TrainingExample
from cai_ui.train.presets import default_preset, preset

RATER = "guided run"
"""Signs the automatic acceptances, so that they can be told from a person's."""
_POLL_S = 0.5
_FEWEST = 2

TITLES: dict[str, str] = {
    "chains": "Revise answers",
    "accept": "Accept the revisions that changed for the better",
    "freeze": "Freeze a dataset",
    "sft": "Train on the revisions (SFT)",
    "dpo": "Train on preferences (DPO)",
    "measure": "Ask before and after",
}


@dataclass(frozen=True)
class GuidedRunStage:
    """A stage as it is shown. `state`: waiting, running, done, failed, stopped. `seconds` is None before it began."""

    key: str
    title: str
    state: str = "waiting"
    detail: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class GuidedRunProgress:
    """All stages, and what they left behind."""

    stages: tuple[GuidedRunStage, ...] = tuple(GuidedRunStage(key, title) for key, title in TITLES.items())
    dataset_hash: str | None = None
    run_ids: dict[str, str] = field(default_factory=dict)
    evaluation_id: str | None = None


@dataclass(frozen=True)
class GuidedRunView:
    """The guided run as a page shows it. `state`: idle, running, stopping, stopped, done, failed."""

    state: str
    stages: list[GuidedRunStage]
    evaluation: Evaluation | None = None
    error: str = ""
    run_ids: dict[str, str] = field(default_factory=dict)
    dataset_hash: str | None = None


def start_guided_run(services: Services, author: str = "", settings: GuidedRunSettings | None = None) -> None:
    """Begin in the background. ConflictError while it is running, EngineError for a model that cannot be trained,
    NotFoundError for a prompt set that is not there."""
    if services.host.status().model == "scripted":
        raise EngineError(
            "The scripted model cannot be trained.",
            next_step="Choose the embedded model or a real one on the Start tab.",
        )
    settings = settings or GuidedRunSettings()
    prompts_to_measure(services.store, settings.sets, settings.per_kind, settings.seed)  # refused now, not at the end
    services.guided_run.start(lambda stop: run_stages(services, stop, settings, author), GuidedRunProgress(), author)


def guided_run_status(services: Services) -> GuidedRunView:
    """The guided run that runs, or the last one, also from before a restart."""
    last = services.guided_run.last()
    if last is None:
        return GuidedRunView("idle", list(GuidedRunProgress().stages))
    return _view(services, last.progress, last.state, last.error)


def run_stages(
    services: Services, stop: StopFlag, settings: GuidedRunSettings | None = None, author: str = ""
) -> Iterator[GuidedRunProgress]:
    """The guided run here and now, stage by stage. What each stage makes is stored as it is made."""
    return _GuidedRun(services, stop, settings or GuidedRunSettings(), author).run()


class _GuidedRun:
    """One guided run on its way: what the stages hand to one another."""

    def __init__(self, services: Services, stop: StopFlag, settings: GuidedRunSettings, author: str) -> None:
        self._services = services
        self._stop = stop
        self._settings = settings
        self._author = author or "local"
        self._now = GuidedRunProgress()
        self._examples: list[Example] = []

    def run(self) -> Iterator[GuidedRunProgress]:
        """Stops between and within stages; an error ends the stage as failed and is raised on."""
        stages = {
            "chains": self._chains,
            "accept": self._accept,
            "freeze": self._freeze,
            "sft": lambda: self._train("sft"),
            "dpo": lambda: self._train("dpo"),
            "measure": self._measure,
        }
        for key, stage in stages.items():
            if self._stop.is_set():
                return
            began = time.monotonic()
            yield self._stage(key, began, "running")
            try:
                for detail in stage():
                    yield self._stage(key, began, "running", detail)
            except Exception:
                yield self._stage(key, began, "failed")
                raise
            yield self._stage(key, began, "stopped" if self._stop.is_set() else "done")

    def _chains(self) -> Iterator[str]:
        """Chains on harmful requests and on twins under the constitution in use."""
        settings = self._settings
        prompts = draw("train-harmful", settings.harmful, settings.seed) + draw(
            "train-twin", settings.twins, settings.seed
        )
        constitution = current_constitution(self._services).constitution
        engine = self._services.engine(WAIT_S)
        sampling = default_sampling(self._services).model_copy(update={"seed": settings.seed})
        failed, began = 0, time.monotonic()
        yield f"0 of {len(prompts)} traces under “{constitution.title}”"
        results = revise.revise_batch(
            engine, prompts, constitution, default_revision(self._services), sampling, revise.BATCH_SIZE, self._stop,
            examples=few_shot(self._services, constitution.name),
        )  # fmt: skip
        for number, result in enumerate(results, 1):
            kept = keep_result(self._services, result, RATER)
            if isinstance(kept, str):
                failed += 1
            else:
                self._examples.append(kept[0])
            left = time_left(number, len(prompts), time.monotonic() - began) or 0.0
            rest = f", {failed} failed" if failed else ""
            more = f", about {left:.0f} s left" if number < len(prompts) else ""
            yield f"{number} of {len(prompts)} traces under “{constitution.title}”{rest}{more}"

    def _accept(self) -> Iterator[str]:
        """Accept as a bulk decision what the reader finds right; the rest stays open for a person."""
        reader = reader_for(self._services.engine(WAIT_S))
        found = [e for e in self._examples if right(e.prompt.kind, reader.read(e.prompt, e.revision).outcome)]
        agreed, doubts = approved(self._services, self._settings.judge, found, self._stop)
        good = [example.id for example in agreed]
        accepted = self._services.store.decide_many(good, "accept", RATER) if good else 0
        before = len(good) - accepted
        rest = len(self._examples) - len(good)
        yield (
            f"{accepted} accepted automatically{f', {before} were judged before' if before else ''}; "
            f"{rest} left open in Curate{doubts}"
        )
        if len(good) < _FEWEST:
            raise TrainingError(
                f"Only {len(good)} revisions were usable, too few to train on.",
                kept="The traces are in Curate.",
                next_step="Look at them there: the principles may not fit, or this model cannot follow them.",
            )

    def _freeze(self) -> Iterator[str]:
        settings = DatasetSettings(helpful=self._settings.helpful, seed=self._settings.seed)
        ids = {example.id for example in self._examples}
        helpful: list[TrainingExample] = []
        for row in own_answers(self._services.engine(WAIT_S), settings.helpful, settings.seed, self._stop):
            helpful.append(row)
            yield f"{len(helpful)} of {settings.helpful} helpful answers of its own"
        if self._stop.is_set():
            return
        info = freeze_dataset(self._services, RATER, settings, self._author, example_ids=ids, helpful=helpful)
        self._now = replace(self._now, dataset_hash=info.hash)
        count = info.counts
        yield (
            f"{count['sft_train']} training rows and {count['sft_eval']} held out; "
            f"{count['pairs_train']} preference pairs and {count['pairs_eval']} held out"
        )

    def _train(self, method: str) -> Iterator[str]:
        """A run like any other, on the Train tab as well; waits for its end. DPO goes on from the SFT adapter."""
        assert self._now.dataset_hash is not None
        start = self._start_adapter(method)
        run = self._services.jobs.submit(method, self._now.dataset_hash, self._train_settings(method), self._author,
            name=f"{RATER} {method.upper()}", start_adapter=start,
        )  # fmt: skip
        self._now = replace(self._now, run_ids={**self._now.run_ids, method: run.id})
        asked = False
        while run.state in NOT_OVER:
            if self._stop.is_set() and not asked:
                self._services.jobs.stop(run.id, save=True)
                asked = True
            self._services.jobs.wait(run.id, _POLL_S)
            run = self._services.store.run(run.id)
            yield _training_detail(self._services, run)
        if run.state == "failed":
            raise TrainingError(run.error or "The run failed.", next_step="Its log is on the Train tab.")
        if run.state != "done":
            self._stop.set()  # stopped on the Train tab: the guided run has nothing to go on with

    def _start_adapter(self, method: str) -> str | None:
        if method == "sft":
            return None
        return self._services.store.run(self._now.run_ids["sft"]).adapter

    def _train_settings(self, method: str) -> TrainSettings:
        chosen = preset(default_preset(self._services.engine(WAIT_S).name in BUILT_IN), method)
        changes: dict[str, Any] = {"seed": self._settings.seed}
        if self._settings.max_steps:
            changes["max_steps"] = self._settings.max_steps
        return chosen.model_copy(update=changes)

    def _measure(self) -> Iterator[str]:
        """Base, SFT and DPO over the same held-out requests."""
        adapters = [self._services.store.run(run_id).adapter for run_id in self._now.run_ids.values()]
        variants = [BASE, *(name for name in adapters if name)]
        settings = CompareSettings(**{name: getattr(self._settings, name) for name in ("sets", "per_kind", "seed")})
        for progress in comparison.run_evaluation(self._services, variants, settings, self._stop):
            if progress.evaluation_id:
                self._now = replace(self._now, evaluation_id=progress.evaluation_id)
            yield f"{progress.done} of {progress.total} answers"

    def _stage(self, key: str, began: float, state: str, detail: str = "") -> GuidedRunProgress:
        stages = tuple(
            replace(s, state=state, detail=detail or s.detail, seconds=time.monotonic() - began) if s.key == key else s
            for s in self._now.stages
        )
        self._now = replace(self._now, stages=stages)
        return self._now


def _training_detail(services: Services, run: Run) -> str:
    words = [f"step {run.step} of {run.total_steps}"] if run.total_steps else [run.state]
    metrics = run_view(services, run.id, max(0, run.step - 50)).metrics
    losses = [row["loss"] for row in metrics if isinstance(row.get("loss"), (int, float))]
    return ", ".join([*words, *([f"loss {losses[-1]:.2f}"] if losses else [])])


def _view(services: Services, progress: GuidedRunProgress, state: str, error: str) -> GuidedRunView:
    stages = list(progress.stages)
    if state not in ("running", "stopping"):
        ended = "failed" if state == "failed" else "stopped"
        stages = [replace(stage, state=ended) if stage.state == "running" else stage for stage in stages]
    evaluation = None
    if progress.evaluation_id:
        try:
            evaluation = services.store.evaluation(progress.evaluation_id)
        except NotFoundError:
            evaluation = None
    return GuidedRunView(state, stages, evaluation, error, dict(progress.run_ids), progress.dataset_hash)
