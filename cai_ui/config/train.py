"""Settings of a training run."""

from __future__ import annotations

from typing import Literal

from cai_ui.config.answers import WHO
from cai_ui.config.knobs import Settings, knob


class TrainSettings(Settings):
    """One training run. Knobs whose help begins with names of methods are used by those only."""

    LATER = frozenset({"evaluation_share", "checkpointing", "keep_steps"})
    learning_rate: float = knob(2e-4, "Step size of the optimiser.", gt=0, le=0.1, source="seed study: 2e-4")
    epochs: float = knob(3.0, "Passes over the data.", gt=0, le=100, step=0.5)
    max_steps: int = knob(0, "Stop after this many steps (0 = by epochs).", ge=0, le=1_000_000, unit="steps", step=1)
    batch_size: int = knob(8, "Rows per step and device.", ge=1, le=256, unit="rows", step=1)
    accumulation: int = knob(1, "Batches added up before a step.", ge=1, le=256, step=1, advanced=True)
    max_length: int = knob(
        512, "Rows longer than this are left out and counted; none is cut.", ge=16, le=32_768, unit="tokens", step=1
    )
    rank: int = knob(16, "Rank of the LoRA matrices.", ge=1, le=256, step=1, source="seed study: 16")
    alpha: int = knob(32, "LoRA scale; the update is multiplied by alpha / rank.", ge=1, le=512, step=1)
    dropout: float = knob(0.0, "Dropout on the LoRA input.", ge=0, le=0.9, step=0.05, advanced=True)
    modules: Literal["attention q+v", "all linear"] = knob("all linear", "Which layers get LoRA matrices.")
    schedule: Literal["linear", "cosine", "constant"] = knob("cosine", "How the learning rate falls.", advanced=True)
    warmup_ratio: float = knob(0.05, "Share of the steps with a rising rate.", ge=0, le=0.5, step=0.01, advanced=True)
    weight_decay: float = knob(0.0, "Pull of the LoRA weights towards zero.", ge=0, le=1, step=0.01, advanced=True)
    max_grad_norm: float = knob(1.0, "Longer gradients are shortened to this.", gt=0, le=100, step=0.1, advanced=True)
    seed: int = knob(0, "Decides data order and initial LoRA weights.", ge=0, le=2**31 - 1, step=1)
    save_steps: int = knob(
        25, "Steps between checkpoints (0 = only at the end).", ge=0, le=100_000, unit="steps", step=1, advanced=True
    )
    save_seconds: int = knob(
        20, "A checkpoint is also written after this time, or later where writing takes long (0 = by steps only).",
        ge=0, le=86_400, unit="seconds", step=1, advanced=True,
    )  # fmt: skip
    keep_checkpoints: int = knob(2, "Newest checkpoints that are kept.", ge=1, le=100, step=1, advanced=True)
    keep_steps: int = knob(
        4, "Adapters from along the way that stay when the run is done, to be compared with the last one (0 = none).",
        ge=0, le=100, step=1, advanced=True,
    )  # fmt: skip
    evaluation_share: float = knob(
        0.05, "Share of the run's time that evaluations on held-out rows may take; one on a few rows is always made "
        "(0 = none).", ge=0, le=0.5, step=0.01, advanced=True,
    )  # fmt: skip
    checkpointing: Literal["auto", "on", "off"] = knob(
        "auto", "Compute activations a second time for the backward pass: slower, and much less memory; auto: for "
        "models from a billion weights.", advanced=True,
    )  # fmt: skip
    group_by_length: bool = knob(
        True, "Put rows of like length into a batch, so that little padding is computed.", advanced=True
    )
    probe_steps: int = knob(
        0, "Steps between the answers to fixed probe prompts (0 = none).", ge=0, le=100_000, unit="steps", step=1
    )
    probes_per_kind: int = knob(
        4, "Probe prompts of each kind: harmful, helpful, benign look-alike.", ge=1, le=50, step=1, advanced=True
    )
    probe_set: str = knob(
        "", "Key of the prompt set that the probe prompts are from; empty: the shipped held-out ones.", advanced=True
    )
    probe_judge: str = knob(
        "", "Who reads the probe answers beside the reader: `base`, " + WHO + " Empty: nobody.", advanced=True
    )
    probe_rubrics: str = knob(
        "refusal", "What the judge of probe answers is asked, with commas between, as for evaluations.", advanced=True
    )
    report_to: Literal["none", "trackio", "tensorboard", "wandb"] = knob(
        "none", "Send the metrics to another program as well; it must be installed.", advanced=True
    )
    beta: float = knob(0.1, "DPO, KTO: how strongly the tuned model is held to the reference.", gt=0, le=10, step=0.01,
                       source="Rafailov et al. 2023: 0.1")  # fmt: skip
    sft_weight: float = knob(
        0.0, "DPO: weight of an added likelihood loss on the chosen answer.", ge=0, le=10, step=0.1,
        source="Pang et al. 2024", advanced=True,
    )  # fmt: skip
    reference: str = knob(
        "start", "DPO, KTO: the model to be held to: `start` (what the run starts from), `base`, or an adapter.",
        advanced=True,
    )  # fmt: skip
    desirable_weight: float = knob(
        1.0, "KTO: weight of a desirable answer.", gt=0, le=100, step=0.1, advanced=True,
        source="Ethayarajh et al. 2024: 1",
    )  # fmt: skip
    undesirable_weight: float = knob(
        0.0, "KTO: weight of an undesirable answer (0 = as much for all of them as for all desirable ones).", ge=0,
        le=100, step=0.1, advanced=True, source="Ethayarajh et al. 2024, eq. 8",
    )  # fmt: skip
