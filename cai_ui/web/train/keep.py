"""What is needed of a run once in a while: name and note, files, the Hub, a rented machine, the trash."""

from __future__ import annotations

from typing import Any

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.pipeline.train import hub_job, results
from cai_ui.pipeline.train.runs import note_run, rename_run, trash_run
from cai_ui.web.kit.download import Download
from cai_ui.web.kit.events import ASIDE, SLOW
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import notice
from cai_ui.web.kit.sight import sees
from cai_ui.web.train import words
from cai_ui.web.train.watch import chosen

# Handlers


def export(services: Services, run_id: str | None) -> str:
    """Path of a ZIP archive with the adapter in PEFT's form and its card."""
    return str(results.export_adapter(services, chosen(run_id)))


def merge(services: Services, run_id: str | None) -> str:
    """Write the merged model; says where in the workspace it is, and not where that is."""
    folder = results.merge_adapter(services, chosen(run_id)).relative_to(services.store.workspace.home)
    return notice(words.MERGED.format(folder=folder), "good")


def push(services: Services, run_id: str | None, repository: str) -> str:
    """Send the adapter to a private repository of the Hub; says where it is."""
    return notice(f"Pushed to {results.push_adapter(services, chosen(run_id), repository)} (private).", "good")


def send_job(services: Services, run_id: str | None, owner: str, flavor: str) -> str:
    """Send the run to rented hardware; says where it runs and where its adapter will be."""
    job = hub_job.submit_job(services, chosen(run_id), (owner or "").strip(), flavor)
    return notice(f"Sent. The job is at {job.url}; its adapter will be in {job.adapter} (private).", "good")


def rename(services: Services, run_id: str | None, name: str, note: str) -> str:
    """Keep a name and a note; says so, since the menu that shows the name is out of sight."""
    rename_run(services, chosen(run_id), name)
    note_run(services, chosen(run_id), note)
    return notice(words.NAMED, "good")


def trash(services: Services, run_id: str | None) -> None:
    """Put a run away."""
    trash_run(services, chosen(run_id))


class KeepBox:
    """The folded panel; `run` is the one it is about."""

    def __init__(self, services: Services, run: gr.Dropdown) -> None:
        self.services, self.run = services, run
        with gr.Accordion(words.KEEP, open=False, elem_id="train-use"):
            with gr.Row():
                self.name = gr.Textbox(label=words.NAME, max_lines=1, elem_id="train-rename", min_width=220)
                self.note = gr.Textbox(label=words.NOTE, lines=1, max_lines=6, elem_id="train-note", min_width=220)
                self.save = gr.Button(words.SAVE, elem_id="train-save-name", scale=0)
            with gr.Row(elem_classes="toolbar"):
                self.export = Download(words.EXPORT, "train-export", scale=0)
                self.merge = gr.Button(words.MERGE, elem_id="train-merge", scale=0)
                self.trash = gr.Button(words.TRASH, elem_id="train-trash", elem_classes="danger", scale=0)
            with gr.Row():
                self.repository = gr.Textbox(
                    label=words.REPOSITORY,
                    placeholder=words.REPOSITORY_EXAMPLE,
                    max_lines=1,
                    elem_id="train-repository",
                )
                self.push = gr.Button(words.PUSH, elem_id="train-push", scale=0)
            with gr.Row():
                self._job()
            self.said = gr.HTML(elem_id="train-said")

    def _job(self) -> None:
        self.owner = gr.Textbox(
            label=words.JOB_OWNER, placeholder=words.JOB_OWNER_EXAMPLE, max_lines=1, elem_id="train-job-owner"
        )
        self.flavor = gr.Dropdown(
            list(hub_job.FLAVORS),
            value="a10g-small",
            label=words.HARDWARE,
            elem_id="train-job-flavor",
            filterable=False,
            min_width=160,
        )
        self.send = gr.Button(words.SEND, elem_id="train-job", scale=0)

    def wire(self) -> list[Any]:
        """Connect it; gives the events after which the list of runs is another."""
        services, run, said = self.services, self.run, [self.said]
        self.export.wire(bind(export, services), [run])
        saved = self.save.click(bind(rename, services), [run, self.name, self.note], said, **ASIDE)
        answered = [
            saved,
            self.merge.click(bind(merge, services), [run], said, **SLOW),
            self.push.click(bind(push, services), [run, self.repository], said, **SLOW),
            self.send.click(bind(send_job, services), [run, self.owner, self.flavor], said, **SLOW),
        ]
        for answer in answered:  # on a phone what is said stands far below the button
            answer.success(**sees("train-said"))
        trashed = self.trash.click(bind(trash, services), [run], None, **ASIDE)
        trashed.success(**sees("train-watch"))
        run.change(bind(self._named, quiet=True), [run], [self.name, self.note, self.said], **ASIDE)
        return [saved, trashed]

    def _named(self, run_id: str | None) -> tuple[str, str, str]:
        run = next((run for run in self.services.store.runs(trashed=False) if run.id == run_id), None)
        return ("", "", "") if run is None else (run.name, run.note, "")
