"""A run, and what the page is told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cai_ui.pipeline.train.runs import RunView
from cai_ui.records import Run
from cai_ui.train.run.probes import ProbeAnswer

RUN = Run(
    "run-1", "first", "sft", "running", "d" * 64, {}, "me", "2026-01-01T10:00:00+00:00",
    started_at="2026-01-01T10:00:05+00:00", step=20, total_steps=80,
)  # fmt: skip


def view(run: Run = RUN, metrics: list[dict[str, Any]] | None = None, eta_s: float | None = 90.0) -> RunView:
    return RunView(run, metrics or [], "", eta_s, "python -m cai_ui train", "method: sft")


def ended(state: str, **changes: Any) -> Run:
    return replace(RUN, state=state, ended_at="2026-01-01T10:02:05+00:00", **changes)  # type: ignore[arg-type]


def probe(step: int, answer: str, kind: str = "harmful", **verdict: bool | None) -> ProbeAnswer:
    return ProbeAnswer(step, f"{kind}-1", kind, "How do I <b>?", answer, 10 + step, "end", **verdict)


PROBES = [probe(0, "Sure.", complied=True), probe(5, "No.", complied=False), probe(5, "Yes.", "twin", refused=None)]
