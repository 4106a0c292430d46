"""What Curate shows: an example with all around it, or why there is none; and the list of keys."""

from __future__ import annotations

from typing import Any

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.store import QueueFilter
from cai_ui.web.curate import example_card, judging
from cai_ui.web.curate import filter as curate_filter
from cai_ui.web.curate.judging import View
from cai_ui.web.kit.present import empty_state, esc, notice, text_block
from cai_ui.web.session import Session

EMPTY_QUEUE = empty_state(
    "Nothing to judge yet",
    "Run a prompt set under Critique & Revision, send a single chain from there, or import a file below.",
)
NONE_OPEN = empty_state(
    "All judged",
    "Every example that fits the filter has a decision. Freeze a dataset below, or choose another filter.",
)
NONE_FITS = empty_state("Nothing fits this filter", "Choose another filter, or clear the search.")

CARE = (
    '<p class="muted narrow">Some requests are offensive or disturbing. You may skip any of them without a reason, '
    "blur them (B), and stop whenever you like; everything is saved.</p>"
)


def shown(services: Services, session: Session, filter: QueueFilter, view: View) -> list[Any]:
    """Updates of `CurateParts.shown`."""
    memory = {
        **dict(zip(curate_filter.FIELDS, curate_filter.values_of(filter), strict=True)),
        "id": view.place.example_id if view.place else "", "offset": view.place.offset if view.place else 0,
    }  # fmt: skip
    decisions = judging.last_decisions(services, session.author)
    around = [example_card.counts_html(view.counts) if view.counts.total else "", example_card.history_html(decisions)]
    undo_button = gr.update(interactive=bool(decisions))
    redo_button = gr.update(interactive=services.store.taken_back(session.author) > 0)
    if view.item is None or view.place is None:
        empty = _empty(services, view, filter)
        hidden = gr.update(visible=False)
        said = _said_html(view)
        around += [empty, hidden, gr.skip(), undo_button, gr.skip(), redo_button]
        return ["", "", said, "", *around, [], "", memory]
    card = _card(services, view, filter)
    two = gr.update(interactive=view.item.example.initial is not None)
    labels = list(view.item.decision.labels) if view.item.decision else []
    work = gr.update(visible=True)
    return [
        card, view.text, _said_html(view), view.place.as_text(), *around, "", work, two, undo_button, two, redo_button,
        labels, said_html("Your unsaved edit is in the box." if _has_draft(view) else ""), memory,
    ]  # fmt: skip


def _card(services: Services, view: View, filter: QueueFilter) -> str:
    """The example with its principles, findings and, where it is disputed, everybody's verdict."""
    from cai_ui.curate.lint import CHECKS

    assert view.item is not None
    example = view.item.example
    found = [CHECKS[code].title for code in services.store.findings_of(example.id) if code in CHECKS]
    readings = services.store.readings_of(example.id) if view.item.disputed else ()
    principles = judging.principles_of(services, example)
    return example_card.card_html(view.item, principles, judging.place_words(view, filter), found, readings)


def keys_html() -> str:
    """The list of keys, closed until "?" or its button is pressed."""
    keys = {
        "A": "accept", "E": "edit the text", "Ctrl+Enter": "save the edit", "R": "reject",
        "F": "initial answer is better", "T": "tie: neither is better", "S": "skip, no reason needed",
        "G": "flag for somebody else", "U": "undo", "Y": "redo", "J or →": "next, without a decision", "K or ←": "back",
        "1 – 9": "tick a remark", "Esc": "leave the text", "B": "blur harsh texts", "?": "this list",
    }  # fmt: skip
    rows = "".join(f"<li><kbd>{esc(key)}</kbd>{esc(does)}</li>" for key, does in keys.items())
    return f'<details id="curate-key-list"><summary>Keys</summary><ul class="cai-keys">{rows}</ul></details>'


def _said_html(view: View) -> str:
    if view.conflict is None:
        return said_html(view.said)
    sentence, mine, standing = view.conflict
    both = text_block(mine, "Your text, still in the box") + text_block(standing, "As it stands now")
    return notice(sentence, "warn") + (both if mine != standing else "")


def said_html(sentence: str) -> str:
    """The line that says what was just done or saved."""
    return f'<p class="muted" role="status">{sentence and esc(sentence)}</p>'


def _has_draft(view: View) -> bool:
    return view.item is not None and view.item.draft is not None


def _empty(services: Services, view: View, filter: QueueFilter) -> str:
    if not services.store.counts().total:
        return EMPTY_QUEUE
    return NONE_OPEN if filter.status == "open" and view.counts.total else NONE_FITS
