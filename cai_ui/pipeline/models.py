"""Which model answers: what it is doing, and the choice of another."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.knobs import checked
from cai_ui.config.revise import RevisionSettings
from cai_ui.engine.interface import BUILT_IN, EngineStatus
from cai_ui.engine.lease import TRAINING
from cai_ui.engine.weights.estimate import default_model
from cai_ui.engine.weights.sources import HUB_NAME
from cai_ui.errors import ConflictError, EngineError, InputError
from cai_ui.pipeline.services import Services
from cai_ui.records import NOT_OVER


def engine_status(services: Services) -> EngineStatus:
    """What the model is doing, and which training run it is busy with."""
    status = services.host.status()
    if status.busy_with == TRAINING:
        running = next((run for run in services.store.runs() if run.state in ("running", "stopping")), None)
        if running is not None:
            return replace(status, busy_with=f"training {running.name}")
    return status


def default_sampling(services: Services) -> Sampling:
    """How the loaded model's answers are drawn unless told otherwise. EngineError while there is no model."""
    return services.engine().default_sampling


def longest(services: Services) -> int:
    """Tokens of an answer of the loaded model, unless told otherwise; 0 while there is none."""
    try:
        return default_sampling(services).max_new_tokens
    except EngineError:
        return 0


def default_revision(services: Services) -> RevisionSettings:
    """How a chain runs unless told otherwise: with few-shot examples, except on the embedded model, which was trained
    without them. EngineError while there is no model."""
    return RevisionSettings(few_shot=services.engine().name not in BUILT_IN)


def built_in_in_use(services: Services) -> bool:
    """Whether the model in use comes with the program; before one is loaded, whether the one that would be does."""
    model = services.host.status().model
    if model == "auto":
        return not services.settings.endpoint and default_model() in BUILT_IN
    return model in BUILT_IN


def model_in_use(services: Services) -> str | None:
    """The hash of the loaded model, by which defaults are known to be its own; None while there is none."""
    try:
        return services.engine().base_hash
    except EngineError:
        return None


def choose_model(
    services: Services, model: str, quantize: str = "auto", revision: str = "", endpoint: str = ""
) -> None:
    """Load another model in the background. ConflictError while a run, batch or evaluation uses this one.

    An `endpoint` other than the one the server was started with does not get its key: whoever sees the page
    could otherwise have it sent anywhere.
    """
    if not (endpoint or services.any_folder):
        _refuse_other_folders(model, services.settings.model_folders)
    chosen = {"model": model, "quantize": quantize, "revision": revision, "endpoint": endpoint}
    settings = checked(AppSettings, {**services.settings.model_dump(), **chosen})
    busy = [run.name for run in services.store.runs() if run.state in NOT_OVER]
    for what, work in (
        ("a batch", services.batch),
        ("an evaluation", services.evaluation),
        ("the guided run", services.guided_run),
        ("labelling", services.labels),
        ("making pairs", services.pairs),
        ("an experiment", services.experiment),
    ):
        snapshot = work.snapshot()
        if snapshot is not None and snapshot.active:
            busy.append(what)
    if busy:
        raise ConflictError(
            f"The model is in use by {busy[0]}.", kept="It goes on.", next_step="Wait for it to end, or stop it first."
        )
    services.settings = settings
    services.host.load(settings, services.others.key(endpoint))


def _refuse_other_folders(model: str, allowed: str) -> None:
    """InputError for a folder outside of those allowed: with the same words whether it is there or not, since what is
    on the server's disk is nobody's business."""
    folder = Path(model).expanduser()
    if model in (*BUILT_IN, "auto") or (HUB_NAME.fullmatch(model) and not folder.is_dir()):
        return
    roots = [Path(root).expanduser().resolve() for root in allowed.split(os.pathsep) if root.strip()]
    if not any(folder.resolve().is_relative_to(root) for root in roots):
        raise InputError(
            "Here models are read only from folders that were named when the server was started.",
            kept="The model in use goes on.",
            next_step="Choose one by its name, or start the server with --model-folders.",
        )
