"""Curate: one example per screen, one key per decision; filters, bulk, undo; then import, freeze, export.

Decisions go past the queue in which generation waits, so that judging stays instant while a model works.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from cai_ui import pipeline
from cai_ui.pipeline import QueueFilter, Services
from cai_ui.records import Verdict
from cai_ui.web import charts, example_card, judging
from cai_ui.web.guard import bind
from cai_ui.web.judging import View, read_place
from cai_ui.web.present import empty_state, esc, hint, lead, notice, text_block
from cai_ui.web.session import Session, SessionParts
from cai_ui.web.tabs import curate_data, tour

if TYPE_CHECKING:
    from cai_ui.web.app import AllParts

WHAT = (
    "Judge what the model revised. What you accept or edit is learnt in training, and is preferred over the initial "
    "answer. Every decision is saved at once and can be taken back."
)
STATUSES = [
    ("Open", "open"),
    ("Judged", "done"),
    ("All", "all"),
    ("Accepted", "accept"),
    ("Edited", "edit"),
    ("Rejected", "reject"),
    ("Initial answer kept", "flip"),
    ("Skipped", "skip"),
]
_KINDS = [("All kinds", ""), *((words, kind) for kind, words in example_card.KINDS.items())]
_ANY_SOURCE = ("All sources", "")

EMPTY_QUEUE = empty_state(
    "Nothing to judge yet",
    "Run a prompt set under Critique & Revision, send a single chain from there, or import a file below.",
)
NONE_OPEN = empty_state(
    "All judged",
    "Every example that fits the filter has a decision. Freeze a dataset below, or choose another filter.",
)
NONE_FITS = empty_state("Nothing fits this filter", "Choose another filter, or clear the search.")

_FOCUS = "() => { const box = document.querySelector('#curate-text textarea'); if (box) { box.focus(); } }"
_LEAVE = "(...values) => { document.activeElement?.blur(); return values; }"
_TO_TOP = (
    "() => { const card = document.getElementById('curate-card');"
    " if (card && card.getBoundingClientRect().top < 0) card.scrollIntoView(); }"
)


# Handlers


def judge(
    services: Services, verdict: Verdict, session: Session, place: str, text: str, *filter_values: Any
) -> list[Any]:
    """Keep a decision on the example on the page, and show the next one."""
    filter = read_filter(*filter_values)
    view = judging.judge(services, session.author, filter, read_place(place), verdict, text or "")
    return shown(services, session, filter, view)


def undo(services: Services, session: Session, *filter_values: Any) -> list[Any]:
    """Take back the last decision and show what it was about."""
    filter = read_filter(*filter_values)
    return shown(services, session, filter, judging.undo(services, session.author, filter))


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


def save_draft(services: Services, session: Session, place: str, text: str) -> str:
    """Keep what is being typed; says when it was saved."""
    return judging.keep_draft(services, session.author, read_place(place), text or "")


def original(services: Services, session: Session, place: str) -> tuple[str, str]:
    """The model's revision for the box, and a word on it."""
    return judging.forget_draft(services, session.author, read_place(place)), "The model's revision is back."


def preview_bulk(services: Services, *filter_values: Any) -> tuple[str, int]:
    """What accepting all would do, in words, and how many examples it would be."""
    filter = read_filter(*filter_values)
    number = judging.bulk_count(services, filter)
    if not number:
        return "No open example fits the filter, so there is nothing to accept.", 0
    return (
        f"{number:,} open examples {filter_words(filter)} would be accepted as they are. Undo takes all back.",
        number,
    )


def accept_all(services: Services, session: Session, expected: float | None, *filter_values: Any) -> str:
    """Accept what the preview announced; says how many there were."""
    done = judging.accept_all(services, session.author, read_filter(*filter_values), int(expected or 0))
    return f"{done:,} examples accepted. Press Undo (U) to take all of them back at once."


def read_filter(status: str, kind: str, source: str, search: str) -> QueueFilter:
    """The filter that the fields hold."""
    return judging.filter_of({"status": status, "kind": kind, "source": source, "search": search})


