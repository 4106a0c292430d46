"""Named settings."""

from __future__ import annotations

from cai_ui.config import TrainSettings
from cai_ui.records import Method

PRESETS: dict[str, dict[Method, TrainSettings]] = {
    "embedded quick": {
        "sft": TrainSettings(learning_rate=2e-3, epochs=3, batch_size=16, rank=16, alpha=32, probe_steps=20),
        "dpo": TrainSettings(
            learning_rate=3e-3, epochs=3, batch_size=16, rank=16, alpha=32, probe_steps=10, beta=0.1, sft_weight=1.0,
        ),
    },
    "seed study": {
        "sft": TrainSettings(
            learning_rate=2e-4, epochs=3, batch_size=1, accumulation=4, max_length=1024, rank=16, alpha=32,
            dropout=0.05, modules="attention q+v", schedule="cosine", warmup_ratio=0.03, save_steps=100,
            probe_steps=100,
        ),
        "dpo": TrainSettings(
            learning_rate=5e-6, epochs=1, batch_size=1, accumulation=4, max_length=1024, rank=16, alpha=32,
            dropout=0.05, modules="attention q+v", schedule="linear", warmup_ratio=0.03, save_steps=100, beta=0.1,
            probe_steps=100,
        ),
    },
    "Mistral-7B": {
        "sft": TrainSettings(
            learning_rate=1e-4, epochs=2, batch_size=2, accumulation=8, max_length=1024, rank=16, alpha=32,
            dropout=0.05, save_steps=50, probe_steps=50,
        ),
        "dpo": TrainSettings(
            learning_rate=5e-6, epochs=1, batch_size=1, accumulation=16, max_length=1024, rank=16, alpha=32,
            dropout=0.05, save_steps=50, beta=0.1, probe_steps=50,
        ),
    },
    "H4 recipe": {
        "sft": TrainSettings(
            learning_rate=2e-5, epochs=1, batch_size=8, accumulation=32, max_length=2048, rank=64, alpha=64,
            schedule="cosine", warmup_ratio=0.1, save_steps=25, probe_steps=25,
        ),
        "dpo": TrainSettings(
            learning_rate=5e-7, epochs=3, batch_size=2, accumulation=8, max_length=1024, rank=64, alpha=64,
            schedule="linear", warmup_ratio=0.1, save_steps=100, beta=0.1, probe_steps=100,
        ),
    },
    "paper's shape": {
        "sft": TrainSettings(
            learning_rate=1e-4, epochs=1, batch_size=8, accumulation=128, max_length=2048, rank=64, alpha=64,
            schedule="constant", warmup_ratio=0.0, save_steps=10, probe_steps=5,
        ),
        "dpo": TrainSettings(
            learning_rate=5e-6, epochs=1, batch_size=4, accumulation=16, max_length=2048, rank=64, alpha=64,
            schedule="constant", warmup_ratio=0.0, save_steps=50, beta=0.1, probe_steps=50,
        ),
    },
}  # fmt: skip
"""By name and method. "embedded quick" was chosen by measuring the embedded model (docs/embedded_model.md); "seed
study" holds the numbers of the reproduction this project started from, whose DPO was never tuned: its rate here is
TRL's default for DPO. "Mistral-7B" trains all linear layers, with a batch that fits 16 GB in 4-bit. "H4 recipe" has
rates, schedule, length and batch of Hugging Face's constitutional recipe, which trains all weights: as LoRA it moves
the model less. "paper's shape" is one pass at a constant rate in batches of 1,024 rows (Bai et al. 2022, section
3.3); the paper's preference stage is RL, so DPO stands in for it."""
