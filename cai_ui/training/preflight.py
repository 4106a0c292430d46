"""Looking before a run starts, so that the known ways of training nothing, or the wrong thing, are refused.

The reproduction this project started from taught prompt positions to emit answer tokens, kept padding in the loss,
used no chat template, and loaded an adapter that nothing could train. Here the row is shown as the model will see
it, with the learnt part marked, and a run that cannot give a sound adapter does not start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from cai_ui.config import TrainSettings
from cai_ui.engine import Engine
from cai_ui.errors import EngineError, PreflightError
from cai_ui.records import Dataset, Method
from cai_ui.training.rows import Rows, first_reading, make_rows

FEW_STEPS = 10
LEAST_ROWS = 2
WHAT = {"sft": "rows", "dpo": "preference pairs"}


@dataclass(frozen=True)
class PreflightReport:
    """What the check found. `problems` refuse a run, `warnings` do not.

    `rows` is how many rows are trained on, `left_out` counts the others by reason, `longest` is in tokens.
    `decoded_example` is one row as pieces of text, each with whether it is learnt.
    """

    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    rows: int
    held_out: int
    left_out: dict[str, int]
    longest: int
    steps: int
    trainable_parameters: int
    decoded_example: tuple[tuple[str, bool], ...]

    @property
    def ok(self) -> bool:
        return not self.problems

    def require(self) -> None:
        """PreflightError with all problems, if there are any."""
        if self.problems:
            raise PreflightError(
                " ".join(self.problems), kept="Nothing was started.", next_step="Change the data or the settings."
            )


def preflight(
    method: Method, dataset: Dataset, settings: TrainSettings, engine: Engine, start_adapter: str | None = None
) -> PreflightReport:
    """Check a run without starting it. EngineError if this model cannot be trained here."""
    chat = getattr(engine, "chat", None)
    count = getattr(engine, "trainable_parameters", None)
    if chat is None or count is None:
        raise EngineError(
            f"The model {engine.name} cannot be trained here: it has no weights in this program.",
            next_step="Choose the embedded model, or load a model's folder, on the Start tab.",
        )
    rows = make_rows(method, dataset, settings, chat)
    trainable = count(settings, start_adapter)
    return PreflightReport(
        problems=tuple(_problems(method, rows, trainable)),
        warnings=tuple(_warnings(method, dataset, rows, settings, start_adapter)),
        rows=len(rows.train),
        held_out=len(rows.held_out),
        left_out=rows.left_out,
        longest=max(rows.lengths, default=0),
        steps=planned_steps(len(rows.train), settings),
        trainable_parameters=trainable,
        decoded_example=_decoded(rows, chat),
    )


def planned_steps(rows: int, settings: TrainSettings) -> int:
    """Optimiser steps of a run over so many rows, as the trainer counts them."""
    if settings.max_steps:
        return settings.max_steps
    per_epoch = max(math.ceil(math.ceil(rows / settings.batch_size) / settings.accumulation), 1) if rows else 0
    return math.ceil(settings.epochs * per_epoch)


def _problems(method: Method, rows: Rows, trainable: int) -> list[str]:
    found = []
    what = WHAT[method]
    if not rows.train and not rows.left_out:
        hint = "" if method == "sft" else " Pairs come from examples that have an initial answer and a better revision."
        found.append(f"This dataset has no {what} to train on.{hint}")
    elif not rows.train:
        found.append(f"None of the {what} can be used: {told(rows.left_out)}.")
    elif len(rows.train) < LEAST_ROWS:
        found.append(f"There is only one of the {what}; nothing can be learnt from that.")
    if trainable <= 0:
        found.append("The adapter would have no trainable weights.")
    return found


def _warnings(
    method: Method, dataset: Dataset, rows: Rows, settings: TrainSettings, start_adapter: str | None
) -> list[str]:
    found = []
    if rows.left_out:
        found.append(f"Left out: {told(rows.left_out)}.")
    steps = planned_steps(len(rows.train), settings)
    if rows.train and steps < FEW_STEPS:
        found.append(f"The run has {steps} steps only; the model will hardly change.")
    if method == "sft" and rows.train and all(e.example_id is not None for e in dataset.sft_train):
        found.append("No helpful rows are mixed in: expect the tuned model to refuse harmless requests too.")
    shared = {_asked(r) for r in rows.train} & {_asked(r) for r in rows.held_out}
    if shared:
        found.append(f"{len(shared)} prompts are both trained on and held out, so the held-out loss flatters.")
    if start_adapter and settings.rank != TrainSettings().rank:
        found.append("Rank and layers come from the adapter the run starts from; those given here are not used.")
    return found


def told(left_out: dict[str, int]) -> str:
    """Counts by reason as words: "3 longer than the limit, 1 nothing to learn"."""
    return ", ".join(f"{count:,} {reason}" for reason, count in left_out.items())


def _asked(row: dict[str, Any]) -> str:
    return "\n".join(turn["content"].strip() for turn in row["prompt"])


def _decoded(rows: Rows, chat: Any) -> tuple[tuple[str, bool], ...]:
    if not rows.train:
        return ()
    prompt, learnt = first_reading(rows.train[0], chat)
    read = chat.tokenizer.decode
    return (read(prompt, skip_special_tokens=False), False), (read(learnt, skip_special_tokens=False), True)