def filter_words(filter: QueueFilter) -> str:
    """What a filter narrows the queue to, but for its status."""
    words = [example_card.KINDS[filter.kind]] if filter.kind else []
    words += [f"from {filter.source}"] if filter.source else []
    words += [f"with “{filter.search.strip()}”"] if filter.search.strip() else []
    return f"({', '.join(words)})" if words else "of all kinds"


def source_choices(services: Services) -> list[tuple[str, str]]:
    """The menu of sources."""
    return [_ANY_SOURCE, *((name, name) for name in pipeline.sources(services) if name)]


# Layout


@dataclass(frozen=True)
class FilterParts:
    """Which part of the queue is seen, and the box for accepting all of it."""

    status: gr.Dropdown
    kind: gr.Dropdown
    source: gr.Dropdown
    search: gr.Textbox
    bulk: gr.Button
    confirm: gr.Button
    bulk_note: gr.HTML
    expected: gr.Number

    @property
    def values(self) -> list[Any]:
        return [self.status, self.kind, self.source, self.search]


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
    said: gr.HTML
    buttons: dict[str, gr.Button]
    history: gr.HTML
    rater: gr.Textbox
    place: gr.Textbox
    memory: gr.BrowserState
    data: curate_data.DataParts

    @property
    def shown(self) -> list[Any]:
        """What one view fills, in the order of `shown`."""
        return [
            self.card, self.text, self.said, self.place, self.counts, self.history, self.empty, self.work,
            self.buttons["flip"], self.buttons["undo"], self.memory,
        ]  # fmt: skip


def build(services: Services) -> CurateParts:
    """The tab's layout."""
    with gr.Tab("Curate", id="curate", elem_id="tab-curate") as tab:
        gr.HTML(lead("Curate", WHAT))
        counts = gr.HTML(elem_id="curate-counts")
        filter_parts = _filter()
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
            buttons = _buttons()
        said = gr.HTML(elem_id="curate-saved")
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                with gr.Row(elem_classes="toolbar"):
                    buttons["undo"] = gr.Button("Undo (U)", elem_id="curate-undo", size="sm", scale=0)
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
        data = curate_data.build(services)
        gr.HTML(hint("Freeze a dataset when some dozens are judged, and train on it in the Train tab."))
    return CurateParts(
        tab, counts, filter_parts, empty, work, card, text, said, buttons, history, rater, place, memory, data
    )


def _filter() -> FilterParts:
    with gr.Accordion("Filter, search, accept many", open=False, elem_id="curate-filter"):
        with gr.Row():
            status = gr.Dropdown(STATUSES, value="open", label="Show", elem_id="curate-status", filterable=False)
            kind = gr.Dropdown(_KINDS, value="", label="Kind of request", elem_id="curate-kind", filterable=False)
            source = gr.Dropdown([_ANY_SOURCE], value="", label="Source", elem_id="curate-source", filterable=False)
            search = gr.Textbox(
                label="Search", placeholder="Words in request or answers", max_lines=1, elem_id="curate-search"
            )
        with gr.Row(elem_classes="toolbar"):
            bulk = gr.Button("Accept all that fit …", elem_id="curate-bulk", size="sm", scale=0)
            confirm = gr.Button(
                "Accept them", variant="primary", elem_id="curate-bulk-confirm", size="sm", scale=0, visible=False
            )
        bulk_note = gr.HTML(elem_id="curate-bulk-note")
        expected = gr.Number(0, visible="hidden", elem_id="curate-bulk-number")
    return FilterParts(status, kind, source, search, bulk, confirm, bulk_note, expected)


def _buttons() -> dict[str, gr.Button]:
    """The keys on the buttons are those of hotkeys.py."""
    made = {}
    with gr.Row(elem_classes="toolbar"):
        made["accept"] = gr.Button("Accept (A)", variant="primary", elem_id="curate-accept", scale=0)
        made["edit"] = gr.Button("Edit (E)", elem_id="curate-edit", scale=0)
        made["save"] = gr.Button("Save edit (Ctrl+Enter)", elem_id="curate-save", elem_classes="ctrl-enter", scale=0)
        made["reject"] = gr.Button("Reject (R)", elem_id="curate-reject", elem_classes="danger", scale=0)
        made["flip"] = gr.Button("Initial answer is better (F)", elem_id="curate-flip", scale=0)
        made["skip"] = gr.Button("Skip (S)", elem_id="curate-skip", scale=0)
    with gr.Row(elem_classes="toolbar"):
        made["prev"] = gr.Button("Back (K)", elem_id="curate-prev", size="sm", scale=0)
        made["next"] = gr.Button("Next (J)", elem_id="curate-next", size="sm", scale=0)
        made["original"] = gr.Button("Put the model's revision back", elem_id="curate-original", size="sm", scale=0)
    return made


