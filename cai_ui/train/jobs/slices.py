"""A run in slices of limited time, for places that lend a GPU only inside a call (ZeroGPU Spaces).

A slice runs in a process that is forked for it and killed when its time is over. It trains until that time is nearly
over, keeps a checkpoint and gives back an outcome that can be pickled; the next slice goes on from there. Only files
in the run's folder pass between the two: metrics and checkpoints one way, the wish to stop the other.
"""

from __future__ import annotations

import json
import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from cai_ui.engine.interface import Engine
from cai_ui.records import Dataset, Run
from cai_ui.train.rows import Rows
from cai_ui.train.run.checkpoints import latest_checkpoint, step_of
from cai_ui.train.run.folder import Outcome
from cai_ui.train.run.metrics import read_rows
from cai_ui.train.run.probes import ProbeKit
from cai_ui.train.run.run import CLOSED, train
from cai_ui.train.signals import WISHES, Report, StopSignal, Wish

MARGIN = 0.15
"""Share of a slice that is kept for the step in hand and the checkpoint."""
WISH, USED = "wish.txt", "slices.json"
PAUSED = "The time slice is over; the run goes on in the next one."
TOO_SHORT = (
    "A slice of {seconds:.0f} seconds ended twice without a new checkpoint. What was kept before is kept. Ask for "
    "longer slices, or take smaller batches; then press Resume."
)
_LOOK_S = 0.5

Lend = Callable[[Callable[[], Outcome], float], Outcome | None]
"""Runs a call where the GPU is, for at most so many seconds; None where it was killed before it gave an answer."""


@dataclass(frozen=True)
class Slices:
    """How a GPU is lent: for how long at a time, and by whom."""

    seconds: float
    lend: Lend


@dataclass(frozen=True)
class SliceUse:
    """How much of a lent GPU a run has had: slices of `seconds` each, how many have begun, seconds of those that have
    ended, and how many were killed before they gave an answer (what they did after their checkpoint is done again).
    """

    seconds: float
    begun: int = 0
    used: float = 0.0
    lost: int = 0


def read_slices(folder: Path) -> SliceUse | None:
    """What a run has used; None for a run that goes in one piece."""
    try:
        return SliceUse(**json.loads((folder / USED).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def slices_for(seconds: float, slice_seconds: float) -> int:
    """How many slices so many seconds of training take; none is used to its end."""
    return math.ceil(seconds / ((1 - MARGIN) * slice_seconds))


def train_in_slices(
    run: Run,
    dataset: Dataset,
    engine: Engine,
    folder: Path,
    signal: StopSignal,
    report: Report,
    kit: ProbeKit,
    slices: Slices,
    rows: Rows | None = None,
) -> Outcome:
    """Train in slices until the run is over or asked to end. Two slices without a new checkpoint fail it."""
    seconds, fruitless = slices.seconds, 0
    use = replace(read_slices(folder) or SliceUse(seconds), seconds=seconds)
    (folder / WISH).unlink(missing_ok=True)
    while True:
        before, began = _reached(folder), time.monotonic()
        use = _note(folder, replace(use, begun=use.begun + 1))
        over = threading.Event()
        watcher = threading.Thread(target=_watch, args=(folder, run, signal, report, over), daemon=True)
        watcher.start()
        outcome = slices.lend(partial(train_slice, run, dataset, engine, folder, kit, seconds, rows), seconds)
        over.set()
        watcher.join()
        took = min(time.monotonic() - began, seconds)
        use = _note(folder, replace(use, used=use.used + took, lost=use.lost + (outcome is None)))
        if outcome is not None and (outcome.error != PAUSED or signal.is_set()):
            (folder / WISH).unlink(missing_ok=True)
            return replace(outcome, error=CLOSED) if outcome.error == PAUSED else outcome
        fruitless = fruitless + 1 if _reached(folder) <= before else 0
        if fruitless == 2:
            return Outcome("failed", max(before, 0), TOO_SHORT.format(seconds=seconds))


def train_slice(
    run: Run,
    dataset: Dataset,
    engine: Engine,
    folder: Path,
    kit: ProbeKit,
    seconds: float,
    rows: Rows | None = None,
) -> Outcome:
    """What the worker does: train for at most `seconds`, less a margin. "interrupted" until the run is over, with
    PAUSED as its error where the next slice can go on."""
    signal = StopSignal()
    end = time.monotonic() + (1 - MARGIN) * seconds

    def report(step: int, steps: int) -> None:
        wish = _wish(folder)
        if wish:
            signal.ask(wish)
        elif time.monotonic() > end:
            signal.ask("close")

    outcome = train(run, dataset, engine, folder, signal, report, kit, rows)
    return replace(outcome, error=PAUSED) if outcome.error == CLOSED else outcome


def _watch(folder: Path, run: Run, signal: StopSignal, report: Report, over: threading.Event) -> None:
    """Tell the parent process of the worker's steps, and the worker of the wish to stop."""
    said = 0
    while not over.wait(_LOOK_S):
        if signal.is_set():
            (folder / WISH).write_text(signal.wish, encoding="utf-8")
        rows = [row["step"] for row in read_rows(folder, said)]
        if rows:
            said = max(rows)
            report(said, max(run.total_steps, said))


def _note(folder: Path, use: SliceUse) -> SliceUse:
    draft = folder / f".{USED}"
    draft.write_text(json.dumps(asdict(use)), encoding="utf-8")
    os.replace(draft, folder / USED)
    return use


def _wish(folder: Path) -> Wish:
    try:
        found = (folder / WISH).read_text(encoding="utf-8")
    except OSError:
        return ""
    return next((wish for wish in WISHES if wish == found), "")


def _reached(folder: Path) -> int:
    newest = latest_checkpoint(folder)
    return step_of(newest) if newest else -1
