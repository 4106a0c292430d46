"""The panel of stored traces: find, open, and export as a file."""

from __future__ import annotations

from typing import Literal

import gradio as gr

from cai_ui import revise
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.revise import trace_files
from cai_ui.pipeline.revise.chains import find_traces
from cai_ui.web.kit.download import Download
from cai_ui.web.kit.events import NEWEST, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import esc
from cai_ui.web.revise import words
from cai_ui.web.revise.trace_table import (
    LOOKED_THROUGH,
    Sieve,
    constitution_choices,
    fits,
    list_traces,
    listed_help,
    traces_html,
)

# Handlers


def export_traces(
    services: Services, trace_id: str, sieve: Sieve, scope: Literal["shown", "tree", "found"], form: str
) -> str:
    """Path of a file with the trace shown, its tree, or all traces found."""
    if scope == "found":
        traces = [trace for trace in find_traces(services, sieve.words, LOOKED_THROUGH) if fits(trace, sieve)]
    elif not trace_id:
        raise InputError(words.NO_TRACE, next_step=words.RUN_ONE)
    elif scope == "tree":
        traces = services.store.family(trace_id)
    else:
        traces = [services.store.trace(trace_id)]
    return str(trace_files.export_traces(services, traces, form))


class TracesBox:
    """The panel."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.TRACES, open=False, elem_id="revise-traces"):
            with gr.Row():
                self.search = gr.Textbox(
                    label=words.FIND, placeholder=words.FIND_EXAMPLE, max_lines=1, elem_id="revise-find", min_width=240
                )
                self.constitution = gr.Dropdown(
                    [(words.ANY_CONSTITUTION, "")], value="", label=words.CONSTITUTION, filterable=False,
                    elem_id="revise-find-constitution", min_width=220,
                )  # fmt: skip
                self.label = gr.Dropdown(
                    [(words.ANY_LABEL, ""), *((label, label) for label in revise.LABELS)], value="",
                    label=words.LABEL, filterable=False, elem_id="revise-find-label", min_width=160,
                )  # fmt: skip
            self.count = gr.HTML(elem_id="revise-found-count")
            self.found = gr.HTML(elem_id="revise-found")
            self.opened = gr.Textbox(visible="hidden", elem_id="revise-open")
            with gr.Row(elem_classes="toolbar"):
                scopes = [(title, scope) for scope, title in words.SCOPES.items()]
                self.scope = gr.Dropdown(
                    scopes, value="shown", label=words.EXPORT, elem_id="revise-export-scope", min_width=200
                )
                forms = [(export.title, form) for form, export in trace_files.EXPORTS.items()]
                self.form = gr.Dropdown(
                    forms, value="jsonl", label=words.AS, elem_id="revise-export-format", min_width=220
                )
                self.download = Download(words.DOWNLOAD, "revise-export", scale=0)

    def wire(self, trace_id: gr.Textbox) -> None:
        """Connect search and download; opening a trace is wired by the tab."""
        self.trace_id = trace_id
        self.sieve = {self.search, self.constitution, self.label}
        self.filled = [self.constitution, self.count, self.found]
        for field in self.sieve:
            field.input(bind(self.listed), self.sieve, self.filled, **NEWEST)
        self.download.wire(bind(self._export), {trace_id, self.scope, self.form, *self.sieve})

    def listed(self, given: Given) -> Changes:
        """The table of what fits."""
        sieve = self._read(given)
        return {
            self.constitution: gr.update(choices=constitution_choices(self.services)),
            self.count: f'<p class="muted">{esc(listed_help(self.services, sieve))}</p>',
            self.found: traces_html(self.services, list_traces(self.services, sieve)),
        }

    def _read(self, given: Given) -> Sieve:
        return Sieve(given[self.search] or "", given[self.constitution] or "", given[self.label] or "")

    def _export(self, given: Given) -> str:
        asked = given[self.trace_id], self._read(given), given[self.scope], given[self.form]
        return export_traces(self.services, *asked)
