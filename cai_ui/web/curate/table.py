"""Many examples at once: a table of the queue in which some are selected and decided, which one undo takes back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.blocks import Block

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.records import Verdict
from cai_ui.store import QueueItem
from cai_ui.web.curate import words
from cai_ui.web.curate.bar import signer
from cai_ui.web.curate.filter_box import FilterBox
from cai_ui.web.kit.events import AT_ONCE, NEWEST, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import Html, empty_state, esc, first_line, notice, table
from cai_ui.web.session import SessionParts

SIZES = (10, 25, 50, 100)
VERDICTS: tuple[Verdict, ...] = ("accept", "reject", "flip", "tie", "skip", "flag")
_UNPICK = "() => window.caiUnpick()"


def table_html(items: Sequence[QueueItem], offset: int) -> str:
    """Examples as rows, with a box to select those that are open."""
    if not items:
        return empty_state(*words.NO_MATCH)
    heads = (Html(f'<input type="checkbox" data-pick-all aria-label="{esc(words.PICK_ALL)}">'), *words.TABLE_COLUMNS)
    rows = (_row(item, offset + place) for place, item in enumerate(items, 1))
    return table(heads, rows, "cai-picks")


def _row(item: QueueItem, number: int) -> tuple[object, ...]:
    example, decision = item.example, item.decision
    request, initial, revision = (
        Html(f'<span class="cai-cell" dir="auto">{esc(first_line(text or "", 160))}</span>')
        for text in (example.prompt.text, example.initial, example.revision)
    )
    box: object = words.VERDICTS[decision.verdict] if decision else ""
    if decision is None and not item.second:
        box = Html(f'<input type="checkbox" data-pick="{esc(example.id)}" aria-label="{esc(words.PICK)} {number:,}">')
    link = f'<button type="button" class="cai-link" data-curate="example:{esc(example.id)}">{number:,}</button>'
    return box, Html(link), request, initial, revision


def read_picked(picked: object) -> list[str]:
    """Ids of the examples that a page says are selected. InputError if there are none, or too many."""
    try:
        ids = json.loads(str(picked or "[]")[:10_000])
    except (ValueError, RecursionError):
        ids = []
    if not isinstance(ids, list) or not ids:
        raise InputError("Nothing is selected.", kept="Nothing changed.", next_step="Tick some rows first.")
    if len(ids) > SIZES[-1]:
        raise InputError(f"At most {SIZES[-1]} examples can be decided at once here.", kept="Nothing changed.")
    return [str(id) for id in ids]


def decide_picked(services: Services, rater: str, ids: Sequence[str], verdict: Verdict) -> str:
    """Give all of these one verdict; says how many, and of how many that could not be."""
    number = services.store.decide_many(ids, verdict, rater)
    left = len(ids) - number
    rest = f" {words.examples(left)} had been judged meanwhile, or cannot be." if left else ""
    return f"{words.examples(number)} {words.VERDICTS[verdict]}.{rest} Undo takes all of them back at once."


class TableBox:
    """`offset` is how many examples of the filter come before the table; `picked` is told by the page."""

    def __init__(self, services: Services, filter: FilterBox) -> None:
        self.services, self.filter = services, filter
        with gr.Accordion(words.TABLE, open=False, elem_id="curate-table-box") as self.box:
            gr.HTML(f'<p class="muted narrow">{esc(words.TABLE_WHAT)}</p>')
            with gr.Row(elem_classes="toolbar"):
                self.size = gr.Radio(
                    SIZES, value=25, label=words.ROWS, elem_id="curate-table-size", min_width=320, scale=0
                )
                self.back = gr.Button(words.TABLE_BACK, elem_id="curate-table-back", size="sm", scale=0)
                self.next = gr.Button(words.TABLE_NEXT, elem_id="curate-table-next", size="sm", scale=0)
            self.rows = gr.HTML(elem_id="curate-table")
            with gr.Row(elem_classes="toolbar"):
                self.verdicts = {
                    verdict: gr.Button(words.BUTTONS[verdict], elem_id=f"curate-table-{verdict}", size="sm", scale=0)
                    for verdict in VERDICTS
                }
            self.said = gr.HTML(elem_id="curate-table-said")
            self.offset = gr.Number(0, visible="hidden", elem_id="curate-table-offset")
            self.picked = gr.Textbox(visible="hidden", elem_id="curate-picked")

    def wire(self, session: SessionParts, again: dict[str, Any]) -> None:
        """Connect it; `again` are the options of the event that looks again at the example above."""
        self.session = session
        given: set[Block] = {session.state, self.size, self.offset, *self.filter.fields.values()}
        shown: list[Block] = [self.rows, self.offset, self.picked]
        turns = (
            (self.box.expand, 0), (self.size.input, 0), (self.back.click, -1), (self.next.click, 1),
        )  # fmt: skip
        for trigger, by in turns:
            turned = trigger(bind(self.turn, by), given, shown, **AT_ONCE | NEWEST)
            turned.success(None, None, None, js=_UNPICK, **AT_ONCE)
        for verdict, button in self.verdicts.items():
            done = button.click(bind(self.decide, verdict), {*given, self.picked}, [*shown, self.said], **AT_ONCE)
            done.success(None, None, None, js=_UNPICK, **AT_ONCE).then(**again)

    def turn(self, by: int, given: Given) -> Changes:
        """The table `by` pages on."""
        size = int(given[self.size] or SIZES[0])
        offset = max(0, int(given[self.offset] or 0) + by * size)
        author, filter = given[self.session.state].author, self.filter.read(given)
        items = self.services.store.queue(filter, size, offset, author)
        if not items and offset:
            return {self.picked: ""}
        return {self.rows: table_html(items, offset), self.offset: offset, self.picked: ""}

    def decide(self, verdict: Verdict, given: Given) -> Changes:
        """One verdict for what is selected, and the table as it is then."""
        rater, ids = signer(given[self.session.state]), read_picked(given[self.picked])
        said = decide_picked(self.services, rater, ids, verdict)
        return {**self.turn(0, given), self.said: notice(said, "good")}
