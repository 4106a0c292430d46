"""The panel of stored chains: find, open, and take away as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.revise import trace_files
from cai_ui.pipeline.revise.chains import find_traces
from cai_ui.web.kit.download import Download, build_download, wire_download
from cai_ui.web.kit.guard import bind
from cai_ui.web.revise import trace_html

LISTED = 50
"""Chains listed at once."""
LOOKED_THROUGH = 20_000
"""Newest chains that are looked through for words, which takes about a second; a download looks through all."""
FORMATS = [(export.title, form) for form, export in trace_files.EXPORTS.items()]
SCOPES = [("the chain shown", "shown"), ("its whole tree", "tree"), ("all chains found", "found")]


@dataclass(frozen=True)
class TracesParts:
    """The panel's components."""

    search: gr.Textbox
    found: gr.Dropdown
    scope: gr.Dropdown
    form: gr.Dropdown
    download: Download


# Handlers


def list_chains(services: Services, words: str) -> list[tuple[str, str]]:
    """Label and id of the newest chains that hold these words, newest first."""
    found = find_traces(services, words, LISTED, LOOKED_THROUGH)
    return [(trace_html.trace_label(trace), trace.id) for trace in found]


def export_chains(
    services: Services,
    trace_id: str,
    words: str,
    scope: Literal["shown", "tree", "found"],
    form: str,
) -> str:
    """Path of a file with the chain shown, its tree, or all chains found."""
    if scope == "found":
        traces = find_traces(services, words, 20_000)
    elif not trace_id:
        raise InputError("There is no chain yet.", next_step="Run one first.")
    elif scope == "tree":
        traces = services.store.family(trace_id)
    else:
        traces = [services.store.trace(trace_id)]
    return str(trace_files.export_traces(services, traces, form))


# Layout


def build() -> TracesParts:
    """The panel's layout."""
    with gr.Accordion("Earlier chains", open=False, elem_id="revise-traces"):
        with gr.Row():
            search = gr.Textbox(
                label="Find", placeholder="Words of a request, a critique or an answer", max_lines=1,
                elem_id="revise-find", min_width=240,
            )  # fmt: skip
            found = gr.Dropdown(
                [], label="Open", info="Newest first.", elem_id="revise-earlier", min_width=320,
                scale=2, filterable=False,
            )  # fmt: skip
        with gr.Row(elem_classes="toolbar"):
            scope = gr.Dropdown(SCOPES, value="shown", label="Take away", elem_id="revise-export-scope", min_width=200)
            form = gr.Dropdown(FORMATS, value="jsonl", label="as", elem_id="revise-export-format", min_width=220)
            download = build_download("Download", "revise-export", scale=0)
    return TracesParts(search, found, scope, form, download)


# Wiring


def wire(services: Services, parts: TracesParts, trace_id: gr.Textbox) -> None:
    """Connect search and download; opening a chain is wired by the tab around it."""
    parts.search.input(
        bind(menu, services),
        [trace_id, parts.search],
        [parts.found],
        trigger_mode="always_last",
        show_progress="hidden",
        api_visibility="private",
    )
    wire_download(parts.download, bind(export_chains, services), [trace_id, parts.search, parts.scope, parts.form])


def menu(services: Services, trace_id: str, words: str) -> Any:
    """The list, with the chain shown chosen where it is in it."""
    chains = list_chains(services, words or "")
    kept = services.store.count_traces(LOOKED_THROUGH + 1)
    info = "Newest first."
    if words and kept > LOOKED_THROUGH:
        info = f"At most {LISTED}, found in the newest {LOOKED_THROUGH:,}; a download looks through all."
    elif kept > LOOKED_THROUGH:
        info = f"The newest {LISTED} of more than {LOOKED_THROUGH:,}."
    elif kept > LISTED:
        info = f"The newest {LISTED} of {kept:,}; Find looks through all."
    return gr.update(choices=chains, value=trace_id if trace_id in [id for _, id in chains] else None, info=info)
