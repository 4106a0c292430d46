"""How charts are to look: their steps, axis and smoothing, as the same row of controls wherever runs are drawn."""

from __future__ import annotations

from typing import Any

import gradio as gr

from cai_ui.web.kit.events import Given
from cai_ui.web.train import words
from cai_ui.web.train.run_charts import AXES, ZOOMS, Look


class ChartControls:
    """The row; `changed` are the events after which charts are another, `inputs` what `look` reads."""

    def __init__(self, id: str) -> None:
        with gr.Row():
            self.zoom = gr.Radio(
                list(ZOOMS), value=Look.zoom, label=words.ZOOM, elem_id=f"{id}-zoom", scale=2, min_width=430
            )
            self.axis = gr.Radio(list(AXES), value=Look.axis, label=words.AXIS, elem_id=f"{id}-axis", min_width=200)
            self.log = gr.Checkbox(Look.log, label=words.LOG_AXIS, elem_id=f"{id}-log-axis", min_width=190)
            self.smooth = gr.Slider(
                1, 25, Look.smooth, step=1, label=words.SMOOTH, buttons=[], elem_id=f"{id}-smooth", min_width=190
            )
        self.inputs: list[Any] = [self.zoom, self.axis, self.smooth, self.log]
        self.changed = [self.zoom.input, self.axis.input, self.log.input, self.smooth.input, self.smooth.release]

    def look(self, given: Given) -> Look:
        """What they are set to."""
        return Look(given[self.zoom], given[self.axis], int(given[self.smooth]), given[self.log])
