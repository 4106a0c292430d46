"""Principles: choose a constitution, edit its principles, save versions, import and export.

The draft lives in the store, not in the page: every handler reads it, changes it and writes it back,
so a reload, a second tab or a crash loses nothing. Handlers that change it run one at a time.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import gradio as gr

from cai_ui import pipeline
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.records import Constitution, Principle
from cai_ui.text import NAME_LIMIT, PRINCIPLE_LIMIT, clean_text
from cai_ui.web import drafts
from cai_ui.web.download import Download, build_download, wire_download
from cai_ui.web.guard import bind
from cai_ui.web.present import esc, hint, lead, notice, short, when
from cai_ui.web.session import Session, SessionParts

if TYPE_CHECKING:
    from cai_ui.web.app import AllParts

KINDS = [("revise answers", "critique"), ("choose answers", "preference")]


@dataclass(frozen=True)
class View:
    """What the tab shows: the draft, the saved version it builds on, and the principle in the editor."""

    base: str
    saved: Constitution
    draft: Constitution
    chosen: str

    @property
    def principle(self) -> Principle | None:
        return next((p for p in self.draft.principles if p.id == self.chosen), None)


# Handlers


def open_version(services: Services, session: Session, version_hash: str) -> View:
    """The draft of the constitution that this version belongs to, or the version itself if there is no draft."""
    version = pipeline.version(services, version_hash)
    kept = pipeline.load_draft(services, version.constitution.name, session.author)
    if kept is None:
        return _view(version_hash, version.constitution, version.constitution)
    draft, base = kept
    return _view(base, pipeline.version(services, base).constitution, draft)


def open_current(services: Services, session: Session) -> View:
    """What the tab shows when the page is opened: the constitution in use."""
    return open_version(services, session, pipeline.current_constitution(services).hash)


def open_principle(services: Services, session: Session, base: str, principle_id: str) -> View:
    """Another principle in the editor."""
    return dataclasses.replace(open_version(services, session, base), chosen=principle_id)


def edit_principle(services: Services, session: Session, base: str, principle_id: str, *fields: Any) -> View:
    """Keep what the editor's fields hold (name, kind, requests, tags, on, weight) in the draft."""
    view = open_principle(services, session, base, principle_id)
    if view.principle is None:
        raise InputError("No principle is chosen.", next_step="Choose one in the list, or add one.")
    return _keep(services, session, view, drafts.with_principle(view.draft, drafts.edited(view.principle, *fields)))


def edit_about(services: Services, session: Session, base: str, chosen: str, title: str, description: str) -> View:
    """Keep the constitution's title and description in the draft."""
    view = open_principle(services, session, base, chosen)
    draft = dataclasses.replace(
        view.draft,
        title=clean_text(title, "Title", limit=NAME_LIMIT),
        description=clean_text(description, "Description", limit=PRINCIPLE_LIMIT, required=False),
    )
    return _keep(services, session, view, draft)


def add_principle(services: Services, session: Session, base: str, chosen: str) -> View:
    """A new principle at the end, opened in the editor."""
    view = open_principle(services, session, base, chosen)
    return _keep(services, session, view, *drafts.added(view.draft))


def duplicate_principle(services: Services, session: Session, base: str, chosen: str) -> View:
    """A copy of the principle in the editor, opened in its place."""
    view = open_principle(services, session, base, chosen)
    return _keep(services, session, view, *drafts.duplicated(view.draft, chosen))


def delete_principle(services: Services, session: Session, base: str, chosen: str) -> View:
    """The draft without the principle in the editor; saved versions keep it."""
    view = open_principle(services, session, base, chosen)
    return _keep(services, session, view, *drafts.removed(view.draft, chosen))


def discard_draft(services: Services, session: Session, base: str) -> View:
    """The saved version again."""
    pipeline.drop_draft(services, pipeline.version(services, base).constitution.name, session.author)
    return open_version(services, session, base)


