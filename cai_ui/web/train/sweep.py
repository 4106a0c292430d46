"""Several runs at once: one for every combination of some values, or one for every variant of the literature."""

from __future__ import annotations

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.train import sweeps
from cai_ui.records import Run
from cai_ui.train.presets import PRESETS
from cai_ui.web.kit.present import esc
from cai_ui.web.session import Session
from cai_ui.web.train import words
from cai_ui.web.train.presets import preset_names
from cai_ui.web.train.wanted import Wanted, run_name

# Handlers


def queue_variants(services: Services, session: Session, dataset_hash: str | None, preset: str | None) -> list[Run]:
    """The three variants by a preset (the model's own, where the form copies a run)."""
    if not dataset_hash:
        raise InputError(words.NO_DATASET, next_step=words.FREEZE_ONE)
    named = preset if preset in PRESETS else preset_names(services)[1]
    return sweeps.start_variants(services, dataset_hash, PRESETS[named], session.author)


def queue_all(services: Services, session: Session, wanted: Wanted, name: str, grid: str) -> list[Run]:
    """A run for each combination of the grid's values."""
    return sweeps.start_sweep(
        services,
        wanted.method,
        wanted.dataset_hash,
        wanted.settings,
        session.author,
        sweeps.read_grid(grid),
        run_name(name),
        wanted.start_adapter,
    )


class SweepBox:
    """The folded panel; the form around it has the values, so it connects the buttons."""

    def __init__(self) -> None:
        with gr.Accordion(words.SWEEP, open=False, elem_id="train-sweep-box"):
            self.grid = gr.Textbox(
                label=words.GRID,
                placeholder=words.GRID_EXAMPLE,
                info=words.GRID_HELP,
                max_lines=1,
                elem_id="train-grid",
            )
            with gr.Row(elem_classes="toolbar"):
                self.start = gr.Button(words.QUEUE_ALL, elem_id="train-sweep", elem_classes="once", scale=0)
                self.variants = gr.Button(words.QUEUE_VARIANTS, elem_id="train-variants", elem_classes="once", scale=0)
            gr.HTML(f'<p class="muted">{esc(words.SWEEP_HELP)}</p>')
