"""How long a run will take and what it will need, before it starts. Estimates, and said to be so.

Time comes from the pace of an earlier run of the same kind on this machine where there is one, otherwise from the
model's size and one measured matrix product.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.config import TrainSettings
from cai_ui.records import Method
from cai_ui.training.rows import Rows

if TYPE_CHECKING:
    from cai_ui.engine.training_needs import TrainingNeeds

ADAM_BYTES = 16
"""Per trained number: float32 weight, gradient and two moments."""
REACHED = 0.3
"""Share of the speed of a plain matrix product that a training step reaches (measured, 0.25 to 0.5 on CPUs)."""
STEP_S = 0.03
"""What a batch costs beside its arithmetic."""
_FORWARD, _BACKWARD = 2, 2
"""Operations per weight and token; the backward pass of frozen weights needs no gradient of the weights."""


@dataclass(frozen=True)
class Estimate:
    """`seconds` is None where nothing will be trained; `measured`: from the pace of an earlier run.

    Bytes come on top of what is loaded now; a free size is None where it could not be told.
    """

    seconds: float | None = None
    measured: bool = False
    memory_bytes: int = 0
    free_memory: int | None = None
    disk_bytes: int = 0
    free_disk: int | None = None


def estimate(
    method: Method,
    rows: Rows,
    settings: TrainSettings,
    needs: TrainingNeeds,
    steps: int,
    folder: Path | None = None,
    pace: float | None = None,
) -> Estimate:
    """Time, memory and disk of a run of `steps` steps. `pace` is in tokens per second, as the metrics count them."""
    per_batch = settings.batch_size * (2 if method == "dpo" else 1) * max(rows.lengths, default=0)
    trained = needs.trained * (ADAM_BYTES + (4 if method == "dpo" else 0))
    checkpoint = 12 * needs.trained + 2**20
    return Estimate(
        seconds=_seconds(method, rows, settings, needs, steps, pace),
        measured=pace is not None,
        memory_bytes=trained + per_batch * needs.kept_bytes,
        free_memory=needs.free_bytes,
        disk_bytes=(settings.keep_checkpoints + 1) * checkpoint + 8 * needs.trained,
        free_disk=_free_disk(folder),
    )


def _seconds(
    method: Method, rows: Rows, settings: TrainSettings, needs: TrainingNeeds, steps: int, pace: float | None
) -> float | None:
    if not rows.train or not steps:
        return None
    tokens = rows.tokens / len(rows.train) * settings.batch_size * settings.accumulation * steps
    if pace:
        return tokens / pace
    passes = _FORWARD + _BACKWARD + (_FORWARD if needs.checkpointing else 0) + (_FORWARD if method == "dpo" else 0)
    arithmetic = passes * needs.weights * tokens / (REACHED * needs.flops)
    return arithmetic + STEP_S * steps * settings.accumulation


def _free_disk(folder: Path | None) -> int | None:
    try:
        return shutil.disk_usage(folder).free if folder else None
    except OSError:
        return None
