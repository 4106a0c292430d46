"""Several runs at once: one for every combination of some values, or one for every variant of the literature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.train import sweeps
from cai_ui.records import Run
from cai_ui.text import NAME_LIMIT, clean_text
from cai_ui.train.presets import PRESETS
from cai_ui.web.kit.present import notice
from cai_ui.web.session import Session
from cai_ui.web.train import run_card
from cai_ui.web.train.presets import preset_names

VARIANTS = (
    "The second button takes the preset as it is: SFT alone, DPO from the base, and DPO after that SFT, which waits "
    "for its end. What either button queued is compared in a table under the list of runs."
)


@dataclass(frozen=True)
class SweepParts:
    """The components."""

    grid: gr.Textbox
    start: gr.Button
    variants: gr.Button


def build() -> SweepParts:
    """Folded, made where it is called."""
    with gr.Accordion("Several runs at once", open=False, elem_id="train-sweep-box"):
        grid = gr.Textbox(
            label="Values to try",
            placeholder="lr=1e-4,2e-4; rank=8,16",
            info="Every combination becomes a run in the queue.",
            max_lines=1,
            elem_id="train-grid",
        )
        with gr.Row(elem_classes="toolbar"):
            start = gr.Button("Queue all combinations", elem_id="train-sweep", scale=0)
            variants = gr.Button("Queue SFT, DPO, and DPO after SFT", elem_id="train-variants", scale=0)
        gr.HTML(f'<p class="muted">{VARIANTS}</p>')
    return SweepParts(grid, start, variants)


def queue_variants(services: Services, session: Session, dataset_hash: str | None, preset: str | None) -> list[Any]:
    """The three variants by a preset (the model's own, where the form copies a run); the first is shown."""
    if not dataset_hash:
        raise InputError("No dataset is chosen.", next_step="Freeze one in Curate, then choose it here.")
    named = preset if preset in PRESETS else preset_names(services)[1]
    made = sweeps.start_variants(services, dataset_hash, PRESETS[named], session.author)
    return _queued(services, made)


def queue_all(
    services: Services, read_wanted: Callable[..., Any], session: Session, name: str, grid: str, *wanted: Any
) -> list[Any]:
    """A run for each combination; the first is shown. `read_wanted` checks the form's values."""
    checked = read_wanted(*wanted)
    made = sweeps.start_sweep(
        services,
        checked.method,
        checked.dataset_hash,
        checked.settings,
        session.author,
        sweeps.read_grid(grid),
        clean_text(name or "", "Name", limit=NAME_LIMIT, required=False).strip(),
        checked.start_adapter,
    )
    return _queued(services, made)


def _queued(services: Services, made: Sequence[Run]) -> list[Any]:
    choices = run_card.run_choices(services.store.runs(trashed=False))
    return [
        gr.update(choices=choices, value=made[0].id),
        notice(f"{len(made)} runs are in the queue. Open “All runs” below to see them side by side.", "good"),
    ]
