"""The list of evaluations, the chosen one's name and notes, its downloads, and another evaluation beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gradio as gr

from cai_ui.compare.answer_files import FORMS
from cai_ui.compare.paired import against_other
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.compare.answers import NOTES_LIMIT, export_answers, name_evaluation
from cai_ui.pipeline.compare.bundle import export_bundle
from cai_ui.pipeline.compare.report import export_report
from cai_ui.records import EvaluationInfo
from cai_ui.text import NAME_LIMIT
from cai_ui.web.compare import words
from cai_ui.web.compare.results_html import tests_html
from cai_ui.web.compare.rows import RowsBox
from cai_ui.web.kit.download import Download
from cai_ui.web.kit.events import ASIDE, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import Html, empty_state, esc, first_line, notice, press, table, when

OPEN = "compare-open"
"""The hidden field that the name of an evaluation in the list writes into."""

# Handlers


def list_html(found: Sequence[EvaluationInfo], titles: Mapping[str, str]) -> str:
    """All evaluations, newest first; a name opens its evaluation."""
    return table(words.LIST_COLUMNS, [_line(one, titles) for one in found])


def _line(one: EvaluationInfo, titles: Mapping[str, str]) -> list[Html | str]:
    variants = dict.fromkeys(result.variant for result in one.results)
    kinds = dict.fromkeys(result.kind for result in one.results)
    return [
        press(OPEN, one.id, one.name or one.id[:8]),
        when(one.created_at),
        ", ".join(titles.get(variant, variant) for variant in variants),
        ", ".join(kinds),
        f"{one.answers:,}",
        one.reader,
        first_line(one.notes),
    ]


def other_html(services: Services, evaluation_id: str | None, other: str | None) -> str:
    """Each model of one evaluation against itself in another."""
    if not evaluation_id or not other:
        return ""
    tests = against_other(services.answers.at(evaluation_id), services.answers.at(other))
    if not tests:
        return empty_state(*words.NO_SHARED)
    note = f'<p class="muted">{esc(words.OTHER_NOTE)}</p>'
    return note + tests_html(tests, comparison.variant_titles(services), open_first=False)


class AboutBox:
    """What is known of the chosen evaluation as a whole. `other_box` lays out the comparison with another one."""

    def __init__(self, services: Services, chosen: gr.Dropdown) -> None:
        self.services, self.chosen = services, chosen
        with gr.Accordion(words.ALL_EVALUATIONS, open=False, elem_id="compare-list-box", visible=False) as self.box:
            self.list = gr.HTML(elem_id="compare-list")
            with gr.Row():
                self.name = gr.Textbox(
                    "", label=words.NAME, max_lines=1, max_length=NAME_LIMIT, elem_id="compare-name", min_width=220
                )
                self.notes = gr.Textbox(
                    "", label=words.NOTES, lines=2, max_length=NOTES_LIMIT, elem_id="compare-notes", min_width=220
                )
            with gr.Row(elem_classes="toolbar"):
                self.keep = gr.Button(words.KEEP_NAME, elem_id="compare-keep-name", size="sm", scale=0)
            self.said = gr.HTML(elem_id="compare-name-said")
            with gr.Row(elem_classes="toolbar"):
                forms = [(form.title, key) for key, form in FORMS.items()]
                self.form = gr.Dropdown(
                    forms, value="csv", label=words.FORM, info=words.DOWNLOAD_HELP, elem_id="compare-form",
                    filterable=False, min_width=240,
                )  # fmt: skip
                self.download = Download(words.DOWNLOADS, "compare-download", scale=0)
                self.report = Download(words.REPORT, "compare-report", scale=0)
                self.bundle = Download(words.BUNDLE, "compare-bundle", scale=0)
        self.open = gr.Textbox(visible="hidden", elem_id=OPEN)

    def other_box(self) -> None:
        """Another evaluation beside the chosen one."""
        with gr.Accordion(words.OTHER, open=False, elem_id="compare-other-box", visible=False) as self.beside:
            self.other = gr.Dropdown(
                [], label=words.OTHER, info=words.OTHER_HELP, elem_id="compare-other", filterable=False
            )
            self.found = gr.HTML(elem_id="compare-other-found")

    def wire(self, rows: RowsBox, menu: Callable[..., Changes]) -> None:
        """Connect it; downloads hold what the filters of `rows` leave, `menu` names evaluations anew."""
        self.rows = rows
        kept = self.keep.click(bind(self._keep), {self.chosen, self.name, self.notes}, [self.said, self.list], **ASIDE)
        kept.success(menu, [self.chosen, self.chosen], [self.chosen], **ASIDE)
        self.open.input(bind(self._open), [self.open], [self.chosen], **ASIDE)
        self.other.input(bind(other_html, self.services), [self.chosen, self.other], [self.found], **ASIDE)
        self.download.wire(bind(self._export), {*rows.given, self.form})
        self.report.wire(bind(self._report), [self.chosen])
        self.bundle.wire(bind(self._bundle), [self.chosen])

    def outputs(self) -> list[gr.blocks.Block]:
        """What another evaluation changes here."""
        return [self.box, self.list, self.name, self.notes, self.said, self.beside, self.other, self.found]

    def opened(self, evaluation_id: str | None) -> Changes:
        """Another evaluation was chosen."""
        every, titles = self.services.store.evaluations(), comparison.variant_titles(self.services)
        head = next((one for one in every if one.id == evaluation_id), None)
        others = [(_title(one), one.id) for one in every if one.id != evaluation_id]
        return {
            self.box: gr.update(visible=bool(every)),
            self.list: list_html(every, titles),
            self.name: head.name if head else "",
            self.notes: head.notes if head else "",
            self.said: "",
            self.beside: gr.update(visible=bool(head and others)),
            self.other: gr.update(choices=others, value=None),
            self.found: "",
        }

    def _open(self, evaluation_id: str) -> Changes:
        """The evaluation whose name was pressed in the list."""
        return {self.chosen: self.services.store.evaluation_head(evaluation_id).id}

    def _keep(self, given: Given) -> Changes:
        if not given[self.chosen]:
            return {self.said: notice(words.NO_EVALUATION, "warn")}
        name_evaluation(self.services, given[self.chosen], given[self.name] or "", given[self.notes] or "")
        every, titles = self.services.store.evaluations(), comparison.variant_titles(self.services)
        return {self.said: notice(words.NAME_KEPT), self.list: list_html(every, titles)}

    def _export(self, given: Given) -> str:
        evaluation_id = _chosen(given[self.chosen])
        return str(export_answers(self.services, evaluation_id, given[self.form], self.rows.sought(given)))

    def _report(self, evaluation_id: str | None) -> str:
        return str(export_report(self.services, _chosen(evaluation_id)))

    def _bundle(self, evaluation_id: str | None) -> str:
        return str(export_bundle(self.services, _chosen(evaluation_id)))


def _chosen(evaluation_id: Any) -> str:
    if not evaluation_id:
        raise InputError(words.NO_EVALUATION, next_step=words.EVALUATE_FIRST)
    return str(evaluation_id)


def _title(one: EvaluationInfo) -> str:
    return f"{one.name or one.id[:8]} · {when(one.created_at)} · {one.answers:,} answers"
