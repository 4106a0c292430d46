"""The guided run: the whole method once, with defaults, in the background, every stage visible.

It does what a person does tab by tab: revise answers to harmful requests, accept the revisions, freeze
a dataset, train SFT and DPO adapters, and measure base and adapters on held-out requests.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cai_ui import revise
from cai_ui.background import Snapshot, time_left
from cai_ui.config.compare import CompareSettings
from cai_ui.config.curate import DatasetSettings
from cai_ui.config.guided_run import GuidedRunSettings
from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import BUILT_IN, StopFlag
from cai_ui.errors import ConflictError, EngineError, NotFoundError, TrainingError
from cai_ui.pipeline import guided_result
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.constitution.few_shot import few_shot
from cai_ui.pipeline.curate.datasets import freeze_dataset
from cai_ui.pipeline.curate.helpful import changed_by_revision, kept_helpful, own_answers
from cai_ui.pipeline.gate import approved
from cai_ui.pipeline.guided_progress import GuidedRunProgress, GuidedRunStage, GuidedRunView
from cai_ui.pipeline.guided_result import GuidedResult
from cai_ui.pipeline.model_host import WAIT_S
from cai_ui.pipeline.models import default_revision, default_sampling
from cai_ui.pipeline.progress import INTERRUPTED
from cai_ui.pipeline.prompts.measured import prompts_to_measure
from cai_ui.pipeline.prompts.shipped import draw
from cai_ui.pipeline.readers import reader_for
from cai_ui.pipeline.revise.batch import keep_result
from cai_ui.pipeline.services import Services
from cai_ui.pipeline.train.runs import run_view
from cai_ui.readers import good as right
from cai_ui.records import BASE, NOT_OVER, RESUMABLE, Run
from cai_ui.train.presets import default_preset, preset

RATER = "guided run"
"""Signs the automatic acceptances, so that they can be told from a person's."""
DPO_PASSES = 2
"""Over the pairs, of which a guided run has some 600: as good as three (docs/embedded_model.md), and 40 s shorter. The
preset makes three, which smaller sets need: of 75 pairs two passes from the base changed next to nothing."""
_Said = tuple[str, float | None]
"""What a stage says of itself: how far it is, and the seconds it still needs where it knows."""
_POLL_S = 0.5
_FEWEST = 2


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


def resume_guided_run(services: Services, author: str = "") -> None:
    """Go on with the last one where it ended early. ConflictError where there is nothing to go on with."""
    view, last = guided_run_status(services), services.guided_run.last()
    if last is None or not view.resumable:
        raise ConflictError("There is no guided run to go on with.", next_step="Start a new one.")
    settings, before = GuidedRunSettings(**last.progress.settings), last.progress
    services.guided_run.start(lambda stop: run_stages(services, stop, settings, author, before), before, author)


def guided_run_status(services: Services) -> GuidedRunView:
    """The guided run that runs, or the last one, also from before a restart."""
    last = services.guided_run.last()
    if last is None:
        return GuidedRunView("idle", list(GuidedRunProgress().stages))
    return _view(services, last, services.guided_run.quiet_s())


def run_stages(
    services: Services,
    stop: StopFlag,
    settings: GuidedRunSettings | None = None,
    author: str = "",
    before: GuidedRunProgress | None = None,
) -> Iterator[GuidedRunProgress]:
    """The guided run here and now, stage by stage. What each stage makes is stored as it is made; what one that ended
    early did `before` is not done again."""
    return _GuidedRun(services, stop, settings or GuidedRunSettings(), author, before).run()


def train_settings(services: Services, method: str, seed: int, max_steps: int = 0) -> TrainSettings:
    """How a guided run trains: by the preset for the loaded model, but for the passes of the embedded model's DPO."""
    built_in = services.engine(WAIT_S).name in BUILT_IN
    changes: dict[str, Any] = {"seed": seed}
    if max_steps:
        changes["max_steps"] = max_steps
    if built_in and method == "dpo":
        changes["epochs"] = DPO_PASSES
    return preset(default_preset(built_in), method).model_copy(update=changes)


