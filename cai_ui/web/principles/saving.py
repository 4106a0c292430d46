"""Title and description of a constitution, what is unsaved in it, and the buttons that save or discard that."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import gradio as gr
from gradio.blocks import Block

from cai_ui.web.kit.events import Changes, Given
from cai_ui.web.kit.present import notice, short
from cai_ui.web.principles import drafts, words
from cai_ui.web.principles.editor import View


def state_html(changes: str, base: str) -> str:
    """Whether there are unsaved changes, and which."""
    if not changes:
        return notice(f"This is saved version {short(base)}; there are no unsaved changes.")
    kept = f"{datetime.now():%H:%M:%S}"
    return notice(f"Unsaved changes to version {short(base)}: {changes}. Draft kept at {kept}.", "warn")


class SavingBox:
    """The box; `outputs` change with every edit. Nothing can be typed before the page has its values."""

    def __init__(self) -> None:
        self._about()
        self._saving()
        self.outputs: list[Block] = [self.state, self.save, self.discard]

    def _about(self) -> None:
        with gr.Accordion(words.ABOUT, open=False, elem_id="principles-about"):
            self.title = gr.Textbox(
                label=words.CONSTITUTION_TITLE, elem_id="principles-title", max_lines=1, interactive=False
            )
            self.description = gr.Textbox(
                label=words.DESCRIPTION, lines=3, elem_id="principles-description", interactive=False
            )
        self.about_fields: dict[str, gr.Textbox] = {"title": self.title, "description": self.description}

    def _saving(self) -> None:
        self.state = gr.HTML("", elem_id="principles-state")
        with gr.Row(elem_classes="toolbar"):
            self.note = gr.Textbox(
                label=words.NOTE,
                placeholder=words.NOTE_EXAMPLE,
                elem_id="principles-note",
                max_lines=1,
                scale=3,
                min_width=260,
            )
            self.save = gr.Button(
                words.SAVE, variant="primary", elem_id="principles-save", elem_classes="ctrl-enter", scale=0
            )
            self.discard = gr.Button(words.DISCARD, elem_id="principles-discard", elem_classes="danger", scale=0)

    def read_from(self, given: Given) -> dict[str, Any]:
        """What title and description hold, as it was typed."""
        return {name: given[field] for name, field in self.about_fields.items()}

    def changes(self, view: View) -> Changes:
        """What an edit changes here."""
        changed = drafts.what_changed(view.saved, view.draft)
        return {
            self.state: state_html(changed, view.base),
            self.save: gr.update(interactive=bool(changed)),
            self.discard: gr.update(interactive=bool(changed)),
        }

    def about(self, view: View) -> Changes:
        """The title and description of the draft."""
        return {
            self.title: gr.update(value=view.draft.title, interactive=True),
            self.description: gr.update(value=view.draft.description, interactive=True),
        }
