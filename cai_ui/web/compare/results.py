"""Evaluations that were made: one is chosen, and its shares, plot and answers are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from cai_ui.compare.slices import Part, parts
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison, grading
from cai_ui.pipeline.compare.judging import shares_by_judges
from cai_ui.pipeline.judges import standing_of
from cai_ui.pipeline.prompts.sets import prompt_sets
from cai_ui.records import Evaluation, EvaluationInfo
from cai_ui.web.compare import words
from cai_ui.web.compare.judged_html import judged_html, reading_html
from cai_ui.web.compare.results_html import cases_of, parts_html, results_html, rows_html
from cai_ui.web.kit import charts
from cai_ui.web.kit.choices import looked_up
from cai_ui.web.kit.events import ASIDE, NEWEST, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import counted, empty_state, esc, when
from cai_ui.web.kit.rate_bars import bars_html
from cai_ui.web.kit.words import KINDS

PAGE = 5
"""Requests shown at once."""
ALL = (words.ALL_PARTS, "")

# Handlers


def evaluation_choices(found: Sequence[EvaluationInfo], titles: Mapping[str, str]) -> list[tuple[str, str]]:
    """Label and id of evaluations, newest first."""
    return [(f"{when(e.created_at)} · {_names(e, titles)} · {e.answers:,} answers", e.id) for e in found]


def part_titles(services: Services, evaluation: Evaluation) -> dict[Part, str]:
    """What the parts of an evaluation are called, with their number of requests."""
    sets = {made.key: made.title for made in prompt_sets(services)}
    return {
        (by, value): f"{words.PARTS_OF[by]} {_called(by, value, sets)} ({count:,})"
        for (by, value), count in parts(evaluation).items()
    }


def _called(by: str, value: str, sets: Mapping[str, str]) -> str:
    if by == "set":
        return f"“{sets.get(value, value)}”"
    return f"“{value}”" if value else words.NO_TOPIC


def answers_page(
    services: Services, evaluation_id: str | None, kind: str, wanted: str, page: int, part: str = ""
) -> tuple[str, int]:
    """One page of requests with all answers as HTML, and the number of the page that it is (from 0)."""
    if not evaluation_id:
        return "", 0
    by, _, value = part.partition(":")
    cases = cases_of(services.store.evaluation(evaluation_id), kind, wanted, (by, value) if part else None)
    pages = max(1, -(-len(cases) // PAGE))
    page %= pages
    line = f"{counted(len(cases), 'request')}, page {page + 1:,} of {pages:,}"
    some = cases[page * PAGE : (page + 1) * PAGE]
    places = [row["place"] for case in some for row in case]
    shown = rows_html(some, comparison.variant_titles(services), _judged(services, evaluation_id, places))
    return f'<p class="muted">{esc(line)}</p>{shown}', page


def _judged(services: Services, evaluation_id: str, places: Sequence[int]) -> dict[int, list[str]]:
    """What judges say of these answers, as HTML."""
    known, found = services.store.judges(), services.store.readings_at(evaluation_id, places)
    return {
        place: [reading_html(known[judge][0], body) for judge, body in said.items()] for place, said in found.items()
    }


def shares_html(services: Services, evaluation_id: str | None) -> str:
    """What judges see in an evaluation, beside how far each was checked."""
    if not evaluation_id:
        return ""
    shares = shares_by_judges(services, services.store.evaluation(evaluation_id))
    standings = {share.judge.id: standing_of(services, share.judge) for share in shares}
    return judged_html(shares, standings, comparison.variant_titles(services))


def _names(evaluation: EvaluationInfo, titles: Mapping[str, str]) -> str:
    variants = list(dict.fromkeys(result.variant for result in evaluation.results))
    return ", ".join(titles.get(variant, variant) for variant in variants)


class ResultsBox:
    """The menu of evaluations, and what the chosen one found. `page` counts pages of answers."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.empty = gr.HTML(empty_state(*words.NOTHING), elem_id="compare-nothing")
        self.chosen = gr.Dropdown(
            [], label=words.EVALUATION, elem_id="compare-evaluation", filterable=False, visible=False
        )
        self.plot = gr.HTML(elem_id="compare-plot")
        self.table = gr.HTML(elem_id="compare-table", css_template=charts.STYLE)
        self.judged = gr.HTML(elem_id="compare-judged", css_template=charts.STYLE)
        with gr.Accordion(words.PARTS, open=False, elem_id="compare-parts-box", visible=False) as self.parts_box:
            self.parts = gr.HTML(elem_id="compare-parts", css_template=charts.STYLE)
        with gr.Accordion(words.ROWS, open=False, elem_id="compare-rows-box", visible=False) as self.rows_box:
            self._rows()
        self.page = gr.Number(0, visible="hidden", elem_id="compare-rows-page")

    def _rows(self) -> None:
        kinds = [(words.ALL_KINDS, ""), *((title, kind) for kind, title in KINDS.items())]
        outcomes = [(title, outcome) for outcome, title in words.OUTCOMES.items()]
        with gr.Row():
            self.kind = gr.Dropdown(kinds, value="", label=words.KIND, elem_id="compare-rows-kind", filterable=False)
            self.outcome = gr.Dropdown(
                outcomes, value="", label=words.OUTCOME, elem_id="compare-rows-outcome", filterable=False
            )
            self.part = gr.Dropdown([ALL], value="", label=words.PART, elem_id="compare-rows-part", visible=False)
        self.rows = gr.HTML(elem_id="compare-rows", css_template=charts.STYLE)
        with gr.Row(elem_classes="toolbar"):
            self.back = gr.Button(words.BACK, elem_id="compare-rows-back", size="sm", scale=0)
            self.onward = gr.Button(words.ONWARD, elem_id="compare-rows-next", size="sm", scale=0)

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
        filter, rows = {self.chosen, self.kind, self.outcome, self.part}, [self.rows, self.page]
        for visit in visits:
            visit(bind(self.menu, quiet=True), [self.chosen, self.chosen], [self.chosen], **ASIDE)
        result = [
            self.empty,
            self.plot,
            self.table,
            self.judged,
            self.rows_box,
            self.parts_box,
            self.parts,
            self.part,
            *rows,
        ]
        self.chosen.change(bind(self._open, quiet=True), filter, result, **ASIDE)
        for field in (self.kind, self.outcome, self.part):
            field.input(bind(self._first_page), filter, rows, **NEWEST)
        self.judged.change(bind(self._turn, 0), {*filter, self.page}, rows, **ASIDE)
        for button, by in ((self.back, -1), (self.onward, 1)):
            button.click(bind(self._turn, by), {*filter, self.page}, rows, **ASIDE)

    def _open(self, given: Given) -> Changes:
        """Another evaluation, with all of its parts."""
        evaluation_id = given[self.chosen]
        rows, page = answers_page(self.services, evaluation_id, given[self.kind], given[self.outcome], 0)
        shown: Changes = {self.rows: rows, self.page: page, self.rows_box: gr.update(visible=bool(evaluation_id))}
        if not evaluation_id:
            nothing = {self.plot: "", self.table: "", self.judged: "", **self._parts({}, "")}
            return {**shown, **nothing, self.empty: empty_state(*words.NOTHING)}
        evaluation, titles = self.services.store.evaluation(evaluation_id), comparison.variant_titles(self.services)
        found = {self.plot: bars_html(evaluation, titles), self.table: self.table_of(evaluation_id)}
        found[self.judged] = shares_html(self.services, evaluation_id)
        named = part_titles(self.services, evaluation)
        return {**shown, **found, **self._parts(named, parts_html(evaluation, named, titles)), self.empty: ""}

    def _parts(self, named: Mapping[Part, str], html: str) -> Changes:
        choices = [ALL, *((title, f"{by}:{value}") for (by, value), title in named.items())]
        return {
            self.part: gr.update(choices=choices, value="", visible=bool(named)),
            self.parts: html,
            self.parts_box: gr.update(visible=bool(named)),
        }

    def table_of(self, evaluation_id: str) -> str:
        """The shares of an evaluation as HTML, with those that people's grades correct."""
        evaluation, titles = self.services.store.evaluation(evaluation_id), comparison.variant_titles(self.services)
        return results_html(evaluation, titles, grading.corrected(self.services, evaluation_id))

    def _first_page(self, given: Given) -> tuple[str, int]:
        return self._page(given, 0)

    def _turn(self, by: int, given: Given) -> tuple[str, int]:
        return self._page(given, int(given[self.page] or 0) + by)

    def _page(self, given: Given, page: int) -> tuple[str, int]:
        asked = (given[self.chosen], given[self.kind], given[self.outcome])
        return answers_page(self.services, *asked, page, given[self.part] or "")
