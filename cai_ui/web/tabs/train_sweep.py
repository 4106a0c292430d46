"""A sweep: one run for every combination of some values, queued from the form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui import pipeline
from cai_ui.pipeline import Services
from cai_ui.text import NAME_LIMIT, clean_text
from cai_ui.web import run_card
from cai_ui.web.present import notice
from cai_ui.web.session import Session


@dataclass(frozen=True)
class SweepParts:
    """The components."""

    grid: gr.Textbox
    start: gr.Button


def build() -> SweepParts:
    """Folded, made where it is called."""
    with gr.Accordion("Sweep over several values", open=False, elem_id="train-sweep-box"):
        grid = gr.Textbox(
            label="Values to try",
            placeholder="learning_rate=1e-4,2e-4; rank=8,16",
            info="Every combination becomes a run in the queue; a table under the list of runs compares them.",
            max_lines=1,
            elem_id="train-grid",
        )
        start = gr.Button("Queue all combinations", elem_id="train-sweep", scale=0)
    return SweepParts(grid, start)


def queue_all(
    services: Services, read_wanted: Callable[..., Any], session: Session, name: str, grid: str, *wanted: Any
) -> list[Any]:
    """A run for each combination; the first is shown. `read_wanted` checks the form's values."""
    checked = read_wanted(*wanted)
    made: Sequence[Any] = pipeline.start_sweep(
        services,
        checked.method,
        checked.dataset_hash,
        checked.settings,
        session.author,
        pipeline.read_grid(grid),
        clean_text(name or "", "Name", limit=NAME_LIMIT, required=False).strip(),
        checked.start_adapter,
    )
    choices = run_card.run_choices(pipeline.runs(services))
    return [gr.update(choices=choices, value=made[0].id), notice(f"{len(made)} runs are in the queue.", "good")]
