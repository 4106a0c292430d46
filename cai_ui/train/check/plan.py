"""How much a run will do: steps, tokens, evaluations on held-out rows, probe answers. Plain counting."""

from __future__ import annotations

import math

from cai_ui.config import TrainSettings
from cai_ui.train import processes
from cai_ui.train.rows import Rows

HELD_OUT_ROWS = 100
"""At most this many held-out rows are evaluated during a run, so that it stays cheap."""
EVALUATIONS = 5
"""How often the held-out loss is taken in a run."""


def planned_steps(rows: int, settings: TrainSettings, processes: int = 1) -> int:
    """Optimiser steps of a run over so many rows, as the trainer counts them."""
    if settings.max_steps:
        return settings.max_steps
    batches = math.ceil(math.ceil(rows / settings.batch_size) / processes)
    per_epoch = max(math.ceil(batches / settings.accumulation), 1) if rows else 0
    return math.ceil(settings.epochs * per_epoch)


def rows_in(settings: TrainSettings, steps: int) -> int:
    """Rows that so many steps take, over all processes."""
    return steps * settings.batch_size * settings.accumulation * processes.count()


def tokens_in(rows: Rows, settings: TrainSettings, steps: int) -> float:
    """Tokens that so many steps send through the model, without padding."""
    return rows.tokens / len(rows.train) * rows_in(settings, steps)


def stride(steps: int) -> int:
    """Steps between two evaluations on held-out rows."""
    return max(1, steps // EVALUATIONS)


def evaluated(rows: Rows) -> int:
    """Rows of one evaluation."""
    return min(len(rows.held_out), HELD_OUT_ROWS)


def times_asked(settings: TrainSettings, steps: int) -> int:
    """How often the probe prompts are asked: before the first step, every so many, and after the last."""
    return 1 + -(-steps // settings.probe_steps) if settings.probe_steps else 0


def reference_in_advance(rows: Rows, settings: TrainSettings, steps: int) -> bool:
    """Whether the reference's log-probabilities are computed once for all rows: where rows are seen more than once."""
    return rows_in(settings, steps) > len(rows.train)
