"""Curate: one example per screen, one key per decision, undo and redo; then checks, import, freeze, export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.records import Verdict
from cai_ui.store import QueueFilter
from cai_ui.web.curate import checks as curate_checks
from cai_ui.web.curate import datasets, example_card, importing, judging
from cai_ui.web.curate import filter as curate_filter
from cai_ui.web.curate.filter import FilterParts, read_filter
from cai_ui.web.curate.judging import read_place
from cai_ui.web.curate.view import CARE, EMPTY_QUEUE, keys_html, shown
from cai_ui.web.kit import charts
from cai_ui.web.kit.present import hint, lead
from cai_ui.web.session import Session

WHAT = (
    "Judge what the model revised. What you accept or edit is learnt in training, and is preferred over the initial "
    "answer. Every decision is saved at once and can be taken back."
)

# Handlers


def judge(
    services: Services,
    verdict: Verdict,
    session: Session,
    place: str,
    text: str,
    labels: Sequence[str] | None,
    *filter_values: Any,
) -> list[Any]:
    """Keep a decision on the example on the page, with its quality labels, and show the next one."""
    filter = read_filter(*filter_values)
    view = judging.judge(services, session.author, filter, read_place(place), verdict, text or "", labels or ())
    return shown(services, session, filter, view)


def undo(services: Services, session: Session, *filter_values: Any) -> list[Any]:
    """Take back the last decision and show what it was about."""
    filter = read_filter(*filter_values)
    return shown(services, session, filter, judging.undo(services, session.author, filter))


def redo(services: Services, session: Session, *filter_values: Any) -> list[Any]:
    """Do again what was taken back last, and show what it was about."""
    filter = read_filter(*filter_values)
    return shown(services, session, filter, judging.redo(services, session.author, filter))


def step(services: Services, by: int, session: Session, place: str, *filter_values: Any) -> list[Any]:
    """The next or the previous example, without a decision."""
    filter = read_filter(*filter_values)
    return shown(services, session, filter, judging.step(services, session.author, filter, read_place(place), by))


def choose(services: Services, session: Session, *filter_values: Any) -> list[Any]:
    """The first example of another filter."""
    filter = read_filter(*filter_values)
    return shown(services, session, filter, judging.show(services, session.author, filter, 0))


def look_again(services: Services, session: Session, place: str, *filter_values: Any) -> list[Any]:
    """The example on the page as it stands now, or the first of the filter if there was none."""
    filter = read_filter(*filter_values)
    if not place:
        return shown(services, session, filter, judging.resume(services, session.author, filter, ""))
    at = read_place(place)
    view = judging.show_example(services, session.author, filter, at.example_id, at.offset)
    if filter.status == "open" and view.item is not None and view.item.decision is not None:
        view = judging.show(services, session.author, filter, at.offset)
    return shown(services, session, filter, view)


def follow(services: Services, session: Session, command: str, *filter_values: Any) -> list[Any]:
    """Show what an entry of a list stands for: an example, or the examples that a data check found.

    Gives the view and then what the filter's fields hold.
    """
    filter = read_filter(*filter_values)
    kind, _, value = str(command).partition(":")
    if kind == "finding" and value:
        filter = QueueFilter("all", finding=value)
        view = judging.show(services, session.author, filter, 0)
    elif kind == "example" and value:
        view = judging.show_example(services, session.author, filter, value)
    else:
        raise InputError("That leads nowhere.", next_step="Reload the page.")
    return [*shown(services, session, filter, view), *curate_filter.values_of(filter)]


def save_draft(services: Services, session: Session, place: str, text: str) -> str:
    """Keep what is being typed; says when it was saved."""
    return judging.keep_draft(services, session.author, read_place(place), text or "")


def original(services: Services, session: Session, place: str) -> tuple[str, str]:
    """The model's revision for the box, and a word on it."""
    return judging.forget_draft(services, session.author, read_place(place)), "The model's revision is back."


# Layout


@dataclass(frozen=True)
class CurateParts:
    """The tab's components. `place` is hidden and travels with the page; `memory` stays in the browser."""

    tab: gr.Tab
    counts: gr.HTML
    filter: FilterParts
    empty: gr.HTML
    work: gr.Column
    card: gr.HTML
    text: gr.Textbox
    drafted: gr.HTML
    labels: gr.CheckboxGroup
    said: gr.HTML
    buttons: dict[str, gr.Button]
    history: gr.HTML
    rater: gr.Textbox
    place: gr.Textbox
    memory: gr.BrowserState
    command: gr.Textbox
    checks: curate_checks.ChecksParts
    imports: importing.ImportParts
    data: datasets.DataParts

    @property
    def shown(self) -> list[Any]:
        """What one view fills, in the order of `shown`."""
        return [
            self.card, self.text, self.said, self.place, self.counts, self.history, self.empty, self.work,
            self.buttons["flip"], self.buttons["undo"], self.buttons["tie"], self.buttons["redo"], self.labels,
            self.drafted, self.memory,
        ]  # fmt: skip


