"""The answers behind the numbers: filtered, searched, ordered, and opened from any number of the tables above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gradio as gr

from cai_ui.compare.answer_table import Number, number_of
from cai_ui.compare.conditions import title_of
from cai_ui.compare.slices import Part
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.compare.answers import Sought, answers_page
from cai_ui.pipeline.prompts.sets import prompt_sets
from cai_ui.web.compare import words
from cai_ui.web.compare.judged_html import reading_html
from cai_ui.web.compare.numbers_html import FIELD, number_words
from cai_ui.web.compare.results_html import rows_html
from cai_ui.web.kit.events import ASIDE, NEWEST, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import counted, esc
from cai_ui.web.kit.sight import sees
from cai_ui.web.kit.words import KINDS
from cai_ui.web.lineage.where_from import where_from

ALL = (words.ALL_PARTS, "")
EVERY = (words.EVERY_MODEL, "")

# Handlers


def part_titles(services: Services, evaluation_id: str) -> dict[Part, str]:
    """What the parts of an evaluation are called, with their number of requests."""
    sets = {made.key: made.title for made in prompt_sets(services)}
    return {
        (by, value): f"{words.PARTS_OF[by]} {_called(by, value, sets)} ({count:,})"
        for (by, value), count in services.answers.at(evaluation_id).parts().items()
    }


def _called(by: str, value: str, sets: Mapping[str, str]) -> str:
    if by == "length":
        return value
    if by == "condition":
        return f"“{title_of(value)}”"
    if by == "set":
        return f"“{sets.get(value, value)}”"
    return f"“{value}”" if value else words.NO_TOPIC


def part_of(text: str | None) -> Part | None:
    """The part that a menu's entry names."""
    by, _, value = (text or "").partition(":")
    return (by, value) if by else None


def page_html(services: Services, evaluation_id: str | None, sought: Sought, page: int) -> tuple[str, int]:
    """One page of requests with answers as HTML, and the number of the page that it is (from 0)."""
    if not evaluation_id:
        return "", 0
    found = answers_page(services, evaluation_id, sought, page)
    line = f"{counted(found.answers, 'answer')} to {counted(found.requests, 'request')}, page {found.page + 1:,} of "
    places = [row["place"] for case in found.cases for row in case]
    shown = rows_html(
        found.cases, comparison.variant_titles(services), _judged(services, evaluation_id, places), evaluation_id
    )
    return f'<p class="muted" role="status">{esc(f"{line}{found.pages:,}")}</p>{shown}', found.page


def _judged(services: Services, evaluation_id: str, places: Sequence[int]) -> dict[int, list[str]]:
    """What judges say of these answers, as HTML."""
    known, found = services.store.judges(), services.store.readings_at(evaluation_id, places)
    return {
        place: [reading_html(known[judge][0], body) for judge, body in said.items()] for place, said in found.items()
    }


