"""What can be done with a run: compare, go on with DPO, take the adapter away; and the list of all runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.train import hub_job, results
from cai_ui.pipeline.train.runs import note_run, rename_run, restore_run, run_metrics, trash_run
from cai_ui.records import Run, content_hash
from cai_ui.web.kit import charts
from cai_ui.web.kit.download import Download, build_download, wire_download
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import notice
from cai_ui.web.session import SessionParts
from cai_ui.web.train import run_card, run_charts
from cai_ui.web.train.sweep_table import sweeps_html
from cai_ui.web.train.watch import WatchParts, chosen

MERGED = "The whole model with the adapter worked in"
_SPARKS = 40
"""Runs of the list that are drawn with their curve."""


@dataclass(frozen=True)
class ResultParts:
    """The components."""

    box: gr.Column
    next: gr.Row
    compare: gr.Button
    with_dpo: gr.Button
    export: Download
    merge: gr.Button
    repository: gr.Textbox
    push: gr.Button
    owner: gr.Textbox
    flavor: gr.Dropdown
    send: gr.Button
    said: gr.HTML
    name: gr.Textbox
    note: gr.Textbox
    save: gr.Button
    trash: gr.Button
    filter: gr.Radio
    runs: gr.HTML
    trash_row: gr.Row
    restore: gr.Dropdown
    bring_back: gr.Button
    curves_row: gr.Row
    several: gr.Dropdown
    value: gr.Dropdown
    curves: gr.HTML
    listed: gr.State

    @property
    def listing(self) -> list[Any]:
        """What `_list` fills."""
        return [
            self.box, self.next, self.runs, self.trash_row, self.restore, self.curves_row, self.several, self.listed,
        ]  # fmt: skip


# Handlers


def export(services: Services, run_id: str | None) -> str:
    """Path of a ZIP archive with the adapter in PEFT's form and its card."""
    return str(results.export_adapter(services, chosen(run_id)))


def merge(services: Services, run_id: str | None) -> str:
    """Write the merged model; says where it is."""
    folder = results.merge_adapter(services, chosen(run_id))
    return notice(f"{MERGED} is in {folder}. Load it on the Start tab by this path, or with transformers.", "good")


def push(services: Services, run_id: str | None, repository: str) -> str:
    """Send the adapter to a private repository of the Hub; says where it is."""
    return notice(f"Pushed to {results.push_adapter(services, chosen(run_id), repository)} (private).", "good")


def send_job(services: Services, run_id: str | None, owner: str, flavor: str) -> str:
    """Send the run to rented hardware; says where it goes on and where its adapter will be."""
    job = hub_job.submit_job(services, chosen(run_id), (owner or "").strip(), flavor)
    return notice(f"Sent. The job is at {job.url}; its adapter will be in {job.adapter} (private).", "good")


def rename(services: Services, run_id: str | None, name: str, note: str) -> None:
    """Keep a name and a note."""
    rename_run(services, chosen(run_id), name)
    note_run(services, chosen(run_id), note)


def trash(services: Services, run_id: str | None) -> None:
    """Put a run away."""
    trash_run(services, chosen(run_id))


def bring_back(services: Services, run_id: str | None) -> None:
    """Bring a run back."""
    if not run_id:
        raise InputError("No run of the trash is chosen.", next_step="Choose one.")
    restore_run(services, run_id)


def list_html(services: Services, chosen_filter: str) -> str:
    """The list under a filter, with small curves."""
    in_trash = chosen_filter == "trash"
    found = run_card.filtered(services.store.runs(trashed=in_trash), chosen_filter)
    if not found:
        return notice("The trash is empty." if in_trash else "No run of this kind.") if chosen_filter != "all" else ""
    metrics = {run.id: run_metrics(services, run.id) for run in found[:_SPARKS]}
    sparks = {id: run_charts.sparkline(rows) for id, rows in metrics.items()}
    return run_card.runs_html(found, sparks) + sweeps_html(found, metrics)


def curves(services: Services, run_ids: Sequence[str], name: str) -> str:
    """One value of several runs in one chart."""
    if not run_ids:
        return ""
    known = {run.id: run.name for run in services.store.runs(trashed=False)}
    return run_charts.compare_html([(known[id], run_metrics(services, id)) for id in run_ids if id in known], name)


# Layout


def build(services: Services) -> ResultParts:
    """The lower part of the tab, made where it is called; hidden as long as there is no run."""
    with gr.Column(visible=False, elem_id="train-results") as box:
        with gr.Row(elem_classes="toolbar", visible=False, elem_id="train-next") as next_:
            compare = gr.Button("Compare", elem_id="train-to-compare", scale=0)
            with_dpo = gr.Button("Continue with DPO", elem_id="train-with-dpo", scale=0)
        parts = [*_keep(), *_listing(), gr.State("")]
    return ResultParts(box, next_, compare, with_dpo, *parts)


