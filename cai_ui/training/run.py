"""One run, from rows to adapter. The same function serves the background thread and the command line."""

from __future__ import annotations

import errno
import gc
import importlib.metadata
import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cai_ui.config import TrainSettings
from cai_ui.engine import Engine
from cai_ui.errors import CaiError, TrainingError
from cai_ui.records import Dataset, Run, RunState
from cai_ui.training import checkpoints
from cai_ui.training.metrics import forget_after, read_metrics
from cai_ui.training.preflight import PreflightReport, preflight, told
from cai_ui.training.rows import make_rows
from cai_ui.training.signals import StopSignal

ADAPTER, RESULT, CONFIG, LOG = "adapter", "result.json", "config.json", "log.txt"
LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "bitsandbytes")
_LOGGED = ("cai_ui.training", "transformers", "trl", "peft", "accelerate")

log = logging.getLogger("cai_ui.training")
log.setLevel(logging.INFO)


@dataclass(frozen=True)
class Outcome:
    """How a run ended: what stands in its exit record. `adapter_hash` is None where no adapter was kept."""

    state: RunState
    step: int = 0
    error: str | None = None
    adapter_hash: str | None = None
    summary: dict[str, Any] = field(default_factory=dict)


def train(run: Run, dataset: Dataset, engine: Engine, folder: Path, signal: StopSignal, report: Any) -> Outcome:
    """Train `run` in `folder` until it is done, asked to end, or broken; goes on from a checkpoint if there is one.

    `report(step, steps)` is called after each step. Never raises: a failure is an outcome with its cause, and
    whatever the outcome, the exit record is on the disk before this returns.
    """
    (folder / RESULT).unlink(missing_ok=True)
    problem: Exception | None = None
    with _log_file(folder):
        try:
            outcome = _train(run, dataset, engine, folder, signal, report)
        except Exception as error:
            problem = error
            log.exception("the run ended with an error")
        if problem is not None:
            outcome = Outcome("failed", _last_step(folder), _cause(problem))
            problem = None  # its traceback holds the trainer's tensors
        gc.collect()
        log.info("%s after step %d%s", outcome.state, outcome.step, f": {outcome.error}" if outcome.error else "")
    try:
        _write_json(folder / RESULT, asdict(outcome))
    except OSError:
        log.warning("the exit record of %s could not be written", run.id)
    return outcome


def read_outcome(folder: Path) -> Outcome | None:
    """The exit record of a run, or None where there is none."""
    try:
        return Outcome(**json.loads((folder / RESULT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _train(run: Run, dataset: Dataset, engine: Engine, folder: Path, signal: StopSignal, report: Any) -> Outcome:
    from cai_ui.training.trainer import check_first_row, make_trainer

    settings = TrainSettings(**run.config)
    if run.base_hash and run.base_hash != engine.base_hash:
        raise TrainingError(
            f"This run was begun on other base weights ({run.base_hash[:8]}; loaded now: {engine.base_hash[:8]}).",
            kept="Its checkpoints are kept.",
            next_step="Load the model it was begun on, then resume.",
        )
    look = preflight(run.method, dataset, settings, engine, run.start_adapter)
    look.require()
    chat: Any = engine.chat  # type: ignore[attr-defined]
    rows = make_rows(run.method, dataset, settings, chat)
    _write_json(folder / CONFIG, _config(run, engine, look))
    checkpoints.drop_incomplete(folder)
    resumed = checkpoints.latest_checkpoint(folder)
    forget_after(folder, checkpoints.step_of(resumed) if resumed else 0)
    log.info("%s on %d rows, %d held out, %d steps", run.method.upper(), look.rows, look.held_out, look.steps)
    if look.left_out:
        log.info("left out: %s", told(look.left_out))
    if resumed:
        log.info("goes on from step %d", checkpoints.step_of(resumed))
    with engine.training_seat(settings, run.start_adapter) as seat:
        if not any(p.requires_grad for p in seat.model.parameters()):
            raise TrainingError("The adapter has no trainable weights.", kept="Nothing was trained.")
        trainer = make_trainer(run.method, seat, rows, settings, folder, signal, report, look.steps)
        check_first_row(run.method, trainer, rows, chat)
        began = time.monotonic()
        try:
            trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
        finally:
            trainer.turns.give_back()
        step = trainer.state.global_step
        ended = _ending(signal, step, trainer.state.max_steps)
        summary = {**_summary(look, folder), "seconds": round(time.monotonic() - began, 1)}
        digest = seat.save(folder / ADAPTER) if ended in ("done", "stopped") else None
    if ended in ("done", "cancelled"):
        checkpoints.drop_all(folder)
    return Outcome(ended, step, "The program was closed." if ended == "interrupted" else None, digest, summary)


def _ending(signal: StopSignal, step: int, steps: int) -> RunState:
    if signal.wish == "cancel":
        return "cancelled"
    if step >= steps or not signal.wish:
        return "done"
    return "interrupted" if signal.wish == "close" else "stopped"


def _config(run: Run, engine: Engine, look: PreflightReport) -> dict[str, Any]:
    """What the run was made of, for whoever opens the folder later."""
    return {
        "run": run.id,
        "method": run.method,
        "dataset": run.dataset_hash,
        "settings": run.config,
        "start_adapter": run.start_adapter,
        "base": engine.name,
        "base_hash": engine.base_hash,
        "rows": look.rows,
        "held_out": look.held_out,
        "left_out": look.left_out,
        "steps": look.steps,
        "trainable_parameters": look.trainable_parameters,
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def _summary(look: PreflightReport, folder: Path) -> dict[str, Any]:
    losses = [row["loss"] for row in read_metrics(folder) if "loss" in row]
    held_out = [row["eval_loss"] for row in read_metrics(folder) if "eval_loss" in row]
    return {
        "rows": look.rows,
        "left_out": look.left_out,
        "trainable_parameters": look.trainable_parameters,
        "first_loss": losses[0] if losses else None,
        "last_loss": losses[-1] if losses else None,
        "held_out_loss": held_out[-1] if held_out else None,
    }


def _cause(error: Exception) -> str:
    """A sentence for the run's card."""
    if isinstance(error, CaiError):
        return str(error)
    if isinstance(error, MemoryError) or "out of memory" in str(error) or "can't allocate memory" in str(error):
        return (
            "There was not enough memory. Checkpoints so far are kept. Halve the batch size and double the "
            "accumulation, or lower the longest row."
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "The disk is full. Checkpoints so far are kept. Make room, then press Resume."
    return (
        f"Training ended unexpectedly ({type(error).__name__}). The log has the details. Checkpoints so far are kept."
    )


def _last_step(folder: Path) -> int:
    rows = read_metrics(folder)
    return int(rows[-1]["step"]) if rows else 0


def _write_json(path: Path, content: Any) -> None:
    draft = path.with_name(f".{path.name}")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


@contextmanager
def _log_file(folder: Path) -> Iterator[None]:
    """Everything this thread's libraries log goes into the run's log as well."""
    handler = logging.FileHandler(folder / LOG, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    mine = threading.get_ident()
    handler.addFilter(lambda record: record.thread == mine)
    loggers = [logging.getLogger(name) for name in _LOGGED]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()
