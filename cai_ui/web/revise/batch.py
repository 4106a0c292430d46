"""The panel that runs a whole prompt set in the background. Its results go to the queue of Curate.

The work belongs to the server, not to the page: a reload or a closed browser changes nothing, and
every page that is open shows the same progress.
"""

from __future__ import annotations

from dataclasses import replace

import gradio as gr

from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.prompts.sets import list_requests
from cai_ui.pipeline.revise import batch
from cai_ui.web.kit.choices import set_menu
from cai_ui.web.kit.events import Given
from cai_ui.web.kit.handover import Handover
from cai_ui.web.kit.present import counted, empty_state, notice, progress_bar, remaining
from cai_ui.web.kit.work import WorkPanel, WorkView
from cai_ui.web.revise import words
from cai_ui.web.revise.settings import SettingsBox
from cai_ui.web.session import SessionParts

# Handlers


def start_batch(
    services: Services, prompt_set: str, number: float | None, settings: RevisionSettings, sampling: Sampling
) -> None:
    """Begin in the background, under the constitution in use."""
    if not isinstance(number, (int, float)) or not number >= 1:
        raise InputError(f"{words.NUMBER} is not a number from 1.", next_step="Type one, such as 300.")
    prompts = list_requests(services, prompt_set, int(number), sampling.seed)
    version = constitutions.current_constitution(services)
    batch.start_batch(services, prompts, version.hash, settings, sampling)


def batch_view(services: Services) -> WorkView:
    """How far the batch is; one that ended before its last trace can be resumed."""
    last = services.batch.last()
    if last is None:
        return WorkView(empty_state(*words.NO_BATCH), False)
    now = last.progress
    counts = f"{now.done:,} of {counted(now.total, 'trace')}, {now.examples_added:,} new in Curate"
    if now.already:
        counts += f" ({now.already:,} were finished by an earlier start)"
    if now.failed:
        reasons = "; ".join(f"{number:,}: {reason.rstrip('.')}" for reason, number in now.failures.items())
        counts += f", {now.failed:,} without a usable revision ({reasons})"
    unfinished_steps = [f"{number:,} with a step {words.BATCH_ENDS[end]}" for end, number in now.ends.items()]
    if unfinished_steps:
        counts += f", {', '.join(unfinished_steps)}"
    if last.active:
        left = "stopping" if last.state == "stopping" else remaining(now.eta_s)
        left += f", {now.tokens_per_s:,.0f} tokens/s" if now.tokens_per_s else ""
        return WorkView(progress_bar(now.done, now.total, f"{counts}; {left}"), True)
    unfinished = now.done < now.total
    if last.state == "failed":
        return WorkView(notice(f"The batch ended early: {last.error} {counts}.", "bad"), False, unfinished)
    ended = "Stopped" if last.state == "stopped" else "Done"
    return WorkView(notice(f"{ended}: {counts}.", "good"), False, unfinished)


class BatchBox:
    """The panel."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.BATCH, open=False, elem_id="batch"):
            gr.HTML(f'<p class="muted narrow">{words.BATCH_WHAT}</p>')
            with gr.Row():
                self.prompt_set = set_menu(services, "batch-set")
                self.number = gr.Number(
                    300, label=words.NUMBER, minimum=1, maximum=100_000, precision=0, elem_id="batch-number"
                )
            with gr.Row(elem_classes="toolbar"):
                start = gr.Button(words.START_BATCH, variant="primary", elem_id="batch-start")
                stop = gr.Button(words.STOP, elem_id="batch-stop", interactive=False)
                resume = gr.Button(words.RESUME, elem_id="batch-resume", visible=False)
                self.to_curate = gr.Button(words.TO_CURATE, elem_id="batch-to-curate")
            progress = gr.HTML(elem_id="batch-progress")
            self.made = gr.State("")
            self.work = WorkPanel(self._look, progress, start, stop, resume, outputs=[self.made])

    def wire(self, settings: SettingsBox, tab: gr.Tab, session: SessionParts, to_curate: Handover) -> None:
        """Connect the panel; the batch runs as the tab's `settings` say, and `to_curate` shows what it made."""
        self.settings = settings
        self.work.wire(
            self._start,
            {self.prompt_set, self.number, *settings.inputs},
            self.services.batch.stop,
            [tab.select, session.ready.then],
            resume=lambda: batch.resume_batch(self.services),
        )
        to_curate.wire(self.to_curate, session.tabs, [session.state, self.made])

    def _look(self, ended: bool) -> WorkView:
        return replace(batch_view(self.services), more={self.made: batch.last_source(self.services)})

    def _start(self, given: Given) -> None:
        asked = (given[self.prompt_set], given[self.number])
        start_batch(self.services, *asked, *self.settings.read_from(given))
