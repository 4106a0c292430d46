"""The panel of files: constitutions and few-shot examples in the formats that others use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.constitution import EXPORTS
from cai_ui.pipeline import Services
from cai_ui.web.kit.download import Download, build_download, wire_download
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import notice
from cai_ui.web.principles import editor
from cai_ui.web.principles.editor import View
from cai_ui.web.session import Session


@dataclass(frozen=True)
class FileParts:
    """The panel's components."""

    upload: gr.UploadButton
    form: gr.Dropdown
    download: Download
    note: gr.HTML


def build() -> FileParts:
    """The panel's layout."""
    with gr.Accordion("Files: import and export", open=False, elem_id="principles-files"):
        gr.HTML(
            '<p class="muted narrow">Read are YAML, JSON and CSV as described in principles/README.md, Anthropic\'s '
            "critique and revision instructions and few-shot transcripts, llm-swarm and LangChain lists, and "
            "constitutions of Inverse Constitutional AI. A file that does not fit changes nothing.</p>"
        )
        with gr.Row(elem_classes="toolbar"):
            upload = gr.UploadButton(
                "Import a file", file_types=[".yaml", ".yml", ".json", ".csv"], elem_id="principles-import", scale=0
            )
            form = gr.Dropdown(
                [(export.title, form) for form, export in EXPORTS.items()],
                value="yaml",
                label="Format",
                elem_id="principles-format",
                min_width=240,
            )
            download = build_download("Export the saved version", "principles-export", scale=0)
        note = gr.HTML("", elem_id="principles-files-note")
    return FileParts(upload, form, download, note)


def wire(
    services: Services,
    parts: FileParts,
    version: list[Any],
    outputs: list[Any],
    show: Callable[[Services, View], list[Any]],
    event: dict[str, Any],
) -> None:
    """Connect the panel; `version` are the session and the saved version, `show` fills the tab around it."""

    def read(services: Services, session: Session, path: str) -> list[Any]:
        view, said = editor.import_file(services, session, path)
        return [*show(services, view), notice(said, "good")]

    # "multiple": a second file chosen while the first is being read would else be dropped without a word
    parts.upload.upload(
        bind(read, services), [version[0], parts.upload], [*outputs, parts.note], trigger_mode="multiple", **event
    )
    wire_download(parts.download, bind(editor.export_file, services), [*version, parts.form])
