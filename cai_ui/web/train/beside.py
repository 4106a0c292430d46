"""Several runs beside one another: one logged value in one chart, and in what their settings differ."""

from __future__ import annotations

from typing import Any

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.pipeline.train.runs import run_metrics
from cai_ui.web.kit.events import ASIDE, NEWEST, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.train import run_charts, run_list, words
from cai_ui.web.train.chart_controls import ChartControls


class BesideBox:
    """The menus and what they ask for; `row` is there only while there are runs to choose among."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Column(visible=False, elem_id="train-curves-row") as self.row:
            with gr.Row():
                self.several = gr.Dropdown(
                    [], multiselect=True, label=words.CURVES_OF, elem_id="train-several", min_width=260
                )
                self.value = gr.Dropdown(
                    [(title, name) for name, title in run_charts.COMPARABLE.items()],
                    value="loss",
                    label=words.VALUE,
                    elem_id="train-value",
                    filterable=False,
                    min_width=160,
                )
            self.controls = ChartControls("train-beside")
        self.shown = gr.HTML(elem_id="train-curves")

    def wire(self) -> None:
        given: set[Any] = {self.several, self.value, *self.controls.inputs}
        for changed in (self.several.change, self.value.input, *self.controls.changed):
            changed(bind(self._show, quiet=True), given, [self.shown], **{**ASIDE, **NEWEST})

    def _show(self, given: Given) -> str:
        known = {run.id: run for run in self.services.store.runs(trashed=False)}
        runs = [known[id] for id in given[self.several] or () if id in known]
        if not runs:
            return ""
        rows = [(run.name, run_metrics(self.services, run.id)) for run in runs]
        chart = run_charts.compare_html(rows, given[self.value], self.controls.look(given))
        return chart + run_list.differences_html(runs)
