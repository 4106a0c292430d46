"""Principles: choose a constitution, edit its principles, save versions.

What the tab does is in `editor`, changes to a draft in `drafts`. The boxes are `fields` (one principle), `saving`,
`trial` (side by side, and counts), `history` (versions) and `files` (import and export).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import gradio as gr
from gradio.blocks import Block

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.web.kit.choices import looked_up
from cai_ui.web.kit.events import NEWEST, QUIET, Changes, Given, in_turn
from cai_ui.web.kit.guard import bind, uploaded
from cai_ui.web.kit.present import hint, lead, notice
from cai_ui.web.kit.sight import sees
from cai_ui.web.principles import editor, words
from cai_ui.web.principles.editor import View
from cai_ui.web.principles.fields import FieldsBox, findings_html, told_html
from cai_ui.web.principles.files import FilesBox
from cai_ui.web.principles.history import HistoryBox
from cai_ui.web.principles.saving import SavingBox
from cai_ui.web.principles.trial import TrialBox
from cai_ui.web.session import Session, SessionParts

DRAFT = in_turn("principles")
"""Of what changes a draft or shows it: one at a time, since each reads it, changes it and writes it back."""
TYPING = {**NEWEST, **DRAFT}


class PrinciplesTab:
    """The tab; it is filled when the page loads.

    `base` (the saved version) and `editing` (the principle) are hidden: they travel with the fields they belong to.
    `seen` is what this window shows of the draft, which another window may have changed since.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Tab(words.TAB, id="principles", elem_id="tab-principles") as self.tab:
            gr.HTML(lead(words.TITLE, words.WHAT))
            self._version()
            self.base = gr.Textbox(visible="hidden", elem_id="principles-base")
            self.editing = gr.Textbox(visible="hidden", elem_id="principles-editing")
            self.seen = gr.State(None)
            with gr.Row():
                with gr.Column(scale=2, min_width=280):
                    self._list()
                with gr.Column(scale=5, min_width=300):
                    self.fields = FieldsBox(services)
                    self.told = gr.HTML("", elem_id="principles-told")
                    self.findings = gr.HTML("", elem_id="principles-findings")
            self.saving = SavingBox()
            self.trial = TrialBox(services)
            self.history = HistoryBox(services)
            self.files = FilesBox(services)
            gr.HTML(hint(words.NEXT))
        self.beside: list[Block] = [self.findings, *self.saving.outputs]
        self.one: list[Block] = [self.editing, self.seen, self.told, *self.fields.inputs, self.fields.notes]
        about = self.saving.about_fields.values()
        self.all = [*self.beside, *self.one, self.search, self.navigator, self.version, self.base, *about]
        self.all += self.history.filled

    def _version(self) -> None:
        with gr.Row(elem_classes="toolbar"):
            self.version = gr.Dropdown(
                [], label=words.CONSTITUTION, elem_id="principles-version", scale=4, min_width=280, filterable=False
            )
            self.use = gr.Button(words.USE, elem_id="principles-use", scale=0)
        self.use_note = gr.HTML("", elem_id="principles-use-note")

    def _list(self) -> None:
        self.search = gr.Textbox(
            label=words.SEARCH, placeholder=words.SEARCH_EXAMPLE, max_lines=1, elem_id="principles-search"
        )
        self.navigator = gr.Radio([], label=words.PRINCIPLES, elem_id="principles-list", elem_classes="cai-navigator")
        with gr.Row(elem_classes="toolbar"):
            self.add = gr.Button(words.ADD, size="sm", elem_id="principles-add")
            self.duplicate = gr.Button(words.DUPLICATE, size="sm", elem_id="principles-duplicate")
            self.delete = gr.Button(words.DELETE, size="sm", elem_id="principles-delete", elem_classes="danger")
            self.up = gr.Button(words.UP, size="sm", elem_id="principles-up")
            self.down = gr.Button(words.DOWN, size="sm", elem_id="principles-down")
            self.undo = gr.Button(words.UNDO, size="sm", elem_id="principles-undo")

    def wire(self, session: SessionParts) -> None:
        """Connect the tab."""
        self.here: list[Block] = [session.state, self.base, self.editing]
        session.restore(bind(self._all, editor.open_current), [session.state], self.all)
        self.version.input(bind(self._all, editor.open_version), [session.state, self.version], self.all, **TYPING)
        self.use.click(bind(self._use), self.here[:2], [self.use_note], **DRAFT)
        chosen = [self.seen, session.state, self.base, self.navigator]
        self.navigator.input(bind(self._open), chosen, [*self.one, self.findings], **TYPING)
        self._wire_typing()
        self._wire_changes()
        self.trial.wire(self.base, self.navigator, session)
        self.history.wire(self.tab, session)
        self.files.wire(self.base)

    def _wire_typing(self) -> None:
        here = self.here
        self.search.input(bind(self.find), {*here, self.search, self.navigator}, [self.navigator], **TYPING)
        typed = {self.seen, *here, self.search, *self.fields.inputs}
        changed = [self.seen, self.told, self.navigator, *self.beside]
        for field in self.fields.fields.values():
            field.input(bind(self.edit), typed, changed, **TYPING)
        self.fields.notes.input(bind(self._edit_notes), {*here, self.fields.notes}, None, **TYPING)
        about = self.saving.about_fields.values()
        for field in about:
            typed = {self.seen, *here, *about}
            field.input(bind(self._edit_about), typed, [self.seen, self.told, *self.beside], **TYPING)

    def _wire_changes(self) -> None:
        """What changes the list, or the whole draft."""
        here, move = [self.seen, *self.here], editor.move_principle
        for button, change in (
            (self.add, editor.add_principle),
            (self.duplicate, editor.duplicate_principle),
            (self.delete, editor.delete_principle),
            (self.up, functools.partial(move, by=-1)),
            (self.down, functools.partial(move, by=1)),
            (self.undo, editor.undo_change),
        ):
            button.click(bind(self._change, change), here, self.all, **DRAFT)
        self.saving.discard.click(bind(self._change, editor.discard_draft), here[:3], self.all, **DRAFT)
        note = self.saving.note
        held = {*self.fields.inputs, *self.saving.about_fields.values(), note}
        self.saving.save.click(bind(self._save), {*here, *held}, [*self.all, note], **DRAFT)
        restored = [self.here[0], self.history.older]
        self.history.restore.click(bind(self._take_up), restored, self.all, **DRAFT).success(**sees("principles-state"))
        # a file that is refused would else stand above what was said of the one before
        self.files.upload.upload(None, None, [self.files.note], js="() => ''", **QUIET)
        # "multiple": a second file chosen while the first is being read would else be dropped without a word
        self.files.upload.upload(
            bind(self._import), [self.here[0], self.files.upload], [*self.all, self.files.note],
            **{**DRAFT, "trigger_mode": "multiple"},
        )  # fmt: skip

    def _where(self, given: Given) -> tuple[Session, str, str]:
        """The session, the saved version and the principle in the editor."""
        session, base, editing = (given[part] for part in self.here)
        return session, editor.followed(self.services, session, given.get(self.seen), base), editing

    def _all(self, change: Callable[..., View], *where: Any) -> Changes:
        return self.changes(change(self.services, *where))

    def _take_up(self, session: Session, older: str) -> Changes:
        """An older version as the draft."""
        return self._all(editor.restore_version, session, older)

    def _change(
        self, change: Callable[..., View], seen: View | None, session: Session, base: str, *where: Any
    ) -> Changes:
        """A change of the whole draft, told with what another window changed in the fields that it fills anew."""
        base = editor.followed(self.services, session, seen, base)
        before = editor.open_version(self.services, session, base)
        told = editor.overtaken(seen, before) if seen else ()
        return {**self.changes(change(self.services, session, base, *where)), self.told: told_html(told)}

    def _use(self, session: Session, base: str) -> str:
        return notice(editor.use_version(self.services, session, base), "good")

    def _open(self, seen: View | None, session: Session, base: str, chosen: str) -> Changes:
        base = editor.followed(self.services, session, seen, base)
        view = editor.open_principle(self.services, session, base, chosen)
        return {**self._one(view), self.findings: findings_html(self.services, view)}

    def find(self, given: Given) -> Any:
        """Only the rows that were searched for."""
        view = editor.open_principle(self.services, *self._where(given))
        rows = editor.found_rows(view, given[self.search])
        chosen = view.chosen if view.chosen in [id for _, id in rows] else None
        return looked_up(rows, chosen, given[self.navigator])

    def edit(self, given: Given) -> Changes:
        """Keep the fields; the list is only sent again where a row of it reads differently now."""
        here = self._where(given)
        before = editor.open_principle(self.services, *here).rows
        view, seen = self._kept(given, *here)
        changes = self._after(view, seen)
        if view.rows != before:
            changes[self.navigator] = gr.update(choices=editor.found_rows(view, given[self.search]))
        return changes

    def _kept(self, given: Given, session: Session, base: str, editing: str) -> tuple[View, View]:
        """The draft with what the fields hold, and what this window shows."""
        fields, seen = self.fields.read_from(given), given[self.seen]
        view = editor.edit_principle(self.services, session, base, editing, fields, seen)
        return view, editor.after_edit(seen or view, editing, fields)

    def _kept_about(self, given: Given, session: Session, base: str, editing: str) -> tuple[View, View]:
        """The same with title and description."""
        about, seen = self.saving.read_from(given), given[self.seen]
        view = editor.edit_about(self.services, session, base, editing, about, seen)
        return view, editor.after_about(seen or view, about)

    def _after(self, view: View, seen: View) -> Changes:
        """What an edit changes; what it said of another window stays until the fields are filled anew."""
        told = {self.told: told_html(view.replaced)} if view.replaced else {}
        return {self.seen: seen, **told, **self._beside(view)}

    def _edit_notes(self, given: Given) -> None:
        editor.edit_notes(self.services, *self._where(given), given[self.fields.notes])

    def _edit_about(self, given: Given) -> Changes:
        return self._after(*self._kept_about(given, *self._where(given)))

    def _save(self, given: Given) -> Changes:
        """What the fields hold is kept first: a field that cannot be kept would else be filled with its old text."""
        here = self._where(given)
        view, seen = self._kept_about(given, *here)
        refused, replaced = view.refused, view.replaced
        if given[self.editing]:
            view, seen = self._kept({**given, self.seen: seen}, *here)
            refused, replaced = refused + view.refused, replaced + view.replaced
        if refused:
            raise InputError(" ".join(refused), kept=words.NOT_SAVED)
        told = replaced + editor.overtaken(seen, view)
        view = editor.save_version(self.services, *here, given[self.saving.note])
        return {**self.changes(view), self.saving.note: "", self.told: told_html(told)}

    def _import(self, session: Session, path: str) -> Changes:
        view, said = editor.import_file(self.services, session, uploaded(path))
        return {**self.changes(view), self.files.note: notice(f"{PurePath(path).name}: {said}", "good")}

    def _one(self, view: View) -> Changes:
        return {self.editing: view.chosen, self.seen: view, self.told: "", **self.fields.changes(view)}

    def _beside(self, view: View) -> Changes:
        """What an edit changes outside the editor and its list."""
        return {self.findings: findings_html(self.services, view), **self.saving.changes(view)}

    def changes(self, view: View) -> Changes:
        """The whole tab; the list is shown whole, so nothing is searched for any more."""
        return {
            **self._beside(view),
            **self._one(view),
            self.navigator: gr.update(choices=view.rows, value=view.chosen or None),
            self.search: "",
            self.version: gr.update(choices=editor.version_choices(self.services), value=view.base),
            self.base: view.base,
            **self.saving.about(view),
            **self.history.fill(),
        }
