"""The panel that runs a whole prompt set in the background. Its results go to the queue of Curate.

The work belongs to the server, not to the page: a reload or a closed browser changes nothing, and
every page that is open shows the same progress.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.config import RevisionSettings, Sampling
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.prompts.sets import list_requests
from cai_ui.pipeline.revise import batch
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import duration, empty_state, notice, progress_bar
from cai_ui.web.revise.knobs import KnobParts
from cai_ui.web.session import SessionParts


@dataclass(frozen=True)
class BatchParts:
    """The panel's components; `shown` is what the page last got."""

    prompt_set: gr.Dropdown
    number: gr.Number
    start: gr.Button
    stop: gr.Button
    resume: gr.Button
    progress: gr.HTML
    to_curate: gr.Button
    shown: gr.State
    timer: gr.Timer


# Handlers


def start_batch(
    services: Services, prompt_set: str, number: float | None, settings: RevisionSettings, sampling: Sampling
) -> None:
    """Begin in the background, under the constitution in use."""
    if not isinstance(number, (int, float)) or not number >= 1:
        raise InputError("How many requests is not a number from 1.", next_step="Type one, such as 300.")
    prompts = list_requests(services, prompt_set, int(number), sampling.seed)
    version = constitutions.current_constitution(services)
    batch.start_batch(services, prompts, version.hash, settings, sampling)


def stop_batch(services: Services) -> None:
    """End after the chains in hand; what is finished stays in the queue of Curate."""
    services.batch.stop()


def resume_batch(services: Services) -> None:
    """Go on with a batch that was stopped or cut off."""
    batch.resume_batch(services)


def batch_html(services: Services) -> tuple[str, bool]:
    """The progress as HTML, and whether a batch is running."""
    now = batch.batch_status(services)
    if now is None:
        return empty_state("No batch yet", "Choose a prompt set and a number, then press Start batch."), False
    counts = f"{now.done:,} of {now.total:,} chains, {now.examples_added:,} new in Curate"
    if now.already:
        counts += f" ({now.already:,} were finished by an earlier start)"
    if now.failed:
        reasons = "; ".join(f"{number:,}: {reason.rstrip('.')}" for reason, number in now.failures.items())
        counts += f", {now.failed:,} without a usable revision ({reasons})"
    if now.state in ("running", "stopping"):
        left = "stopping" if now.state == "stopping" else f"about {duration(now.eta_s)} left"
        left += f", {now.tokens_per_s:,.0f} tokens/s" if now.tokens_per_s else ""
        return progress_bar(now.done, now.total, f"{counts}; {left}"), True
    if now.state == "failed":
        return notice(f"The batch ended early: {now.error} {counts}.", "bad"), False
    ended = "Stopped" if now.state == "stopped" else "Done"
    return notice(f"{ended}: {counts}.", "good"), False


# Layout


def build(services: Services, sets: Sequence[tuple[str, str, int]]) -> BatchParts:
    """The panel's layout."""
    with gr.Accordion("Run a whole prompt set", open=False, elem_id="batch"):
        gr.HTML(
            '<p class="muted narrow">Runs the chain above for many requests, with the settings under “How it runs”. It '
            "goes on if you close this page; the results go to Curate.</p>"
        )
        with gr.Row():
            prompt_set = gr.Dropdown(
                [(f"{title} ({count:,})", key) for key, title, count in sets],
                value=sets[0][0] if sets else None,
                label="Prompt set",
                elem_id="batch-set",
                filterable=False,
            )
            number = gr.Number(
                300, label="How many requests", minimum=1, maximum=100_000, precision=0, elem_id="batch-number"
            )
        with gr.Row(elem_classes="toolbar"):
            start = gr.Button("Start batch", variant="primary", elem_id="batch-start")
            stop = gr.Button("Stop", elem_id="batch-stop", interactive=False)
            resume = gr.Button("Go on with it", elem_id="batch-resume", visible=False)
            to_curate = gr.Button("Go to Curate", elem_id="batch-to-curate")
        progress = gr.HTML(elem_id="batch-progress")
        shown, timer = gr.State(""), gr.Timer(1.5, active=False)
    return BatchParts(prompt_set, number, start, stop, resume, progress, to_curate, shown, timer)


# Wiring


def wire(
    services: Services,
    parts: BatchParts,
    how: KnobParts,
    tab: gr.Tab,
    session: SessionParts,
) -> None:
    """Connect the panel; `how` is the settings panel of the tab around it. The timer ticks only during a batch."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
    shown = [parts.progress, parts.start, parts.stop, parts.resume, parts.timer, parts.shown]
    look = bind(_look, services, quiet=True)
    parts.start.click(
        bind(_start, services, how),
        [parts.prompt_set, parts.number, *how.inputs],
        None,
        **quiet,
    ).success(look, [parts.shown], shown, **quiet)
    parts.stop.click(bind(stop_batch, services), None, None, **quiet).then(look, [parts.shown], shown, **quiet)
    parts.resume.click(bind(resume_batch, services), None, None, **quiet).then(look, [parts.shown], shown, **quiet)
    for trigger in (parts.timer.tick, tab.select, session.ready.then):
        trigger(look, [parts.shown], shown, **quiet)
    parts.to_curate.click(lambda: gr.Tabs(selected="curate"), None, [session.tabs], **quiet)


def _start(services: Services, how: KnobParts, prompt_set: str, number: float | None, *values: Any) -> None:
    start_batch(services, prompt_set, number, *how.read(values))


def _look(services: Services, shown: str) -> list[Any]:
    html, running = batch_html(services)
    if (now := f"{running} {html}") == shown:
        return [gr.skip()] * 6
    status = batch.batch_status(services)
    left = status is not None and not running and status.done < status.total
    return [
        html,
        gr.update(interactive=not running),
        gr.update(interactive=running),
        gr.update(visible=left),
        gr.Timer(active=running),
        now,
    ]
