"""The box of fields that narrow the queue, and one verdict for all that matches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

import gradio as gr
from gradio.blocks import Block

from cai_ui.errors import ConflictError, InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.curate import queue
from cai_ui.records import Verdict
from cai_ui.store import QueueFilter
from cai_ui.web.curate import words
from cai_ui.web.curate.bar import signer
from cai_ui.web.curate.filter import Menu, bound_names, filter_of, filter_words, fixed_menus, values_of
from cai_ui.web.kit.events import AT_ONCE, NEWEST, Changes, Given
from cai_ui.web.kit.forms import optional_number
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import esc, notice
from cai_ui.web.session import SessionParts

_THIRD = 300
"""Least width of a menu, in pixels, of which three stand in a row."""

# Handlers


def preview_bulk(services: Services, filter: QueueFilter, verdict: Verdict) -> tuple[str, int]:
    """What one verdict for all open examples of the filter would do, in words, and how many examples it would be."""
    number = services.store.open_number(filter)
    done = words.VERDICTS[verdict]
    if not number:
        return f"No open example matches the filter, so none would be {done}.", 0
    said = f"{words.examples(number, 'open')} {filter_words(filter)} would be {done} without changes."
    return f"{said} Undo takes all back.", number


def decide_all(services: Services, author: str, filter: QueueFilter, verdict: Verdict, expected: int) -> str:
    """Do what the preview announced. ConflictError, with nothing done, if there are not as many as were announced."""
    if verdict not in get_args(Verdict):
        raise InputError("That is no verdict.", kept="Nothing was done.", next_step="Choose one from the menu.")
    done = words.VERDICTS[verdict]
    if (now := services.store.open_number(filter)) != expected:
        raise ConflictError(
            f"{words.examples(now, 'open')} match now, not {expected:,}.",
            kept=f"Nothing was {done}.",
            next_step="Preview again and confirm.",
        )
    number = queue.decide_open(services, filter, verdict, author)
    return f"{words.examples(number)} {done}. Press Undo to take all of them back at once."


class FilterBox:
    """The fields by name, in `fields`, and the row for a bulk action. `expected` is hidden and holds what the preview
    announced."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.fields: dict[str, gr.components.Component] = {}
        with gr.Accordion(words.FILTER, open=False, elem_id="curate-filter"):
            self._fields(fixed_menus())
            with gr.Row(elem_classes="toolbar"):
                self.verdict = gr.Dropdown(
                    [(said, verdict) for verdict, said in words.BULK.items()], value="accept", label=words.BULK_TITLE,
                    elem_id="curate-bulk-verdict", scale=0, filterable=False, min_width=220,
                )  # fmt: skip
                self.preview = gr.Button(words.PREVIEW, elem_id="curate-bulk", size="sm", scale=0)
                self.apply = gr.Button(
                    words.APPLY, variant="primary", elem_id="curate-bulk-confirm", size="sm", scale=0, visible=False
                )
            self.note = gr.HTML(elem_id="curate-bulk-note")
            self.expected = gr.Number(0, visible="hidden", elem_id="curate-bulk-number")

    def _fields(self, menus: Mapping[str, Any]) -> None:
        def menu(name: str, width: int = _THIRD) -> None:
            choices = menus.get(name) or [(words.EVERY[name], "")]
            self.fields[name] = gr.Dropdown(
                choices, value=choices[0][1], label=words.FIELDS[name], min_width=width,
                elem_id="curate-judged-by" if name == "rater" else f"curate-{name}",
                filterable=name == "source", allow_custom_value=name == "source",
            )  # fmt: skip

        with gr.Row():
            for name in ("status", "kind", "source"):
                menu(name, width=190)
            self.fields["search"] = gr.Textbox(
                label=words.FIELDS["search"], placeholder=words.SEARCH, max_lines=1, elem_id="curate-search"
            )
        gr.HTML(f'<p class="muted">{esc(words.SEARCH_HELP)}</p>')
        with gr.Accordion(words.MORE_FILTERS, open=False, elem_id="curate-filter-more"):
            with gr.Row():
                for name in ("order", "constitution", "principle", "finding", "step", "rater"):
                    menu(name)
            with gr.Row():
                for name in bound_names():
                    self.fields[name] = optional_number(
                        words.FIELDS[name], empty=words.ANY, elem_id=f"curate-{name.replace('_', '-')}", min_width=120
                    )
            gr.HTML(f'<p class="muted">{esc(words.BOUNDS_HELP)}</p>')

    def read(self, given: Given) -> QueueFilter:
        """The filter that an event's values hold."""
        return filter_of({name: given[field] for name, field in self.fields.items()})

    def changes(self, filter: QueueFilter) -> Changes:
        """The fields filled with a filter."""
        return {self.fields[name]: value for name, value in values_of(filter).items()}

    def menus(self, menus: Mapping[str, Menu], values: Mapping[str, Any] | None = None) -> Changes:
        """Other choices, and the values chosen of them where they change."""
        return {
            self.fields[name]: gr.update(choices=menu, **({"value": values[name]} if values else {}))
            for name, menu in menus.items()
        }

    def wire(self, session: SessionParts, shown: list[Block], show: Callable[[Given], Changes]) -> None:
        """Connect it; `show` is a bound handler that gives, for `shown`, the first example of what the fields
        hold."""
        fields: set[Block] = {session.state, *self.fields.values()}
        bulk: list[Block] = [self.note, self.expected, self.apply]
        for field in self.fields.values():
            field.input(show, fields, shown, **AT_ONCE | NEWEST).then(self._forget, None, bulk, **AT_ONCE)
        self.verdict.input(self._forget, None, bulk, **AT_ONCE)
        self.preview.click(bind(self._preview), {*fields, self.verdict}, bulk, **AT_ONCE)
        self.apply.click(
            bind(self._decide_all, session), {*fields, self.verdict, self.expected}, bulk, **AT_ONCE
        ).success(show, fields, shown, **AT_ONCE)

    def _preview(self, given: Given) -> Changes:
        sentence, number = preview_bulk(self.services, self.read(given), given[self.verdict])
        return {
            self.note: notice(sentence, "warn" if number else "neutral"),
            self.expected: number,
            self.apply: gr.update(visible=bool(number), value=f"{words.APPLY} ({number:,})"),
        }

    def _decide_all(self, session: SessionParts, given: Given) -> Changes:
        author, expected = signer(given[session.state]), int(given[self.expected] or 0)
        done = decide_all(self.services, author, self.read(given), given[self.verdict], expected)
        return {**self._forget(), self.note: notice(done, "good")}

    def _forget(self) -> Changes:
        """A preview belongs to the filter it was made for."""
        return {self.note: "", self.apply: gr.update(visible=False)}
