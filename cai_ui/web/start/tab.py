"""Start: what this is, which model answers, and one button that runs the guided run with its steps visible.

The guided run runs in the background on the server. Any page shows where it is; a reload changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.pipeline import Services, guided_run
from cai_ui.pipeline.guided_run import GuidedRunView
from cai_ui.records import BASE
from cai_ui.web.kit import picture
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import hint, lead, notice
from cai_ui.web.session import Session, SessionParts, rename
from cai_ui.web.start import model

WHAT = (
    "Write down how a model should behave. It criticises its own answers by your principles and rewrites them. You "
    "judge the rewrites, train a small adapter on the good ones, and compare the model before and after."
)
LOOP = (
    "One click does all of it with defaults: revise answers to a prompt set, accept the revisions, freeze a dataset, "
    "train twice (SFT, then DPO), and ask each model the same held-out requests. Less than ten minutes on two "
    "processor cores with the embedded model; you may look at the other tabs meanwhile, or close the page."
)

MEASURED = (
    "The same held-out requests, answered by the model as it was and by what you trained. The thin lines are 95 % "
    "intervals. All answers are under Compare."
)
AFTER = {"sft": "After SFT", "dpo": "After DPO"}


@dataclass(frozen=True)
class StartParts:
    """The tab's components."""

    tab: gr.Tab
    run: gr.Button
    stop: gr.Button
    by_hand: gr.Button
    stages: gr.HTML
    result: gr.HTML
    name: gr.Textbox
    model: model.ModelParts
    shown: gr.State
    timer: gr.Timer


# Handlers


def start_guided_run(services: Services, session: Session) -> None:
    """Begin the guided run in the background."""
    guided_run.start_guided_run(services, session.author)


def stop_guided_run(services: Services) -> None:
    """End the guided run after what it has in hand; finished stages stay."""
    services.guided_run.stop()


def guided_run_html(services: Services) -> tuple[str, str, bool]:
    """Stages, the picture of before and after ("" until there is one), and whether it is running."""
    view = guided_run.guided_run_status(services)
    stages = picture.stages_html([(s.title, s.state, s.detail, s.seconds) for s in view.stages])
    running = view.state in ("running", "stopping")
    if view.state == "failed":
        stages += notice(view.error or "The guided run ended early.", "bad")
    return stages, _result_html(services, view), running


# Layout


def build(services: Services) -> StartParts:
    """The tab's layout."""
    with gr.Tab("Start", id="tour", elem_id="tab-tour") as tab:
        gr.HTML(lead("Teach a model by principles", WHAT))
        world = gr.HTML(model.world_html(services), elem_id="start-world")
        with gr.Column(elem_classes="card"):
            gr.HTML(lead("See it work first", LOOP))
            with gr.Row(elem_classes="toolbar"):
                run = gr.Button("Start the guided run", variant="primary", elem_id="start-run")
                stop = gr.Button("Stop", elem_id="start-stop", interactive=False)
                by_hand = gr.Button("Do it step by step instead", elem_id="start-by-hand")
            stages = gr.HTML(elem_id="start-stages")
        result = gr.HTML(elem_id="start-result")
        model_parts = model.build(services, world)
        with gr.Accordion("Your name", open=False, elem_id="start-you"):
            name = gr.Textbox(
                label="Name",
                info="Signs your decisions and versions. Kept in this browser.",
                max_lines=1,
                elem_id="start-name",
            )
        shown, timer = gr.State(""), gr.Timer(1.5, active=False)
        gr.HTML(
            hint(
                "Open Principles, change one principle, save, and start the guided run again: the model that comes out "
                "follows your wording."
            )
        )
    return StartParts(tab, run, stop, by_hand, stages, result, name, model_parts, shown, timer)


# Wiring


def wire(services: Services, parts: StartParts, session: SessionParts) -> None:
    """Connect the tab."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
    shown = [parts.stages, parts.result, parts.run, parts.stop, parts.timer, parts.shown]
    look = bind(_look, services, quiet=True)
    parts.run.click(bind(start_guided_run, services), [session.state], None, **quiet).success(
        look, [parts.shown], shown, **quiet
    )
    parts.stop.click(bind(stop_guided_run, services), None, None, **quiet).then(look, [parts.shown], shown, **quiet)
    for trigger in (parts.timer.tick, parts.tab.select):
        trigger(look, [parts.shown], shown, **quiet)
    session.ready.then(look, [parts.shown], shown, **quiet)
    session.restore(lambda now: now.author, [session.state], [parts.name], **quiet)
    parts.by_hand.click(lambda: gr.Tabs(selected="principles"), None, [session.tabs], **quiet)
    parts.name.blur(bind(_rename, services), [session.state, parts.name], [session.state, session.browser], **quiet)
    model.wire(services, parts.model, session)


def _look(services: Services, shown: str) -> list[Any]:
    stages, result, running = guided_run_html(services)
    if (now := f"{running} {stages} {result}") == shown:
        return [gr.skip()] * 6
    return [
        stages,
        result,
        gr.update(interactive=not running),
        gr.update(interactive=running),
        gr.Timer(active=running),
        now,
    ]


def _rename(services: Services, session: Session, name: str) -> tuple[Session, str]:
    renamed = rename(services, session, name)
    return renamed, renamed.author


def _result_html(services: Services, view: GuidedRunView) -> str:
    """Bars and example answers, or "" before there is a measurement."""
    if view.evaluation is None:
        return ""
    titles = {BASE: "Before"}
    runs = {run.id: run for run in services.store.runs(trashed=False)}
    for method, run_id in view.run_ids.items():
        if run_id in runs and runs[run_id].adapter:
            titles[str(runs[run_id].adapter)] = AFTER.get(method, method)
    return (
        lead("Before and after", MEASURED)
        + picture.bars_html(view.evaluation, titles)
        + picture.examples_html(view.evaluation, titles)
    )
