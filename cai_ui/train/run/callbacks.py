"""What goes along with a trainer: turns at the weights, metrics and checkpoints, and an end when asked."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from cai_ui.config.train import TrainSettings
from cai_ui.disk import room
from cai_ui.engine.interface import TrainingSeat
from cai_ui.errors import TrainingError
from cai_ui.train import processes
from cai_ui.train.check.estimate import checkpoint_bytes
from cai_ui.train.method import TrainingMethod
from cai_ui.train.run.checkpoints import FOLDER, drop_oldest, seal
from cai_ui.train.run.metrics import append_row
from cai_ui.train.run.probes import Prober
from cai_ui.train.run.steps import keep_step
from cai_ui.train.signals import Report, StopSignal
from cai_ui.train.timings import Timings

_HELD_OUT = "eval_"
"""Before the name of a value on held-out rows."""
_KEPT = ("loss", "learning_rate", "grad_norm", "epoch", "num_tokens", "rewards/", "logps/", "mean_token_accuracy")

SAVING_SHARE = 50
"""Checkpoints by the clock are at least this many times as far apart as one takes, so that they cost at most 2 %."""


class TakeTurns(TrainerCallback):
    """Hold the weights from the beginning to the end of each step. Others have their turn in between."""

    def __init__(self, seat: TrainingSeat) -> None:
        self._seat = seat
        self._held = ExitStack()

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        self._held.enter_context(self._seat.step())

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        self.give_back()

    def give_back(self) -> None:
        """Let go, also after an error in the middle of a step."""
        self._held.close()


class AskProbes(TrainerCallback):
    """Put the probe prompts to the adapter before the first step, every so many steps, and after the last."""

    def __init__(self, prober: Prober, every: int, signal: StopSignal, timings: Timings) -> None:
        self._prober = prober
        self._every = every
        self._signal = signal
        self._timings = timings

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == 0:
            self._ask(0)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step % self._every == 0 or state.global_step >= state.max_steps:
            self._ask(state.global_step)

    def _ask(self, step: int) -> None:
        if not self._signal.is_set():
            with self._timings.timed("probes", self._prober.number):
                self._prober.ask(step)


class Recorder(TrainerCallback):
    """Metrics to the run's folder, checkpoints sealed, progress reported; ends the run when asked or when it broke."""

    def __init__(
        self,
        method: TrainingMethod,
        folder: Path,
        signal: StopSignal,
        report: Report,
        settings: TrainSettings,
        timings: Timings,
    ) -> None:
        self._method = method
        self._settings = settings
        self._kept = (*_KEPT, *method.logged)
        self._timings = timings
        self._folder = folder
        self._signal = signal
        self._report = report
        self._keep = settings.keep_checkpoints
        self._pause = float(settings.save_seconds or math.inf) if settings.save_steps else math.inf
        self._began = self._saved = time.monotonic()
        self._first_step = 0
        self._last: tuple[float, float] | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._began, self._first_step = time.monotonic(), state.global_step
        self._saved = self._began
        self._report(state.global_step, state.max_steps)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._report(state.global_step, state.max_steps)
        now = time.monotonic()
        wish, due = processes.agreed(self._signal.wish, now - self._saved > self._pause)
        control.should_save = control.should_save or due
        if wish:
            self._signal.ask(wish)
            control.should_training_stop = True
            control.should_save = self._signal.keeps
        if control.should_save:
            over = bool(wish) or state.global_step >= state.max_steps
            control.should_save = self._has_room(kwargs["model"], state.is_world_process_zero, over)

    def _has_room(self, model: Any, first: bool, over: bool) -> bool:
        """Whether a checkpoint leaves the database its room. TrainingError where it does not and the run is not over,
        whose adapter is kept in any case."""
        need = checkpoint_bytes(sum(part.numel() for part in model.parameters() if part.requires_grad))
        _, short = processes.agreed("", first and need > room(self._folder))
        if short and not over:
            raise TrainingError(
                f"The disk has too little room for a checkpoint ({need / 1e6:,.0f} MB).",
                kept="Checkpoints so far are kept.",
                next_step="Make room, then press Resume.",
            )
        return not short

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        if not logs or "train_runtime" in logs:  # the trainer's summary; ours is the exit record
            return
        row = {name: value for name, value in logs.items() if name.removeprefix(_HELD_OUT).startswith(self._kept)}
        spent = time.monotonic() - self._began
        timing = {"seconds": round(spent, 3), "eta_s": self._eta(spent, state), **self._speed(spent, row)}
        if state.is_world_process_zero:
            derived = {f"{side}{k}": v for side in ("", _HELD_OUT) for k, v in self._derived(row, side).items()}
            append_row(self._folder, {"step": state.global_step, **row, **derived, **timing})
        for name in ("loss", "grad_norm"):
            value = logs.get(name)
            if value is not None and not math.isfinite(float(value)):
                raise TrainingError(
                    f"The {name.replace('_norm', 'ient')} is no longer a number ({value}) at step {state.global_step}.",
                    kept="Checkpoints from before are kept.",
                    next_step="Start again with a lower learning rate.",
                )

    def _derived(self, row: Mapping[str, Any], side: str) -> Mapping[str, float]:
        """What follows from the logged values of one side, of the rows trained on ("") or of the held-out ones."""
        own = {name.removeprefix(side): value for name, value in row.items() if name.startswith(side)}
        return self._method.derived(own, self._settings)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        with self._timings.timed("saves"):
            processes.wait_for_all()
            if state.is_world_process_zero:
                sealed = self._folder / FOLDER / f"checkpoint-{state.global_step}"
                seal(sealed)
                keep_step(self._folder, sealed, state.global_step, self._settings.keep_steps)
                drop_oldest(self._folder, self._keep)
        self._saved = time.monotonic()
        self._pause = max(self._pause, SAVING_SHARE * self._timings.each("saves"))

    def _eta(self, spent: float, state: Any) -> float | None:
        done = state.global_step - self._first_step
        return round(spent / done * (state.max_steps - state.global_step), 1) if done else None

    def _speed(self, spent: float, row: dict[str, Any]) -> dict[str, float]:
        """Tokens per second since the row before, of which the trainer counts the sum."""
        tokens = row.pop("num_tokens", None)
        if tokens is None:
            return {}
        before, self._last = self._last, (spent, float(tokens))
        if before is None or spent <= before[0]:
            return {}
        return {"tokens_per_s": round((float(tokens) - before[1]) / (spent - before[0]), 1)}
