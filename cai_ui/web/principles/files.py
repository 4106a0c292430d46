"""The panel of files: constitutions and few-shot examples in the formats that others use."""

from __future__ import annotations

import gradio as gr

from cai_ui.constitution import EXPORTS
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.web.kit.download import Download
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import esc
from cai_ui.web.principles import words


class FilesBox:
    """The panel; what is imported shows in the tab around it, which wires `upload`."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.FILES, open=False, elem_id="principles-files"):
            gr.HTML(f'<p class="muted narrow">{esc(words.ACCEPTS)}</p>')
            with gr.Row(elem_classes="toolbar"):
                self.upload = gr.UploadButton(
                    words.IMPORT, file_types=[".yaml", ".yml", ".json", ".csv"], elem_id="principles-import", scale=0
                )
                self.form = gr.Dropdown(
                    [(export.title, form) for form, export in EXPORTS.items()],
                    value=next(iter(EXPORTS)),
                    label=words.FORMAT,
                    elem_id="principles-format",
                    min_width=240,
                )
                self.download = Download(words.EXPORT, "principles-export", scale=0)
            self.note = gr.HTML("", elem_id="principles-files-note")

    def wire(self, base: gr.Textbox) -> None:
        """Connect the export; `base` holds the saved version."""
        self.download.wire(bind(self._export), [base, self.form])

    def _export(self, base: str, form: str) -> str:
        return str(constitutions.export_constitution(self.services, base, form))
