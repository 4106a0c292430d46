"""Pairs of a model's own answers, made in the background for the queue, and frozen as they are."""

from __future__ import annotations

from typing import Any

import gradio as gr

from cai_ui.config.curate import DatasetSettings, OnPolicySettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services, models
from cai_ui.pipeline.curate import on_policy
from cai_ui.pipeline.prompts.sets import list_requests
from cai_ui.records import BASE
from cai_ui.web.curate import words
from cai_ui.web.curate.datasets import frozen_html
from cai_ui.web.kit.choices import looked_up, set_menu, variant_choices
from cai_ui.web.kit.events import AT_ONCE, SLOW, Changes, Given
from cai_ui.web.kit.follows_model import FollowsModel
from cai_ui.web.kit.forms import build_form
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import counted, esc, notice, progress_bar, remaining, short
from cai_ui.web.kit.work import WorkPanel, WorkView
from cai_ui.web.session import Session, SessionParts


def pairs_view(services: Services) -> WorkView:
    """How many pairs there are, and what gave none."""
    last = services.pairs.last()
    if last is None:
        return WorkView("", False)
    now: on_policy.OnPolicyProgress = last.progress
    said = f"{counted(now.pairs, 'pair')} of {now.done:,} of {counted(now.total, 'request')}"
    reasons = {**now.no_pair, **now.answers}
    if reasons:
        said += "; not used: " + ", ".join(f"{number:,} × {why.rstrip('.')}" for why, number in reasons.items())
    if last.active:
        left = "stopping" if last.state == "stopping" else remaining(now.eta_s)
        return WorkView(progress_bar(now.done, now.total, f"{said}; {left}"), True)
    if last.state == "failed":
        return WorkView(notice(f"{last.error} {said}.", "bad"), False)
    ended = words.PAIRS_STOPPED if last.state == "stopped" else words.PAIRS_DONE
    return WorkView(notice(f"{ended}: {said}.", "good"), False)


class OnPolicyBox:
    """Whose answers to which requests, how they are paired, and the work as it goes on."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.PAIRS, open=False, elem_id="curate-pairs-box"):
            gr.HTML(f'<p class="muted narrow">{esc(words.PAIRS_WHAT)}</p>')
            with gr.Row():
                self.variant = gr.Dropdown([], label=words.PAIRS_VARIANT, elem_id="curate-pairs-variant")
                self.prompt_set = set_menu(services, "curate-pairs-set")
                self.number = gr.Number(
                    100,
                    label=words.PAIRS_NUMBER,
                    minimum=1,
                    maximum=100_000,
                    precision=0,
                    elem_id="pairs-number",
                )
            self.form = build_form(
                OnPolicySettings,
                "pairs",
                values=OnPolicySettings(judge=services.settings.judge),
                labels=words.PAIRS_FIELDS,
            )
            self.longest = self.form.widgets["max_new_tokens"]
            self.usual = FollowsModel(services, self._usual, [self.longest])
            with gr.Row(elem_classes="toolbar"):
                start = gr.Button(words.MAKE_PAIRS, elem_id="curate-pairs", scale=0)
                stop = gr.Button(words.STOP, elem_id="curate-pairs-stop", scale=0, interactive=False)
            progress = gr.HTML(elem_id="curate-pairs-progress")
            with gr.Row(elem_classes="toolbar"):
                self.name = gr.Textbox(
                    words.OWN_PAIRS, label=words.DATASET_NAME, max_lines=1, elem_id="curate-pairs-name"
                )
                self.freeze = gr.Button(words.FREEZE_PAIRS, elem_id="curate-pairs-freeze", scale=0)
            self.frozen = gr.HTML(elem_id="curate-pairs-frozen")
            self.work = WorkPanel(lambda ended: pairs_view(services), progress, start, stop)

    def wire(self, tab: gr.Tab, session: SessionParts) -> Any:
        """Connect it; gives the event after which there is one dataset more."""
        self.session = session
        self.usual.wire(session)
        asked = {session.state, self.variant, self.prompt_set, self.number, *self.form.inputs}
        self.work.wire(self.start, asked, self.services.pairs.stop, [tab.select, session.ready.then])
        for trigger in (session.strip.change, tab.select):
            trigger(bind(self.variants, quiet=True), [self.variant], [self.variant], **AT_ONCE)
        return self.freeze.click(bind(self.freeze_now), {session.state, self.name}, [self.frozen], **SLOW)

    def _usual(self, _: Session) -> Changes:
        return {self.longest: models.default_sampling(self.services).max_new_tokens}

    def variants(self, chosen: str | None) -> Changes:
        """The models there are; the newest adapter is chosen where none was."""
        choices = variant_choices(self.services)
        names = [name for _, name in choices]
        value = chosen if chosen in names else next(reversed(names), None)
        return {self.variant: looked_up(choices, value, chosen)}

    def start(self, given: Given) -> None:
        """Make pairs in the background."""
        number = given[self.number]
        if not isinstance(number, (int, float)) or not number >= 1:
            raise InputError(f"{words.PAIRS_NUMBER} is not a number from 1.", next_step="Type one, such as 100.")
        settings = self.form.read_from(given)
        prompts = list_requests(self.services, given[self.prompt_set], int(number), settings.seed)
        author = given[self.session.state].author
        on_policy.start_pairs(self.services, prompts, given[self.variant] or BASE, settings, author)

    def freeze_now(self, given: Given) -> Changes:
        """The pairs that were made last, as a dataset with soft labels."""
        last = self.services.pairs.last()
        info = on_policy.freeze_pairs(
            self.services,
            last.progress.drawing if last else "",
            given[self.name],
            DatasetSettings(labels="soft"),
            given[self.session.state].author,
        )
        return {self.frozen: frozen_html(info, f"Frozen as {short(info.hash)}")}
