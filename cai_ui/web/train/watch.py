"""Watching a run: state, charts, probe answers, log; renewed every two seconds while something trains.

Each piece is sent only when it changed, so nothing flickers, and what a person has set (zoom, smoothing, the step of
the probe answers) is an input of the page that new rows do not touch.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.train.runs import RunView, run_view
from cai_ui.records import NOT_OVER, RESUMABLE, Run, content_hash
from cai_ui.web.kit import charts
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import lead
from cai_ui.web.session import SessionParts
from cai_ui.web.train import probe_card, run_card, run_charts

_LOG_LINES = 14
_LAST_STEP = 10_000_000
Marks = dict[str, str]
"""What the page last got, by piece."""


@dataclass(frozen=True)
class WatchParts:
    """The components. `shown` holds marks of what the page last got."""

    box: gr.Column
    empty: gr.HTML
    run: gr.Dropdown
    live: gr.HTML
    zoom: gr.Radio
    smooth: gr.Slider
    charts: gr.HTML
    probe_box: gr.Accordion
    probe_step: gr.Slider
    probes: gr.HTML
    made: gr.HTML
    stop: gr.Button
    cancel: gr.Button
    resume: gr.Button
    first: gr.Button
    log: gr.Textbox
    command: gr.Textbox
    config: gr.Textbox
    shown: gr.State
    timer: gr.Timer

    @property
    def watched(self) -> list[Any]:
        """What `_look` fills."""
        return [
            self.box, self.empty, self.run, self.live, self.charts, self.probe_box, self.probe_step, self.probes,
            self.made, self.stop, self.cancel, self.resume, self.first, self.log, self.command, self.config, self.timer,
            self.shown,
        ]  # fmt: skip

    @property
    def set_here(self) -> list[Any]:
        """What a person has set and `_look` reads."""
        return [self.run, self.zoom, self.smooth, self.probe_step, self.shown]


# Handlers


def stop(services: Services, run_id: str | None) -> None:
    """End a run after the step in hand and keep its adapter."""
    services.jobs.stop(chosen(run_id), save=True)


def cancel(services: Services, run_id: str | None) -> None:
    """End a run and keep nothing of it."""
    services.jobs.stop(chosen(run_id), save=False)


def resume(services: Services, run_id: str | None) -> Run:
    """Go on from the last checkpoint of a run that ended early."""
    return services.jobs.resume(chosen(run_id))


def first(services: Services, run_id: str | None) -> None:
    """Put a waiting run before the others."""
    services.jobs.move_up(chosen(run_id))


def choose_run(runs: Sequence[Run], chosen: str | None) -> str | None:
    """The run to show: the chosen one, else the one that is training, else the newest."""
    ids = [run.id for run in runs]
    if chosen in ids:
        return chosen
    active = next((run.id for run in runs if run.state in NOT_OVER), None)
    return active or (ids[0] if ids else None)


def is_anything_active(runs: Sequence[Run]) -> bool:
    """Whether the page has to go on looking."""
    return any(run.state in NOT_OVER for run in runs)


def chosen(run_id: str | None) -> str:
    """The run's id, or a sentence where none is chosen."""
    if not run_id:
        raise InputError("No run is chosen.", next_step="Start one, or choose one in the list.")
    return run_id


# Layout


def build(services: Services) -> WatchParts:
    """The middle of the tab, made where it is called."""
    with gr.Column(elem_classes="card", elem_id="train-watch"):
        gr.HTML(lead("Watch", "Charts are renewed while a run trains. A reload of the page changes nothing."))
        empty = gr.HTML(run_card.NO_RUNS, elem_id="train-empty")
        with gr.Column(visible=False, elem_id="train-shown") as box:
            run = gr.Dropdown([], label="Run", elem_id="train-run", filterable=False)
            live = gr.HTML(elem_id="train-live", css_template=charts.STYLE)
            buttons = _buttons()
            zoom, smooth, plots = _charts()
            probe_box, probe_step, probes = _probes()
            with gr.Accordion("What it is made of", open=False, elem_id="train-made-box"):
                made = gr.HTML(elem_id="train-made")
            log, command, config = _log()
        shown, timer = gr.State({}), gr.Timer(2, active=False)
    return WatchParts(
        box, empty, run, live, zoom, smooth, plots, probe_box, probe_step, probes, made, *buttons, log, command, config,
        shown, timer,
    )  # fmt: skip


def _buttons() -> tuple[gr.Button, gr.Button, gr.Button, gr.Button]:
    with gr.Row(elem_classes="toolbar"):
        return (
            gr.Button("Stop and save", elem_id="train-stop", interactive=False, scale=0),
            gr.Button("Cancel and discard", elem_id="train-cancel", elem_classes="danger", interactive=False, scale=0),
            gr.Button("Resume", elem_id="train-resume", interactive=False, scale=0),
            gr.Button("First in the queue", elem_id="train-first", visible=False, scale=0),
        )


def _charts() -> tuple[gr.Radio, gr.Slider, gr.HTML]:
    with gr.Accordion("Charts", open=True, elem_id="train-chart-box"):
        plots = gr.HTML(elem_id="train-charts", css_template=charts.STYLE)
        with gr.Row():
            zoom = gr.Radio(list(run_charts.ZOOMS), value="all steps", label="Charts show", elem_id="train-zoom")
            smooth = gr.Slider(1, 25, 1, step=1, label="Smooth over steps", buttons=[], elem_id="train-smooth")
    return zoom, smooth, plots


