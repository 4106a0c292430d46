"""The fields of one principle in the editor, and what the checks say beside them."""

from __future__ import annotations

from typing import Any

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.records import Principle
from cai_ui.web.kit.events import Changes, Given
from cai_ui.web.kit.present import esc, notice
from cai_ui.web.principles import words
from cai_ui.web.principles.editor import View

_LISTED = 12
"""Findings shown at once."""


class FieldsBox:
    """`fields` are those of a version, by the names of `drafts.edited`; notes belong to no version.

    `editing` is hidden: the id of the principle, which travels with the fields. They are not to be typed into before
    the page has their values: a late answer would take the typed text away.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self.editing = gr.Textbox(visible="hidden", elem_id="principles-editing")
        self._name_and_requests()
        self._drawing()
        self._origin()
        self.findings = gr.HTML("", elem_id="principles-findings")
        self.fields: dict[str, Any] = {
            "name": self.name, "kind": self.kind, "critique_request": self.critique, "revision_request": self.revision,
            "tags": self.tags, "enabled": self.enabled, "weight": self.weight, "source": self.source,
        }  # fmt: skip
        self.shown = [self.editing, *self.fields.values(), self.notes]

    def _name_and_requests(self) -> None:
        with gr.Row():
            self.name = gr.Textbox(
                label=words.NAME, elem_id="principles-name", interactive=False, max_lines=1, scale=3, min_width=220
            )
            self.enabled = gr.Checkbox(
                label=words.ON, info=words.ON_HELP, elem_id="principles-on", interactive=False, scale=1, min_width=110
            )
        self.critique = gr.Textbox(
            label=words.CRITIQUE, info=words.CRITIQUE_HELP, lines=4, elem_id="principles-critique", interactive=False
        )
        self.revision = gr.Textbox(
            label=words.REVISION, info=words.REVISION_HELP, lines=4, elem_id="principles-revision", interactive=False
        )

    def _drawing(self) -> None:
        with gr.Row():
            self.tags = gr.Textbox(
                label=words.TAGS, info=words.TAGS_HELP, elem_id="principles-tags", interactive=False, max_lines=1,
                min_width=200,
            )  # fmt: skip
            self.weight = gr.Number(
                1, label=words.WEIGHT, info=words.WEIGHT_HELP, minimum=0, maximum=1000, step=0.5,
                elem_id="principles-weight", interactive=False, min_width=160,
            )  # fmt: skip
            kinds = [(title, kind) for kind, title in words.KINDS.items()]
            self.kind = gr.Dropdown(
                kinds, label=words.KIND, elem_id="principles-kind", interactive=False, min_width=220, filterable=False
            )

    def _origin(self) -> None:
        with gr.Row():
            self.source = gr.Textbox(
                label=words.SOURCE, info=words.SOURCE_HELP, max_lines=2, elem_id="principles-source", interactive=False,
                min_width=220,
            )  # fmt: skip
            self.notes = gr.Textbox(
                label=words.NOTES, info=words.NOTES_HELP, max_lines=4, elem_id="principles-notes", interactive=False,
                min_width=220,
            )  # fmt: skip

    def read_from(self, given: Given) -> dict[str, Any]:
        """What the fields hold, by name."""
        return {name: given[field] for name, field in self.fields.items()}

    def changes(self, view: View) -> Changes:
        """The principle in the editor; empty fields that take nothing where there is none."""
        there = view.principle is not None
        p = view.principle or Principle("", "", "", "")
        values = {
            **{field: getattr(p, name) for name, field in self.fields.items()},
            self.tags: ", ".join(p.tags),
            self.notes: constitutions.notes(self.services, view.draft.name).get(view.chosen, ""),
        }
        fields = {field: gr.update(value=value, interactive=there) for field, value in values.items()}
        return {self.editing: view.chosen, **fields}

    def findings_html(self, view: View) -> str:
        """What the check says about the draft, the principle in the editor first."""
        names = {p.id: p.name or p.id for p in view.draft.principles}
        found = constitutions.check_constitution(self.services, view.draft)
        if not found:
            return notice(words.NO_ISSUES, "good")
        first = sorted(found, key=lambda f: f.principle_id != view.chosen)[:_LISTED]
        lines = "".join(
            f"<li>{esc(names.get(f.principle_id or '', words.WHOLE))}: {esc(f.message)}</li>" for f in first
        )
        more = f"<li>and {len(found) - len(first)} more</li>" if len(found) > len(first) else ""
        said = f"<strong>{words.ISSUES}</strong><ul>{lines}{more}</ul>"
        return f'<div class="cai-notice cai-notice-warn" role="status">{said}</div>'
