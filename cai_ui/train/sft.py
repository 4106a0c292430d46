"""SFT: the model learns the kept answers. Loss: mean negative log-likelihood of the answer's tokens, prompt masked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import TrainingSeat
from cai_ui.records import Dataset, TrainingExample
from cai_ui.train.method import Recipe, TrainingMethod
from cai_ui.train.rows import Draft, Row, Rows

NOT_LEARNT = -100
"""The label of a token that does not count in the loss, in torch and in TRL."""

PRESETS = {
    "embedded quick": TrainSettings(learning_rate=2e-3, epochs=3, batch_size=16, rank=16, alpha=32, probe_steps=20),
    "seed study": TrainSettings(
        learning_rate=2e-4, epochs=3, batch_size=1, accumulation=4, max_length=1024, rank=16, alpha=32,
        dropout=0.05, modules="attention q+v", schedule="cosine", warmup_ratio=0.03, save_steps=100,
        probe_steps=100,
    ),
    "Mistral-7B": TrainSettings(
        learning_rate=1e-4, epochs=2, batch_size=2, accumulation=8, max_length=1024, rank=16, alpha=32,
        dropout=0.05, save_steps=50, probe_steps=50,
    ),
    "H4 recipe": TrainSettings(
        learning_rate=2e-5, epochs=1, batch_size=8, accumulation=32, max_length=2048, rank=64, alpha=64,
        schedule="cosine", warmup_ratio=0.1, save_steps=25, probe_steps=25,
    ),
    "paper's shape": TrainSettings(
        learning_rate=1e-4, epochs=1, batch_size=8, accumulation=128, max_length=2048, rank=64, alpha=64,
        schedule="constant", warmup_ratio=0.0, save_steps=10, probe_steps=5,
    ),
}  # fmt: skip


def _drafts(dataset: Dataset) -> tuple[Sequence[Draft], Sequence[Draft]]:
    return [_draft(row) for row in dataset.sft_train], [_draft(row) for row in dataset.sft_eval]


def _draft(row: TrainingExample) -> Draft:
    return Draft(row.conversation, {"completion": row.answer})


def _notes(dataset: Dataset, rows: Rows, settings: TrainSettings) -> Iterator[str]:
    if rows.train and all(row.example_id is not None for row in dataset.sft_train):
        yield "No helpful rows are mixed in: expect the tuned model to refuse harmless requests too."


def _recipe(seat: TrainingSeat, rows: Rows, settings: TrainSettings) -> Recipe:
    from trl import SFTConfig, SFTTrainer

    return Recipe(SFTTrainer, SFTConfig, {"completion_only_loss": True})


def _columns(rows: Sequence[Row]) -> list[Row]:
    """Prompt and answer in one, and the answer alone to be learnt."""
    return [
        {
            "input_ids": np.concatenate([row["prompt_ids"], row["completion_ids"]]),
            "labels": np.concatenate([np.full_like(row["prompt_ids"], NOT_LEARNT), row["completion_ids"]]),
        }
        for row in rows
    ]


def _is_sound(trainer: Any, prompt: list[int], answer: list[int]) -> bool:
    batch = trainer.data_collator([trainer.train_dataset[0]])
    ids, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
    return bool(ids == prompt + answer and labels == [NOT_LEARNT] * len(prompt) + answer)


SFT = TrainingMethod(
    name="sft",
    title="SFT",
    about="learn the kept answers",
    rows_called="rows",
    drafts=_drafts,
    presets=PRESETS,
    recipe=_recipe,
    is_sound=_is_sound,
    columns=_columns,
    knobs=("group_by_length",),
    notes=_notes,
)