def build(services: Services) -> CurateParts:
    """The tab's layout."""
    with gr.Tab("Curate", id="curate", elem_id="tab-curate") as tab:
        gr.HTML(lead("Curate", WHAT))
        counts = gr.HTML(elem_id="curate-counts")
        filter_parts = curate_filter.build()
        empty = gr.HTML(EMPTY_QUEUE, elem_id="curate-empty")
        with gr.Column(visible=False, elem_id="curate-work") as work:
            card = gr.HTML(elem_id="curate-card", css_template=charts.STYLE)
            text = gr.Textbox(
                label="Revision to keep",
                info="Change it if you like; it is saved while you type.",
                lines=4,
                max_lines=18,
                elem_id="curate-text",
            )
            # A line of its own: an answer to typing that comes late must not replace what a decision said.
            drafted = gr.HTML(elem_id="curate-drafted")
            buttons = _buttons()
            labels = gr.CheckboxGroup(
                [(f"{words} ({place})", code) for place, (code, words) in enumerate(example_card.LABELS.items(), 1)],
                label="Say more about critique and answer (optional)",
                elem_id="curate-labels",
            )
            gr.HTML(CARE)
        said = gr.HTML(elem_id="curate-saved")
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                with gr.Row(elem_classes="toolbar"):
                    buttons["undo"] = gr.Button("Undo (U)", elem_id="curate-undo", size="sm", scale=0)
                    buttons["redo"] = gr.Button("Redo (Y)", elem_id="curate-redo", size="sm", scale=0)
                    buttons["blur"] = gr.Button("Blur harsh texts (B)", elem_id="curate-blur", size="sm", scale=0)
                    buttons["keys"] = gr.Button("Keys (?)", elem_id="curate-keys", size="sm", scale=0)
                gr.HTML(keys_html(), css_template=charts.STYLE)
                history = gr.HTML(elem_id="curate-history", css_template=charts.STYLE)
            with gr.Column(scale=1, min_width=240):
                rater = gr.Textbox(
                    label="Your name",
                    info="Signs your decisions. Kept in this browser.",
                    max_lines=1,
                    elem_id="curate-rater",
                )
        place = gr.Textbox(visible="hidden", elem_id="curate-place")
        memory = gr.BrowserState({}, storage_key="cai-curate", secret="place-in-queue-only")
        command = gr.Textbox(visible="hidden", elem_id="curate-command")
        checks = curate_checks.build(services)
        imports = importing.build()
        data = datasets.build(services)
        gr.HTML(hint("Freeze a dataset when some dozens are judged, and train on it in the Train tab."))
    return CurateParts(
        tab, counts, filter_parts, empty, work, card, text, drafted, labels, said, buttons, history, rater, place,
        memory, command, checks, imports, data,
    )  # fmt: skip


def _buttons() -> dict[str, gr.Button]:
    """The keys on the buttons are those of hotkeys.py."""
    made = {}
    with gr.Row(elem_classes="toolbar"):
        made["accept"] = gr.Button("Accept (A)", variant="primary", elem_id="curate-accept", scale=0)
        made["edit"] = gr.Button("Edit (E)", elem_id="curate-edit", scale=0)
        made["save"] = gr.Button("Save edit (Ctrl+Enter)", elem_id="curate-save", elem_classes="ctrl-enter", scale=0)
        made["reject"] = gr.Button("Reject (R)", elem_id="curate-reject", elem_classes="danger", scale=0)
        made["flip"] = gr.Button("Initial answer is better (F)", elem_id="curate-flip", scale=0)
        made["tie"] = gr.Button("Tie (T)", elem_id="curate-tie", scale=0)
        made["skip"] = gr.Button("Skip (S)", elem_id="curate-skip", scale=0)
        made["flag"] = gr.Button("Flag (G)", elem_id="curate-flag", scale=0)
    with gr.Row(elem_classes="toolbar"):
        made["prev"] = gr.Button("Back (K)", elem_id="curate-prev", size="sm", scale=0)
        made["next"] = gr.Button("Next (J)", elem_id="curate-next", size="sm", scale=0)
        made["original"] = gr.Button("Put the model's revision back", elem_id="curate-original", size="sm", scale=0)
    return made
