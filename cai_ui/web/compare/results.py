"""Evaluations that were made: one is chosen, and its shares, plot, paired tests and answers are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from cai_ui.compare.answer_table import number_of
from cai_ui.compare.paired import paired_tests, results_in
from cai_ui.compare.slices import Part
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison, grading
from cai_ui.pipeline.compare.judging import shares_by_judges
from cai_ui.pipeline.judges import standing_of
from cai_ui.records import EvaluationInfo
from cai_ui.web.compare import words
from cai_ui.web.compare.about import AboutBox
from cai_ui.web.compare.conditions_html import conditions_html
from cai_ui.web.compare.judged_html import judged_html
from cai_ui.web.compare.numbers_html import bar_words
from cai_ui.web.compare.results_html import parts_html, results_html, tests_html
from cai_ui.web.compare.rows import RowsBox, part_titles
from cai_ui.web.kit.choices import looked_up
from cai_ui.web.kit.events import ASIDE, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import empty_state, when
from cai_ui.web.kit.rate_bars import bars_html

PARTS_SHOWN = 60
"""Most parts in the table of parts."""

# Handlers


def evaluation_choices(found: Sequence[EvaluationInfo], titles: Mapping[str, str]) -> list[tuple[str, str]]:
    """Label and id of evaluations, newest first; the name first where there is one."""
    return [
        (f"{f'{e.name} · ' if e.name else ''}{when(e.created_at)} · {_names(e, titles)} · {e.answers:,} answers", e.id)
        for e in found
    ]


def shares_html(services: Services, evaluation_id: str | None) -> str:
    """What judges see in an evaluation, beside how far each was checked."""
    if not evaluation_id or not services.store.is_judged(evaluation_id):
        return ""
    shares = shares_by_judges(services, services.store.evaluation(evaluation_id))
    standings = {share.judge.id: standing_of(services, share.judge) for share in shares}
    return judged_html(shares, standings, comparison.variant_titles(services))


def tests_of(services: Services, evaluation_id: str) -> str:
    """Every two models of an evaluation against each other."""
    tests = paired_tests(services.answers.at(evaluation_id))
    titles = comparison.variant_titles(services)
    return tests_html(tests, titles) if tests else empty_state(*words.NO_TESTS)


def parts_of(services: Services, evaluation_id: str, named: Mapping[Part, str]) -> str:
    """The shares within the largest parts."""
    table = services.answers.at(evaluation_id)
    found = {part: results_in(table, part) for part in list(named)[:PARTS_SHOWN]}
    return parts_html(found, named, comparison.variant_titles(services))


def _names(evaluation: EvaluationInfo, titles: Mapping[str, str]) -> str:
    variants = list(dict.fromkeys(result.variant for result in evaluation.results))
    return ", ".join(titles.get(variant, variant) for variant in variants)


class ResultsBox:
    """The menu of evaluations, what the chosen one found, and the answers that its numbers open."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.empty = gr.HTML(empty_state(*words.NOTHING), elem_id="compare-nothing")
        self.chosen = gr.Dropdown(
            [], label=words.EVALUATION, elem_id="compare-evaluation", filterable=False, visible=False
        )
        self.about = AboutBox(services, self.chosen)
        self.plot = gr.HTML(elem_id="compare-plot")
        self.table = gr.HTML(elem_id="compare-table")
        self.judged = gr.HTML(elem_id="compare-judged")
        with gr.Accordion(words.TESTS, open=False, elem_id="compare-tests-box", visible=False) as self.tests_box:
            self.tests = gr.HTML(elem_id="compare-tests")
        with gr.Accordion(words.BY_CONDITION, elem_id="compare-conditions-box", visible=False) as self.conditions_box:
            self.conditions = gr.HTML(elem_id="compare-conditions")
        with gr.Accordion(words.PARTS, open=False, elem_id="compare-parts-box", visible=False) as self.parts_box:
            self.parts = gr.HTML(elem_id="compare-parts")
        self.about.other_box()
        self.answers = RowsBox(services, self.chosen)
        self.wanted = gr.Textbox(visible="hidden", elem_id="compare-wanted")

    def menu(self, chosen: str | None, given: str | None = None) -> Changes:
        """All evaluations to choose from, `chosen` chosen where it is there, else the newest; `given` is what a visit
        finds chosen."""
        found = self.services.store.evaluations()
        ids = [e.id for e in found]
        value = chosen if chosen in ids else (ids[0] if ids else None)
        choices = evaluation_choices(found, comparison.variant_titles(self.services))
        return {self.chosen: {**looked_up(choices, value, given), "visible": bool(found)}}

    def wire(self, visits: Sequence[Any]) -> None:
        """Connect it; at the `visits` the menu also gets what other pages and the guided run made."""
        for visit in visits:
            visit(bind(self.menu, quiet=True), [self.chosen, self.chosen], [self.chosen], **ASIDE)
        self.answers.wire(self.judged)
        result = [*dict.fromkeys([
            self.empty, self.plot, self.table, self.judged, self.tests_box, self.tests, self.conditions_box,
            self.conditions, self.parts_box, self.parts, *self.answers.outputs(), *self.answers.pressed(),
            *self.about.outputs(), self.wanted,
        ])]  # fmt: skip
        self.chosen.change(bind(self._open, quiet=True), {*self.answers.given, self.wanted}, result, **ASIDE)
        self.about.wire(self.answers, bind(self.menu, quiet=True))

    def _open(self, given: Given) -> Changes:
        """Another evaluation, with all of its parts."""
        evaluation_id = given[self.chosen]
        named = part_titles(self.services, evaluation_id) if evaluation_id else {}
        shown = {**self.answers.opened(evaluation_id, given, named), **self.about.opened(evaluation_id)}
        shown |= {
            self.tests_box: gr.update(visible=bool(evaluation_id)),
            self.parts_box: gr.update(visible=bool(named)),
        }
        if not evaluation_id:
            boxes = (self.plot, self.table, self.judged, self.tests, self.parts, self.conditions)
            hidden = {self.conditions_box: gr.update(visible=False), self.empty: empty_state(*words.NOTHING)}
            return {**shown, **dict.fromkeys(boxes, ""), **hidden}
        head, titles = self.services.store.evaluation_head(evaluation_id), comparison.variant_titles(self.services)
        if wanted := given.get(self.wanted):  # a number of another tab, which came with the evaluation
            shown |= {**self.answers.shown(evaluation_id, number_of(wanted)), self.wanted: ""}
        plain = float(head.settings.get("strength", 1.0))
        under = conditions_html(self.services.answers.at(evaluation_id), titles, plain)
        return {
            **shown,
            self.empty: "",
            self.conditions: under,
            self.conditions_box: gr.update(visible=bool(under)),
            self.plot: bars_html(head, titles, bar_words),
            self.table: self.table_of(evaluation_id),
            self.judged: shares_html(self.services, evaluation_id),
            self.tests: tests_of(self.services, evaluation_id),
            self.parts: parts_of(self.services, evaluation_id, named),
        }

    def table_of(self, evaluation_id: str) -> str:
        """The shares of an evaluation as HTML, with those that people's grades correct."""
        head, titles = self.services.store.evaluation_head(evaluation_id), comparison.variant_titles(self.services)
        return results_html(head, titles, grading.corrected(self.services, evaluation_id))