# Wiring

_NOW: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
"""Options of events that must not wait behind generation."""


def wire(services: Services, parts: CurateParts, session: SessionParts, all_parts: AllParts) -> None:
    """Connect the components."""
    fields = parts.filter.values
    verdicts: dict[str, Verdict] = {
        "accept": "accept", "save": "edit", "reject": "reject", "flip": "flip", "skip": "skip",
    }  # fmt: skip
    for name, verdict in verdicts.items():
        parts.buttons[name].click(
            bind(judge, services, verdict),
            [session.state, parts.place, parts.text, *fields],
            parts.shown,
            js=_LEAVE,
            **_NOW,
        ).success(None, None, None, js=_TO_TOP, api_visibility="private")
    parts.buttons["edit"].click(None, None, None, js=_FOCUS, api_visibility="private")
    for name, by in (("next", 1), ("prev", -1)):
        parts.buttons[name].click(bind(step, services, by), [session.state, parts.place, *fields], parts.shown, **_NOW)
    parts.buttons["undo"].click(bind(undo, services), [session.state, *fields], parts.shown, **_NOW)
    parts.buttons["original"].click(
        bind(_original, services), [session.state, parts.place], [parts.text, parts.said], **_NOW
    )
    parts.text.input(
        bind(_saved, services),
        [session.state, parts.place, parts.text],
        [parts.said],
        trigger_mode="always_last",
        **_NOW,
    )
    _wire_filter(services, parts, session)
    _wire_place(services, parts, session, all_parts)
    imported = curate_data.wire(services, parts.data, parts.tab, session)
    imported.then(bind(_look_again, services), *_again(parts, session), **_NOW)


def _wire_filter(services: Services, parts: CurateParts, session: SessionParts) -> None:
    filter_parts, fields = parts.filter, parts.filter.values
    for field in fields:
        field.input(
            bind(choose, services),
            [session.state, *fields],
            parts.shown,
            trigger_mode="always_last",
            **_NOW,
        ).then(_no_bulk, None, [filter_parts.bulk_note, filter_parts.confirm], **_NOW)
    filter_parts.bulk.click(
        bind(_preview, services), fields, [filter_parts.bulk_note, filter_parts.expected, filter_parts.confirm], **_NOW
    )
    filter_parts.confirm.click(
        bind(_accept_all, services),
        [session.state, filter_parts.expected, *fields],
        [filter_parts.bulk_note, filter_parts.confirm],
        **_NOW,
    ).success(bind(choose, services), [session.state, *fields], parts.shown, **_NOW)


def _wire_place(services: Services, parts: CurateParts, session: SessionParts, all_parts: AllParts) -> None:
    """Reload and tab visits: the same example, whatever happened meanwhile; the name in both tabs."""
    fields = parts.filter.values
    session.ready.then(
        bind(_restore, services), [session.state, parts.memory], [*parts.shown, *fields, parts.rater], **_NOW
    )
    parts.tab.select(bind(_look_again, services), *_again(parts, session), **_NOW)
    parts.rater.blur(
        bind(_rename, services), [session.state, parts.rater], [session.state, session.browser, all_parts.tour.name],
        **_NOW,
    ).success(bind(_look_again, services), *_again(parts, session), **_NOW)  # fmt: skip


def _again(parts: CurateParts, session: SessionParts) -> tuple[list[Any], list[Any]]:
    """Inputs and outputs of `_look_again`."""
    inputs = [session.state, parts.place, *parts.filter.values]
    return inputs, [*parts.shown, parts.filter.source, parts.rater]


