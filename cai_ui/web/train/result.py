"""What comes after a run: compare, continue with DPO, keep its adapter; and the list of all runs."""

from __future__ import annotations

from typing import Any

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.train.runs import restore_run, run_metrics, weights_gone
from cai_ui.web.kit.choices import looked_up
from cai_ui.web.kit.events import ASIDE, NEWEST, Changes, Given, News
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.handover import Handover
from cai_ui.web.kit.present import notice
from cai_ui.web.kit.sight import sees
from cai_ui.web.session import SessionParts
from cai_ui.web.train import run_card, run_charts, run_list, words
from cai_ui.web.train.beside import BesideBox
from cai_ui.web.train.keep import KeepBox
from cai_ui.web.train.run_list import Order
from cai_ui.web.train.sweep_table import sweeps_html
from cai_ui.web.train.watch import WatchBox

_SPARKS = 40
"""Runs of the list that are drawn with their curve."""

# Handlers


def restore(services: Services, run_id: str | None) -> Any:
    """Bring a run back from the trash; the menu of runs, with it chosen."""
    if not run_id:
        raise InputError(words.NONE_IN_TRASH, next_step=words.CHOOSE_TRASHED)
    restore_run(services, run_id)
    return gr.update(choices=run_card.run_choices(services.store.runs(trashed=False)), value=run_id)


def list_html(services: Services, chosen_filter: str, find: str = "", order: Order = Order()) -> str:  # noqa: B008
    """The list under a filter and a search, in an order, with small curves."""
    in_trash = chosen_filter == "trash"
    found = run_list.filtered(services.store.runs(trashed=in_trash), chosen_filter, find)
    if not found:
        nothing = words.NOT_FOUND if find.strip() else words.EMPTY_TRASH if in_trash else words.NONE_OF_KIND
        return "" if chosen_filter == "all" and not find.strip() else notice(nothing)
    shown = run_list.ordered(found, order)
    metrics = {run.id: run_metrics(services, run.id) for run in shown[:_SPARKS]}
    sparks = {id: run_charts.sparkline(rows) for id, rows in metrics.items()}
    gone = {run.id for run in shown if weights_gone(services, run)}
    return run_list.runs_html(shown, sparks, order, gone) + sweeps_html(found, metrics)


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
        with gr.Row():
            self.filter = gr.Radio(list(run_list.FILTERS), value="all", label=words.SHOW, elem_id="train-filter")
            self.find = gr.Textbox(
                "", label=words.FIND, info=words.FIND_HELP, max_lines=1, elem_id="train-find", min_width=220
            )
        self.runs = gr.HTML(elem_id="train-runs")
        with gr.Row(visible=False, elem_id="train-trash-row") as self.trash_row:
            self.trashed = gr.Dropdown(
                [], label=words.IN_TRASH, elem_id="train-restore", filterable=False, min_width=220
            )
            self.restore = gr.Button(words.RESTORE, elem_id="train-bring-back", scale=0)
        self.beside = BesideBox(self.services)
        self.open = gr.Textbox(visible="hidden", elem_id=run_list.OPEN)
        self.ordering = gr.Textbox(visible="hidden", elem_id=run_list.ORDER)
        self.order = gr.State(Order())

    def wire(self, session: SessionParts, to_compare: Handover) -> list[Any]:
        """Connect it; the list follows the clock and every change of the watched run. Gives the events after which
        there are other runs, or others names of them."""
        to_compare.wire(self.compare, session.tabs, [self.run])
        restored = self.restore.click(bind(restore, self.services), [self.trashed], [self.run], **ASIDE)
        opened = self.open.input(bind(self.open_run), [self.open], [self.run], **ASIDE)
        for shown in (restored, opened):
            shown.success(**sees("train-watch"))
        self.beside.wire()
        changed = [event.success for event in (restored, *self.keep.wire())]
        self.watch.look_at(opened.success, *changed)
        sorting = self.ordering.input(bind(self._sort), [self.ordering, self.order], [self.order, self.find], **ASIDE)
        triggers = (
            self.watch.timer.tick, self.watch.live.change, self.filter.input, self.find.input, session.strip.change,
            self.run.change, sorting.success, *changed,
        )  # fmt: skip
        given = {self.filter, self.find, self.order, self.trashed, self.beside.several, self.listed, self.run}
        listing = [
            self.box, self.next, self.runs, self.trash_row, self.trashed, self.beside.row, self.beside.several,
            self.listed,
        ]  # fmt: skip
        for trigger in triggers:
            trigger(bind(self._look, quiet=True), given, listing, **{**ASIDE, **NEWEST})
        return changed

    def open_run(self, run_id: str) -> Changes:
        """The run whose name was pressed in the list is watched."""
        runs = self.services.store.runs(trashed=False)
        if run_id not in {run.id for run in runs}:
            raise InputError(words.NOT_THERE, next_step=words.CHOOSE_RUN)
        return {self.run: gr.update(choices=run_card.run_choices(runs), value=run_id)}

    def _sort(self, pressed: str, order: Order) -> Changes:
        """A column's head was pressed, or a tag, which is then searched for."""
        kind, _, value = pressed.partition(":")
        return {self.find: value} if kind == "tag" else {self.order: order.pressed(value)}

    def _look(self, given: Given) -> Changes:
        """The list and its menus, as far as they changed, so that an open menu stays open."""
        here, away = (self.services.store.runs(trashed=trashed) for trashed in (False, True))
        menu: list[Any] = [(run.name, run.id) for run in here]
        kept = [id for id in given[self.beside.several] or () if id in {run.id for run in here}]
        trashed = run_card.run_choices(away)
        news = News(given[self.listed])
        news.put(self.box, gr.update(visible=bool(here or away)))
        news.put(self.next, gr.update(visible=any(run.id == given[self.run] and run.adapter for run in here)))
        news.put(self.runs, list_html(self.services, given[self.filter], given[self.find], given[self.order]))
        news.put(self.trash_row, gr.update(visible=bool(away)))
        to_restore = given[self.trashed] if given[self.trashed] in {run.id for run in away} else None
        if to_restore is None and away:
            to_restore = away[0].id
        news.put(self.trashed, looked_up(trashed, to_restore, given[self.trashed]), mark=trashed)
        news.put(self.beside.row, gr.update(visible=len(here) > 1))
        news.put(self.beside.several, looked_up(menu, kept, given[self.beside.several]), mark=menu)
        return {**news.changes, self.listed: news.marks}