def _probes() -> tuple[gr.Accordion, gr.Slider, gr.HTML]:
    with gr.Accordion("Answers while it trains", open=False, visible=False, elem_id="train-probe-box") as box:
        # The end is set with the first answers; until that reaches the server, it checks values against this one.
        step = gr.Slider(
            0, _LAST_STEP, 0, step=1, label="After this many steps", buttons=[], elem_id="train-probe-step"
        )
        html = gr.HTML(elem_id="train-probes", css_template=charts.STYLE)
    return box, step, html


def _log() -> tuple[gr.Textbox, gr.Textbox, gr.Textbox]:
    with gr.Accordion("Log, command and file", open=False, elem_id="train-log-box"):
        log = gr.Textbox(label="End of the log", lines=6, max_lines=_LOG_LINES, interactive=False, elem_id="train-log")
        command = gr.Textbox(
            label="The same from the command line",
            interactive=False,
            lines=3,
            max_lines=10,
            buttons=["copy"],
            elem_id="train-command",
        )
        config = gr.Textbox(
            label="The run as a file (config.yaml)",
            interactive=False,
            lines=3,
            max_lines=12,
            buttons=["copy"],
            elem_id="train-config",
        )
    return log, command, config


# Wiring


def wire(services: Services, parts: WatchParts, tab: gr.Tab, session: SessionParts, started: Any) -> None:
    """Connect it; `started` is the event that begins a run and chooses it."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
    look = bind(_look, services, quiet=True)
    started.success(look, parts.set_here, parts.watched, **quiet)
    triggers = (
        parts.timer.tick, parts.run.input, parts.zoom.input, parts.smooth.release, parts.probe_step.release, tab.select,
        session.strip.change, session.ready.then,
    )  # fmt: skip
    for trigger in triggers:
        trigger(look, parts.set_here, parts.watched, **quiet)
    actions = ((parts.stop, stop), (parts.cancel, cancel), (parts.resume, _resume), (parts.first, first))
    for button, handler in actions:
        button.click(bind(handler, services), [parts.run], None, **quiet).then(
            look, parts.set_here, parts.watched, **quiet
        )


def _resume(services: Services, run_id: str | None) -> None:
    resume(services, run_id)


def _look(services: Services, wanted: str | None, zoom: str, smooth: float, step: float, shown: Marks) -> list[Any]:
    """All that changed about the chosen run; nothing where nothing did."""
    runs = services.store.runs(trashed=False)
    run_id = choose_run(runs, wanted)
    if run_id is None:
        return [gr.skip()] * 18
    view = run_view(services, run_id)
    now: Marks = {"run": run_id}
    kept = shown if shown.get("run") == run_id else {}

    def fresh(piece: str, value: Any, mark: Any = None) -> Any:
        now[piece] = content_hash(mark if mark is not None else value)
        return gr.skip() if kept.get(piece) == now[piece] else value

    log = "\n".join(view.log_tail.splitlines()[-_LOG_LINES:])
    choices = run_card.run_choices(runs)
    active = is_anything_active(runs)
    probing = probe_updates(view, step, kept.get("probe_steps"))
    now["probe_steps"] = ",".join(map(str, probe_card.steps_of(view.probes)))
    outputs = [
        fresh("box", gr.update(visible=True), "box"),
        fresh("empty", ""),
        fresh("choices", gr.update(choices=choices, value=run_id), choices),
        fresh("live", run_card.run_html(view)),
        fresh("charts", run_charts.charts_html(view, zoom, int(smooth))),
        fresh("probe box", gr.update(visible=bool(view.probes)), bool(view.probes)),
        probing[0] if kept.get("probe_steps") != now["probe_steps"] else gr.skip(),
        fresh("probes", probing[1]),
        fresh("made", run_card.made_of_html(view)),
        *(fresh(f"button {i}", button, [str(button)]) for i, button in enumerate(buttons(view))),
        fresh("log", log),
        fresh("command", view.commands),
        fresh("config", view.config),
        fresh("timer", gr.Timer(active=active), active),
    ]
    return [*outputs, now]


def probe_updates(view: RunView, step: float, known: str | None) -> tuple[Any, str]:
    """The slider over the steps that were asked, and the answers at its place.

    A slider that stood at the newest step, or has just appeared, follows to the new one.
    """
    steps = probe_card.steps_of(view.probes)
    if not steps:
        return gr.skip(), ""
    before = [int(s) for s in known.split(",")] if known else []
    place = steps[-1] if not before or step >= before[-1] else int(step)
    stride = min((b - a for a, b in itertools.pairwise(steps)), default=1)
    slider = gr.update(minimum=0, maximum=max(steps[-1], 1), step=max(1, stride), value=place)
    return slider, probe_card.answers_html(view.probes, place)


def buttons(view: RunView) -> list[Any]:
    """Stop, cancel, resume and queue, as far as they make sense for the run's state."""
    going = view.run.state in ("preparing", "running")
    waiting, stopping = view.run.state == "queued", view.run.state == "stopping"
    resumable = view.run.state in RESUMABLE
    return [
        gr.update(interactive=going, visible=going or stopping),
        gr.update(interactive=going or waiting, visible=going or waiting or stopping),
        gr.update(interactive=resumable, visible=resumable),
        gr.update(visible=waiting and view.ahead > 1),
    ]
