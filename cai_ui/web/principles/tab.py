"""Principles: choose a constitution, edit its principles, save versions.

What the tab does is in `editor`; its boxes have files of their own, and its words are in `words`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.text import NAME_LIMIT
from cai_ui.web.kit.events import NEWEST, QUIET, Changes, Given, in_turn
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import hint, lead, notice, short
from cai_ui.web.principles import drafts, editor, words
from cai_ui.web.principles.editor import View
from cai_ui.web.principles.fields import FieldsBox
from cai_ui.web.principles.files import FilesBox
from cai_ui.web.principles.history import HistoryBox
from cai_ui.web.principles.navigator import NavigatorBox
from cai_ui.web.principles.trial import TrialBox
from cai_ui.web.session import Session, SessionParts

_TURN = in_turn("principles")
"""Handlers that change the draft share one place in the queue."""
_TYPED = {**NEWEST, **_TURN}


def state_html(changes: str, base: str) -> str:
    """Whether there are unsaved changes, and which."""
    if not changes:
        return notice(f"This is saved version {short(base)}; nothing is unsaved.")
    kept = f"{datetime.now():%H:%M:%S}"
    return notice(f"Not yet a version (built on {short(base)}): {changes}. Draft kept at {kept}.", "warn")


class PrinciplesTab:
    """The tab's boxes, from top to bottom; filled when the page loads. `base` is hidden: it travels with the fields."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Tab(words.TAB, id="principles", elem_id="tab-principles") as self.tab:
            gr.HTML(lead(words.TITLE, words.WHAT))
            self._constitution()
            with gr.Row():
                with gr.Column(scale=2, min_width=280):
                    self.list = NavigatorBox()
                with gr.Column(scale=5, min_width=300):
                    self.fields = FieldsBox(services)
            with gr.Accordion(words.ABOUT, open=False, elem_id="principles-about"):
                self.title = gr.Textbox(
                    label=words.ABOUT_TITLE, elem_id="principles-title", max_length=NAME_LIMIT, interactive=False
                )
                self.description = gr.Textbox(
                    label=words.DESCRIPTION, lines=3, elem_id="principles-description", interactive=False
                )
            self._saving()
            self.trial = TrialBox(services)
            self.history = HistoryBox(services)
            self.files = FilesBox(services)
            gr.HTML(hint(words.NEXT))
        self.around_fields = [self.list.navigator, self.state, self.fields.findings, self.save, self.discard]
        about = [self.version, self.base, self.title, self.description]
        self.all = [*self.around_fields, *self.fields.shown, *about]

    def _constitution(self) -> None:
        with gr.Row(elem_classes="toolbar"):
            self.version = gr.Dropdown(
                [], label=words.CONSTITUTION, elem_id="principles-version", scale=4, min_width=280, filterable=False
            )
            self.use = gr.Button(words.USE, elem_id="principles-use", scale=0)
        self.use_note = gr.HTML("", elem_id="principles-use-note")
        self.base = gr.Textbox(visible="hidden", elem_id="principles-base")

    def _saving(self) -> None:
        self.state = gr.HTML("", elem_id="principles-state")
        with gr.Row(elem_classes="toolbar"):
            self.note = gr.Textbox(
                label=words.NOTE, placeholder=words.NOTE_EXAMPLE, elem_id="principles-note", max_lines=1, scale=3,
                min_width=260,
            )  # fmt: skip
            self.save = gr.Button(
                words.SAVE, variant="primary", elem_id="principles-save", elem_classes="ctrl-enter", scale=0
            )
            self.discard = gr.Button(words.DISCARD, elem_id="principles-discard", elem_classes="danger", scale=0)

    def wire(self, session: SessionParts) -> None:
        """Connect the boxes."""
        self.session = session
        self.here = [session.state, self.base, self.fields.editing]
        session.restore(self._opens(editor.open_current), [session.state], self.all, **_TURN)
        self.version.input(self._opens(editor.open_version), [session.state, self.version], self.all, **_TYPED)
        self._wire_typing()
        self._wire_list()
        self._wire_saving()
        self.trial.wire(self.base, self.list.navigator, session)
        self.history.wire(self.tab, session)
        restored = [session.state, self.history.older]
        self.history.restore.click(self._opens(editor.restore_version), restored, self.all, **_TURN)
        self.files.wire(self.base, session)
        # "multiple": a second file chosen while the first is being read would else be dropped without a word
        imported = [*self.all, self.files.note]
        self.files.upload.upload(
            bind(self._import), [session.state, self.files.upload], imported, trigger_mode="multiple", **_TURN
        )

    def _wire_typing(self) -> None:
        here, around, fields = set(self.here), self.around_fields, self.fields
        typed, about = [*fields.fields.values()], [self.title, self.description]
        gr.on([field.input for field in typed], bind(self._edit), {*here, self.list.search, *typed}, around, **_TYPED)
        gr.on([field.input for field in about], bind(self._about), {*here, *about}, around, **_TYPED)
        fields.notes.input(bind(self._notes), {*here, fields.notes}, None, **_TYPED)

    def _wire_list(self) -> None:
        listed, all = self.list, self.all
        chosen = [self.session.state, self.base, listed.navigator]
        one = [*self.fields.shown, self.fields.findings]
        listed.navigator.input(bind(self._choose), chosen, one, **_TYPED)
        listed.search.input(bind(self._find), {*self.here, listed.search}, [listed.navigator], **_TYPED)
        handlers: tuple[tuple[gr.Button, Callable[..., View]], ...] = (
            (listed.add, editor.add_principle),
            (listed.duplicate, editor.duplicate_principle),
            (listed.delete, editor.delete_principle),
            (listed.up, functools.partial(editor.move_principle, by=-1)),
            (listed.down, functools.partial(editor.move_principle, by=1)),
            (listed.undo, editor.undo_change),
        )
        for button, handler in handlers:
            done = button.click(self._opens(handler), self.here, all, **_TURN)
            done.then(lambda: "", None, [listed.search], **QUIET)

    def _wire_saving(self) -> None:
        self.discard.click(self._opens(editor.discard_draft), self.here[:2], self.all, **_TURN)
        saved = self.save.click(bind(self._save), {*self.here, self.note}, self.all, **_TURN)
        saved.success(lambda: "", None, [self.note], **QUIET)
        self.use.click(bind(self._use), self.here[:2], [self.use_note], **_TURN)

    def around(self, view: View) -> Changes:
        """What an edit may change outside the editor's own fields."""
        unsaved = drafts.what_changed(view.saved, view.draft)
        return {
            self.list.navigator: gr.update(choices=view.rows, value=view.chosen or None),
            self.state: state_html(unsaved, view.base),
            self.fields.findings: self.fields.findings_html(view),
            self.save: gr.update(interactive=bool(unsaved)),
            self.discard: gr.update(interactive=bool(unsaved)),
        }

    def everything(self, view: View) -> Changes:
        """The whole tab."""
        return {
            **self.around(view),
            **self.fields.changes(view),
            self.version: gr.update(choices=editor.version_choices(self.services), value=view.base),
            self.base: view.base,
            self.title: gr.update(value=view.draft.title, interactive=True),
            self.description: gr.update(value=view.draft.description, interactive=True),
        }

    def _opens(self, handler: Callable[..., View]) -> Callable[..., Changes]:
        """The handler of services and values, with its view shown in the whole tab."""

        def opens(*values: object) -> Changes:
            return self.everything(handler(self.services, *values))

        return bind(opens)

    def _here(self, given: Given) -> tuple[Session, str, str]:
        session, base, editing = (given[part] for part in self.here)
        return session, base, editing

    def _choose(self, session: Session, base: str, chosen: str) -> Changes:
        view = editor.open_principle(self.services, session, base, chosen)
        return {**self.fields.changes(view), self.fields.findings: self.fields.findings_html(view)}

    def _find(self, given: Given) -> Changes:
        view = editor.open_principle(self.services, *self._here(given))
        rows = editor.found_rows(view, given[self.list.search])
        value = view.chosen if view.chosen in [id for _, id in rows] else None
        return {self.list.navigator: gr.update(choices=rows, value=value)}

    def _edit(self, given: Given) -> Changes:
        """Keep the fields; the list is only sent again where a row of it reads differently now."""
        here, query = self._here(given), given[self.list.search]
        before = editor.open_principle(self.services, *here).rows
        view = editor.edit_principle(self.services, *here, **self.fields.read_from(given))
        changes = self.around(view)
        if view.rows == before:
            del changes[self.list.navigator]
        elif query:
            changes[self.list.navigator] = gr.update(choices=editor.found_rows(view, query))
        return changes

    def _about(self, given: Given) -> Changes:
        about = (given[self.title], given[self.description])
        return self.around(editor.edit_about(self.services, *self._here(given), *about))

    def _notes(self, given: Given) -> None:
        editor.edit_notes(self.services, *self._here(given), given[self.fields.notes])

    def _save(self, given: Given) -> Changes:
        return self.everything(editor.save_version(self.services, *self._here(given), given[self.note]))

    def _use(self, session: Session, base: str) -> str:
        return notice(editor.use_version(self.services, session, base), "good")

    def _import(self, session: Session, path: str) -> Changes:
        view, said = editor.import_file(self.services, session, path)
        return {**self.everything(view), self.files.note: notice(said, "good")}
