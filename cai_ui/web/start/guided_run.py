"""The guided run: one button, its stages while they are done, and the picture of before and after.

It runs in the background on the server. Any page shows where it is; a reload changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gradio as gr

from cai_ui.config.guided_run import GuidedRunSettings
from cai_ui.pipeline import Services, guided_result, guided_run, judges
from cai_ui.pipeline.guided_progress import GuidedRunView
from cai_ui.pipeline.guided_result import GuidedResult
from cai_ui.pipeline.models import built_in_in_use
from cai_ui.pipeline.prompts.sets import prompt_sets
from cai_ui.readers.measured import figures_words
from cai_ui.records import BASE
from cai_ui.web.kit.choices import judge_choices, set_choices
from cai_ui.web.kit.events import ASIDE, Changes
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.handover import Handover
from cai_ui.web.kit.judges import standing_html
from cai_ui.web.kit.present import duration, esc, lead, when
from cai_ui.web.kit.rate_bars import bars_html
from cai_ui.web.kit.sight import sees
from cai_ui.web.kit.work import WorkPanel, WorkView
from cai_ui.web.lineage.where_from import where_from
from cai_ui.web.session import Session, SessionParts
from cai_ui.web.start import words
from cai_ui.web.start.guided_run_html import beside_html, ending_html, examples_html, headline_html, stages_html
from cai_ui.web.start.leads import EVALUATION, PRINCIPLES, RUN, lead_to, number_to

# Handlers


def what_html(services: Services) -> str:
    """What the guided run does, and how long that takes with the model in use."""
    settings = GuidedRunSettings()
    real = words.TIME_REAL.format(traces=settings.harmful + settings.twins)
    time = words.TIME if built_in_in_use(services) else real
    return lead(words.GUIDED_RUN, words.GUIDED_RUN_WHAT.format(time=time))


def stages_view(view: GuidedRunView) -> WorkView:
    """The stages, and of a run that ended early what happened, what is kept, and what to do."""
    stages, active = stages_html(view.stages), view.state in ("running", "stopping")
    if active:
        left = words.NO_LEFT if view.left_s is None else words.LEFT.format(time=duration(view.left_s))
        stages = f'<p class="muted">{esc(words.STOPPING if view.state == "stopping" else left)}</p>{stages}'
    elif view.state in ("stopped", "failed"):
        stages = ending_html(view) + stages
    return WorkView(stages, active, view.resumable)


def headline(view: GuidedRunView) -> str:
    """What came of a run that is done, in a sentence that stands where one looks first; "" for all others."""
    if view.state != "done" or view.evaluation is None:
        return ""
    return headline_html(view.evaluation, sum(stage.seconds or 0.0 for stage in view.stages))


def result_html(services: Services, view: GuidedRunView) -> str:
    """Bars, example answers and where they come from; a run before this one as long as it has no evaluation."""
    results = guided_result.all_results(services)
    evaluation, run_ids = view.evaluation, view.run_ids
    if evaluation is None and results:
        evaluation, run_ids = guided_result.evaluation_of(services, results[0]), results[0].run_ids
    if evaluation is None:
        return ""
    titles = _titles(services, run_ids)
    id = evaluation.id
    reader = f"Read by: {evaluation.reader}; {figures_words(evaluation.reader)}."
    bars = bars_html(evaluation, titles, lambda result, measure, said: number_to(id, result, measure, said))
    shown = (
        f'{bars}<p class="muted">{esc(reader)}</p>{_leads(services, id, run_ids)}{examples_html(evaluation, titles)}'
    )
    return lead(words.BEFORE_AND_AFTER, words.EVALUATED) + shown + _beside(services, results) + _own() + _earlier(
        services, [one for one in results if one.evaluation_id != id]
    )  # fmt: skip


def _titles(services: Services, run_ids: Mapping[str, str]) -> dict[str, str]:
    titles = {BASE: words.BEFORE}
    runs = {run.id: run for run in services.store.runs(trashed=False)}
    for method, run_id in run_ids.items():
        if run_id in runs and runs[run_id].adapter:
            titles[str(runs[run_id].adapter)] = words.AFTER.get(method, method)
    return titles


def _leads(services: Services, evaluation_id: str, run_ids: Mapping[str, str]) -> str:
    """Where the picture comes from: the evaluation's answers, the runs, and the dataset they learnt from."""
    runs = [lead_to(RUN, id, words.SEE_RUN.format(method=method.upper())) for method, id in run_ids.items()]
    learnt = {run.dataset_hash for run in services.store.runs() if run.id in run_ids.values()}
    data = [where_from("dataset", hash, words.SEE_DATA) for hash in sorted(learnt)]
    return f'<div class="cai-leads">{lead_to(EVALUATION, evaluation_id, words.SEE_ROWS)}{"".join([*runs, *data])}</div>'


