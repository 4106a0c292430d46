"""TRL's trainers on the engine's own weights, taking turns with everybody else who uses them.

Callbacks hold the weights for one step at a time, write metrics, seal checkpoints and end the run when asked. The loss
is the method's (see `methods`).
"""

from __future__ import annotations

import math
import os
import warnings
from pathlib import Path
from typing import Any

import datasets
from transformers import PrinterCallback

from cai_ui.config.train import TrainSettings
from cai_ui.engine.adapters.training_needs import computed_twice
from cai_ui.engine.chat_format import ChatFormat
from cai_ui.engine.interface import TrainingSeat
from cai_ui.errors import TrainingError
from cai_ui.train import processes
from cai_ui.train.check.plan import evaluations, reference_in_advance
from cai_ui.train.encoding import first_reading
from cai_ui.train.method import TrainingMethod
from cai_ui.train.rows import Rows
from cai_ui.train.run.batches import LikeLengths
from cai_ui.train.run.callbacks import AskProbes, Recorder, TakeTurns
from cai_ui.train.run.checkpoints import FOLDER
from cai_ui.train.run.probes import Prober
from cai_ui.train.signals import Report, StopSignal
from cai_ui.train.timings import Timings

warnings.filterwarnings("ignore", message="`gradient_checkpointing` is deprecated")  # older versions need the name
datasets.disable_progress_bars()


def make_trainer(
    method: TrainingMethod,
    seat: TrainingSeat,
    rows: Rows,
    settings: TrainSettings,
    folder: Path,
    signal: StopSignal,
    report: Report,
    steps: int,
    prober: Prober | None = None,
    name: str = "",
    timings: Timings | None = None,
) -> Any:
    """The method's trainer for `rows`. `steps` is how many the run will take in all; `name` is the run's.

    `timings` is told what evaluations, probes, saves and the reference take.
    """
    held_out = evaluations(rows, settings, steps)
    common = _arguments(seat, settings, folder, held_out.every, steps) | {"run_name": name or None}
    turns = TakeTurns(seat)
    timings = timings or Timings()
    callbacks: list[Any] = [turns, Recorder(method, folder, signal, report, settings, timings)]
    if prober is not None and processes.is_first():
        callbacks.append(AskProbes(prober, settings.probe_steps, signal, timings))
    if settings.report_to == "tensorboard":
        callbacks.append(_tensorboard(folder))
    parts = {
        "model": seat.model,
        "processing_class": seat.tokenizer,
        "train_dataset": datasets.Dataset.from_list(method.columns(rows.train)),
        "eval_dataset": datasets.Dataset.from_list(method.columns(held_out.choose(rows.held_out)))
        if held_out.rows
        else None,
        "callbacks": callbacks,
    }
    order = _order(rows, settings) if "group_by_length" in method.knobs else None
    recipe = method.recipe(seat, rows, settings)
    trainer = _seated(recipe.trainer, seat, order, timings)(
        args=recipe.config(**recipe.arguments, **common), data_collator=recipe.collator, **parts
    )
    if method.reference != "none":
        seat.set_reference()
    if method.reference == "in advance" and reference_in_advance(rows, settings, steps):
        with timings.timed("reference", len(rows.train) + held_out.rows):
            trainer.keep_reference(seat, signal)
    trainer.args.train_sampling_strategy = "random"  # TRL's KTO would take rows as they lie; see `kto.Mismatched`
    trainer.remove_callback(PrinterCallback)
    trainer.turns = turns
    return trainer


def check_first_row(method: TrainingMethod, trainer: Any, rows: Rows, chat: ChatFormat) -> None:
    """TrainingError unless the trainer's own first row is the prompt, then the answer, with the answer alone learnt.

    This is what the reproduction this project started from got wrong: labels that were not the next tokens.
    """
    sound = method.is_sound(trainer, *first_reading(rows.train[0], chat))
    if len(trainer.train_dataset) != len(rows.train) or not sound:
        raise TrainingError(
            "The trainer would not learn the answers as they are asked for: its rows differ from the chat format's.",
            kept="Nothing was trained.",
            next_step="Use the versions of trl and transformers in requirements.txt.",
        )


def _seated(trainer: Any, seat: TrainingSeat, order: LikeLengths | None, timings: Timings) -> Any:
    """The trainer with its held-out passes in turns as well, its rows as they are and in the order that is given."""

    class Seated(trainer):
        def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
            """The rows are tokens. TRL would encode them by its own rules, in a walk through Python and a hash of all
            that it uses, during which others hardly got to run (0.6 s for 600 rows, up to 0.2 of them in one piece)."""
            return dataset

        def evaluate(self, *args: Any, **kwargs: Any) -> Any:
            with timings.timed("evaluations", len(self.eval_dataset)):
                return super().evaluate(*args, **kwargs)

        def _save_checkpoint(self, *args: Any, **kwargs: Any) -> Any:
            with timings.timed("saves", 1):
                return super()._save_checkpoint(*args, **kwargs)

        def create_model_card(self, *args: Any, **kwargs: Any) -> None:
            """None: nobody reads one in a checkpoint, and it takes as long as writing the weights of a small model."""

        def prediction_step(self, *args: Any, **kwargs: Any) -> Any:
            with seat.evaluation():
                return super().prediction_step(*args, **kwargs)

        def _get_train_sampler(self, *args: Any, **kwargs: Any) -> Any:
            return order or super()._get_train_sampler(*args, **kwargs)

    return Seated


def _order(rows: Rows, settings: TrainSettings) -> LikeLengths | None:
    if not settings.group_by_length:
        return None
    return LikeLengths(
        rows.lengths, settings.batch_size * settings.accumulation * processes.count(), seed=settings.seed
    )


def _tensorboard(folder: Path) -> Any:
    """A writer of its own, since the stock one finds its folder through the environment that all runs share."""
    from torch.utils.tensorboard import SummaryWriter
    from transformers.integrations import TensorBoardCallback

    return TensorBoardCallback(SummaryWriter(log_dir=str(folder / "tensorboard")))


def _arguments(
    seat: TrainingSeat, settings: TrainSettings, folder: Path, evaluate_every: int, steps: int
) -> dict[str, Any]:
    first = next(seat.model.parameters())
    on_gpu = first.device.type == "cuda"
    elsewhere = settings.report_to in ("trackio", "wandb")
    several = processes.count() > 1
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
        "save_total_limit": None,  # old checkpoints go when the new one is sealed, not before
        "eval_strategy": "steps" if evaluate_every else "no",
        "eval_steps": evaluate_every or None,
        "use_cpu": not on_gpu,
        "bf16": on_gpu,
        "optim": "adamw_torch_fused" if on_gpu else "adamw_torch",
        "gradient_checkpointing": computed_twice(settings, seat.model.num_parameters()),
        "dataloader_pin_memory": on_gpu,
        "report_to": [settings.report_to] if elsewhere else [],
        "project": os.environ.get("CAI_PROJECT", "constitutional-ai"),
        "disable_tqdm": True,
        "ddp_backend": "gloo" if several and not on_gpu else None,
        "ddp_find_unused_parameters": False if several else None,
    }
