"""Stored chains as files: JSON lines for programs, a page or Markdown for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cai_ui import revise
from cai_ui.errors import InputError, NotFoundError
from cai_ui.formats.whole_file import write_whole
from cai_ui.formats.writing import json_lines, page_text
from cai_ui.pipeline.services import Services
from cai_ui.records import Trace, content_hash, to_dict

EXPORT_LIMIT = 20_000
"""Chains in one file; a readable page is cut to `PAGE_LIMIT`."""
PAGE_LIMIT = 500


def export_traces(services: Services, traces: Sequence[Trace], form: str) -> Path:
    """A file with these chains in the download folder. InputError for none, or for a format that EXPORTS has not."""
    if not traces:
        raise InputError("There is no trace to write.", next_step="Run one first, or look for other words.")
    if form not in EXPORTS:
        raise InputError(f"There is no format {form[:40]!r}.", next_step=f"Choose one of {', '.join(EXPORTS)}.")
    text = EXPORTS[form].write(services, traces)
    name = content_hash([trace.id for trace in traces])[:12]
    path = services.store.workspace.export_path(f"traces-{name}.{form}")
    write_whole(path, page_text(text).encode("utf-8"))
    return path


def _lines(services: Services, traces: Sequence[Trace]) -> str:
    return json_lines(trace_line(t) for t in traces[:EXPORT_LIMIT])


def _page(services: Services, traces: Sequence[Trace]) -> str:
    return revise.trace_html(traces[:PAGE_LIMIT], principle_names(services, traces))


def _markdown(services: Services, traces: Sequence[Trace]) -> str:
    return revise.trace_markdown(traces[:PAGE_LIMIT], principle_names(services, traces))


@dataclass(frozen=True)
class Export:
    """A format: its name for people, and what makes the file's text."""

    title: str
    write: Callable[[Services, Sequence[Trace]], str]


EXPORTS: dict[str, Export] = {
    "jsonl": Export("JSON lines (for programs)", _lines),
    "html": Export("Readable page (HTML)", _page),
    "md": Export("Markdown", _markdown),
}
"""All formats by the ending of their files, in the order to be shown."""


def trace_line(trace: Trace) -> dict[str, object]:
    """A chain as one line of JSON: the record, the labels of each step, and the texts of its principles."""
    plain = to_dict(trace)
    for index, step in enumerate(plain["steps"]):
        step["labels"] = list(revise.labels_of(trace, index))
        step["labels_by_hand"] = trace.steps[index].labels is not None
    return plain


def principle_names(services: Services, traces: Iterable[Trace]) -> dict[str, str]:
    """Names of the principles of the constitutions that the chains were made under, by id."""
    names: dict[str, str] = {}
    for digest in dict.fromkeys(trace.constitution_hash for trace in traces):
        try:
            constitution = services.store.version(digest).constitution
        except NotFoundError:
            continue
        names |= {p.id: p.name for p in constitution.principles}
    return names