def shown(services: Services, session: Session, filter: QueueFilter, view: View) -> list[Any]:
    """Updates of `CurateParts.shown`."""
    memory = {
        "status": filter.status, "kind": filter.kind or "", "source": filter.source or "", "search": filter.search,
        "id": view.place.example_id if view.place else "", "offset": view.place.offset if view.place else 0,
    }  # fmt: skip
    decisions = judging.last_decisions(services, session.author)
    around = [example_card.counts_html(view.counts) if view.counts.total else "", example_card.history_html(decisions)]
    undo_button = gr.update(interactive=bool(decisions))
    if view.item is None or view.place is None:
        empty = _empty(services, view, filter)
        hidden = gr.update(visible=False)
        return ["", "", _said_html(view), "", *around, empty, hidden, gr.skip(), undo_button, memory]
    principles = judging.principles_of(services, view.item.example)
    card = example_card.card_html(view.item, principles, judging.place_words(view, filter))
    flip = gr.update(interactive=view.item.example.initial is not None)
    work = gr.update(visible=True)
    return [
        card, view.text, _said_html(view), view.place.as_text(), *around, "", work, flip, undo_button, memory,
    ]  # fmt: skip


def _said_html(view: View) -> str:
    if view.conflict is None:
        return said_html(view.said or ("Your unsaved edit is in the box." if _has_draft(view) else ""))
    sentence, mine, standing = view.conflict
    both = text_block(mine, "Your text, still in the box") + text_block(standing, "As it stands now")
    return notice(sentence, "warn") + (both if mine != standing else "")


def said_html(sentence: str) -> str:
    """The line that says what was just done or saved."""
    return f'<p class="muted" role="status">{sentence and esc(sentence)}</p>'


def _has_draft(view: View) -> bool:
    return view.item is not None and view.item.draft is not None


def _empty(services: Services, view: View, filter: QueueFilter) -> str:
    if not pipeline.counts(services).total:
        return EMPTY_QUEUE
    return NONE_OPEN if filter.status == "open" and view.counts.total else NONE_FITS


def _saved(services: Services, session: Session, place: str, text: str) -> Any:
    return said_html(save_draft(services, session, place, text)) if place else gr.skip()


def _original(services: Services, session: Session, place: str) -> tuple[str, str]:
    text, sentence = original(services, session, place)
    return text, said_html(sentence)


def _preview(services: Services, *filter_values: Any) -> list[Any]:
    sentence, number = preview_bulk(services, *filter_values)
    return [
        notice(sentence, "warn" if number else "neutral"),
        number,
        gr.update(visible=bool(number), value=f"Accept {number:,} examples"),
    ]


def _accept_all(services: Services, session: Session, expected: float | None, *filter_values: Any) -> list[Any]:
    return [notice(accept_all(services, session, expected, *filter_values), "good"), gr.update(visible=False)]


def _no_bulk() -> list[Any]:
    """A preview belongs to the filter it was made for."""
    return ["", gr.update(visible=False)]


def _restore(services: Services, session: Session, memory: object) -> list[Any]:
    """The page as this browser left it."""
    kept = memory if isinstance(memory, dict) else {}
    sources = source_choices(services)
    filter = judging.filter_of(_known(kept, sources))
    offset = kept.get("offset") if isinstance(kept.get("offset"), int) else 0
    view = judging.resume(services, session.author, filter, str(kept.get("id") or ""), max(0, int(offset or 0)))
    fields = [filter.status, filter.kind or "", gr.update(choices=sources, value=filter.source or ""), filter.search]
    return [*shown(services, session, filter, view), *fields, session.author]


def _known(kept: dict[str, Any], sources: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """What a browser remembers, as far as it can still be chosen."""
    menus: dict[str, Sequence[tuple[str, str]]] = {"status": STATUSES, "kind": _KINDS, "source": sources}
    known = {name: kept.get(name) for name, menu in menus.items() if kept.get(name) in [value for _, value in menu]}
    return {**known, "search": kept.get("search") if isinstance(kept.get("search"), str) else ""}


def _look_again(services: Services, session: Session, place: str, *filter_values: Any) -> list[Any]:
    view = look_again(services, session, place, *filter_values)
    return [*view, gr.update(choices=source_choices(services)), session.author]


def _rename(services: Services, session: Session, name: str) -> tuple[Session, str, str]:
    renamed = tour.rename(services, session, name)
    return renamed, renamed.author, renamed.author