def _keep() -> tuple[Any, ...]:
    """What is needed once in a while: files, name and note, Hub, trash."""
    with gr.Accordion("Name, files, Hub, trash", open=False, elem_id="train-use"):
        with gr.Row():
            name = gr.Textbox(label="Name", max_lines=1, elem_id="train-rename", min_width=220)
            note = gr.Textbox(label="Note", lines=1, max_lines=6, elem_id="train-note", min_width=220)
            save = gr.Button("Save name and note", elem_id="train-save-name", scale=0)
        with gr.Row(elem_classes="toolbar"):
            export_files = build_download("Export PEFT folder", "train-export", scale=0)
            merge_button = gr.Button("Merge and save", elem_id="train-merge", scale=0)
            trash_button = gr.Button("Put into trash", elem_id="train-trash", elem_classes="danger", scale=0)
        with gr.Row():
            repository = gr.Textbox(
                label="Repository on the Hugging Face Hub",
                placeholder="owner/name; made private; needs HF_TOKEN with write access to it",
                max_lines=1,
                elem_id="train-repository",
            )
            push_button = gr.Button("Push (private)", elem_id="train-push", scale=0)
        with gr.Row():
            owner = gr.Textbox(
                label="The same run as a Hugging Face Job of",
                placeholder="your name there; needs HF_TOKEN that may write and run jobs",
                max_lines=1,
                elem_id="train-job-owner",
            )
            flavor = gr.Dropdown(
                list(hub_job.FLAVORS), value="a10g-small", label="Hardware", elem_id="train-job-flavor",
                filterable=False, min_width=160,
            )  # fmt: skip
            send = gr.Button("Send as job (private)", elem_id="train-job", scale=0)
        said = gr.HTML(elem_id="train-said")
    return (
        export_files,
        merge_button,
        repository,
        push_button,
        owner,
        flavor,
        send,
        said,
        name,
        note,
        save,
        trash_button,
    )


def _listing() -> tuple[Any, ...]:
    """All runs; each menu is there only while there is something to choose."""
    with gr.Accordion("All runs", open=False, elem_id="train-list"):
        filter_ = gr.Radio(list(run_card.FILTERS), value="all", label="Show", elem_id="train-filter")
        runs = gr.HTML(elem_id="train-runs", css_template=charts.STYLE)
        with gr.Row(visible=False, elem_id="train-trash-row") as trash_row:
            restore = gr.Dropdown([], label="In the trash", elem_id="train-restore", filterable=False, min_width=220)
            back = gr.Button("Bring back", elem_id="train-bring-back", scale=0)
        with gr.Row(visible=False, elem_id="train-curves-row") as curves_row:
            several = gr.Dropdown(
                [], multiselect=True, label="Compare curves of", elem_id="train-several", min_width=260
            )
            value = gr.Dropdown(
                [(title, name) for name, title in run_charts.COMPARABLE.items()],
                value="loss",
                label="Value",
                elem_id="train-value",
                filterable=False,
                min_width=160,
            )
        drawn = gr.HTML(elem_id="train-curves", css_template=charts.STYLE)
    return filter_, runs, trash_row, restore, back, curves_row, several, value, drawn


# Wiring


def wire(services: Services, parts: ResultParts, watch: WatchParts, session: SessionParts) -> None:
    """Connect it; the run is the one that is watched. The list follows the clock and every change of that run."""
    run = watch.run
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
    asked = [parts.filter, parts.several, parts.listed, run]
    listing = parts.listing
    refresh = bind(_list, services, quiet=True)
    parts.compare.click(lambda: gr.Tabs(selected="compare"), None, [session.tabs], **quiet)
    wire_download(parts.export, bind(export, services), [run])
    parts.merge.click(bind(merge, services), [run], [parts.said], show_progress="minimal", api_visibility="private")
    parts.push.click(
        bind(push, services), [run, parts.repository], [parts.said], show_progress="minimal", api_visibility="private"
    )
    parts.send.click(
        bind(send_job, services),
        [run, parts.owner, parts.flavor],
        [parts.said],
        show_progress="minimal",
        api_visibility="private",
    )
    actions = (
        parts.save.click(bind(rename, services), [run, parts.name, parts.note], None, **quiet),
        parts.trash.click(bind(trash, services), [run], None, **quiet),
        parts.bring_back.click(bind(bring_back, services), [parts.restore], None, **quiet),
    )
    for action in actions:
        action.success(refresh, asked, listing, **quiet)
    for trigger in (
        watch.timer.tick,
        watch.live.change,
        parts.filter.input,
        session.strip.change,
        session.ready.then,
        run.change,
    ):
        trigger(refresh, asked, listing, **quiet)
    run.change(bind(_named, services, quiet=True), [run], [parts.name, parts.note, parts.said], **quiet)
    for changed in (parts.several.change, parts.value.input):
        changed(bind(curves, services, quiet=True), [parts.several, parts.value], [parts.curves], **quiet)


def _list(
    services: Services, chosen_filter: str, several: Sequence[str] | None, listed: str, run_id: str | None
) -> list[Any]:
    """The list and its menus; nothing where nothing changed, so that an open menu stays open."""
    here = services.store.runs(trashed=False)
    away = services.store.runs(trashed=True)
    html = list_html(services, chosen_filter)
    usable = any(run.id == run_id and run.adapter for run in here)
    now = content_hash([html, usable, [run.id for run in away], [[run.id, run.name] for run in here]])
    if now == listed:
        return [gr.skip()] * 8
    kept = [id for id in several or () if id in {run.id for run in here}]
    return [
        gr.update(visible=bool(here or away)),
        gr.update(visible=usable),
        html,
        gr.update(visible=bool(away)),
        gr.update(choices=run_card.run_choices(away), value=away[0].id if away else None),
        gr.update(visible=len(here) > 1),
        gr.update(choices=[(run.name, run.id) for run in here], value=kept),
        now,
    ]


def _named(services: Services, run_id: str | None) -> list[Any]:
    run: Run | None = next((run for run in services.store.runs(trashed=False) if run.id == run_id), None)
    return ["", "", ""] if run is None else [run.name, run.note, ""]
