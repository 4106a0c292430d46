"""The stages of a seed study: examples, datasets, trainings. Measuring follows (measuring.py).

What is finished is in the study's folder, the store and the runs; a stage that is begun again goes on behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from cai_ui import revise
from cai_ui.config.answers import Sampling
from cai_ui.engine.interface import Request, StopFlag
from cai_ui.errors import ConflictError, TrainingError
from cai_ui.experiments.folder import ResultFolder
from cai_ui.pipeline.curate.datasets import freeze_dataset
from cai_ui.pipeline.curate.helpful import harmless_prompts
from cai_ui.pipeline.model_host import WAIT_S
from cai_ui.pipeline.progress import StudyProgress
from cai_ui.pipeline.revise.batch import run_batch
from cai_ui.pipeline.services import Services
from cai_ui.records import BASE, NOT_OVER, Example, Message, Run, Trace, TrainingExample, make_example
from cai_ui.revise import BATCH_SIZE
from cai_ui.store import encoding
from cai_ui.store.encoding import batches, from_dict
from cai_ui.studies.seed.plan import ALONE, BOTH, RUNS, SFT, SeedPlan, fitting

RATER = "seed study"
"""Signs the acceptances: the recipe takes every whole revision for the better answer, without a look."""
_POLL_S = 0.5
_NOT_WHOLE = ("truncated", "broken", "empty")
"""Labels of revisions that are no row: the model would learn not to end."""


class Stages:
    """One study on its way to its adapters. After a stop nothing new is begun; the piece in hand is dropped, and a
    training leaves a checkpoint."""

    def __init__(self, services: Services, plan: SeedPlan, stop: StopFlag | None = None) -> None:
        self.services = services
        self.plan = plan
        self.stop = stop
        self.engine = services.engine(WAIT_S)
        self.key = plan.key(self.engine)
        self.folder = ResultFolder(services.store.workspace.study_dir(self.key))

    def make(self) -> Iterator[StudyProgress]:
        """All stages up to the adapters."""
        if not self.folder.value("examples"):
            yield from self._published() if self.plan.published else self._chains()
        if not self.stopped:
            yield from self._helpful()
        if not self.stopped and not self.folder.value("datasets"):
            self._freeze()
        for variant in self.plan.trained:
            if not self.stopped:
                yield from self._train(variant)

    def keep_plan(self, command: str) -> None:
        """What is asked for, so that the study can be gone on with where its files are no more."""
        if self.folder.value("asked") is None:
            self.folder.keep("plan", self.plan.told())
            told = {"command": command, "model": self.engine.name, "begun": encoding.now()}
            self.folder.keep("asked", {**told, "trained": self.plan.trained, "source": self.plan.source})

    @property
    def stopped(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    def traces(self) -> list[Trace]:
        """The chains that are finished."""
        return [from_dict(Trace, row) for row in self.folder.rows("chains")]

    def helpful(self) -> tuple[list[TrainingExample], list[TrainingExample]]:
        """Rows to mix in, and the held-out ones; there are fewer of both where the base's own answers were cut."""
        wanted, held = self.plan.settings.helpful, self.plan.settings.references
        if self.plan.references:
            return list(self.plan.helpful), list(self.plan.references)
        rows = [
            TrainingExample((Message("user", row["asked"]),), row["text"], None, "helpful mix: own", helpful=True)
            for row in self.folder.rows("helpful")
            if row["finish"] == "end" and row["text"].strip()
        ]
        longest = min(self.plan.sft.max_length, self.engine.context_length)
        rows = fitting(rows, self.engine, longest, wanted + held)
        return rows[held:], rows[:held]

    def run(self, variant: str) -> Run | None:
        """The run that makes a variant, once it was begun."""
        for run in self.services.store.runs(trashed=False):
            if (run.group, run.name) == (self.key, self._name(variant)) and run.state != "cancelled":
                return run
        return None

    def adapter(self, variant: str) -> str:
        """What a variant is called by the engine."""
        run = None if variant == BASE else self.run(variant)
        return BASE if run is None else str(run.adapter)

    def ask(self, name: str, requests: Sequence[Request], stage: str) -> Iterator[StudyProgress]:
        """Answers in the order of the requests, kept as lines of this name; those that are there are not asked for."""
        done = len(self.folder.rows(name))
        yield StudyProgress(stage, done, len(requests))
        for chunk in batches(list(requests[done:]), BATCH_SIZE):
            answers = self.engine.generate(chunk, self.stop)
            if self.stopped:
                return
            told = zip(chunk, answers, strict=True)
            self.folder.add(
                name,
                ({"asked": r.messages[-1].content, "text": a.text, "finish": a.finish, "tokens": a.tokens}
                 for r, a in told),
            )  # fmt: skip
            done += len(chunk)
            yield StudyProgress(stage, done, len(requests))

    def _chains(self) -> Iterator[StudyProgress]:
        plan = self.plan
        stage = "critiques and revisions"
        failures: dict[str, int] = {}
        for now in run_batch(
            self.services, plan.requests, plan.constitution, plan.revision, plan.sampling, BATCH_SIZE, self.stop,
            source=f"{RATER} {self.key}", results=self.folder.lines_path("chains"),
        ):  # fmt: skip
            failures = now.failures
            yield StudyProgress(stage, now.done, now.total)
        if self.stopped:
            return
        left_out, kept = Counter(failures), []
        for trace in self.traces():
            last = max(place for place, step in enumerate(trace.steps) if step.kind == "revision")
            flaw = next((label for label in revise.computed_labels(trace, last) if label in _NOT_WHOLE), None)
            if flaw is None:
                kept.append(revise.to_example(trace, f"{RATER} {self.key}"))
            else:
                left_out[f"revision {flaw}"] += 1
        self._accept(kept, left_out)

    def _published(self) -> Iterator[StudyProgress]:
        """Published revisions, beside the base's own answer where DPO needs one and the rows hold none."""
        rows, asked = self.plan.published, undrafted(self.plan)
        requests = [Request(row.conversation, self.plan.sampling) for row in asked]
        yield from self.ask("drafts", requests, "the base's own answers to the published rows' requests")
        if self.stopped:
            return
        drafts = dict(zip((row.id for row in asked), self.folder.rows("drafts"), strict=True))
        made, left_out = [], Counter[str]()
        for row in rows:
            initial = row.initial if row.id not in drafts else drafts[row.id]["text"].strip() or None
            left_out["no pair: empty answer of the base"] += initial is None and self.plan.pairs
            made.append(make_example(row.conversation, initial, row.revision, prompt=row.prompt, source=row.source))
        self.services.store.add_examples(made)
        self._accept(made, +left_out)

    def _accept(self, examples: Sequence[Example], left_out: Counter[str]) -> None:
        if len(examples) < 2:
            raise TrainingError(
                f"Only {len(examples)} revisions are whole, too few to train on.",
                kept="The chains are kept.",
                next_step="Allow longer answers (--max-new-tokens), give more requests, or published rows (--rows).",
            )
        ids = [example.id for example in examples]
        self.services.store.decide_many(ids, "accept", RATER)
        self.folder.keep("examples", {"ids": ids, "left_out": dict(left_out)})

    def _helpful(self) -> Iterator[StudyProgress]:
        if self.plan.references:
            return
        wanted = self.plan.settings.helpful + self.plan.settings.references
        measured = {prompt.text for prompt in self.plan.measured}
        prompts = [p for p in harmless_prompts(wanted, self.plan.settings.seed) if p.text not in measured]
        sampling = Sampling(
            temperature=0.0, seed=self.plan.settings.seed, max_new_tokens=self.plan.sampling.max_new_tokens
        )
        requests = [Request(prompt.turns, sampling) for prompt in prompts]
        yield from self.ask("helpful", requests, "the base's own helpful answers")

    def _freeze(self) -> None:
        ids = self.folder.value("examples")["ids"]
        rows, _ = self.helpful()
        hashes = {}
        for variant, mixed in ((SFT, rows), (ALONE, [])):
            if not any((trained == ALONE) is (variant == ALONE) for trained in self.plan.trained):
                continue
            settings = self.plan.dataset.model_copy(update={"helpful": len(mixed), "seed": self.plan.settings.seed})
            frozen = freeze_dataset(self.services, f"{RATER} {variant}", settings, RATER, None, ids, mixed)
            hashes[variant] = frozen.hash
        self.folder.keep("datasets", hashes)

    def _train(self, variant: str) -> Iterator[StudyProgress]:
        """A run like any other, also on the Train tab; one that was interrupted goes on from its checkpoint."""
        run = self.run(variant)
        if run is None:
            data = self.folder.value("datasets")[ALONE if variant == ALONE else SFT]
            run = self.services.jobs.submit(
                RUNS[variant], data, self.plan.train(variant), RATER, self._name(variant),
                self.adapter(SFT) if variant == BOTH else None, self.key,
            )  # fmt: skip
        elif run.state not in (*NOT_OVER, "done"):
            run = self.services.jobs.resume(run.id)
        asked = False
        while run.state in NOT_OVER:
            if self.stopped and not asked:
                asked = True
                with suppress(ConflictError):  # it has just ended
                    self.services.jobs.stop(run.id)
            run = self.services.jobs.wait(run.id, _POLL_S)
            yield StudyProgress(f"training {variant}", run.step, run.total_steps)
        if self.stopped:
            return
        if run.state != "done":
            raise TrainingError(
                run.error or f"The run {run.name} was {run.state}.",
                kept="What was finished before is kept.",
                next_step="The same command goes on; the run's log is on the Train tab.",
            )

    def _name(self, variant: str) -> str:
        return f"{RATER} {self.key[:8]} {variant}"


def undrafted(plan: SeedPlan) -> list[Example]:
    """Published rows whose request the base has to answer itself."""
    return [row for row in plan.published if row.initial is None] if plan.pairs else []


def made_of(stages: Stages) -> dict[str, Any]:
    """Rows of both datasets, what was left out, and seconds of each training."""
    examples = stages.folder.value("examples")
    infos = {name: stages.services.store.dataset_info(hash) for name, hash in stages.folder.value("datasets").items()}
    runs = {variant: run for variant in stages.plan.trained if (run := stages.run(variant))}
    return {
        "examples": len(examples["ids"]),
        "left_out": examples["left_out"],
        "datasets": {name: info.counts for name, info in infos.items()},
        "runs": {
            variant: {
                "rows": run.summary.get("rows"),
                "steps": run.total_steps,
                "seconds": run.summary.get("seconds"),
            }
            for variant, run in runs.items()
        },
    }
