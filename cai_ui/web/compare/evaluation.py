"""Evaluating models on held-out requests in the background: begin, watch, stop.

The work belongs to the server: a reload or a closed browser changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from cai_ui.compare.conditions import CONDITIONS
from cai_ui.config.compare import CompareSettings, JudgeSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.prompts.sets import prompt_sets
from cai_ui.web.compare import words
from cai_ui.web.compare.capability import CapabilityBox
from cai_ui.web.compare.grading import GradingBox
from cai_ui.web.compare.judge import JudgeBox
from cai_ui.web.compare.results import ResultsBox, shares_html
from cai_ui.web.kit.choices import set_choices
from cai_ui.web.kit.events import ASIDE, Changes, Given
from cai_ui.web.kit.forms import build_form
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import lead, notice, progress_bar, remaining
from cai_ui.web.kit.work import WorkPanel, WorkView
from cai_ui.web.session import Session, SessionParts

# Handlers


def start(
    services: Services,
    session: Session,
    names: Sequence[str],
    settings: CompareSettings,
    judging: JudgeSettings | None = None,
) -> None:
    """Begin in the background."""
    if not names:
        raise InputError(words.NONE_CHOSEN, next_step=words.CHOOSE_ONE)
    comparison.start_evaluation(services, list(names), settings, session.author, judging)


def evaluation_view(services: Services) -> WorkView:
    """How far the evaluation is; nothing of one that has a result, which shows itself."""
    now = comparison.evaluation_status(services)
    if now is None or now.state == "done":
        return WorkView("", False)
    done = f"{now.done:,} of {now.total:,} {words.PHASES.get(now.phase, 'answers')}"
    if now.state in ("running", "stopping"):
        left = "stopping" if now.state == "stopping" else remaining(now.eta_s)
        return WorkView(progress_bar(now.done, now.total, f"{done}; {left}"), True)
    if now.state == "failed":
        kept = f"{done} are kept; begin the same again to go on."
        return WorkView(notice(f"The evaluation ended early: {now.error} {kept}", "bad"), False)
    return WorkView(notice(f"Stopped after {done}. They are kept: begin the same again to go on."), False)


class EvaluationBox:
    """The settings, the progress and, below, the results."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Column(elem_classes="card", elem_id="compare-measure"):
            gr.HTML(lead(words.EVALUATE_TITLE, words.EVALUATE_WHAT))
            self.sets = gr.Dropdown(
                set_choices(prompt_sets(services)), value=[], multiselect=True, label=words.SETS, info=words.SETS_HELP,
                elem_id="evaluate-sets",
            )  # fmt: skip
            self.form = build_form(
                CompareSettings, "evaluate", leave_out=("sets", "conditions"), labels={"per_kind": words.PER_KIND}
            )
            self.conditions = gr.Dropdown(
                [(one.title, key) for key, one in CONDITIONS.items()], value=[], multiselect=True,
                label=words.CONDITIONS, info=words.CONDITIONS_HELP, elem_id="evaluate-conditions",
            )  # fmt: skip
            self.judge = JudgeBox(services)
            with gr.Row(elem_classes="toolbar"):
                start = gr.Button(words.EVALUATE, variant="primary", elem_id="compare-evaluate", scale=0)
                stop = gr.Button(words.STOP, elem_id="compare-evaluate-stop", interactive=False, scale=0)
            progress = gr.HTML(elem_id="compare-progress")
            self.results = ResultsBox(services)
            self.capability = CapabilityBox(services, self.results.chosen)
            self.grading = GradingBox(services)
            self.work = WorkPanel(self._look, progress, start, stop, outputs=[self.results.chosen, self.results.judged])

    def wire(self, chosen: gr.CheckboxGroup, tab: gr.Tab, session: SessionParts) -> None:
        """Connect the box; the `chosen` models are evaluated."""
        self.chosen, self.session = chosen, session
        visits = [tab.select, session.ready.then]
        self.work.wire(
            self._start,
            {session.state, chosen, self.sets, self.conditions, *self.form.inputs, *self.judge.inputs},
            self.services.evaluation.stop,
            visits,
        )
        self.judge.wire(self.results, tab, session)
        read = {session.state, self.results.chosen, *self.judge.inputs}
        self.work.also(self.judge.read.click, self.judge.read_chosen, read)
        weighed = {session.state, self.results.chosen, self.capability.dataset}
        self.work.also(self.capability.measure.click, self.capability.start, weighed)
        for visit in visits:
            visit(bind(self._menu, quiet=True), None, [self.sets], **ASIDE)
        self.results.wire(visits)
        self.capability.wire(session)
        self.grading.wire(self.results, session)

    def _menu(self) -> Changes:
        """Sets that were imported since; what is chosen stays."""
        return {self.sets: gr.update(choices=set_choices(prompt_sets(self.services)))}

    def _start(self, given: Given) -> None:
        lists = {"sets": given[self.sets], "conditions": given[self.conditions]}
        told = {name: ",".join(value or []) for name, value in lists.items()}
        settings = self.form.read_from(given).model_copy(update=told)
        judging = self.judge.settings(given)
        start(self.services, given[self.session.state], given[self.chosen] or [], settings, judging)

    def _look(self, ended: bool) -> WorkView:
        """The result is chosen once it is there."""
        view, now = evaluation_view(self.services), comparison.evaluation_status(self.services)
        if not ended or now is None or now.evaluation is None:
            return view
        id = now.evaluation.id
        return WorkView(
            view.html, False, more={**self.results.menu(id), self.results.judged: shares_html(self.services, id)}
        )
