"""Where an experiment asks: every answer is kept as a line when it comes, and none is asked for twice.

So an experiment that was stopped, or whose process was killed, runs the same code again and goes on where it was.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from cai_ui import revise
from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.engine.interface import Engine, Request, ScoreRequest, StopFlag
from cai_ui.errors import CaiError, InputError
from cai_ui.experiments.folder import LineFile, ResultFolder
from cai_ui.experiments.reading import Readers
from cai_ui.experiments.results import Row, Steps
from cai_ui.pipeline.services import Services
from cai_ui.records import BASE, Answer, Constitution, FewShot, Prompt, Trace, to_dict
from cai_ui.revise.chain import extended, step_request
from cai_ui.store.encoding import batches, from_dict

TOGETHER = 32
"""Requests of one batch."""
ANSWERS = "answers"
"""The lines of an experiment's folder that hold its answers."""


class Stopped(Exception):
    """Somebody asked the experiment to end; what came is kept."""


@dataclasses.dataclass(frozen=True)
class Cell:
    """One condition under one seed. Cells of one seed start from the same drafts, and `sample` tells further chains
    from the same draft apart."""

    condition: str
    seed: int
    sample: int = 0

    @property
    def key(self) -> str:
        return f"{self.condition}/{self.seed}.{self.sample}"


class Bench:
    """The engine, the requests, and what an experiment has made so far. `rows` are what it has measured."""

    def __init__(
        self,
        services: Services,
        engine: Engine,
        folder: ResultFolder,
        harmful: Sequence[Prompt],
        harmless: Sequence[Prompt],
        readers: Readers,
        constitution: Constitution,
        few_shot: Sequence[FewShot] = (),
        stop: StopFlag | None = None,
    ) -> None:
        self.services, self.engine, self.folder = services, engine, folder
        self.harmful, self.harmless, self.readers = harmful, harmless, readers
        self.constitution, self.few_shot, self.stop = constitution, few_shot, stop
        self.part = ""
        self.rows: list[Row] = []
        self.missing: Counter[str] = Counter()
        self._kept: dict[str, dict[str, Any]] = {row["key"]: row for row in folder.rows(ANSWERS)}

    @property
    def done(self) -> int:
        """Answers there are."""
        return len(self._kept)

    def ask(self, asked: Mapping[str, Request]) -> Steps[dict[str, Answer | str]]:
        """An answer, or the reason why there is none, for each request by its key. Stopped after a stop."""
        waiting = [key for key in asked if key not in self._kept]
        with self.folder.adding(ANSWERS) as lines:
            for keys in batches(waiting, TOGETHER):
                self.go_on()
                yield from self._stream({key: asked[key] for key in keys}, lines)
        return {key: self._answer(key) for key in asked}

    def chains(
        self,
        cell: Cell,
        prompts: Sequence[Prompt],
        constitution: Constitution,
        settings: RevisionSettings,
        sampling: Sampling,
        adapter: str = BASE,
    ) -> Steps[list[Trace]]:
        """Chains of all prompts, advancing together. One whose answer is missing is left out and counted."""
        traces: dict[str, Trace] = {}
        drawn: dict[str, Sampling] = {}
        shown = self.few_shot if settings.few_shot else ()
        for place, prompt in enumerate(prompts):
            seed = revise.step_seed(cell.seed, place)
            first = sampling.model_copy(update={"seed": seed})
            later = sampling.model_copy(update={"seed": revise.step_seed(seed, 1000 + cell.sample)})
            drawn[prompt.id] = first if not cell.sample else later
            traces[prompt.id] = revise.new_trace(prompt, constitution, settings, drawn[prompt.id], adapter, shown)
        waiting = list(traces)
        while waiting:
            asked, planned = {}, {}
            for place, prompt in enumerate(prompts):
                trace = traces.get(prompt.id)
                if trace is None or prompt.id not in waiting:
                    continue
                step = revise.plan_next(self.engine, trace, constitution, settings, adapter)
                if step is None:
                    continue
                draft = sampling.model_copy(update={"seed": revise.step_seed(cell.seed, place)})
                how = draft if step.kind == "draft" else drawn[prompt.id]
                key = f"{cell.key}/{prompt.id}/{len(trace.steps)}"
                key = f"draft/{cell.seed}/{prompt.id}" if step.kind == "draft" and adapter == BASE else key
                asked[prompt.id] = key, step_request(trace, step, settings, how, adapter)
                planned[prompt.id] = step
            answers = yield from self.ask(dict(asked.values()))
            waiting = []
            for id, (key, _) in asked.items():
                answer = answers[key]
                if isinstance(answer, str):
                    self.missing[f"{cell.condition}: {answer}"] += 1
                    del traces[id]
                else:
                    traces[id] = extended(traces[id], planned[id], answer)
                    waiting.append(id)
        return list(traces.values())

    def choose(self, asked: Mapping[str, ScoreRequest]) -> Steps[dict[str, tuple[float, ...] | None]]:
        """The shares that the model gives to the replies of each question by its key; None where it gives none."""
        waiting = [key for key in asked if key not in self._kept]
        with self.folder.adding(ANSWERS) as lines:
            for keys in batches(waiting, TOGETHER):
                self.go_on()
                for place, found in self.engine.choose_many([asked[key] for key in keys], self.stop):
                    shares = None if isinstance(found, CaiError) else found.shares
                    self._keep(lines, {"key": keys[place], "shares": shares})
                    yield
                self.go_on()
        told = {key: self._kept[key]["shares"] for key in asked}
        return {key: None if shares is None else tuple(shares) for key, shares in told.items()}

    def stopped(self) -> bool:
        """Whether it was asked to end."""
        return self.stop is not None and self.stop.is_set()

    def _stream(self, asked: Mapping[str, Request], lines: LineFile) -> Steps[None]:
        sound = {}
        for key, request in asked.items():
            try:
                self.engine.stream([request], self.stop)  # refuses before it begins, if at all
                sound[key] = request
            except InputError as error:
                self._keep(lines, {"key": key, "missing": _without_numbers(error)})
                yield
        if not sound:
            return
        keys = list(sound)
        chunks = self.engine.stream(list(sound.values()), self.stop)
        with closing(chunks):  # type: ignore[type-var]
            for chunk in chunks:
                if chunk.answer is not None and chunk.answer.finish != "stopped":
                    self._keep(lines, {"key": keys[chunk.index], "answer": to_dict(chunk.answer)})
                    yield
        self.go_on()

    def _keep(self, lines: LineFile, row: dict[str, Any]) -> None:
        lines.add(row)
        self._kept[row["key"]] = row

    def _answer(self, key: str) -> Answer | str:
        row = self._kept[key]
        return from_dict(Answer, row["answer"]) if "answer" in row else str(row["missing"])

    def go_on(self) -> None:
        """Stopped where it was asked to end."""
        if self.stopped():
            raise Stopped


def _without_numbers(error: InputError) -> str:
    return "The conversation is too long for the model." if "token" in error.what else error.what
