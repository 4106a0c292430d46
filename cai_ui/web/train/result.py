"""What comes after a run: compare, continue with DPO, keep its adapter; and the list of all runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.train.runs import restore_run, run_metrics
from cai_ui.web.kit import charts
from cai_ui.web.kit.events import ASIDE, Changes, Given, News
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import notice
from cai_ui.web.session import SessionParts
from cai_ui.web.train import run_card, run_charts, words
from cai_ui.web.train.keep import KeepBox
from cai_ui.web.train.sweep_table import sweeps_html
from cai_ui.web.train.watch import WatchBox

_SPARKS = 40
"""Runs of the list that are drawn with their curve."""

# Handlers


def restore(services: Services, run_id: str | None) -> None:
    """Bring a run back from the trash."""
    if not run_id:
        raise InputError(words.NONE_IN_TRASH, next_step=words.CHOOSE_TRASHED)
    restore_run(services, run_id)


def list_html(services: Services, chosen_filter: str) -> str:
    """The list under a filter, with small curves."""
    in_trash = chosen_filter == "trash"
    found = run_card.filtered(services.store.runs(trashed=in_trash), chosen_filter)
    if not found:
        return "" if chosen_filter == "all" else notice(words.EMPTY_TRASH if in_trash else words.NONE_OF_KIND)
    metrics = {run.id: run_metrics(services, run.id) for run in found[:_SPARKS]}
    sparks = {id: run_charts.sparkline(rows) for id, rows in metrics.items()}
    return run_card.runs_html(found, sparks) + sweeps_html(found, metrics)


def beside(services: Services, run_ids: Sequence[str], name: str, look: run_charts.Look) -> str:
    """Several runs beside one another: one value in one chart, and in what their settings differ."""
    known = {run.id: run for run in services.store.runs(trashed=False)}
    runs = [known[id] for id in run_ids if id in known]
    if not runs:
        return ""
    rows = [(run.name, run_metrics(services, run.id)) for run in runs]
    return run_charts.compare_html(rows, name, look) + differences_html(runs)


class ResultBox:
    """The lower part of the tab, about the run that is watched; hidden as long as there is none.

    `listed` holds marks of what the page last got.
    """

    def __init__(self, services: Services, watch: WatchBox) -> None:
        self.services, self.watch, self.run = services, watch, watch.run
        with gr.Column(visible=False, elem_id="train-results") as self.box:
            with gr.Row(elem_classes="toolbar", visible=False, elem_id="train-next") as self.next:
                self.compare = gr.Button(words.COMPARE, elem_id="train-to-compare", scale=0)
                self.with_dpo = gr.Button(words.WITH_DPO, elem_id="train-with-dpo", scale=0)
            self.keep = KeepBox(services, self.run)
            with gr.Accordion(words.ALL_RUNS, open=False, elem_id="train-list"):
                self._list()
            self.listed = gr.State({})

    def _list(self) -> None:
        """All runs; each menu is there only while there is something to choose."""
        self.filter = gr.Radio(list(run_card.FILTERS), value="all", label=words.SHOW, elem_id="train-filter")
        self.runs = gr.HTML(elem_id="train-runs", css_template=charts.STYLE)
        with gr.Row(visible=False, elem_id="train-trash-row") as self.trash_row:
            self.trashed = gr.Dropdown(
                [], label=words.IN_TRASH, elem_id="train-restore", filterable=False, min_width=220
            )
            self.restore = gr.Button(words.RESTORE, elem_id="train-bring-back", scale=0)
        with gr.Row(visible=False, elem_id="train-curves-row") as self.curves_row:
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
        self.curves = gr.HTML(elem_id="train-curves", css_template=charts.STYLE)

    def wire(self, session: SessionParts) -> None:
        """Connect it; the list follows the clock and every change of the watched run."""
        self.compare.click(lambda: gr.Tabs(selected="compare"), None, [session.tabs], **ASIDE)
        restored = self.restore.click(bind(restore, self.services), [self.trashed], None, **ASIDE)
        triggers = (
            self.watch.timer.tick, self.watch.live.change, self.filter.input, session.strip.change, session.ready.then,
            self.run.change, *(event.success for event in (restored, *self.keep.wire())),
        )  # fmt: skip
        given = {self.filter, self.several, self.listed, self.run}
        listing = [
            self.box, self.next, self.runs, self.trash_row, self.trashed, self.curves_row, self.several, self.listed,
        ]  # fmt: skip
        for trigger in triggers:
            trigger(bind(self._look, quiet=True), given, listing, **ASIDE)
        for changed in (self.several.change, self.value.input):
            changed(bind(curves, self.services, quiet=True), [self.several, self.value], [self.curves], **ASIDE)

    def _look(self, given: Given) -> Changes:
        """The list and its menus, as far as they changed, so that an open menu stays open."""
        here, away = (self.services.store.runs(trashed=trashed) for trashed in (False, True))
        menu: list[Any] = [(run.name, run.id) for run in here]
        kept = [id for id in given[self.several] or () if id in {run.id for run in here}]
        trashed = run_card.run_choices(away)
        news = News(given[self.listed])
        news.put(self.box, gr.update(visible=bool(here or away)))
        news.put(self.next, gr.update(visible=any(run.id == given[self.run] and run.adapter for run in here)))
        news.put(self.runs, list_html(self.services, given[self.filter]))
        news.put(self.trash_row, gr.update(visible=bool(away)))
        news.put(self.trashed, gr.update(choices=trashed, value=away[0].id if away else None), mark=trashed)
        news.put(self.curves_row, gr.update(visible=len(here) > 1))
        news.put(self.several, gr.update(choices=menu, value=kept), mark=menu)
        return {**news.changes, self.listed: news.marks}
