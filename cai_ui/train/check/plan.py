"""How much a run will do: steps, tokens, evaluations on held-out rows, probe answers. Plain counting."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from cai_ui.config.train import TrainSettings
from cai_ui.train import processes
from cai_ui.train.rows import Rows

Row = TypeVar("Row")

HELD_OUT_ROWS, EVALUATIONS = 100, 5
"""At most so many held-out rows are evaluated, and so often in a run; fewer where that would take too long."""
FEW_ROWS = 16
"""Rather fewer evaluations than on fewer rows than this."""
EVALUATION_COST = 0.5
"""What a held-out row takes, against a row that is trained on (0.2 to 0.5 measured; DPO up to 0.8 on few rows)."""


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


@dataclass(frozen=True)
class Evaluations:
    """So many held-out rows are evaluated every so many steps; none where both are 0."""

    rows: int = 0
    every: int = 0

    def times(self, steps: int) -> int:
        """How often in so many steps."""
        return steps // self.every if self.every else 0

    def choose(self, held_out: Sequence[Row]) -> list[Row]:
        """As many of them, always the same, in mixed order: they stand by kind, KTO's desirable answers before the
        undesirable ones, and it compares those of a batch."""
        return random.Random(0).sample(held_out, self.rows)


def evaluations(rows: Rows, settings: TrainSettings, steps: int) -> Evaluations:
    """As many as the settings' share of the run's time bears: first more rows, then more often.

    Counted in rows, not seconds, so that a run that is resumed evaluates the same.
    """
    held_out = len(rows.held_out)
    if not held_out or not steps or not settings.evaluation_share:
        return Evaluations()
    borne = settings.evaluation_share * rows_in(settings, steps) / EVALUATION_COST
    few = min(held_out, FEW_ROWS)
    times = max(1, min(EVALUATIONS, steps, int(borne / few)))
    return Evaluations(min(held_out, HELD_OUT_ROWS, max(few, int(borne / times))), steps // times)


def halved(settings: TrainSettings, least_batch: int) -> TrainSettings | None:
    """Settings that take the same rows per step in smaller batches; None where batches cannot be smaller."""
    parts = 2 if settings.batch_size % 2 == 0 else settings.batch_size
    if settings.batch_size // parts < least_batch or parts == 1:
        return None
    changes = {"batch_size": settings.batch_size // parts, "accumulation": settings.accumulation * parts}
    return settings.model_copy(update=changes)


def times_asked(settings: TrainSettings, steps: int) -> int:
    """How often the probe prompts are asked: before the first step, every so many, and after the last."""
    return 1 + -(-steps // settings.probe_steps) if settings.probe_steps else 0


def reference_in_advance(rows: Rows, settings: TrainSettings, steps: int) -> bool:
    """Whether the reference's log-probabilities are computed once for all rows: where rows are seen more than once."""
    return rows_in(settings, steps) > len(rows.train)