class RowsBox:
    """The filters, the pressed number, and a page of answers of the evaluation `chosen`. `page` counts pages from 0."""

    def __init__(self, services: Services, chosen: gr.Dropdown) -> None:
        self.services, self.chosen = services, chosen
        with gr.Accordion(words.ROWS, open=False, elem_id="compare-rows-box", visible=False) as self.box:
            self._filters()
            with gr.Row(elem_classes="toolbar", visible=False, elem_id="compare-number-row") as self.number_row:
                self.said = gr.HTML(elem_id="compare-number-said")
                self.all = gr.Button(words.SHOW_ALL, elem_id="compare-rows-all", size="sm", scale=0)
            self.rows = gr.HTML(elem_id="compare-rows")
            with gr.Row(elem_classes="toolbar"):
                self.back = gr.Button(words.BACK, elem_id="compare-rows-back", size="sm", scale=0)
                self.onward = gr.Button(words.ONWARD, elem_id="compare-rows-next", size="sm", scale=0)
        self.number = gr.Textbox(visible="hidden", elem_id=FIELD)
        self.page = gr.Number(0, visible="hidden", elem_id="compare-rows-page")
        self.given = {chosen, self.find, self.kind, self.outcome, self.variant, self.part, self.order, self.number}

    def _filters(self) -> None:
        kinds = [(words.ALL_KINDS, ""), *((title, kind) for kind, title in KINDS.items())]
        outcomes = [(title, outcome) for outcome, title in words.OUTCOMES.items()]
        orders = [(title, order) for order, title in words.ORDERS.items()]
        with gr.Row():
            self.find = gr.Textbox(
                "", label=words.FIND, info=words.FIND_HELP, max_lines=1, elem_id="compare-rows-find", min_width=220
            )
            self.kind = gr.Dropdown(kinds, value="", label=words.KIND, elem_id="compare-rows-kind", filterable=False)
            self.outcome = gr.Dropdown(
                outcomes, value="", label=words.OUTCOME, elem_id="compare-rows-outcome", filterable=False
            )
        with gr.Row():
            self.variant = gr.Dropdown(
                [EVERY], value="", label=words.ANSWERED_BY, elem_id="compare-rows-model", filterable=False
            )
            self.part = gr.Dropdown([ALL], value="", label=words.PART, elem_id="compare-rows-part", visible=False)
            self.order = gr.Dropdown(
                orders, value="asked", label=words.ORDER, elem_id="compare-rows-order", filterable=False
            )

    def wire(self, again: gr.HTML) -> None:
        """Connect it; the page is shown anew when `again`, what judges said, changes."""
        shown = [self.rows, self.page]
        for field in (self.find, self.kind, self.outcome, self.variant, self.part, self.order):
            field.input(bind(self._first_page), self.given, shown, **NEWEST)
        again.change(bind(self._turn, 0), {*self.given, self.page}, shown, **ASIDE)
        for button, by in ((self.back, -1), (self.onward, 1)):
            turned = button.click(bind(self._turn, by), {*self.given, self.page}, shown, **ASIDE | NEWEST)
            turned.success(**sees("compare-rows"))
        opened = self.pressed()
        self.number.input(bind(self._press), {self.chosen, self.number, self.order}, opened, **ASIDE).success(
            **sees("compare-rows-box")
        )
        self.all.click(bind(self._all), {self.chosen, self.order}, opened, **ASIDE)

    def pressed(self) -> list[gr.blocks.Block]:
        """What a number that is pressed changes."""
        return [
            self.rows, self.page, self.box, self.number_row, self.said, self.number, self.find, self.kind, self.outcome,
            self.variant, self.part,
        ]  # fmt: skip

    def outputs(self) -> list[gr.blocks.Block]:
        """What another evaluation changes here."""
        return [
            self.box, self.rows, self.page, self.number, self.number_row, self.said, self.variant, self.part,
        ]  # fmt: skip

    def opened(self, evaluation_id: str | None, given: Given, named: Mapping[Part, str]) -> Changes:
        """Another evaluation: its models and parts to choose from, and its first page."""
        parts = [ALL, *((title, f"{by}:{value}") for (by, value), title in named.items())]
        titles = comparison.variant_titles(self.services)
        variants = self.services.answers.at(evaluation_id).values("variant") if evaluation_id else []
        fresh = {**given, self.chosen: evaluation_id, self.number: "", self.variant: "", self.part: ""}
        rows, page = self._page(fresh, 0)
        return {
            self.box: gr.update(visible=bool(evaluation_id)),
            self.rows: rows,
            self.page: page,
            self.number: "",
            self.number_row: gr.update(visible=False),
            self.said: "",
            self.variant: gr.update(choices=[EVERY, *((titles.get(one, one), one) for one in variants)], value=""),
            self.part: gr.update(choices=parts, value="", visible=bool(named)),
        }

    def sought(self, given: Given) -> Sought:
        """What the fields ask for."""
        return Sought(
            kind=given[self.kind] or "",
            wanted=given[self.outcome] or "",
            variant=given[self.variant] or "",
            part=part_of(given[self.part]),
            number=number_of(given[self.number]),
            search=given[self.find] or "",
            order=given[self.order] or "asked",
        )

    def _press(self, given: Given) -> Changes:
        """A number was pressed: all filters are set back, so that it opens exactly what it counts."""
        evaluation_id, number = given[self.chosen], number_of(given[self.number])
        if not evaluation_id or number is None:
            return self._all(given)
        return self.shown(evaluation_id, number, given[self.order])

    def _all(self, given: Given) -> Changes:
        return self.shown(given[self.chosen], None, given[self.order])

    def shown(self, evaluation_id: str | None, number: Number | None, order: str | None = None) -> Changes:
        """The answers that a number counts, or all of them, with all filters set back."""
        sought = Sought(number=number, order=order or "asked")
        rows, page = page_html(self.services, evaluation_id, sought, 0)
        said = ""
        if number is not None and evaluation_id:
            named = part_titles(self.services, evaluation_id) if number.part else {}
            said = number_words(number, comparison.variant_titles(self.services), named)
        return {
            self.rows: rows,
            self.page: page,
            self.box: gr.update(open=True),
            self.number_row: gr.update(visible=number is not None),
            self.said: f"<strong>{esc(said)}</strong> {where_from('evaluation', evaluation_id or '')}" if said else "",
            self.number: "" if number is None else number.text,
            **dict.fromkeys((self.find, self.kind, self.outcome, self.variant, self.part), ""),
        }

    def _first_page(self, given: Given) -> tuple[str, int]:
        return self._page(given, 0)

    def _turn(self, by: int, given: Given) -> tuple[str, int]:
        return self._page(given, int(given[self.page] or 0) + by)

    def _page(self, given: Given, page: int) -> tuple[str, int]:
        return page_html(self.services, given[self.chosen], self.sought(given), page)
