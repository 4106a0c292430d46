"""Watching a run: state, charts, probe answers, log; renewed every two seconds while something trains.

Each piece is sent only when it changed, so nothing flickers, and what a person has set (zoom, smoothing, the step of
the probe answers) is an input of the page that new rows do not touch.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.judges import Standing
from cai_ui.pipeline.train.runs import RunView, run_view
from cai_ui.records import NOT_OVER, RESUMABLE, Run
from cai_ui.web.kit.choices import looked_up
from cai_ui.web.kit.events import ASIDE, NEWEST, Changes, Given, Marks, News
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import empty_state, lead
from cai_ui.web.session import SessionParts
from cai_ui.web.train import probe_card, run_card, run_charts, words
from cai_ui.web.train.chart_controls import ChartControls

_LOG_LINES = 14


@dataclass(frozen=True)
class Seen:
    """What the page last got: of which run, with answers after which steps, and the marks of its pieces."""

    run: str = ""
    steps: Sequence[int] = ()
    marks: Marks = field(default_factory=dict)


# Handlers


def stop(services: Services, run_id: str | None) -> None:
    """End a run after the step in hand and keep its adapter."""
    services.jobs.stop(chosen(run_id), save=True)


def cancel(services: Services, run_id: str | None) -> None:
    """End a run and keep nothing of it."""
    services.jobs.stop(chosen(run_id), save=False)


def resume(services: Services, run_id: str | None) -> None:
    """Continue from the last checkpoint of a run that ended early."""
    services.jobs.resume(chosen(run_id))


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


def chosen(run_id: str | None) -> str:
    """The run's id, or a sentence where none is chosen."""
    if not run_id:
        raise InputError(words.NO_RUN, next_step=words.CHOOSE_RUN)
    return run_id


def probe_slider(steps: Sequence[int], before: Sequence[int], step: float) -> tuple[Any, int]:
    """The slider over the `steps` that were asked, and its place.

    A slider that stood at the newest step of `before`, or has just appeared, follows to the new one. Its end is never
    before where it stands on the page: Gradio refuses a value past the end, and the page may still send this one.
    """
    place = steps[-1] if not before or step >= before[-1] else int(step)
    stride = min((b - a for a, b in itertools.pairwise(steps)), default=1)
    return gr.update(minimum=0, maximum=max(steps[-1], 1, step), step=max(1, stride), value=place), place


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


