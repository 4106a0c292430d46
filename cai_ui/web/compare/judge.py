"""A judge beside the reader: who it is, what it is asked, how far it was checked, and a check of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from cai_ui.config.compare import JudgeSettings
from cai_ui.errors import InputError
from cai_ui.judges.check import PAIRS
from cai_ui.judges.rubrics import RUBRICS
from cai_ui.pipeline import Services, judges
from cai_ui.pipeline.compare import comparison, judge_check
from cai_ui.records import BASE
from cai_ui.tables.left_out import lines_words
from cai_ui.web.compare import words
from cai_ui.web.compare.results import ResultsBox, shares_html
from cai_ui.web.kit.choices import judge_choices
from cai_ui.web.kit.events import ASIDE, QUIET, Changes, Given
from cai_ui.web.kit.guard import bind, uploaded
from cai_ui.web.kit.judges import standing_html
from cai_ui.web.kit.present import esc, notice, progress_bar
from cai_ui.web.kit.work import WorkPanel, WorkView
from cai_ui.web.session import Session, SessionParts

KINDS = [".jsonl", ".json", ".gz", ".csv", ".parquet"]
"""Files of labelled answers."""

# Handlers


def standings_html(services: Services, judge: str, rubrics: Sequence[str], rationale: bool) -> str:
    """How far the chosen judge was checked, for each thing that it is asked."""
    if not judge:
        return ""
    return "".join(standing_html(name, judges.standing(services, judge, name, rationale)) for name in rubrics)


def check_view(services: Services) -> WorkView:
    """How far the check of a judge is, and in the end what it found."""
    now = services.checks.last()
    if now is None:
        return WorkView("", False)
    done, total, result = now.progress.done, now.progress.total, now.progress.result
    said = f"{done:,} of {total:,} labelled answers"
    if now.active:
        return WorkView(progress_bar(done, total, f"Checking: {said}"), True)
    if now.error:
        return WorkView(notice(f"{now.error} {said} were judged and kept.", "bad"), False)
    if result is None:
        return WorkView(notice(f"Stopped after {said}; they are kept. The same check goes on from there."), False)
    left_out = "; ".join(
        f"{number:,} left out: {reason}{lines_words(number, result.lines.get(reason, ()))}"
        for reason, number in result.left_out.items()
    )
    found = judges.sentence(judges.standing_of(services, result.judge))
    return WorkView(notice(f"{result.judge.name}, {result.judge.rubric}: {found} {left_out}".strip()), False)


class JudgeBox:
    """Choice, standing and check of a judge. `inputs` are what says who is asked what."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.JUDGE_BOX, open=False, elem_id="judging"):
            gr.HTML(f'<p class="muted narrow">{esc(words.JUDGE_WHAT)}</p>')
            self._choice()
            self.standing = gr.HTML(elem_id="judge-standing")
            with gr.Row(elem_classes="toolbar"):
                self.read = gr.Button(words.READ, elem_id="judge-read", scale=0)
            self._check()
        self.inputs = [self.judge, self.rubrics, self.rationale]

    def _choice(self) -> None:
        names = [(rubric.title, rubric.name) for rubric in RUBRICS.values()]
        with gr.Row():
            self.judge = gr.Dropdown(
                judge_choices(self.services), value="", label=words.JUDGE, info=words.JUDGE_HELP,
                allow_custom_value=True, elem_id="evaluate-judge", min_width=240,
            )  # fmt: skip
            self.rubrics = gr.Dropdown(
                names, value=["refusal"], multiselect=True, label=words.RUBRICS, info=words.RUBRICS_HELP,
                elem_id="evaluate-rubrics", min_width=240,
            )  # fmt: skip
            self.rationale = gr.Checkbox(
                label=words.RATIONALE, info=words.RATIONALE_HELP, elem_id="evaluate-rationale", min_width=240
            )

    def _check(self) -> None:
        asked = [*((rubric.title, rubric.name) for rubric in RUBRICS.values()), (words.PAIRS, PAIRS)]
        with gr.Accordion(words.CHECK_BOX, open=False, elem_id="judge-check-box"):
            gr.HTML(f'<p class="muted narrow">{esc(words.CHECK_WHAT)}</p>')
            self.rubric = gr.Dropdown(asked, value="refusal", label=words.CHECKED_RUBRIC, elem_id="judge-check-rubric")
            with gr.Row(elem_classes="toolbar"):
                grades = gr.Button(words.CHECK_GRADES, elem_id="judge-check-grades", scale=0)
                self.file = gr.UploadButton(words.CHECK_FILE, file_types=KINDS, elem_id="judge-check-file", scale=0)
                stop = gr.Button(words.STOP, elem_id="judge-check-stop", interactive=False, scale=0)
            progress = gr.HTML(elem_id="judge-check-progress")
            self.work = WorkPanel(self._look, progress, grades, stop, outputs=[self.standing])

    def wire(self, results: ResultsBox, tab: gr.Tab, session: SessionParts) -> None:
        """Connect it; people's grades are those of the evaluation that `results` show, where a check is seen too."""
        self.results, self.session = results, session
        asked = {session.state, results.chosen, self.rubric, *self.inputs}
        visits = [tab.select, session.ready.then]
        self.work.wire(self._check_grades, asked, self.services.checks.stop, visits)
        self.work.also(self.file.upload, self._check_file, {*asked, self.file})
        for visit in visits:
            visit(bind(self._menu, quiet=True), None, [self.judge], **ASIDE)
        for field in self.inputs:
            field.change(bind(self._standing, quiet=True), {*self.inputs}, [self.standing], **QUIET)
        self.standing.change(bind(shares_html, self.services, quiet=True), [results.chosen], [results.judged], **ASIDE)

    def settings(self, given: Given) -> JudgeSettings:
        """Who is asked what, from an event's values."""
        return JudgeSettings(
            judge=str(given[self.judge] or "").strip(),
            rubrics=",".join(given[self.rubrics] or []),
            rationale=bool(given[self.rationale]),
        )

    def read_chosen(self, given: Given) -> None:
        """Have the judge read the answers of the chosen evaluation."""
        session: Session = given[self.session.state]
        if not given[self.results.chosen]:
            raise InputError(words.NO_EVALUATION, next_step=words.EVALUATE_FIRST)
        comparison.start_judging(self.services, given[self.results.chosen], self.settings(given), session.author)

    def _menu(self) -> Changes:
        return {self.judge: gr.update(choices=judge_choices(self.services))}

    def _standing(self, given: Given) -> Changes:
        chosen = self.settings(given)
        html = standings_html(self.services, chosen.judge, given[self.rubrics] or [], chosen.rationale)
        return {self.standing: html}

    def _check_grades(self, given: Given) -> None:
        if not given[self.results.chosen]:
            raise InputError(words.NO_EVALUATION, next_step=words.EVALUATE_FIRST)
        self._begin(given, given[self.results.chosen])

    def _check_file(self, given: Given) -> None:
        self._begin(given, Path(uploaded(given[self.file])))

    def _begin(self, given: Given, source: Path | str) -> None:
        chosen = self.settings(given)
        author = given[self.session.state].author
        judge_check.start_check(
            self.services, source, chosen.judge or BASE, given[self.rubric], chosen.rationale, author
        )

    def _look(self, ended: bool) -> WorkView:
        """After a check the chosen judge may stand better."""
        view, now = check_view(self.services), self.services.checks.last()
        if not ended or now is None or now.progress.result is None:
            return view
        used = now.progress.result.judge
        html = standings_html(self.services, used.judge, [used.rubric], used.reasoned)
        return WorkView(view.html, False, more={self.standing: html})
