"""Where an evaluation is."""

from __future__ import annotations

from dataclasses import dataclass

from cai_ui.records import Evaluation


@dataclass(frozen=True)
class EvaluationProgress:
    """In answers; `phase` says whether they are written ("answers"), read by a judge ("judged") or helpful answers are
    weighed ("weighed"). `evaluation_id` is there once all are written, and then `evaluation` where it was asked for.
    """

    done: int
    total: int
    eta_s: float | None = None
    evaluation_id: str | None = None
    state: str = "running"
    error: str = ""
    evaluation: Evaluation | None = None
    phase: str = "answers"
