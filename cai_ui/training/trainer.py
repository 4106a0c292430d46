"""TRL's trainers on the engine's own weights, taking turns with everybody else who uses them.

The trainers are unchanged; callbacks hold the weights for one step at a time, write metrics, seal checkpoints and
end the run when asked. Losses: SFT is the mean negative log-likelihood of the answer's tokens (prompt masked);
DPO is Rafailov et al. 2023, eq. 7, against the model the run starts from.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import datasets
from transformers import PrinterCallback, TrainerCallback

from cai_ui.config import TrainSettings
from cai_ui.engine import TrainingSeat
from cai_ui.errors import TrainingError
from cai_ui.records import Method
from cai_ui.training.checkpoints import FOLDER, seal
from cai_ui.training.metrics import append_metrics
from cai_ui.training.rows import Rows, first_reading
from cai_ui.training.signals import StopSignal

HELD_OUT_ROWS = 100
"""At most this many held-out rows are looked at during a run, so that looking stays cheap."""
LOOKS = 5
"""How often the held-out loss is taken in a run."""
LARGE = 1_000_000_000
"""From this many weights on, activations are computed twice to save memory."""
warnings.filterwarnings("ignore", message="`gradient_checkpointing` is deprecated")  # older versions need the name
datasets.disable_progress_bars()
_KEPT = ("loss", "learning_rate", "grad_norm", "epoch", "num_tokens", "rewards/", "logps/", "mean_token_accuracy")

Report = Callable[[int, int], None]
"""Called after each step with the steps done and the steps in all."""


def make_trainer(
    method: Method,
    seat: TrainingSeat,
    rows: Rows,
    settings: TrainSettings,
    folder: Path,
    signal: StopSignal,
    report: Report,
    steps: int,
) -> Any:
    """An SFTTrainer or DPOTrainer for `rows`. `steps` is how many the run will take in all."""
    from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

    common = _arguments(seat, settings, folder, bool(rows.held_out), steps)
    turns = TakeTurns(seat)
    parts = {
        "model": seat.model,
        "processing_class": seat.tokenizer,
        "train_dataset": datasets.Dataset.from_list(rows.train),
        "eval_dataset": datasets.Dataset.from_list(rows.held_out[:HELD_OUT_ROWS]) if rows.held_out else None,
        "callbacks": [turns, Recorder(folder, signal, report)],
    }
    if method == "sft":
        trainer = _looking(SFTTrainer, seat)(args=SFTConfig(completion_only_loss=True, **common), **parts)
    else:
        losses: dict[str, Any] = {"loss_type": ["sigmoid"]}
        if settings.sft_weight:
            losses = {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, settings.sft_weight]}
        trainer = _looking(DPOTrainer, seat)(args=DPOConfig(beta=settings.beta, **losses, **common), **parts)
    trainer.remove_callback(PrinterCallback)
    trainer.turns = turns
    return trainer


def check_first_row(method: Method, trainer: Any, rows: Rows, chat: Any) -> None:
    """TrainingError unless the trainer's own first row is the prompt, then the answer, with the answer alone learnt.

    This is what the reproduction this project started from got wrong: labels that were not the next tokens.
    """
    prompt, learnt = first_reading(rows.train[0], chat)
    row = trainer.train_dataset[0]
    if method == "sft":
        batch = trainer.data_collator([row])
        ids, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
        sound = ids == prompt + learnt and labels == [-100] * len(prompt) + learnt
    else:
        sound = list(row["prompt_ids"]) == prompt and list(row["chosen_ids"]) == learnt
    if len(trainer.train_dataset) != len(rows.train) or not sound:
        raise TrainingError(
            "The trainer would not learn the answers as they are asked for: its rows differ from the chat format's.",
            kept="Nothing was trained.",
            next_step="Use the versions of trl and transformers in requirements.txt.",
        )


class TakeTurns(TrainerCallback):
    """Hold the weights from the beginning to the end of each step. Others have their turn in between."""

    def __init__(self, seat: TrainingSeat) -> None:
        self._seat = seat
        self._held = ExitStack()

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        self._held.enter_context(self._seat.step())

    def on_step_end(self, *args: Any, model: Any = None, **kwargs: Any) -> None:
        self.give_back()
        model.train()  # the trainer files its metrics by this flag; the modules are this run's own

    def give_back(self) -> None:
        """Let go, also after an error in the middle of a step."""
        self._held.close()


class Recorder(TrainerCallback):
    """Metrics to the run's folder, checkpoints sealed, progress reported; ends the run when asked or when it broke."""

    def __init__(self, folder: Path, signal: StopSignal, report: Report) -> None:
        self._folder = folder
        self._signal = signal
        self._report = report
        self._began = time.monotonic()
        self._first_step = 0
        self._last: tuple[float, float] | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._began, self._first_step = time.monotonic(), state.global_step
        self._report(state.global_step, state.max_steps)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._report(state.global_step, state.max_steps)
        if self._signal.is_set():
            control.should_training_stop = True
            control.should_save = self._signal.keeps

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        if not logs or "train_runtime" in logs:  # the trainer's summary; ours is the exit record
            return
        row = {name: value for name, value in logs.items() if name.removeprefix("eval_").startswith(_KEPT)}
        spent = time.monotonic() - self._began
        timing = {"seconds": round(spent, 3), "eta_s": self._eta(spent, state), **self._speed(spent, row)}
        append_metrics(self._folder, {"step": state.global_step, **row, **timing})
        for name in ("loss", "grad_norm"):
            value = logs.get(name)
            if value is not None and not math.isfinite(float(value)):
                raise TrainingError(
                    f"The {name.replace('_norm', 'ient')} became {value} at step {state.global_step}.",
                    kept="Checkpoints from before are kept.",
                    next_step="Start again with a lower learning rate.",
                )

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        seal(self._folder / FOLDER / f"checkpoint-{state.global_step}")

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


def _looking(trainer: Any, seat: TrainingSeat) -> Any:
    """The trainer with its held-out passes in turns as well."""

    class Seated(trainer):
        def prediction_step(self, *args: Any, **kwargs: Any) -> Any:
            with seat.look():
                return super().prediction_step(*args, **kwargs)

    return Seated


def _arguments(seat: TrainingSeat, settings: TrainSettings, folder: Path, held_out: bool, steps: int) -> dict[str, Any]:
    first = next(seat.model.parameters())
    on_gpu = first.device.type == "cuda"
    large = sum(p.numel() for p in seat.model.parameters()) > LARGE
    return {
        "output_dir": str(folder / FOLDER),
        "learning_rate": settings.learning_rate,
        "num_train_epochs": settings.epochs,
        "max_steps": settings.max_steps or -1,
        "per_device_train_batch_size": settings.batch_size,
        "per_device_eval_batch_size": settings.batch_size,
        "gradient_accumulation_steps": settings.accumulation,
        "max_length": None,  # rows that are too long were left out and counted; TRL would cut them
        "lr_scheduler_type": settings.schedule,
        "warmup_steps": math.ceil(settings.warmup_ratio * steps),
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
        "seed": settings.seed,
        "data_seed": settings.seed,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # it would hide the very thing we look for
        "save_strategy": "steps" if settings.save_steps else "no",
        "save_steps": settings.save_steps or 1,
        "save_total_limit": 2,
        "eval_strategy": "steps" if held_out else "no",
        "eval_steps": max(1, steps // LOOKS),
        "use_cpu": not on_gpu,
        "bf16": on_gpu,
        "gradient_checkpointing": large,
        "dataloader_pin_memory": on_gpu,
        "report_to": [],
        "disable_tqdm": True,
    }
