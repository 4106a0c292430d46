"""One run, from rows to adapter. The same function serves the background thread, the command line and torchrun."""

from __future__ import annotations

import gc
import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import Engine
from cai_ui.engine.memory import settle
from cai_ui.errors import TrainingError, is_memory
from cai_ui.records import Dataset, Run, RunState
from cai_ui.train import processes
from cai_ui.train.check.plan import halved, tokens_in
from cai_ui.train.check.preflight import PreflightReport, preflight, told, trainable_engine
from cai_ui.train.encoding import make_rows
from cai_ui.train.methods import METHODS, method_of
from cai_ui.train.rows import Rows
from cai_ui.train.run import checkpoints, steps
from cai_ui.train.run.causes import cause, is_full_disk
from cai_ui.train.run.folder import (
    ADAPTER,
    RESULT,
    Outcome,
    last_step,
    log_file,
    read_config,
    summary_of,
    write_config,
    write_outcome,
)
from cai_ui.train.run.metrics import forget_after
from cai_ui.train.run.probes import NO_PROBES, ProbeKit, Prober, forget_probes_after, prompts_of, take_down
from cai_ui.train.signals import Report, StopSignal
from cai_ui.train.timings import Timings

CLOSED = "The program was closed."
log = logging.getLogger("cai_ui.train")
log.setLevel(logging.INFO)


@dataclass(frozen=True)
class _Work:
    """What `train` was given, with the settings of one attempt at it."""

    run: Run
    dataset: Dataset
    engine: Engine
    folder: Path
    signal: StopSignal
    report: Report
    kit: ProbeKit
    rows: Rows | None
    settings: TrainSettings


def train(
    run: Run,
    dataset: Dataset,
    engine: Engine,
    folder: Path,
    signal: StopSignal,
    report: Report,
    kit: ProbeKit = NO_PROBES,
    rows: Rows | None = None,
) -> Outcome:
    """Train `run` in `folder` until it is done, asked to end, or broken; goes on from a checkpoint if there is one.

    `report(step, steps)` is called after each step. Never raises: a failure is an outcome with its cause, and
    whatever the outcome, the exit record is on the disk before this returns. If memory does not suffice, the run
    goes on once with half the batch and twice the accumulation, which gives the same steps. `rows` are those of the
    dataset, where they were encoded before.
    """
    first = processes.is_first()
    if first:
        (folder / RESULT).unlink(missing_ok=True)
        if processes.count() > 1:
            processes.from_first((run, dataset, folder, engine.adapters()))
    settings = TrainSettings(**run.config)
    work = _Work(run, dataset, engine, folder, signal, report, kit, rows, settings)
    with log_file(folder if first else None):
        outcome, problem = _attempt(work)
        smaller = halved(settings, METHODS[run.method].least_batch) if run.method in METHODS else None
        if problem is not None and is_memory(problem) and smaller and processes.count() == 1:
            problem = None  # its traceback holds the trainer's tensors
            _let_go()
            said = (
                f"Memory did not suffice for a batch of {settings.batch_size}; the run went on with "
                f"{smaller.batch_size} and an accumulation of {smaller.accumulation}."
            )
            log.warning(said)
            outcome, problem = _attempt(replace(work, settings=smaller))
            outcome.summary["retried"] = said
        problem = None
        _let_go()
        log.info("%s after step %d%s", outcome.state, outcome.step, f": {outcome.error}" if outcome.error else "")
    if first:
        take_down(folder)
        checkpoints.drop_incomplete(folder)
        try:
            write_outcome(folder, outcome)
        except OSError:
            log.warning("the exit record of %s could not be written", run.id)
    return outcome


def follow(engine: Engine, signal: StopSignal | None = None) -> Outcome:
    """Work along, as a further process, on the run that the first one hands out."""
    run, dataset, folder, adapters = processes.from_first(None)
    for info in adapters:
        if info.name in (run.start_adapter, run.config.get("reference")):
            engine.load_adapter(info)
    return train(run, dataset, engine, folder, signal or StopSignal(), lambda step, steps: None)


def _let_go() -> None:
    """Let go of what a trainer held."""
    gc.collect()
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _attempt(work: _Work) -> tuple[Outcome, Exception | None]:
    try:
        return _train(work), None
    except Exception as error:
        log.exception("the run ended with an error")
        return Outcome("failed", last_step(work.folder), cause(error)), error


def _train(work: _Work) -> Outcome:
    timings, entered = Timings(), time.monotonic()
    import cai_ui.train.run.trainer  # noqa: F401  # its libraries take seconds, which are part of the start

    settle()
    run, engine, settings = work.run, work.engine, work.settings
    if run.base_hash and run.base_hash != engine.base_hash:
        raise TrainingError(
            f"This run was begun on other base weights ({run.base_hash[:8]}; loaded now: {engine.base_hash[:8]}).",
            kept="Its checkpoints are kept.",
            next_step="Load the model it was begun on, then resume.",
        )
    rows = work.rows or make_rows(run.method, work.dataset, settings, trainable_engine(engine).chat)
    prompts = prompts_of(work.folder, settings, work.kit)
    check = preflight(run.method, work.dataset, settings, engine, run.start_adapter, prompts, work.folder, rows=rows)
    check.require()
    resumed = _prepare(run, engine, work.folder, check)
    over = _over_already(work, check)
    return over or _steps(work, rows, check, resumed, timings, entered)


