"""The guided run: one button, its stages while they are done, and the picture of before and after.

It runs in the background on the server. Any page shows where it is; a reload changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from cai_ui.config import GuidedRunSettings
from cai_ui.pipeline import Services, guided_run, judges
from cai_ui.pipeline.guided_run import GuidedRunView
from cai_ui.pipeline.prompts.sets import prompt_sets
from cai_ui.readers.measured import figures_words
from cai_ui.records import BASE
from cai_ui.web.kit.choices import judge_choices, set_choices
from cai_ui.web.kit.events import ASIDE, Changes
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.handover import Handover
from cai_ui.web.kit.judges import standing_html
from cai_ui.web.kit.present import esc, lead, notice
from cai_ui.web.kit.rate_bars import bars_html
from cai_ui.web.kit.work import WorkPanel, WorkView
from cai_ui.web.session import Session, SessionParts
from cai_ui.web.start import words
from cai_ui.web.start.guided_run_html import examples_html, headline_html, stages_html

# Handlers


def stages_view(view: GuidedRunView) -> WorkView:
    """The stages, and why they ended early where they did."""
    stages = stages_html([(s.title, s.state, s.detail, s.seconds) for s in view.stages])
    if view.state == "failed":
        stages += notice(view.error or words.FAILED, "bad")
    return WorkView(stages, view.state in ("running", "stopping"))


def headline(view: GuidedRunView) -> str:
    """What came of a run that is done, in a sentence that stands where one looks first; "" for all others."""
    if view.state != "done" or view.evaluation is None:
        return ""
    return headline_html(view.evaluation, sum(stage.seconds or 0.0 for stage in view.stages))


def result_html(services: Services, view: GuidedRunView) -> str:
    """Bars and example answers, or "" before there is an evaluation."""
    if view.evaluation is None:
        return ""
    titles = {BASE: words.BEFORE}
    runs = {run.id: run for run in services.store.runs(trashed=False)}
    for method, run_id in view.run_ids.items():
        if run_id in runs and runs[run_id].adapter:
            titles[str(runs[run_id].adapter)] = words.AFTER.get(method, method)
    reader = f"Read by: {view.evaluation.reader}; {figures_words(view.evaluation.reader)}."
    shown = bars_html(view.evaluation, titles) + f'<p class="muted">{esc(reader)}</p>'
    shown += examples_html(view.evaluation, titles)
    return lead(words.BEFORE_AND_AFTER, words.EVALUATED) + shown


class GuidedRunBox:
    """The card with the button, and the result below it."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Column(elem_classes="card"):
            gr.HTML(lead(words.GUIDED_RUN, words.GUIDED_RUN_WHAT))
            with gr.Row(elem_classes="toolbar"):
                run = gr.Button(words.RUN, variant="primary", elem_id="start-run")
                stop = gr.Button(words.STOP, elem_id="start-stop", interactive=False)
                self.by_hand = gr.Button(words.BY_HAND, elem_id="start-by-hand")
            self.headline = gr.HTML(elem_id="start-headline")
            with gr.Row():
                self.sets = gr.Dropdown(
                    set_choices(prompt_sets(services)), value=[], multiselect=True, label=words.SETS,
                    info=words.SETS_HELP, elem_id="start-sets",
                )  # fmt: skip
                self.judge = gr.Dropdown(
                    judge_choices(services), value="", label=words.JUDGE, info=words.JUDGE_HELP,
                    allow_custom_value=True, elem_id="start-judge",
                )  # fmt: skip
            self.standing = gr.HTML(elem_id="start-judge-standing")
            stages = gr.HTML(elem_id="start-stages")
        self.result = gr.HTML(elem_id="start-result")
        self.work = WorkPanel(self._look, stages, run, stop, outputs=[self.headline, self.result])

    def wire(self, tab: gr.Tab, session: SessionParts) -> None:
        """Connect it."""
        visits = [tab.select, session.ready.then]
        self.work.wire(self._start, [session.state, self.sets, self.judge], self.services.guided_run.stop, visits)
        for visit in visits:
            visit(bind(self._menu, quiet=True), None, [self.sets, self.judge], **ASIDE)
        self.judge.change(bind(self._standing, quiet=True), [self.judge], [self.standing], **ASIDE)
        Handover("principles").wire(self.by_hand, session.tabs)

    def _menu(self) -> Changes:
        return {
            self.sets: gr.update(choices=set_choices(prompt_sets(self.services))),
            self.judge: gr.update(choices=judge_choices(self.services)),
        }

    def _standing(self, judge: str | None) -> str:
        """How far the judge can be trusted."""
        named = str(judge or "").strip()
        return standing_html("refusal", judges.standing(self.services, named, "refusal")) if named else ""

    def _start(self, session: Session, sets: Sequence[str], judge: str | None) -> None:
        settings = GuidedRunSettings(sets=",".join(sets or []), judge=str(judge or "").strip())
        guided_run.start_guided_run(self.services, session.author, settings)

    def _look(self, ended: bool) -> WorkView:
        view = guided_run.guided_run_status(self.services)
        stages = stages_view(view)
        shown: Changes = {self.headline: headline(view), self.result: result_html(self.services, view)}
        return WorkView(stages.html, stages.running, more=shown)
