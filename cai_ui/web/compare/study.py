"""The seed study from the page: what it would cost, begun in the background, stopped, gone on with, and its tables.

All of it is what `python -m cai_ui study seed` does; the page adds nothing to the numbers.
"""

from __future__ import annotations

import gradio as gr

from cai_ui.errors import CaiError, InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.progress import StudyProgress
from cai_ui.studies.seed import estimate, inputs, work
from cai_ui.studies.seed.stages import Stages
from cai_ui.web.compare import words
from cai_ui.web.compare.study_settings import StudySettings
from cai_ui.web.kit.choices import looked_up
from cai_ui.web.kit.download import Download
from cai_ui.web.kit.events import ASIDE, SLOW, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.markdown import markdown_html
from cai_ui.web.kit.present import esc, notice, progress_bar, when
from cai_ui.web.kit.work import WorkPanel, WorkView
from cai_ui.web.session import SessionParts

# Handlers


def study_view(services: Services) -> WorkView:
    """How far the study is; nothing of one that is done, whose tables show themselves."""
    last = services.study.last()
    if last is None or last.state == "done":
        return WorkView("", False)
    now: StudyProgress = last.progress
    said = f"{now.stage}: {now.done:,} of {now.total:,}" if now.total else now.stage
    if last.active:
        ending = "; stopping" if last.state == "stopping" else ""
        return WorkView(progress_bar(now.done, now.total, f"{said}{ending}"), True)
    if last.state == "failed":
        return WorkView(notice(f"{last.error} It was at: {said}.", "bad"), False, bool(now.study))
    return WorkView(notice(f"Stopped at: {said}. What is finished is kept."), False, bool(now.study))


def study_choices(services: Services) -> list[tuple[str, str]]:
    """Label and key of the studies of this workspace, newest first."""
    return [
        (
            f"{when(s.begun)} · {s.model} · {', '.join(s.trained)} · {'finished' if s.finished else 'not finished'}",
            s.key,
        )
        for s in work.studies(services)
    ]


def tables_html(services: Services, key: str | None) -> str:
    """The tables of a study, or why there are none yet."""
    if not key:
        return ""
    try:
        found = work.study_results(services, key)
    except CaiError as error:
        return notice(str(error))
    return markdown_html(work.study_text(services, key, found), tables=True)


class StudyBox:
    """The fields, what it would cost, the progress, and the studies there are."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.STUDY, open=False, elem_id="compare-study"):
            gr.HTML(f'<p class="muted narrow">{esc(words.STUDY_WHAT)}</p>')
            self.settings = StudySettings(services)
            with gr.Row(elem_classes="toolbar"):
                self.ask = gr.Button(words.ESTIMATE, elem_id="study-estimate", scale=0)
                start = gr.Button(words.BEGIN_STUDY, variant="primary", elem_id="study-start", scale=0)
                stop = gr.Button(words.STOP, elem_id="study-stop", interactive=False, scale=0)
                resume = gr.Button(words.GO_ON, elem_id="study-resume", visible=False, scale=0)
            self.cost, self.seen = gr.HTML(elem_id="study-cost"), gr.State("")
            progress = gr.HTML(elem_id="study-progress")
            self.chosen = gr.Dropdown([], label=words.STUDIES, elem_id="study-chosen", filterable=False, visible=False)
            self.tables = gr.HTML(elem_id="study-tables")
            with gr.Row(elem_classes="toolbar", visible=False) as self.downloads:
                self.text = Download(words.TABLES, "study-text", scale=0)
                self.data = Download(words.NUMBERS, "study-data", scale=0)
            self.work = WorkPanel(self._look, progress, start, stop, resume, [self.chosen])

    def wire(self, tab: gr.Tab, session: SessionParts) -> None:
        """Connect it."""
        self.session = session
        self.settings.usual.wire(session)
        asked, visits = {*self.settings.inputs}, [tab.select, session.ready.then]
        self.ask.click(bind(self._estimate), asked, [self.cost, self.seen], **SLOW)
        self.work.wire(self._start, {session.state, self.seen, *asked}, self.services.study.stop, visits, self._resume)
        menus = [self.chosen, self.settings.requests, self.settings.measured]
        for visit in visits:
            visit(bind(self._menu, quiet=True), [self.chosen], menus, **ASIDE)
        self.chosen.change(bind(self._show, quiet=True), [self.chosen], [self.tables, self.downloads], **ASIDE)
        self.text.wire(bind(self._tables), [self.chosen])
        self.data.wire(bind(self._numbers), [self.chosen])

    def _estimate(self, given: Given) -> Changes:
        asked, command = self.settings.read(given)
        stages = Stages(self.services, inputs.plan_of(self.services, asked))
        cost = estimate.cost_text(stages.key, estimate.parts(stages, estimate.pace(stages.engine, stages.plan)))
        return {self.cost: f'<pre class="cai-tokens">{esc(cost)}\n\n{esc(command)}</pre>', self.seen: stages.key}

    def _start(self, given: Given) -> None:
        asked, command = self.settings.read(given)
        plan = inputs.plan_of(self.services, asked)
        if given[self.seen] != plan.key(self.services.engine()):
            raise InputError(words.SEE_COST[0], next_step=words.SEE_COST[1])
        work.start_study(self.services, plan, command, given[self.session.state].author)

    def _resume(self) -> None:
        last = self.services.study.last()
        if last is not None:
            work.resume_study(self.services, last.progress.study, last.owner)

    def _look(self, ended: bool) -> WorkView:
        """The study is chosen, and its tables shown, once it is done."""
        view, last = study_view(self.services), self.services.study.last()
        if not ended or last is None:
            return view
        key = last.progress.study
        shown = gr.update(choices=study_choices(self.services), value=key, visible=True)
        return WorkView(view.html, False, view.resumable, {self.chosen: shown})

    def _menu(self, given: str | None) -> Changes:
        choices = study_choices(self.services)
        keys = [key for _, key in choices]
        value = given if given in keys else next(iter(keys), None)
        menu = {**looked_up(choices, value, given), "visible": bool(choices)}
        return {self.chosen: menu, **self.settings.menus()}

    def _show(self, key: str | None) -> Changes:
        return {self.tables: tables_html(self.services, key), self.downloads: gr.update(visible=bool(key))}

    def _tables(self, key: str | None) -> str:
        return work.study_file(self.services, _given(key), "md")

    def _numbers(self, key: str | None) -> str:
        return work.study_file(self.services, _given(key), "json")


def _given(key: str | None) -> str:
    if not key:
        raise InputError(words.NO_STUDY[0], next_step=words.NO_STUDY[1])
    return key