def _steps(
    work: _Work, rows: Rows, check: PreflightReport, resumed: Path | None, timings: Timings, entered: float
) -> Outcome:
    """The steps of a run that is prepared, from those of the checkpoint on. `entered` is when its start began, on the
    monotonic clock."""
    from cai_ui.train.run.trainer import check_first_row, make_trainer

    run, folder, signal, settings = work.run, work.folder, work.signal, work.settings
    method = method_of(run.method)
    with work.engine.training_seat(settings, run.start_adapter) as seat:
        if not any(p.requires_grad for p in seat.model.parameters()):
            raise TrainingError(
                "The adapter has no trainable weights.",
                kept="Nothing was trained.",
                next_step="Name layers that the model has (modules).",
            )
        asks = bool(check.probes) and not processes.shares_weights()
        if check.probes and not asks:
            log.info("probe prompts are not asked: each process holds a share of the adapter")
        prober = Prober(run, work.engine, seat, check.probes, work.kit, folder, signal, settings) if asks else None
        trainer = make_trainer(
            method, seat, rows, settings, folder, signal, work.report, check.steps, prober, run.name or run.id, timings
        )
        check_first_row(method, trainer, rows, trainable_engine(work.engine).chat)
        if (over := _over_already(work, check)) is not None:
            return over
        began = time.monotonic()
        timings.add("start", began - entered - timings.seconds("reference"), 1)
        begun = checkpoints.step_of(resumed) if resumed else 0
        try:
            trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
        except Exception as error:
            if not (is_full_disk(error) and signal.keeps and processes.count() == 1):
                raise
            log.warning("the disk took no checkpoint at the end: %s", error)
            checkpoints.drop_incomplete(folder)  # the adapter takes its room
        finally:
            trainer.turns.give_back()
        step = trainer.state.global_step
        ended = _ending(signal, step, trainer.state.max_steps)
        spent = time.monotonic() - began
        tokens = tokens_in(rows, settings, step - begun)
        timings.add("steps", spent - timings.seconds("evaluations", "probes", "saves"), tokens)
        summary = {**summary_of(folder, check), "seconds": round(spent, 1), "rates": timings.rates()}
        state = seat.state() if ended in ("done", "stopped") else None
        digest = seat.save(folder / ADAPTER, state) if state is not None and processes.is_first() else None
    return _ended(ended, step, folder, summary, digest)


def _over_already(work: _Work, check: PreflightReport) -> Outcome | None:
    """The end of a run that is asked for it while it is prepared; None where it is to go on.

    A run that is to keep an adapter ("stop") takes its first step. Several processes agree at their steps alone.
    """
    if work.signal.wish not in ("close", "cancel") or processes.count() > 1:
        return None
    resumed = checkpoints.latest_checkpoint(work.folder)
    step = checkpoints.step_of(resumed) if resumed else 0
    state: RunState = "cancelled" if work.signal.wish == "cancel" else "interrupted"
    return _ended(state, step, work.folder, summary_of(work.folder, check))


def _ended(state: RunState, step: int, folder: Path, summary: dict[str, Any], digest: str | None = None) -> Outcome:
    """How a run ended, once its folder holds no more than it needs then."""
    if processes.is_first() and state in ("done", "cancelled"):
        checkpoints.drop_all(folder)
    if processes.is_first() and state == "cancelled":
        steps.drop_steps(folder)
    said = CLOSED if state == "interrupted" else ""
    if processes.is_first() and state in ("stopped", "interrupted"):
        said = " ".join(filter(None, (said, _unsaved(folder, step))))
    return Outcome(state, step, said or None, digest, summary)


def _unsaved(folder: Path, step: int) -> str:
    """What a run lacks that was ended at a step for which the disk had no room; "" where all is kept."""
    kept = checkpoints.latest_checkpoint(folder)
    begun = checkpoints.step_of(kept) if kept else 0
    if begun == step:
        return ""
    there = f"the newest is of step {begun}" if kept else "there is none"
    return (
        f"The disk has too little room for a checkpoint of step {step}; {there}. Make room; Resume then goes on from "
        f"{f'step {begun}' if kept else 'the beginning'}."
    )


def _prepare(run: Run, engine: Engine, folder: Path, check: PreflightReport) -> Path | None:
    """Write down what the run is made of and tidy up after an earlier end; gives the checkpoint to go on from."""
    earlier = read_config(folder)
    resumed = checkpoints.latest_checkpoint(folder)
    if resumed:
        processes.require_as_begun(earlier.get("processes", 1), earlier.get("shares_weights", False))
    processes.wait_for_all()
    begun = checkpoints.step_of(resumed) if resumed else 0
    if processes.is_first():
        write_config(folder, run, engine, check)
        checkpoints.drop_incomplete(folder)
        steps.drop_steps(folder, begun if resumed else -1)
        forget_after(folder, begun if resumed else -1)
        forget_probes_after(folder, begun if resumed else -1)
    title = method_of(run.method).title
    log.info("%s on %d rows, %d held out, %d steps", title, check.rows, check.held_out, check.steps)
    if check.left_out:
        log.info("left out: %s", told(check.left_out))
    if resumed:
        log.info("goes on from step %d", begun)
    return resumed


def _ending(signal: StopSignal, step: int, steps: int) -> RunState:
    if signal.wish == "cancel":
        return "cancelled"
    if step >= steps or not signal.wish:
        return "done"
    return "interrupted" if signal.wish == "close" else "stopped"
