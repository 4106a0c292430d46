"""The panel of stored traces: find, open, and export as a file."""

from __future__ import annotations

from typing import Any, Literal

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.revise import trace_files
from cai_ui.pipeline.revise.chains import find_traces
from cai_ui.web.kit.download import Download
from cai_ui.web.kit.events import NEWEST, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.revise import trace_html, words

LISTED = 50
"""Traces listed at once."""
LOOKED_THROUGH = 20_000
"""Newest traces that are searched for words, which takes about a second; a download searches all."""

# Handlers


def list_traces(services: Services, query: str) -> list[tuple[str, str]]:
    """Label and id of the newest traces that hold these words, newest first."""
    found = find_traces(services, query, LISTED, LOOKED_THROUGH)
    return [(trace_html.trace_label(trace), trace.id) for trace in found]


def listed_help(services: Services, query: str) -> str:
    """How much of all that is stored the list shows."""
    kept = services.store.count_traces(LOOKED_THROUGH + 1)
    if query and kept > LOOKED_THROUGH:
        return f"At most {LISTED}, found in the newest {LOOKED_THROUGH:,}; a download searches all."
    if kept > LOOKED_THROUGH:
        return f"The newest {LISTED} of more than {LOOKED_THROUGH:,}."
    return f"The newest {LISTED} of {kept:,}; Find searches all." if kept > LISTED else words.NEWEST_FIRST


def export_traces(
    services: Services, trace_id: str, query: str, scope: Literal["shown", "tree", "found"], form: str
) -> str:
    """Path of a file with the trace shown, its tree, or all traces found."""
    if scope == "found":
        traces = find_traces(services, query, LOOKED_THROUGH)
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
                self.found = gr.Dropdown(
                    [],
                    label=words.OPEN,
                    info=words.NEWEST_FIRST,
                    elem_id="revise-earlier",
                    min_width=320,
                    scale=2,
                    filterable=False,
                )
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
        self.search.input(bind(self.listed), [trace_id, self.search], [self.found], **NEWEST)
        self.download.wire(bind(self._export), {trace_id, self.search, self.scope, self.form})

    def listed(self, trace_id: str, query: str) -> Changes:
        """The list, with the trace shown chosen where it is in it."""
        traces = list_traces(self.services, query or "")
        value = trace_id if trace_id in [id for _, id in traces] else None
        return {self.found: gr.update(choices=traces, value=value, info=listed_help(self.services, query))}

    def _export(self, given: Given) -> str:
        wanted: list[Any] = [given[part] for part in (self.trace_id, self.search, self.scope, self.form)]
        return export_traces(self.services, *wanted)