def save_version(services: Services, session: Session, base: str, chosen: str, note: str) -> View:
    """The draft as a new version, which is put to use at once."""
    view = open_principle(services, session, base, chosen)
    note = clean_text(note or "", "Note", limit=PRINCIPLE_LIMIT, required=False)
    version = pipeline.save_constitution(services, view.draft, session.author, note, base)
    pipeline.use_constitution(services, version.hash)
    pipeline.drop_draft(services, view.saved.name, session.author)
    return dataclasses.replace(open_version(services, session, version.hash), chosen=chosen)


def use_version(services: Services, session: Session, base: str) -> str:
    """Make the saved version the one that Critique & Revision uses; says so."""
    version = pipeline.use_constitution(services, base)
    return f"{version.constitution.title} ({short(version.hash)}) is in use now."


def import_file(services: Services, session: Session, path: str) -> View:
    """A YAML file as a saved version of its own."""
    version = pipeline.import_constitution(services, path, session.author)
    return open_version(services, session, version.hash)


def export_file(services: Services, session: Session, base: str) -> str:
    """Path of a YAML file with the saved version."""
    return str(pipeline.export_constitution(services, base))


def version_choices(services: Services) -> list[tuple[str, str]]:
    """Label and hash of every version, newest first."""
    return [
        (f"{v.constitution.title} · {short(v.hash)} · {v.note or 'no note'} · {when(v.created_at)}", v.hash)
        for v in pipeline.versions(services)
    ]


def _view(base: str, saved: Constitution, draft: Constitution, chosen: str = "") -> View:
    ids = [p.id for p in draft.principles]
    return View(base, saved, draft, chosen if chosen in ids else (ids[0] if ids else ""))


def _keep(services: Services, session: Session, view: View, draft: Constitution, chosen: str | None = None) -> View:
    if draft == view.saved:
        pipeline.drop_draft(services, draft.name, session.author)
    else:
        pipeline.save_draft(services, draft, session.author, view.base)
    return _view(view.base, view.saved, draft, view.chosen if chosen is None else chosen)


# Layout


@dataclass(frozen=True)
class EditorParts:
    """The fields of one principle, in the order in which `edit_principle` takes them."""

    name: gr.Textbox
    kind: gr.Dropdown
    critique: gr.Textbox
    revision: gr.Textbox
    tags: gr.Textbox
    enabled: gr.Checkbox
    weight: gr.Number

    @property
    def fields(self) -> list[gr.components.Component]:
        return [self.name, self.kind, self.critique, self.revision, self.tags, self.enabled, self.weight]


