"""Principles: choose a constitution, edit its principles, save versions.

What the tab does is in `web/editor.py`; panels with files of their own: `principle_fields` (one principle),
`history` (versions), `constitution_files` (import and export), `try_principles` (side by side, and counts).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.pipeline.prompts import sets
from cai_ui.text import NAME_LIMIT
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import hint, lead, notice, short
from cai_ui.web.principles import drafts, editor, history
from cai_ui.web.principles import fields as principle_fields
from cai_ui.web.principles import files as constitution_files
from cai_ui.web.principles import trial as try_principles
from cai_ui.web.principles.editor import View
from cai_ui.web.session import Session, SessionParts

# Layout


@dataclass(frozen=True)
class PrinciplesParts:
    """The tab's components. `base` and `editing` are hidden: they travel with the fields they belong to."""

    tab: gr.Tab
    version: gr.Dropdown
    use: gr.Button
    use_note: gr.HTML
    base: gr.Textbox
    editing: gr.Textbox
    search: gr.Textbox
    navigator: gr.Radio
    add: gr.Button
    duplicate: gr.Button
    delete: gr.Button
    up: gr.Button
    down: gr.Button
    undo: gr.Button
    editor: principle_fields.FieldParts
    findings: gr.HTML
    title: gr.Textbox
    description: gr.Textbox
    state: gr.HTML
    note: gr.Textbox
    save: gr.Button
    discard: gr.Button
    history: history.HistoryParts
    files: constitution_files.FileParts
    trial: try_principles.TryParts

    @property
    def around(self) -> list[gr.components.Component]:
        """What an edit may change outside the editor's own fields."""
        return [self.navigator, self.state, self.findings, self.save, self.discard]

    @property
    def one(self) -> list[gr.components.Component]:
        """What another principle in the editor changes."""
        return [self.editing, *self.editor.fields, self.editor.notes, self.findings]

    @property
    def all(self) -> list[gr.components.Component]:
        return [*self.around, *self.one[:-1], self.version, self.base, self.title, self.description]


def build(services: Services) -> PrinciplesParts:
    """The tab's layout; it is filled when the page loads."""
    with gr.Tab("Principles", id="principles", elem_id="tab-principles") as tab:
        gr.HTML(
            lead(
                "Principles",
                "A constitution is a list of principles. Each one asks the model to criticise its answer and then to "
                "rewrite it.",
            )
        )
        with gr.Row(elem_classes="toolbar"):
            version = gr.Dropdown(
                [], label="Constitution", elem_id="principles-version", scale=4, min_width=280, filterable=False
            )
            use = gr.Button("Use this constitution", elem_id="principles-use", scale=0)
        use_note = gr.HTML("", elem_id="principles-use-note")
        base = gr.Textbox(visible="hidden", elem_id="principles-base")
        editing = gr.Textbox(visible="hidden", elem_id="principles-editing")
        with gr.Row():
            with gr.Column(scale=2, min_width=280):
                search = gr.Textbox(
                    label="Find", placeholder="Words of a principle", max_lines=1, elem_id="principles-search"
                )
                navigator = gr.Radio([], label="Principles", elem_id="principles-list", elem_classes="cai-navigator")
                with gr.Row(elem_classes="toolbar"):
                    add = gr.Button("Add", size="sm", elem_id="principles-add")
                    duplicate = gr.Button("Duplicate", size="sm", elem_id="principles-duplicate")
                    delete = gr.Button("Delete", size="sm", elem_id="principles-delete", elem_classes="danger")
                    up = gr.Button("Move up", size="sm", elem_id="principles-up")
                    down = gr.Button("Move down", size="sm", elem_id="principles-down")
                    undo = gr.Button("Undo", size="sm", elem_id="principles-undo")
            with gr.Column(scale=5, min_width=300):
                fields = principle_fields.build()
                findings = gr.HTML("", elem_id="principles-findings")
        with gr.Accordion("Title and description of this constitution", open=False, elem_id="principles-about"):
            title = gr.Textbox(label="Title", elem_id="principles-title", max_length=NAME_LIMIT, interactive=False)
            description = gr.Textbox(label="Description", lines=3, elem_id="principles-description", interactive=False)
        state = gr.HTML("", elem_id="principles-state")
        with gr.Row(elem_classes="toolbar"):
            note = gr.Textbox(
                label="Note for this version",
                placeholder="What changed, and why (Ctrl+Enter saves)",
                elem_id="principles-note",
                max_lines=1,
                scale=3,
                min_width=260,
            )
            save = gr.Button(
                "Save as new version", variant="primary", elem_id="principles-save", elem_classes="ctrl-enter", scale=0
            )
            discard = gr.Button("Discard changes", elem_id="principles-discard", elem_classes="danger", scale=0)
        trial = try_principles.build(sets.prompt_sets(services))
        versions = history.build()
        files = constitution_files.build()
        gr.HTML(
            hint(
                "Switch a principle off or reword its requests, save a version, and run the same prompt again under "
                "Critique & Revision."
            )
        )
    return PrinciplesParts(
        tab, version, use, use_note, base, editing, search, navigator, add, duplicate, delete, up, down, undo, fields,
        findings, title, description, state, note, save, discard, versions, files, trial,
    )  # fmt: skip


# Wiring