class _GuidedRun:
    """One guided run on its way: what the stages hand to one another."""

    def __init__(
        self,
        services: Services,
        stop: StopFlag,
        settings: GuidedRunSettings,
        author: str,
        before: GuidedRunProgress | None,
    ) -> None:
        self._services = services
        self._stop = stop
        self._settings = settings
        self._author = author or "local"
        self._version = guided_result.version_of(services, before.constitution_hash if before else "")
        self._now = replace(
            before or GuidedRunProgress(), settings=settings.model_dump(), constitution_hash=self._version.hash
        )
        self._examples = list(services.store.examples_by_id(self._now.example_ids).values())

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
            at = next(one for one in self._now.stages if one.key == key)
            if at.state == "done":
                continue
            began = time.monotonic() - (at.seconds or 0.0)
            yield self._stage(key, began, "running")
            try:
                for detail, left_s in stage():
                    yield self._stage(key, began, "running", detail, left_s)
            except Exception:
                yield self._stage(key, began, "failed")
                raise
            yield self._stage(key, began, "stopped" if self._stop.is_set() else "done")
        if self._now.evaluation_id and not self._stop.is_set():
            guided_result.keep_result(self._services, self._result(self._now.evaluation_id))

    def _result(self, evaluation_id: str) -> GuidedResult:
        took, of = {s.key: s.seconds or 0.0 for s in self._now.stages}, self._version
        return GuidedResult(
            evaluation_id, of.constitution.title, of.hash, self._now.dataset_hash or "", self._now.run_ids, took,
            base_hash=self._services.engine(WAIT_S).base_hash,
        )  # fmt: skip

    def _chains(self) -> Iterator[_Said]:
        """Chains on harmful requests and on twins under the constitution in use."""
        settings = self._settings
        prompts = draw("train-harmful", settings.harmful, settings.seed) + draw(
            "train-twin", settings.twins, settings.seed
        )
        constitution = self._version.constitution
        here = {example.prompt.id for example in self._examples}
        prompts, total = [prompt for prompt in prompts if prompt.id not in here], len(prompts)
        engine = self._services.engine(WAIT_S)
        sampling = default_sampling(self._services).model_copy(update={"seed": settings.seed})
        failed, began = 0, time.monotonic()
        yield f"{len(here)} of {total} traces under “{constitution.title}”", None
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
                self._now = replace(self._now, example_ids=(*self._now.example_ids, kept[0].id))
            left = time_left(number, len(prompts), time.monotonic() - began)
            rest = f", {failed} failed" if failed else ""
            yield f"{len(here) + number} of {total} traces under “{constitution.title}”{rest}", left

    def _accept(self) -> Iterator[_Said]:
        """Accept as a bulk decision what the reader finds right; the rest stays open for a person."""
        reader = reader_for(self._services.engine(WAIT_S))
        changed = [example for example in self._examples if changed_by_revision(example)]
        found = [e for e in changed if right(e.prompt.kind, reader.read(e.prompt, e.revision).outcome)]
        agreed, doubts = approved(self._services, self._settings.judge, found, self._stop)
        good = [example.id for example in agreed]
        accepted = self._services.store.decide_many(good, "accept", RATER) if good else 0
        before, same = len(good) - accepted, len(self._examples) - len(changed)
        rest = len(self._examples) - len(good)
        yield (
            f"{len(self._examples)} traces: {accepted} accepted automatically"
            f"{f', {before} were judged before' if before else ''}; {rest} left open in Curate, "
            f"{same} of them because the revision changed nothing{doubts}",
            None,
        )
        if len(good) < _FEWEST:
            raise TrainingError(
                f"Only {len(good)} revisions were usable, too few to train on.",
                kept="The traces are in Curate.",
                next_step="Look at them there: the principles may not fit, or this model cannot follow them.",
            )

    def _freeze(self) -> Iterator[_Said]:
        settings = DatasetSettings(helpful=self._settings.helpful, seed=self._settings.seed)
        ids = {example.id for example in self._examples}
        engine = self._services.engine(WAIT_S)
        helpful = kept_helpful(self._examples, reader_for(engine))[: settings.helpful]
        missing, began = settings.helpful - len(helpful), time.monotonic()
        for number, row in enumerate(own_answers(engine, missing, settings.seed, self._stop), 1):
            helpful.append(row)
            left = time_left(number, missing, time.monotonic() - began)
            yield f"{len(helpful)} of {settings.helpful} helpful answers of its own", left
        if self._stop.is_set():
            return
        info = freeze_dataset(self._services, RATER, settings, self._author, example_ids=ids, helpful=helpful)
        self._now = replace(self._now, dataset_hash=info.hash)
        count, judged, mixed = info.counts, sum(info.judged.values()), sum(info.mixed.values())
        yield (
            f"{judged} accepted revisions + {mixed} helpful answers = {count['sft_train']} rows to "
            f"train on + {count['sft_eval']} held out; {count['pairs_train']} pairs of revision and first answer + "
            f"{count['pairs_eval']} held out",
            None,
        )

    def _train(self, method: str) -> Iterator[_Said]:
        """A run like any other, on the Train tab as well; waits for its end. DPO goes on from the SFT adapter."""
        assert self._now.dataset_hash is not None
        run = self._begin(method, self._now.dataset_hash)
        self._now = replace(self._now, run_ids={**self._now.run_ids, method: run.id})
        asked = False
        while run.state in NOT_OVER:
            if self._stop.is_set() and not asked:
                self._services.jobs.stop(run.id, save=True)
                asked = True
            self._services.jobs.wait(run.id, _POLL_S)
            run = self._services.store.run(run.id)
            yield _training_said(self._services, run)
        if run.state == "failed":
            raise TrainingError(run.error or "The run failed.", next_step="Its log is on the Train tab.")
        if run.state != "done":
            self._stop.set()  # stopped on the Train tab: the guided run has nothing to go on with

    def _begin(self, method: str, dataset_hash: str) -> Run:
        """A new run, or the one that was stopped, from its last checkpoint."""
        known = self._now.run_ids.get(method)
        if known and self._services.store.run(known).state in RESUMABLE:
            return self._services.jobs.resume(known)
        settings = train_settings(self._services, method, self._settings.seed, self._settings.max_steps)
        return self._services.jobs.submit(method, dataset_hash, settings, self._author,
            name=f"{RATER} {method.upper()}", start_adapter=self._start_adapter(method),
        )  # fmt: skip

    def _start_adapter(self, method: str) -> str | None:
        if method == "sft":
            return None
        return self._services.store.run(self._now.run_ids["sft"]).adapter

    def _measure(self) -> Iterator[_Said]:
        """Base, SFT and DPO over the same held-out requests."""
        adapters = [self._services.store.run(run_id).adapter for run_id in self._now.run_ids.values()]
        variants = [BASE, *(name for name in adapters if name)]
        settings = CompareSettings(**{name: getattr(self._settings, name) for name in ("sets", "per_kind", "seed")})
        for progress in comparison.run_evaluation(self._services, variants, settings, self._stop):
            if progress.evaluation_id:
                self._now = replace(self._now, evaluation_id=progress.evaluation_id)
            yield f"{progress.done} of {progress.total} answers", progress.eta_s

    def _stage(
        self, key: str, began: float, state: str, detail: str = "", left_s: float | None = None
    ) -> GuidedRunProgress:
        took = time.monotonic() - began
        stages = tuple(
            replace(s, state=state, detail=detail or s.detail, seconds=took, left_s=left_s) if s.key == key else s
            for s in self._now.stages
        )
        self._now = replace(self._now, stages=stages)
        return self._now