@dataclass(frozen=True)
class PrinciplesParts:
    """The tab's components. `base` and `editing` are hidden: they travel with the fields they belong to."""

    tab: gr.Tab
    version: gr.Dropdown
    use: gr.Button
    use_note: gr.HTML
    base: gr.Textbox
    editing: gr.Textbox
    navigator: gr.Radio
    add: gr.Button
    duplicate: gr.Button
    delete: gr.Button
    editor: EditorParts
    findings: gr.HTML
    title: gr.Textbox
    description: gr.Textbox
    state: gr.HTML
    note: gr.Textbox
    save: gr.Button
    discard: gr.Button
    upload: gr.UploadButton
    download: Download

    @property
    def around(self) -> list[gr.components.Component]:
        """What an edit may change outside the editor's own fields."""
        return [self.navigator, self.state, self.findings, self.save, self.discard]

    @property
    def all(self) -> list[gr.components.Component]:
        return [*self.around, self.version, self.base, self.editing, *self.editor.fields, self.title, self.description]


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
                navigator = gr.Radio([], label="Principles", elem_id="principles-list", elem_classes="cai-navigator")
                with gr.Row(elem_classes="toolbar"):
                    add = gr.Button("Add", size="sm", elem_id="principles-add")
                    duplicate = gr.Button("Duplicate", size="sm", elem_id="principles-duplicate")
                    delete = gr.Button("Delete", size="sm", elem_id="principles-delete", elem_classes="danger")
            with gr.Column(scale=5, min_width=300):
                editor = _editor()
                findings = gr.HTML("", elem_id="principles-findings")
        with gr.Accordion("Title and description of this constitution", open=False, elem_id="principles-about"):
            title = gr.Textbox(label="Title", elem_id="principles-title", max_length=NAME_LIMIT, interactive=False)
            description = gr.Textbox(label="Description", lines=3, elem_id="principles-description", interactive=False)
        state = gr.HTML("", elem_id="principles-state")
        with gr.Row(elem_classes="toolbar"):
            note = gr.Textbox(
                label="Note for this version",
                placeholder="What changed, and why",
                elem_id="principles-note",
                max_lines=1,
                scale=3,
                min_width=260,
            )
            save = gr.Button("Save as new version", variant="primary", elem_id="principles-save", scale=0)
            discard = gr.Button("Discard changes", elem_id="principles-discard", elem_classes="danger", scale=0)
        with gr.Row(elem_classes="toolbar"):
            upload = gr.UploadButton(
                "Import YAML file", file_types=[".yaml", ".yml"], elem_id="principles-import", scale=0
            )
            download = build_download("Export saved version as YAML", "principles-export", scale=0)
        gr.HTML(
            hint(
                "Switch a principle off or reword its requests, save a version, and run the same prompt again under "
                "Critique & Revision."
            )
        )
    return PrinciplesParts(
        tab, version, use, use_note, base, editing, navigator, add, duplicate, delete, editor, findings, title,
        description, state, note, save, discard, upload, download,
    )  # fmt: skip


def _editor() -> EditorParts:
    """Not to be typed into before the page has its values: a late answer would take the typed text away."""
    with gr.Row():
        name = gr.Textbox(
            label="Name", elem_id="principles-name", interactive=False, max_lines=1, scale=3, min_width=220
        )
        enabled = gr.Checkbox(
            label="On", info="Off: never drawn.", elem_id="principles-on", interactive=False, scale=1, min_width=110
        )
    critique = gr.Textbox(
        label="Critique request",
        info="Asked after an answer: what is wrong with it?",
        lines=4,
        elem_id="principles-critique",
        interactive=False,
    )
    revision = gr.Textbox(
        label="Revision request",
        info="Asked after the critique: how should the answer be rewritten? May stay empty for a principle that only "
        "chooses between answers.",
        lines=4,
        elem_id="principles-revision",
        interactive=False,
    )
    with gr.Row():
        tags = gr.Textbox(
            label="Tags",
            info="Separated by commas.",
            elem_id="principles-tags",
            interactive=False,
            max_lines=1,
            min_width=200,
        )
        weight = gr.Number(
            label="Weight",
            info="Relative chance to be drawn; 1 is usual, 0 never.",
            minimum=0,
            maximum=1000,
            step=0.5,
            elem_id="principles-weight",
            interactive=False,
            min_width=160,
        )
        kind = gr.Dropdown(
            KINDS, label="Used to", elem_id="principles-kind", interactive=False, min_width=220, filterable=False
        )
    return EditorParts(name, kind, critique, revision, tags, enabled, weight)


# Wiring