def wire(services: Services, parts: PrinciplesParts, session: SessionParts) -> None:
    """Connect the components; handlers that change the draft share one place in the queue."""
    one_by_one: dict[str, Any] = {
        "concurrency_id": "principles",
        "concurrency_limit": 1,
        "show_progress": "hidden",
        "api_visibility": "private",
    }
    here = [session.state, parts.base, parts.editing]

    def to_all(handler: Callable[..., View]) -> Callable[..., Any]:
        return bind(_showing(handler, everything), services)

    session.restore(to_all(editor.open_current), [session.state], parts.all, **one_by_one)
    parts.version.input(
        to_all(editor.open_version), [session.state, parts.version], parts.all, trigger_mode="always_last", **one_by_one
    )
    choosing = [session.state, parts.base, parts.navigator]
    parts.navigator.input(
        bind(_showing(editor.open_principle, principle_fields.updates), services),
        choosing,
        parts.one,
        trigger_mode="always_last",
        **one_by_one,
    )
    parts.search.input(
        bind(_find, services), [*here, parts.search], [parts.navigator], trigger_mode="always_last", **one_by_one
    )
    for field in parts.editor.fields:
        field.input(
            bind(_edit, services),
            [*here, parts.search, *parts.editor.fields],
            parts.around,
            trigger_mode="always_last",
            **one_by_one,
        )
    parts.editor.notes.input(
        bind(editor.edit_notes, services), [*here, parts.editor.notes], None, trigger_mode="always_last", **one_by_one
    )
    for about in (parts.title, parts.description):
        about.input(
            bind(_showing(editor.edit_about, around), services),
            [*here, parts.title, parts.description],
            parts.around,
            trigger_mode="always_last",
            **one_by_one,
        )
    moves = (functools.partial(editor.move_principle, by=-1), functools.partial(editor.move_principle, by=1))
    for button, handler in (
        (parts.add, editor.add_principle),
        (parts.duplicate, editor.duplicate_principle),
        (parts.delete, editor.delete_principle),
        (parts.up, moves[0]),
        (parts.down, moves[1]),
        (parts.undo, editor.undo_change),
    ):
        button.click(to_all(handler), here, parts.all, **one_by_one).then(
            lambda: "", None, [parts.search], show_progress="hidden", api_visibility="private"
        )
    parts.discard.click(to_all(editor.discard_draft), here[:2], parts.all, **one_by_one)
    saved = parts.save.click(to_all(editor.save_version), [*here, parts.note], parts.all, **one_by_one)
    saved.success(lambda: "", None, [parts.note], api_visibility="private", show_progress="hidden")
    parts.use.click(bind(_say_used, services), here[:2], [parts.use_note], **one_by_one)
    restored = history.wire(services, parts.history, parts.tab, session)
    restored(to_all(editor.restore_version), parts.all, one_by_one)
    try_principles.wire(services, parts.trial, parts.base, parts.navigator, session)
    constitution_files.wire(services, parts.files, here[:2], parts.all, everything, one_by_one)


def _say_used(services: Services, session: Session, base: str) -> str:
    return notice(editor.use_version(services, session, base), "good")


def _edit(services: Services, session: Session, base: str, editing: str, words: str, *fields: Any) -> list[Any]:
    """Keep the fields; the list is only sent again where a row of it reads differently now."""
    before = editor.open_principle(services, session, base, editing).rows
    view = editor.edit_principle(services, session, base, editing, *fields)
    updates = around(services, view)
    if view.rows == before:
        updates[0] = gr.skip()
    elif words:
        updates[0] = gr.update(choices=editor.found_rows(view, words))
    return updates


def _find(services: Services, session: Session, base: str, editing: str, words: str) -> Any:
    rows = editor.found_rows(editor.open_principle(services, session, base, editing), words)
    return gr.update(choices=rows, value=editing if editing in [id for _, id in rows] else None)


def _showing(handler: Callable[..., View], show: Callable[[Services, View], list[Any]]) -> Callable[..., Any]:
    """The handler with its view turned into updates of components."""

    def call(services: Services, *values: Any) -> list[Any]:
        return show(services, handler(services, *values))

    call.__name__ = getattr(handler, "__name__", "move_principle")
    return call


def around(services: Services, view: View) -> list[Any]:
    """Updates of `PrinciplesParts.around`."""
    changes = drafts.what_changed(view.saved, view.draft)
    return [
        gr.update(choices=view.rows, value=view.chosen or None),
        state_html(changes, view.base),
        principle_fields.findings_html(services, view),
        gr.update(interactive=bool(changes)),
        gr.update(interactive=bool(changes)),
    ]


def everything(services: Services, view: View) -> list[Any]:
    """Updates of `PrinciplesParts.all`."""
    return [
        *around(services, view),
        *principle_fields.updates(services, view)[:-1],
        gr.update(choices=editor.version_choices(services), value=view.base),
        view.base,
        gr.update(value=view.draft.title, interactive=True),
        gr.update(value=view.draft.description, interactive=True),
    ]


def state_html(changes: str, base: str) -> str:
    """Whether there are unsaved changes, and which."""
    if not changes:
        return notice(f"This is saved version {short(base)}; nothing is unsaved.")
    kept = f"{datetime.now():%H:%M:%S}"
    return notice(f"Not yet a version (built on {short(base)}): {changes}. Draft kept at {kept}.", "warn")