class WatchBox:
    """The middle of the tab: the chosen `run`, and all there is to see of it."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Column(elem_classes="card", elem_id="train-watch"):
            gr.HTML(lead(words.WATCH, words.WATCH_WHAT))
            self.empty = gr.HTML(empty_state(*words.NO_RUNS), elem_id="train-empty")
            with gr.Column(visible=False, elem_id="train-shown") as self.box:
                self.run = gr.Dropdown([], label=words.RUN, elem_id="train-run", filterable=False)
                self.live = gr.HTML(elem_id="train-live")
                with gr.Row(elem_classes="toolbar"):
                    self._buttons()
                self._charts()
                self._probes()
                with gr.Accordion(words.PROVENANCE, open=False, elem_id="train-made-box"):
                    self.made = gr.HTML(elem_id="train-made")
                self._log()
            self.shown, self.timer = gr.State(Seen()), gr.Timer(2, active=False)

    def _buttons(self) -> None:
        hidden: dict[str, Any] = {"interactive": False, "scale": 0}
        self.stop = gr.Button(words.STOP, elem_id="train-stop", **hidden)
        self.cancel = gr.Button(words.CANCEL, elem_id="train-cancel", elem_classes="danger", **hidden)
        self.resume = gr.Button(words.RESUME, elem_id="train-resume", **hidden)
        self.first = gr.Button(words.FIRST, elem_id="train-first", visible=False, scale=0)

    def _charts(self) -> None:
        with gr.Accordion(words.CHARTS, open=True, elem_id="train-chart-box"):
            self.charts = gr.HTML(elem_id="train-charts")
            self.controls = ChartControls("train")

    def _probes(self) -> None:
        with gr.Accordion(words.PROBES, open=False, visible=False, elem_id="train-probe-box") as self.probe_box:
            self.probe_step = gr.Slider(0, 1, 0, step=1, label=words.PROBE_STEP, buttons=[], elem_id="train-probe-step")
            self.probes = gr.HTML(elem_id="train-probes")

    def _log(self) -> None:
        copied: dict[str, Any] = {"interactive": False, "lines": 3, "buttons": ["copy"]}
        with gr.Accordion(words.LOG_BOX, open=False, elem_id="train-log-box"):
            self.log = gr.Textbox(
                label=words.LOG, lines=6, max_lines=_LOG_LINES, interactive=False, elem_id="train-log"
            )
            self.command = gr.Textbox(label=words.COMMAND, max_lines=10, elem_id="train-command", **copied)
            self.config = gr.Textbox(label=words.CONFIG, max_lines=12, elem_id="train-config", **copied)

    def wire(self, tab: gr.Tab, session: SessionParts) -> None:
        """Connect it; whoever begins a run chooses it and has this box `look_at` the event."""
        self.look_at(
            self.timer.tick, self.run.input, *self.controls.changed, self.probe_step.input, self.probe_step.release,
            tab.select, session.strip.change,
        )  # fmt: skip
        actions = ((self.stop, stop), (self.cancel, cancel), (self.resume, resume), (self.first, first))
        for button, handler in actions:
            self.look_at(button.click(bind(handler, self.services), [self.run], None, **ASIDE).then)

    def look_at(self, *triggers: Any) -> None:
        """Renew what changed at these events."""
        given = {self.run, *self.controls.inputs, self.probe_step, self.shown}
        watched = [
            self.box, self.empty, self.run, self.live, self.charts, self.probe_box, self.probe_step, self.probes,
            self.made, self.stop, self.cancel, self.resume, self.first, self.log, self.command, self.config, self.timer,
            self.shown,
        ]  # fmt: skip
        for trigger in triggers:
            trigger(bind(self._look, quiet=True), given, watched, **{**ASIDE, **NEWEST})

    def _look(self, given: Given) -> Changes:
        """All that changed about the chosen run; nothing where nothing did."""
        runs, seen = self.services.store.runs(trashed=False), given[self.shown]
        run_id = choose_run(runs, given[self.run])
        if run_id is None:
            return {self.shown: gr.skip()}
        seen = seen if seen.run == run_id else Seen()
        view, news = run_view(self.services, run_id), News(seen.marks)
        choices = run_card.run_choices(runs)
        news.put(self.box, gr.update(visible=True))
        news.put(self.empty, "")
        news.put(self.run, looked_up(choices, run_id, given[self.run]), mark=(choices, run_id))
        news.put(self.timer, gr.update(active=any(run.state in NOT_OVER for run in runs)))
        for piece, value in self._pieces(view, given).items():
            news.put(piece, value)
        steps = probe_card.steps_of(view.probes)
        if steps:
            slider, place = probe_slider(steps, seen.steps, given[self.probe_step])
            news.put(self.probe_step, slider, mark=(steps, slider["maximum"]))
            known = self.services.store.judges()
            standings = {id: Standing(*known[id]) for id in known}
            readers = probe_card.readers_html(view.probes, standings)
            news.put(self.probes, readers + probe_card.answers_html(view.probes, place))
        return {**news.changes, self.shown: Seen(run_id, steps, news.marks)}

    def _pieces(self, view: RunView, given: Given) -> Mapping[Any, Any]:
        """What is shown of a run whenever it changed."""
        return {
            self.live: run_card.run_html(view),
            self.charts: run_charts.charts_html(view, self.controls.look(given)),
            self.probe_box: gr.update(visible=bool(view.probes)),
            self.made: run_card.made_of_html(view),
            **dict(zip((self.stop, self.cancel, self.resume, self.first), buttons(view), strict=True)),
            self.log: "\n".join(view.log_tail.splitlines()[-_LOG_LINES:]),
            self.command: view.commands,
            self.config: view.config,
        }