def _training_said(services: Services, run: Run) -> _Said:
    words = [f"step {run.step} of {run.total_steps}"] if run.total_steps else [run.state]
    view = run_view(services, run.id, max(0, run.step - 50))
    losses = [row["loss"] for row in view.metrics if isinstance(row.get("loss"), (int, float))]
    return ", ".join([*words, *([f"loss {losses[-1]:.2f}"] if losses else [])]), view.eta_s


def _going_on(stage: GuidedRunStage, quiet_s: float) -> GuidedRunStage:
    """A stage that runs, that many seconds after it was last heard of: one answer may take minutes."""
    left_s = None if stage.left_s is None else max(0.0, stage.left_s - quiet_s)
    return replace(stage, seconds=(stage.seconds or 0.0) + quiet_s, left_s=left_s)


def _view(services: Services, last: Snapshot[GuidedRunProgress], quiet_s: float) -> GuidedRunView:
    progress, state = last.progress, last.state
    ended = "failed" if state == "failed" else "stopped"
    stages = [
        stage if stage.state != "running" else _going_on(stage, quiet_s) if last.active else replace(stage, state=ended)
        for stage in progress.stages
    ]
    evaluation = None
    if progress.evaluation_id:
        try:
            evaluation = services.store.evaluation(progress.evaluation_id)
        except NotFoundError:
            evaluation = None
    took = {stage.key: stage.seconds for stage in stages}
    return GuidedRunView(
        state, stages, evaluation, last.error, dict(progress.run_ids), progress.dataset_hash,
        guided_result.left_s(services, took, progress.running) if last.active else None,
        state in ("stopped", "failed") and bool(progress.example_ids) and bool(progress.settings),
        len(progress.example_ids), last.error == INTERRUPTED,
    )  # fmt: skip
