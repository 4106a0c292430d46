"""Probe prompts: a fixed set of requests that the adapter answers again and again while it trains.

Harmful, helpful and harmless-sounding requests, the same for every run, so that one sees the answers change. The
adapter of the moment is put up among the engine's adapters and asked through them, in slices of the lease like
everybody else; so people can ask it too while it trains.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cai_ui.config.train import TrainSettings
from cai_ui.engine.adapters.files import describe_adapter
from cai_ui.engine.interface import Engine, Request, TrainingSeat
from cai_ui.errors import AdapterError
from cai_ui.records import Prompt, Run
from cai_ui.store.encoding import from_dict
from cai_ui.train import processes
from cai_ui.train.run.folder import write_json
from cai_ui.train.run.metrics import append_row, forget_after, read_rows
from cai_ui.train.signals import StopSignal

FILE, PROMPTS = "probes.jsonl", "probes.json"
LIVE = "live"
"""Folder of the adapter of the moment, inside the run's."""
GREEDY = {"temperature": 0.0, "max_new_tokens": 160}

log = logging.getLogger("cai_ui.train")


@dataclass(frozen=True)
class ProbeKit:
    """What to ask, and how to read the answers. `score` gives `complied`, `helped` and `refused`, each None where
    it cannot be read or is not asked of this kind of prompt, and the `reader` that said so. `judge` gives what a judge
    says of each answer, by rubric, where the settings name one."""

    prompts: Callable[[TrainSettings], Sequence[Prompt]]
    score: Callable[[Engine, Prompt, str], Mapping[str, Any]]
    judge: Callable[[Engine, TrainSettings, Sequence[tuple[Prompt, str]]], Sequence[Mapping[str, Any]]] = (
        lambda engine, settings, answers: [{}] * len(answers)
    )


NO_PROBES = ProbeKit(lambda settings: (), lambda engine, prompt, answer: {})


def prompts_of(folder: Path, settings: TrainSettings, kit: ProbeKit) -> list[Prompt]:
    """The probe prompts of a run: those of its first start, so that a resumed run asks the same."""
    if not settings.probe_steps:
        return []
    try:
        return [from_dict(Prompt, plain) for plain in json.loads((folder / PROMPTS).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        prompts = list(kit.prompts(settings))
        if processes.is_first():
            write_json(folder / PROMPTS, [asdict(prompt) for prompt in prompts])
        return prompts


@dataclass(frozen=True)
class ProbeAnswer:
    """One answer of the adapter as it was after `step` steps."""

    step: int
    prompt_id: str
    kind: str
    prompt: str
    answer: str
    tokens: int
    finish: str
    complied: bool | None = None
    helped: bool | None = None
    refused: bool | None = None
    reader: str = ""
    judged: Mapping[str, Any] = field(default_factory=dict)
    """By rubric: `value` (None: not read, `invalid_reason` says why), `judge` and its `id`."""


class Prober:
    """Asks the probe prompts of one run and keeps the answers in its folder."""

    def __init__(
        self,
        run: Run,
        engine: Engine,
        seat: TrainingSeat,
        prompts: Sequence[Prompt],
        kit: ProbeKit,
        folder: Path,
        signal: StopSignal,
        settings: TrainSettings,
    ) -> None:
        self._run = run
        self._engine = engine
        self._seat = seat
        self._prompts = list(prompts)
        self._kit = kit
        self._folder = folder
        self._signal = signal
        self._settings = settings

    @property
    def number(self) -> int:
        """How many prompts are asked each time."""
        return len(self._prompts)

    def ask(self, step: int) -> None:
        """Put up the adapter as it is now and ask it everything. Answers that were cut off by a stop are dropped."""
        title = f"{self._run.name} (training, step {step})"
        self._seat.save(self._folder / LIVE)
        info = describe_adapter(self._folder / LIVE, self._run.id, title, self._run.method, self._run.id)
        try:
            self._engine.load_adapter(info)
        except AdapterError as error:  # weights that are no numbers; the loss will say so and end the run
            log.warning("the probe prompts were not asked at step %d: %s", step, error)
            return
        sampling = self._engine.default_sampling.model_copy(update=GREEDY)
        requests = [Request(p.turns, sampling, self._run.id) for p in self._prompts]
        answers = self._engine.generate(requests, self._signal.flag)
        if self._signal.is_set():
            return
        said = [(prompt, answer.text) for prompt, answer in zip(self._prompts, answers, strict=True)]
        judged = self._kit.judge(self._engine, self._settings, said)
        for prompt, answer, by_judge in zip(self._prompts, answers, judged, strict=True):
            found = self._kit.score(self._engine, prompt, answer.text)
            row = ProbeAnswer(
                step, prompt.id, prompt.kind, prompt.text, answer.text, answer.tokens, answer.finish, **found,
                judged=by_judge,
            )  # fmt: skip
            append_row(self._folder, asdict(row), FILE)


def read_probes(folder: Path) -> list[ProbeAnswer]:
    """All answers of a run, oldest first."""
    known = ProbeAnswer.__dataclass_fields__
    return [ProbeAnswer(**{k: v for k, v in row.items() if k in known}) for row in read_rows(folder, file=FILE)]


def forget_probes_after(folder: Path, step: int) -> None:
    """Drop answers from after `step`: a resumed run asks again."""
    forget_after(folder, step, FILE)


def take_down(folder: Path) -> None:
    """Remove the files of the adapter of the moment."""
    shutil.rmtree(folder / LIVE, ignore_errors=True)


def mean_tokens(answers: Sequence[ProbeAnswer]) -> dict[int, float]:
    """Mean length of the answers by step, in tokens."""
    return {step: sum(a.tokens for a in at) / len(at) for step, at in by_step(answers).items()}


def by_step(answers: Sequence[ProbeAnswer]) -> dict[int, list[ProbeAnswer]]:
    """Answers grouped by step, in the order of the steps."""
    found: dict[int, list[ProbeAnswer]] = {}
    for answer in answers:
        found.setdefault(answer.step, []).append(answer)
    return dict(sorted(found.items()))
