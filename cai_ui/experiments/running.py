"""Experiments begun, stopped and gone on with; and what came of them, finished or not.

The key of an experiment follows from its name, its settings, the model and the constitution, so starting the same again
goes on with it. Its folder holds every answer as a line (`answers`), what was asked for (`asked`), the measured rows
(`rows`) and the result (`result`).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cai_ui.background import time_left
from cai_ui.config.experiments import ExperimentSettings, FromLabelsSettings, TrainedSettings, UndoingSettings
from cai_ui.config.knobs import checked
from cai_ui.engine.interface import Engine, StopFlag
from cai_ui.errors import InputError, NotFoundError
from cai_ui.experiments import training
from cai_ui.experiments.bench import ANSWERS, Bench, Stopped
from cai_ui.experiments.catalogue import EXPERIMENTS, experiment
from cai_ui.experiments.declared import Experiment
from cai_ui.experiments.estimate import Estimate, estimate
from cai_ui.experiments.folder import ResultFolder
from cai_ui.experiments.reading import readers_for
from cai_ui.experiments.report import rows_text
from cai_ui.experiments.requests import constitution_of, sides
from cai_ui.experiments.results import Result, Row
from cai_ui.formats.writing import json_text
from cai_ui.pipeline.constitution.few_shot import few_shot
from cai_ui.pipeline.model_host import WAIT_S
from cai_ui.pipeline.progress import ExperimentProgress
from cai_ui.pipeline.services import Services
from cai_ui.records import Constitution, Prompt, content_hash, to_dict
from cai_ui.store.encoding import from_dict, now
from cai_ui.train.methods import METHODS

_LOOK_S = 15.0
"""Between two results on the way."""
_VERSION = 1
"""Raised where the same settings would ask, or read, something else than before."""


@dataclass(frozen=True)
class Kept:
    """An experiment that was begun: by whom and when, and its result so far."""

    key: str
    experiment: Experiment[Any]
    settings: ExperimentSettings
    model: str
    owner: str
    begun_at: str
    result: Result | None


def run_experiment(
    services: Services, name: str, settings: ExperimentSettings, stop: StopFlag | None = None, owner: str = ""
) -> Iterator[ExperimentProgress]:
    """Run it here and now; goes on where the same was stopped or killed. `kept(services, key)` then has the result.

    Errors: of the engine, StoreError where there is no room, InputError for sets without harmful requests.
    """
    made = experiment(name)
    bench, about = _bench(services, made, settings, stop)
    key, total = str(about["key"]), sum(part.answers for part in made.parts(services, settings))
    if bench.folder.value("asked") is None:
        asked = {"name": name, "settings": settings.model_dump(), "owner": owner, "at": now(), "model": about["model"]}
        bench.folder.keep("asked", asked)
    before, began = bench.done, time.monotonic()

    def progress() -> ExperimentProgress:
        eta = time_left(bench.done - before, max(0, total - before), time.monotonic() - began)
        return ExperimentProgress(name, key, bench.part, bench.done, total, eta)

    yield progress()
    part, finished, looked = "", False, began
    try:
        for _ in made.measure(bench, settings):
            if bench.part != part and time.monotonic() - looked > _LOOK_S:
                _keep(bench, made, settings, about, False)
                looked = time.monotonic()
            part = bench.part
            yield progress()
        finished = True
    except Stopped:
        pass
    finally:
        _keep(bench, made, settings, about, finished)
    yield replace(progress(), total=bench.done if finished else total)


def start_experiment(services: Services, name: str, settings: ExperimentSettings, owner: str = "") -> str:
    """Begin in the background, or go on; gives the key. ConflictError while one runs. Errors as `run_experiment`."""
    made = experiment(name)
    bench, about = _bench(services, made, settings, None, wait_s=0)
    total = sum(part.answers for part in made.parts(services, settings))
    first = ExperimentProgress(name, about["key"], "", bench.done, total)
    services.experiment.start(lambda stop: run_experiment(services, name, settings, stop, owner), first, owner)
    return str(about["key"])


def resume_experiment(services: Services, key: str, owner: str = "") -> str:
    """Go on with one that was stopped or cut off. InputError where another model is loaded by now."""
    found = kept(services, key)
    _, about = _bench(services, found.experiment, found.settings, None, wait_s=0)
    if about["key"] != key:
        raise InputError(
            f"It was begun with the model {found.model}, or under a constitution or with training settings that are "
            "others by now.",
            kept="Its answers are kept.",
            next_step="Load that model again, or start a new experiment.",
        )
    return start_experiment(services, found.experiment.name, found.settings, owner)


def estimate_experiment(services: Services, name: str, settings: ExperimentSettings) -> Estimate:
    """What is left to do; asks the model for a few answers to see how fast it is."""
    made = experiment(name)
    bench, _ = _bench(services, made, settings, None, wait_s=0)
    return estimate(bench.engine, bench.harmful, settings, made.parts(services, settings), bench.done)


def all_kept(services: Services) -> list[Kept]:
    """Experiments that were begun, the newest first."""
    folders = services.store.workspace.experiment_keys()
    found = [kept(services, key) for key in folders if _folder(services, key).value("asked")]
    return sorted(found, key=lambda one: one.begun_at, reverse=True)


def kept(services: Services, key: str) -> Kept:
    """What there is of an experiment. NotFoundError."""
    there = key in services.store.workspace.experiment_keys()
    asked = _folder(services, key).value("asked") if there else None
    if asked is None or asked["name"] not in EXPERIMENTS:
        raise NotFoundError("That experiment is not here (any more).", next_step="Choose another one.")
    made = experiment(asked["name"])
    result = _folder(services, key).value("result")
    return Kept(
        key,
        made,
        checked(made.settings, asked["settings"]),
        asked["model"],
        asked["owner"],
        asked["at"],
        from_dict(Result, result) if result else None,
    )


def answered(services: Services, key: str) -> int | None:
    """How many answers are kept of an experiment, after a kill more than it had told of; None where it was put away."""
    there = key in services.store.workspace.experiment_keys()
    return _folder(services, key).count(ANSWERS) if there else None


def rows_of(services: Services, key: str, form: str = "jsonl") -> str:
    """The measured rows as JSON lines, or as a table for spreadsheets ("csv"). NotFoundError before there are any."""
    rows = _folder(services, kept(services, key).key).value("rows")
    if not rows:
        raise _nothing_yet()
    return rows_text(rows, form)


def result_text(services: Services, key: str) -> str:
    """The result for programs, as JSON. NotFoundError before there is one."""
    result = kept(services, key).result
    if result is None:
        raise _nothing_yet()
    return json_text(to_dict(result), 1)


def _nothing_yet() -> NotFoundError:
    return NotFoundError("Nothing has been measured yet.", next_step="Let it run for a while.")


def forget(services: Services, key: str) -> None:
    """Put an experiment away with its answers. InputError while it runs."""
    running = services.experiment.snapshot()
    if running is not None and running.active and running.progress.key == key:
        raise InputError("This experiment is running.", next_step="Stop it first.")
    shutil.rmtree(_folder(services, kept(services, key).key).path)


def _bench(
    services: Services,
    made: Experiment[Any],
    settings: ExperimentSettings,
    stop: StopFlag | None,
    wait_s: float = WAIT_S,
) -> tuple[Bench, dict[str, Any]]:
    others = [settings.proposer, settings.judge] if isinstance(settings, FromLabelsSettings) else []
    engine = services.engine_for(others, wait_s)
    constitution = constitution_of(services, settings.constitution or made.constitution)
    harmful, harmless = sides(services, settings)
    shown = few_shot(services, constitution.name)
    readers = readers_for(engine, [*harmful, *harmless])
    key = _key(made, settings, engine, constitution, [*harmful, *harmless], [to_dict(one) for one in shown])
    bench = Bench(services, engine, _folder(services, key), harmful, harmless, readers, constitution, shown, stop)
    return bench, {
        "key": key, "experiment": made.name, "model": engine.name, "base": engine.base_hash, "readers": readers.name,
        "harmful": len(harmful), "harmless": len(harmless), "constitution": constitution.title,
        "constitution_hash": constitution.hash, "settings": settings.model_dump(),
    }  # fmt: skip


def _key(
    made: Experiment[Any],
    settings: ExperimentSettings,
    engine: Engine,
    constitution: Constitution,
    prompts: Sequence[Prompt],
    shown: Sequence[Any],
) -> str:
    asked = [[prompt.id, prompt.kind, [turn.content for turn in prompt.turns]] for prompt in prompts]
    parts = [_VERSION, made.name, settings.identity(), engine.name, engine.base_hash, constitution.hash, asked, shown]
    if isinstance(settings, TrainedSettings | UndoingSettings):  # whose presets may be others in a later version
        parts.append({method: training.usual(engine, method).identity() for method in METHODS})
    return content_hash(parts)[:24]


def _folder(services: Services, key: str) -> ResultFolder:
    return ResultFolder(services.store.workspace.experiment_dir(key))


def _keep(
    bench: Bench, made: Experiment[Any], settings: ExperimentSettings, about: dict[str, Any], finished: bool
) -> None:
    rows: Sequence[Row] = bench.rows
    if not rows:
        return
    found: Result = made.find(rows, settings)
    result = replace(found, about=about, missing=dict(bench.missing), finished=finished)
    bench.folder.keep("rows", list(rows))
    bench.folder.keep("result", to_dict(result))