def wire(services: Services, parts: PrinciplesParts, session: SessionParts, all_parts: AllParts) -> None:
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

    def to_around(handler: Callable[..., View]) -> Callable[..., Any]:
        return bind(_showing(handler, around), services)

    session.ready.then(to_all(open_current), [session.state], parts.all, **one_by_one)
    parts.version.input(to_all(open_version), [session.state, parts.version], parts.all, **one_by_one)
    parts.navigator.input(to_all(open_principle), [session.state, parts.base, parts.navigator], parts.all, **one_by_one)
    for field in parts.editor.fields:
        field.input(
            to_around(edit_principle),
            [*here, *parts.editor.fields],
            parts.around,
            trigger_mode="always_last",
            **one_by_one,
        )
    for about in (parts.title, parts.description):
        about.input(
            to_around(edit_about),
            [*here, parts.title, parts.description],
            parts.around,
            trigger_mode="always_last",
            **one_by_one,
        )
    parts.add.click(to_all(add_principle), here, parts.all, **one_by_one)
    parts.duplicate.click(to_all(duplicate_principle), here, parts.all, **one_by_one)
    parts.delete.click(to_all(delete_principle), here, parts.all, **one_by_one)
    parts.discard.click(to_all(discard_draft), here[:2], parts.all, **one_by_one)
    parts.save.click(to_all(save_version), [*here, parts.note], parts.all, **one_by_one).success(
        lambda: "", None, [parts.note], api_visibility="private", show_progress="hidden"
    )
    parts.upload.upload(to_all(import_file), [session.state, parts.upload], parts.all, **one_by_one)
    parts.use.click(bind(_say_used, services), here[:2], [parts.use_note], **one_by_one)
    wire_download(parts.download, bind(export_file, services), here[:2])


def _say_used(services: Services, session: Session, base: str) -> str:
    return notice(use_version(services, session, base), "good")


def _showing(handler: Callable[..., View], show: Callable[[Services, View], list[Any]]) -> Callable[..., Any]:
    """The handler with its view turned into updates of components."""

    @functools.wraps(handler)
    def call(services: Services, *values: Any) -> list[Any]:
        return show(services, handler(services, *values))

    return call


def around(services: Services, view: View) -> list[Any]:
    """Updates of `PrinciplesParts.around`."""
    changes = drafts.what_changed(view.saved, view.draft)
    return [
        gr.update(choices=[(_label(p), p.id) for p in view.draft.principles], value=view.chosen or None),
        state_html(changes, view.base),
        findings_html(services, view),
        gr.update(interactive=bool(changes)),
        gr.update(interactive=bool(changes)),
    ]


def everything(services: Services, view: View) -> list[Any]:
    """Updates of `PrinciplesParts.all`."""
    p = view.principle
    there = p is not None
    p = p or Principle("", "", "", "")
    values = [p.name, p.kind, p.critique_request, p.revision_request, ", ".join(p.tags), p.enabled, p.weight]
    return [
        *around(services, view),
        gr.update(choices=version_choices(services), value=view.base),
        view.base,
        view.chosen,
        *(gr.update(value=value, interactive=there) for value in values),
        gr.update(value=view.draft.title, interactive=True),
        gr.update(value=view.draft.description, interactive=True),
    ]


def state_html(changes: str, base: str) -> str:
    """Whether there are unsaved changes, and which."""
    if not changes:
        return notice(f"This is saved version {short(base)}; nothing is unsaved.")
    kept = f"{datetime.now():%H:%M:%S}"
    return notice(f"Not yet a version (built on {short(base)}): {changes}. Draft kept at {kept}.", "warn")


def findings_html(services: Services, view: View) -> str:
    """What the check says about the draft, the principle in the editor first."""
    names = {p.id: p.name or p.id for p in view.draft.principles}
    found = pipeline.check_constitution(services, view.draft)
    if not found:
        return notice("Checked: nothing to complain about.", "good")
    first = sorted(found, key=lambda f: f.principle_id != view.chosen)[:12]
    lines = "".join(
        f"<li>{esc(names.get(f.principle_id or '', 'Whole constitution'))}: {esc(f.message)}</li>" for f in first
    )
    more = f"<li>and {len(found) - len(first)} more</li>" if len(found) > len(first) else ""
    return (
        f'<div class="cai-notice cai-notice-warn" role="status"><strong>To look at</strong><ul>{lines}{more}</ul></div>'
    )


def _label(principle: Principle) -> str:
    marks = [] if principle.enabled else ["off"]
    if principle.weight != 1:
        marks.append(f"weight {principle.weight:g}")
    if principle.kind == "preference":
        marks.append("chooses")
    return (principle.name or "(no name)") + (f"  ·  {', '.join(marks)}" if marks else "")
