"""One run, from rows to adapter. The same function serves the background thread, the command line and torchrun."""

from __future__ import annotations

import gc
import logging
import time
from pathlib import Path
from typing import Any

from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import Engine
from cai_ui.engine.memory import settle
from cai_ui.errors import TrainingError
from cai_ui.records import Dataset, Run, RunState
from cai_ui.train import processes
from cai_ui.train.check.plan import halved, tokens_in
from cai_ui.train.check.preflight import PreflightReport, preflight, told, trainable_engine
from cai_ui.train.encoding import make_rows
from cai_ui.train.methods import METHODS, method_of
from cai_ui.train.rows import Rows
from cai_ui.train.run import checkpoints, steps
from cai_ui.train.run.causes import cause, is_memory
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

log = logging.getLogger("cai_ui.train")
log.setLevel(logging.INFO)


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
    with log_file(folder if first else None):
        outcome, problem = _attempt(run, dataset, engine, folder, signal, report, settings, kit, rows)
        smaller = halved(settings, METHODS[run.method].least_batch) if run.method in METHODS else None
        if problem is not None and is_memory(problem) and smaller and processes.count() == 1:
            problem = None  # its traceback holds the trainer's tensors
            free_memory()
            said = (
                f"Memory did not suffice for a batch of {settings.batch_size}; the run went on with "
                f"{smaller.batch_size} and an accumulation of {smaller.accumulation}."
            )
            log.warning(said)
            outcome, problem = _attempt(run, dataset, engine, folder, signal, report, smaller, kit, rows)
            outcome.summary["retried"] = said
        problem = None
        free_memory()
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


def free_memory() -> None:
    """Let go of what a trainer held."""
    gc.collect()
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _attempt(
    run: Run,
    dataset: Dataset,
    engine: Engine,
    folder: Path,
    signal: StopSignal,
    report: Report,
    settings: TrainSettings,
    kit: ProbeKit,
    rows: Rows | None,
) -> tuple[Outcome, Exception | None]:
    try:
        return _train(run, dataset, engine, folder, signal, report, settings, kit, rows), None
    except Exception as error:
        log.exception("the run ended with an error")
        return Outcome("failed", last_step(folder), cause(error)), error


def _train(
    run: Run,
    dataset: Dataset,
    engine: Engine,
    folder: Path,
    signal: StopSignal,
    report: Report,
    settings: TrainSettings,
    kit: ProbeKit,
    rows: Rows | None,
) -> Outcome:
    timings, entered = Timings(), time.monotonic()
    from cai_ui.train.run.trainer import check_first_row, make_trainer

    settle()
    if run.base_hash and run.base_hash != engine.base_hash:
        raise TrainingError(
            f"This run was begun on other base weights ({run.base_hash[:8]}; loaded now: {engine.base_hash[:8]}).",
            kept="Its checkpoints are kept.",
            next_step="Load the model it was begun on, then resume.",
        )
    method, chat = method_of(run.method), trainable_engine(engine).chat
    rows = rows or make_rows(run.method, dataset, settings, chat)
    prompts = prompts_of(folder, settings, kit)
    check = preflight(run.method, dataset, settings, engine, run.start_adapter, prompts, folder, rows=rows)
    check.require()
    resumed = _prepare(run, engine, folder, check)
    if (over := _over_already(signal, folder, check)) is not None:
        return over
    with engine.training_seat(settings, run.start_adapter) as seat:
        if not any(p.requires_grad for p in seat.model.parameters()):
            raise TrainingError("The adapter has no trainable weights.", kept="Nothing was trained.")
        asks = bool(check.probes) and not processes.shares_weights()
        if check.probes and not asks:
            log.info("probe prompts are not asked: each process holds a share of the adapter")
        prober = Prober(run, engine, seat, check.probes, kit, folder, signal, settings) if asks else None
        trainer = make_trainer(
            method, seat, rows, settings, folder, signal, report, check.steps, prober, run.name or run.id, timings
        )
        check_first_row(method, trainer, rows, chat)
        if (over := _over_already(signal, folder, check)) is not None:
            return over
        began = time.monotonic()
        timings.add("start", began - entered - timings.seconds("reference"), 1)
        begun = checkpoints.step_of(resumed) if resumed else 0
        try:
            trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
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


def _over_already(signal: StopSignal, folder: Path, check: PreflightReport) -> Outcome | None:
    """The end of a run that is asked for it while it is prepared; None where it is to go on.

    A run that is to keep an adapter ("stop") takes its first step. Several processes agree at their steps alone.
    """
    if signal.wish not in ("close", "cancel") or processes.count() > 1:
        return None
    resumed = checkpoints.latest_checkpoint(folder)
    step = checkpoints.step_of(resumed) if resumed else 0
    state: RunState = "cancelled" if signal.wish == "cancel" else "interrupted"
    return _ended(state, step, folder, summary_of(folder, check))


def _ended(state: RunState, step: int, folder: Path, summary: dict[str, Any], digest: str | None = None) -> Outcome:
    """How a run ended, once its folder holds no more than it needs then."""
    if processes.is_first() and state in ("done", "cancelled"):
        checkpoints.drop_all(folder)
    if processes.is_first() and state == "cancelled":
        steps.drop_steps(folder)
    return Outcome(state, step, "The program was closed." if state == "interrupted" else None, digest, summary)


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
