"""Experiments: choose a question, see what it costs, start it, and read what came of it.

An experiment belongs to the server: a reload or a closed browser changes nothing, and one that was stopped or cut off
goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr
from gradio.blocks import Block

from cai_ui.config.experiments import ExperimentSettings
from cai_ui.experiments import running
from cai_ui.experiments.adopting import adopt, rules_found
from cai_ui.experiments.catalogue import EXPERIMENTS, experiment
from cai_ui.formats.whole_file import write_whole
from cai_ui.pipeline import Services
from cai_ui.web.experiments import words
from cai_ui.web.experiments.result_html import estimate_html, question_html, result_html
from cai_ui.web.kit.choices import looked_up
from cai_ui.web.kit.download import Download
from cai_ui.web.kit.events import ASIDE, QUIET, SLOW, Changes, Given
from cai_ui.web.kit.forms import build_form, read_values
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import empty_state, hint, lead, notice, progress_bar, remaining, when
from cai_ui.web.kit.sight import sees
from cai_ui.web.kit.work import WorkPanel, WorkView
from cai_ui.web.session import Session, SessionParts

# Handlers


def experiment_view(services: Services) -> WorkView:
    """How far the experiment is; one that ended before its last answer can go on."""
    last = services.experiment.last()
    answered = running.answered(services, last.progress.key) if last else None
    if last is None or answered is None:
        return WorkView("", False)
    now = last.progress
    title = EXPERIMENTS[now.name].title if now.name in EXPERIMENTS else now.name
    done = f"{title} {now.done if last.active else answered:,} of at most {now.total:,} answers"
    if last.active:
        left = "stopping" if last.state == "stopping" else remaining(now.eta_s)
        part = f"; {now.part}" if now.part else ""
        return WorkView(progress_bar(now.done, now.total, f"{done}{part}; {left}"), True)
    if last.state == "done":
        return WorkView(notice(f"Done: {title}", "good"), False)
    if last.state == "failed":
        return WorkView(notice(f"It ended early: {last.error} {done}.", "bad"), False, True)
    return WorkView(notice(f"Stopped: {done}."), False, True)


def rows_file(services: Services, form: str, key: str | None) -> str:
    """A file with what was measured."""
    return _file(services, key, f"rows.{form}", lambda key: running.rows_of(services, key, form))


def result_file(services: Services, key: str | None) -> str:
    """A file with the result for programs."""
    return _file(services, key, "json", partial(running.result_text, services))


def _file(services: Services, key: str | None, ending: str, text: Callable[[str], str]) -> str:
    content = text(key or "")
    path = services.store.workspace.export_path(f"experiment-{(key or '')[:8]}.{ending}")
    write_whole(path, content.encode("utf-8"))
    return str(path)


class ExperimentsTab:
    """The tab, from the choice to the result."""

    def __init__(self, services: Services) -> None:
        self.services = services
        first = next(iter(EXPERIMENTS.values()))
        with gr.Tab(words.TAB, id="experiments", elem_id="tab-experiments") as self.tab:
            gr.HTML(lead(words.TITLE, words.WHAT))
            with gr.Column(elem_classes="card", elem_id="experiments-start"):
                titles = [(made.title, name) for name, made in EXPERIMENTS.items()]
                self.name = gr.Dropdown(
                    titles, value=first.name, label=words.EXPERIMENT, elem_id="experiments-name", filterable=False
                )
                self.question = gr.HTML(question_html(first), elem_id="experiments-question")
                self.common = build_form(ExperimentSettings, "experiments")
                self.own = {name: self._own(name, name == first.name) for name in EXPERIMENTS}
                with gr.Row(elem_classes="toolbar"):
                    start = gr.Button(words.START, variant="primary", elem_id="experiments-start-button", scale=0)
                    self.estimate = gr.Button(words.ESTIMATE, elem_id="experiments-estimate", scale=0)
                    stop = gr.Button(words.STOP, elem_id="experiments-stop", interactive=False, scale=0)
                    go_on = gr.Button(words.RESUME, elem_id="experiments-resume", visible=False, scale=0)
                gr.HTML(f'<p class="muted narrow">{words.RUNNING_ON}</p>')
                self.cost = gr.HTML(elem_id="experiments-cost")
                progress = gr.HTML(elem_id="experiments-progress")
            self.shown = gr.Dropdown(
                [], label=words.SHOWN, info=words.SHOWN_HELP, elem_id="experiments-shown", filterable=False
            )
            self.result = gr.HTML(empty_state(*words.NONE_YET), elem_id="experiments-result")
            with gr.Row(visible=False, elem_id="experiments-rules-row") as self.rules_row:
                self.rules = gr.Dropdown(
                    [], label=words.RULES, info=words.RULES_HELP, elem_id="experiments-rules", filterable=False, scale=3
                )
                self.adopt = gr.Button(words.ADOPT, elem_id="experiments-adopt", scale=0)
            self.adopted = gr.HTML(elem_id="experiments-adopted")
            with gr.Row(elem_classes="toolbar"):
                self.lines = Download(words.ROWS_LINES, "experiments-lines", scale=0)
                self.table = Download(words.ROWS_TABLE, "experiments-table", scale=0)
                self.numbers = Download(words.RESULT, "experiments-numbers", scale=0)
                self.forget = gr.Button(words.FORGET, elem_id="experiments-forget", variant="stop", scale=0)
            gr.HTML(hint(words.NEXT))
            self.work = WorkPanel(self._look, progress, start, stop, go_on, [self.shown, *self._shows])

    @property
    def _shows(self) -> list[Block]:
        """What a result fills."""
        return [self.result, self.rules_row, self.rules, self.adopted]

    def _own(self, name: str, visible: bool) -> tuple[gr.Group, Any]:
        """The knobs that one experiment has beside the common ones."""
        with gr.Column(visible=visible, elem_id=f"experiments-own-{name}") as group:
            common = set(ExperimentSettings.model_fields)
            made = EXPERIMENTS[name]
            form = None
            if set(made.settings.model_fields) - common:
                form = build_form(made.settings, f"experiments-{name}", leave_out=common)
        return group, form

    def wire(self, session: SessionParts) -> None:
        """Connect the tab."""
        services = self.services
        forms = [form for _, form in self.own.values() if form]
        fields = {self.name, *self.common.inputs, *(widget for form in forms for widget in form.inputs)}
        groups = [group for group, _ in self.own.values()]
        self.session = session
        visits = [self.tab.select, session.ready.then]
        self.name.change(bind(self._choose), [self.name], [self.question, self.cost, *groups], **QUIET)
        self.estimate.click(bind(self._estimate), fields, [self.cost], **SLOW)
        self.work.wire(self._start, {session.state, *fields}, services.experiment.stop, visits, self._resume)
        for visit in visits:
            visit(bind(self._menu, quiet=True), [self.shown], [self.shown, *self._shows], **ASIDE)
        self.shown.input(bind(self._open), [self.shown], self._shows, **QUIET).success(**sees("experiments-result"))
        self.lines.wire(bind(rows_file, services, "jsonl"), [self.shown])
        self.table.wire(bind(rows_file, services, "csv"), [self.shown])
        self.numbers.wire(bind(result_file, services), [self.shown])
        self.forget.click(bind(self._forget), [self.shown], [self.shown, *self._shows], **QUIET).success(
            **sees("experiments-shown")
        )
        self.adopt.click(bind(self._adopt), [session.state, self.shown, self.rules], [self.adopted], **QUIET)

    def _choose(self, name: str) -> Changes:
        shown = {group: gr.update(visible=key == name) for key, (group, _) in self.own.items()}
        return {self.question: question_html(experiment(name)), self.cost: "", **shown}

    def _settings(self, given: Given) -> tuple[str, ExperimentSettings]:
        made, (_, form) = experiment(given[self.name]), self.own[experiment(given[self.name]).name]
        widgets = {**self.common.widgets, **(form.widgets if form else {})}
        return made.name, read_values(made.settings, {name: given[widget] for name, widget in widgets.items()})

    def _estimate(self, given: Given) -> Changes:
        return {self.cost: estimate_html(running.estimate_experiment(self.services, *self._settings(given)))}

    def _start(self, given: Given) -> None:
        running.start_experiment(self.services, *self._settings(given), given[self.session.state].author)

    def _resume(self) -> None:
        """Go on with the one that ran last."""
        last = self.services.experiment.last()
        running.resume_experiment(self.services, last.progress.key if last else "")

    def _look(self, ended: bool) -> WorkView:
        """The result is shown once the experiment has ended."""
        view, last = experiment_view(self.services), self.services.experiment.last()
        if not ended or last is None:
            return view
        return WorkView(view.html, False, view.resumable, self._listed(last.progress.key, None))

    def _menu(self, shown: str | None) -> Changes:
        return self._listed(shown, shown)

    def _listed(self, wanted: str | None, given: str | None) -> Changes:
        """The menu, and the wanted result or the newest one."""
        made = running.all_kept(self.services)
        keys = [one.key for one in made]
        chosen = wanted if wanted in keys else next(iter(keys), None)
        menu = looked_up([(_title(one), one.key) for one in made], chosen, given)
        opened = self._open(chosen)
        if chosen == given:  # a look leaves the rule that somebody has chosen
            opened[self.rules].pop("value")
        return {self.shown: menu, **opened}

    def _html(self, key: str | None) -> str:
        return result_html(running.kept(self.services, key)) if key else empty_state(*words.NONE_YET)

    def _open(self, key: str | None) -> Changes:
        rules = rules_found(self.services, key) if key else []
        return {
            self.result: self._html(key),
            self.rules_row: gr.update(visible=bool(rules)),
            self.rules: gr.update(choices=rules, value=rules[0] if rules else None),
            self.adopted: "",
        }

    def _adopt(self, session: Session, key: str | None, rule: str | None) -> Changes:
        title = adopt(self.services, key or "", rule or "", session.author)
        return {self.adopted: notice(words.ADOPTED.format(title=title), "good")}

    def _forget(self, key: str | None) -> Changes:
        running.forget(self.services, key or "")
        return self._listed(None, key)


def _title(one: running.Kept) -> str:
    state = "" if one.result and one.result.finished else " · not finished"
    return f"{one.experiment.title} · {one.model} · {when(one.begun_at)}{state}"
