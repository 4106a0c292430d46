"""The panel of files: constitutions and few-shot examples in the formats that others use."""

from __future__ import annotations

import gradio as gr

from cai_ui.constitution import EXPORTS
from cai_ui.pipeline import Services
from cai_ui.web.kit.download import build_download, wire_download
from cai_ui.web.kit.guard import bind
from cai_ui.web.principles import editor, words
from cai_ui.web.session import SessionParts


class FilesBox:
    """The panel. What an import shows concerns the whole tab and is wired there."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.FILES, open=False, elem_id="principles-files"):
            gr.HTML(f'<p class="muted narrow">{words.ACCEPTS}</p>')
            with gr.Row(elem_classes="toolbar"):
                types = [".yaml", ".yml", ".json", ".csv"]
                self.upload = gr.UploadButton(words.IMPORT, file_types=types, elem_id="principles-import", scale=0)
                forms = [(export.title, form) for form, export in EXPORTS.items()]
                self.form = gr.Dropdown(
                    forms, value="yaml", label=words.FORMAT, elem_id="principles-format", min_width=240
                )
                self.download = build_download(words.EXPORT, "principles-export", scale=0)
            self.note = gr.HTML("", elem_id="principles-files-note")

    def wire(self, base: gr.Textbox, session: SessionParts) -> None:
        """Connect the export of the saved version."""
        wire_download(self.download, bind(editor.export_file, self.services), [session.state, base, self.form])