def _beside(services: Services, results: list[GuidedResult]) -> str:
    pair = guided_result.to_compare(results)
    found = [(one.constitution, guided_result.evaluation_of(services, one)) for one in pair or ()]
    known = [(title, evaluation) for title, evaluation in found if evaluation is not None]
    if len(known) < 2:
        return ""
    (one, _), (other, _) = known
    return lead(words.SIDE_BY_SIDE.format(one=one, other=other), words.BESIDE_WHAT) + beside_html(known)


def _own() -> str:
    steps = [esc(step) for step in words.OWN_STEPS]
    steps[0] += f" {lead_to(PRINCIPLES, '', words.TO_PRINCIPLES)}"
    return f'{lead(words.OWN, "")}<ol class="cai-own">{"".join(f"<li>{step}</li>" for step in steps)}</ol>'


def _earlier(services: Services, results: list[GuidedResult]) -> str:
    """The pictures of the runs before, folded."""
    shown = []
    for one in results:
        evaluation = guided_result.evaluation_of(services, one)
        if evaluation is not None:
            summary = f"<summary>{esc(one.constitution)} · {esc(when(one.finished_at))}</summary>"
            bars = bars_html(evaluation, _titles(services, one.run_ids))
            said = headline_html(evaluation, one.took_s)
            shown.append(f"<details>{summary}{said}{bars}{_leads(services, one.evaluation_id, one.run_ids)}</details>")
    return f'<div class="cai-earlier"><strong>{esc(words.EARLIER)}</strong>{"".join(shown)}</div>' if shown else ""


class GuidedRunBox:
    """The card with the button, and the result below it."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Column(elem_classes="card"):
            self.what = gr.HTML(what_html(services))
            with gr.Row(elem_classes="toolbar"):
                run = gr.Button(words.RUN, variant="primary", elem_id="start-run")
                stop = gr.Button(words.STOP, elem_id="start-stop", interactive=False)
                resume = gr.Button(words.RESUME, elem_id="start-resume", visible=False)
                self.by_hand = gr.Button(words.BY_HAND, elem_id="start-by-hand")
            self.headline = gr.HTML(elem_id="start-headline")
            self.result = gr.HTML(elem_id="start-result")
            stages = gr.HTML(elem_id="start-stages")
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
        self.ended = gr.State("")
        outputs = [self.headline, self.result, self.ended]
        self.work = WorkPanel(self._look, stages, run, stop, resume, outputs)

    def wire(self, tab: gr.Tab, session: SessionParts) -> None:
        """Connect it."""
        visits = [tab.select, session.ready.then]
        self.work.wire(
            self._start, [session.state, self.sets, self.judge], self.services.guided_run.stop, visits,
            resume=self._resume,
        )  # fmt: skip
        self.ended.change(**sees("start-headline"))
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

    def _resume(self) -> None:
        guided_run.resume_guided_run(self.services)

    def _look(self, ended: bool) -> WorkView:
        view = guided_run.guided_run_status(self.services)
        stages = stages_view(view)
        shown: Changes = {self.headline: headline(view), self.result: result_html(self.services, view)}
        if ended and view.evaluation is not None:
            shown[self.ended] = view.evaluation.id
        return WorkView(stages.html, stages.running, stages.resumable, shown)
