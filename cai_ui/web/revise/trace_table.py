"""Stored traces as a table whose requests open them, and what narrows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cai_ui import revise
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.revise import trace_files
from cai_ui.pipeline.revise.chains import find_traces
from cai_ui.records import BASE, Trace
from cai_ui.web.kit.present import Html, esc, first_line, short, table, when
from cai_ui.web.revise import words

LISTED = 50
"""Traces listed at once."""
LOOKED_THROUGH = 20_000
"""Newest traces that are searched for words, which takes about a second; a download searches all."""
SIFTED = 1000
"""Newest traces, of those with the words, that are looked at for a constitution or a label."""


@dataclass(frozen=True)
class Sieve:
    """What is looked for: words, and a constitution's hash and a step's label ("" for any)."""

    words: str = ""
    constitution: str = ""
    label: str = ""

    @property
    def sifts(self) -> bool:
        return bool(self.constitution or self.label)


def list_traces(services: Services, sieve: Sieve) -> list[Trace]:
    """The newest traces that fit, newest first."""
    found = find_traces(services, sieve.words, SIFTED if sieve.sifts else LISTED, LOOKED_THROUGH)
    return [trace for trace in found if fits(trace, sieve)][:LISTED]


def fits(trace: Trace, sieve: Sieve) -> bool:
    """Whether it has the constitution and a step with the label; its words are searched for in the store."""
    right = not sieve.constitution or trace.constitution_hash == sieve.constitution
    return right and (not sieve.label or sieve.label in _labels(trace))


def _labels(trace: Trace) -> list[str]:
    """Labels of all its steps, each once."""
    steps = (revise.labels_of(trace, index) for index in range(len(trace.steps)))
    return list(dict.fromkeys(label for labels in steps for label in labels))


def listed_help(services: Services, sieve: Sieve) -> str:
    """How much of all that is stored the list shows."""
    kept = services.store.count_traces(LOOKED_THROUGH + 1)
    if sieve.sifts and kept > SIFTED:
        return f"At most {LISTED}, of the newest {SIFTED:,}."
    if sieve.words and kept > LOOKED_THROUGH:
        return f"At most {LISTED}, found in the newest {LOOKED_THROUGH:,}; a download searches all."
    if kept > LOOKED_THROUGH:
        return f"The newest {LISTED} of more than {LOOKED_THROUGH:,}."
    return f"The newest {LISTED} of {kept:,}; Find searches all." if kept > LISTED else words.NEWEST_FIRST


def constitution_choices(services: Services) -> list[tuple[str, str]]:
    """Title and hash of every version, newest first; "" for any."""
    titles = [(f"{v.constitution.title} · {short(v.hash)}", v.hash) for v in services.store.versions()]
    return [(words.ANY_CONSTITUTION, ""), *titles]


def traces_html(services: Services, traces: Sequence[Trace]) -> str:
    """Request, constitution, principles, labels, variant and time of each."""
    if not traces:
        return f'<p class="muted">{words.NONE_FOUND}</p>'
    titles = {v.hash: v.constitution.title for v in services.store.versions()}
    principles, variants = trace_files.principle_names(services, traces), comparison.variant_titles(services)
    return table(words.TRACE_COLUMNS, (_row(trace, titles, principles, variants) for trace in traces), "cai-traces")


def _row(
    trace: Trace, titles: Mapping[str, str], principles: Mapping[str, str], variants: Mapping[str, str]
) -> list[object]:
    request = esc(first_line(trace.prompt.text, 90))
    leads = f'data-to="revise-open" data-says="{esc(trace.id)}"'
    opens = f'<button type="button" class="cai-link" {leads}>{request}</button>'
    asked = dict.fromkeys(id for step in trace.steps for id in step.principles)
    variant = str(trace.settings.get("adapter", BASE))
    return [
        Html(opens), titles.get(trace.constitution_hash, short(trace.constitution_hash)),
        ", ".join(principles.get(id, id) for id in asked), ", ".join(_labels(trace)), variants.get(variant, variant),
        when(trace.created_at),
    ]  # fmt: skip
