"""Watching runs: state, charts, log and list, renewed every two seconds while something trains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui import pipeline
from cai_ui.errors import InputError
from cai_ui.pipeline import RunView, Services
from cai_ui.records import Run, content_hash
from cai_ui.web import charts, run_card
from cai_ui.web.guard import bind
from cai_ui.web.present import lead
from cai_ui.web.session import SessionParts

_LOG_LINES = 14


@dataclass(frozen=True)
class WatchParts:
    """The components. `shown` is a mark of what the page last got."""

    box: gr.Column
    empty: gr.HTML
    run: gr.Dropdown
    live: gr.HTML
    charts: gr.HTML
    stop: gr.Button
    cancel: gr.Button
    resume: gr.Button
    to_compare: gr.Button
    log: gr.Textbox
    command: gr.Textbox
    runs: gr.HTML
    shown: gr.State
    timer: gr.Timer

    @property
    def watched(self) -> list[Any]:
        """What `_look` fills."""
        return [
            self.box, self.empty, self.run, self.live, self.charts, self.stop, self.cancel, self.resume, self.log,
            self.command, self.runs, self.timer, self.shown,
        ]  # fmt: skip


# Handlers


def stop(services: Services, run_id: str | None) -> None:
    """End a run after the step in hand and keep its adapter."""
    pipeline.stop_run(services, _chosen(run_id), save=True)


def cancel(services: Services, run_id: str | None) -> None:
    """End a run and keep nothing of it."""
    pipeline.stop_run(services, _chosen(run_id), save=False)


def resume(services: Services, run_id: str | None) -> Run:
    """Go on from the last checkpoint of a run that ended early."""
    return pipeline.resume_run(services, _chosen(run_id))


def choose_run(runs: Sequence[Run], chosen: str | None) -> str | None:
    """The run to show: the chosen one, else the one that is training, else the newest."""
    ids = [run.id for run in runs]
    if chosen in ids:
        return chosen
    active = next((run.id for run in runs if run.state in run_card.ACTIVE), None)
    return active or (ids[0] if ids else None)


def is_anything_active(runs: Sequence[Run]) -> bool:
    """Whether the page has to go on looking."""
    return any(run.state in run_card.ACTIVE for run in runs)


def _chosen(run_id: str | None) -> str:
    if not run_id:
        raise InputError("No run is chosen.", next_step="Start one, or choose one in the list.")
    return run_id


# Layout


def build(services: Services) -> WatchParts:
    """The lower half of the tab, made where it is called."""
    with gr.Column(elem_classes="card", elem_id="train-watch"):
        gr.HTML(lead("Runs", "Charts are renewed while a run trains. A reload of the page changes nothing."))
        empty = gr.HTML(run_card.NO_RUNS, elem_id="train-empty")
        with gr.Column(visible=False, elem_id="train-shown") as box:
            run = gr.Dropdown([], label="Run", elem_id="train-run", filterable=False)
            live = gr.HTML(elem_id="train-live", css_template=charts.STYLE)
            stop_button, cancel_button, resume_button, to_compare = _buttons()
            plots = gr.HTML(elem_id="train-charts", css_template=charts.STYLE)
            log, command = _log()
            runs = gr.HTML(elem_id="train-runs", css_template=charts.STYLE)
        shown, timer = gr.State(""), gr.Timer(2, active=False)
    return WatchParts(
        box, empty, run, live, plots, stop_button, cancel_button, resume_button, to_compare, log, command, runs, shown,
        timer,
    )  # fmt: skip


def _buttons() -> tuple[gr.Button, gr.Button, gr.Button, gr.Button]:
    with gr.Row(elem_classes="toolbar"):
        return (
            gr.Button("Stop and save", elem_id="train-stop", interactive=False, scale=0),
            gr.Button("Cancel and discard", elem_id="train-cancel", elem_classes="danger", interactive=False, scale=0),
            gr.Button("Resume", elem_id="train-resume", interactive=False, scale=0),
            gr.Button("Go to Compare", elem_id="train-to-compare", scale=0),
        )


def _log() -> tuple[gr.Textbox, gr.Textbox]:
    with gr.Accordion("Log and command", open=False, elem_id="train-log-box"):
        log = gr.Textbox(label="End of the log", lines=6, max_lines=_LOG_LINES, interactive=False, elem_id="train-log")
        command = gr.Textbox(
            label="The same from the command line",
            interactive=False,
            max_lines=3,
            buttons=["copy"],
            elem_id="train-command",
        )
    return log, command


# Wiring


def wire(services: Services, parts: WatchParts, tab: gr.Tab, session: SessionParts, started: Any) -> None:
    """Connect it; `started` is the event that begins a run and chooses it."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
    here = [parts.run, parts.shown]
    look = bind(_look, services, quiet=True)
    started.success(look, here, parts.watched, **quiet)
    for trigger in (parts.timer.tick, parts.run.input, tab.select, session.strip.change, session.ready.then):
        trigger(look, here, parts.watched, **quiet)
    for button, handler in ((parts.stop, stop), (parts.cancel, cancel), (parts.resume, _resume)):
        button.click(bind(handler, services), [parts.run], None, **quiet).then(look, here, parts.watched, **quiet)
    parts.to_compare.click(lambda: gr.Tabs(selected="compare"), None, [session.tabs], **quiet)


def _resume(services: Services, run_id: str | None) -> None:
    resume(services, run_id)


def _look(services: Services, chosen: str | None, shown: str) -> list[Any]:
    """All that changed about the chosen run and the list; nothing where nothing did."""
    runs = pipeline.runs(services)
    run_id = choose_run(runs, chosen)
    if run_id is None:
        return [gr.skip()] * 13
    view = pipeline.run_view(services, run_id)
    log_end = "\n".join(view.log_tail.splitlines()[-_LOG_LINES:])
    pieces = [run_card.run_html(view), run_card.charts_html(view), log_end, run_card.runs_html(runs)]
    now = content_hash([run_id, *pieces])
    if now == shown:
        return [gr.skip()] * 13
    live, plots, log, table = pieces
    return [
        gr.update(visible=True),
        "",
        gr.update(choices=run_card.run_choices(runs), value=run_id),
        live,
        plots,
        *buttons(view),
        log,
        view.command,
        table,
        gr.Timer(active=is_anything_active(runs)),
        now,
    ]


def buttons(view: RunView) -> list[Any]:
    """Stop, cancel and resume, as far as they make sense for the run's state."""
    going = view.run.state in ("preparing", "running")
    waiting = view.run.state == "queued"
    return [
        gr.update(interactive=going),
        gr.update(interactive=going or waiting),
        gr.update(interactive=view.run.state in run_card.RESUMABLE),
    ]
