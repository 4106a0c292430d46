"""The panel that runs a whole prompt set in the background. Its results go to the queue of Curate.

The work belongs to the server, not to the page: a reload or a closed browser changes nothing, and
every page that is open shows the same progress.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from cai_ui.config import RevisionSettings, Sampling
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.prompts.sets import list_requests
from cai_ui.pipeline.revise import batch
from cai_ui.records import PromptSet
from cai_ui.web.kit.choices import set_choices
from cai_ui.web.kit.events import QUIET
from cai_ui.web.kit.present import duration, empty_state, notice, progress_bar
from cai_ui.web.kit.work import WorkPanel, WorkView
from cai_ui.web.revise.knobs import KnobParts
from cai_ui.web.session import SessionParts

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


def batch_view(services: Services) -> WorkView:
    """How far the batch is; one that ended before its last chain can be resumed."""
    last = services.batch.last()
    if last is None:
        return WorkView(empty_state("No batch yet", "Choose a prompt set and a number, then press Start batch."), False)
    now = last.progress
    counts = f"{now.done:,} of {now.total:,} chains, {now.examples_added:,} new in Curate"
    if now.already:
        counts += f" ({now.already:,} were finished by an earlier start)"
    if now.failed:
        reasons = "; ".join(f"{number:,}: {reason.rstrip('.')}" for reason, number in now.failures.items())
        counts += f", {now.failed:,} without a usable revision ({reasons})"
    if last.active:
        left = "stopping" if last.state == "stopping" else f"about {duration(now.eta_s)} left"
        left += f", {now.tokens_per_s:,.0f} tokens/s" if now.tokens_per_s else ""
        return WorkView(progress_bar(now.done, now.total, f"{counts}; {left}"), True)
    unfinished = now.done < now.total
    if last.state == "failed":
        return WorkView(notice(f"The batch ended early: {last.error} {counts}.", "bad"), False, unfinished)
    ended = "Stopped" if last.state == "stopped" else "Done"
    return WorkView(notice(f"{ended}: {counts}.", "good"), False, unfinished)


class BatchBox:
    """The panel: its layout is `__init__`, and its components are attributes."""

    def __init__(self, services: Services, sets: Sequence[PromptSet]) -> None:
        self.services = services
        with gr.Accordion("Run a whole prompt set", open=False, elem_id="batch"):
            gr.HTML(
                '<p class="muted narrow">Runs the chain above for many requests, as set under “Run settings”. '
                "It goes on if you close this page; the results go to Curate.</p>"
            )
            with gr.Row():
                self.prompt_set = gr.Dropdown(
                    set_choices(sets),
                    value=sets[0].key if sets else None,
                    label="Prompt set",
                    elem_id="batch-set",
                    filterable=False,
                )
                self.number = gr.Number(
                    300, label="How many requests", minimum=1, maximum=100_000, precision=0, elem_id="batch-number"
                )
            with gr.Row(elem_classes="toolbar"):
                start = gr.Button("Start batch", variant="primary", elem_id="batch-start")
                stop = gr.Button("Stop", elem_id="batch-stop", interactive=False)
                resume = gr.Button("Resume", elem_id="batch-resume", visible=False)
                self.to_curate = gr.Button("Go to Curate", elem_id="batch-to-curate")
            progress = gr.HTML(elem_id="batch-progress")
            self.work = WorkPanel(lambda ended: batch_view(services), progress, start, stop, resume)

    def wire(self, how: KnobParts, tab: gr.Tab, session: SessionParts) -> None:
        """Connect the panel; `how` is the settings panel of the tab around it."""
        self.how = how
        self.work.wire(
            self._start,
            [self.prompt_set, self.number, *how.inputs],
            self.services.batch.stop,
            [tab.select, session.ready.then],
            resume=lambda: batch.resume_batch(self.services),
        )
        self.to_curate.click(lambda: gr.Tabs(selected="curate"), None, [session.tabs], **QUIET)

    def _start(self, prompt_set: str, number: float | None, *values: Any) -> None:
        start_batch(self.services, prompt_set, number, *self.how.read(values))
