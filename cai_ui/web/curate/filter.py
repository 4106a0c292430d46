"""Which part of the queue Curate shows: fields, words for them, and one verdict for all that fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import gradio as gr

from cai_ui.errors import ConflictError, InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.curate import queue
from cai_ui.records import Verdict
from cai_ui.store import Order, QueueFilter
from cai_ui.web.curate import example_card
from cai_ui.web.kit import forms
from cai_ui.web.session import Session

STATUSES = [
    ("Open", "open"),
    ("My drafts", "draft"),
    ("Judged", "done"),
    ("Flagged", "flag"),
    ("Disputed", "disputed"),
    ("All", "all"),
    ("Accepted", "accept"),
    ("Edited", "edit"),
    ("Rejected", "reject"),
    ("Initial answer kept", "flip"),
    ("Ties", "tie"),
    ("Skipped", "skip"),
]
ORDERS: list[tuple[str, Order]] = [
    ("As they came", "arrival"),
    ("Random", "random"),
    ("Least certain first", "uncertain"),
]
BULK: list[tuple[str, Verdict]] = [("Accept", "accept"), ("Reject", "reject"), ("Skip", "skip"), ("Flag", "flag")]
_KINDS = [("All kinds", ""), *((words, kind) for kind, words in example_card.KINDS.items())]
_EVERY = {
    "source": "All sources", "constitution": "All constitutions", "principle": "All principles",
    "finding": "Whatever was found", "rater": "All raters", "step": "Whatever the steps did",
}  # fmt: skip

SOURCES_LISTED = 100
"""So many sources are in the menu, those with most examples; the name of another can be typed."""

SEARCH_HELP = "The search finds words that follow each other; the last one may be the beginning of a word."
BOUNDS_HELP = (
    "Words of the revision; per cent of the words that changed; the score is by how many per cent a model prefers the "
    "revision."
)

_THIRD = 300
"""Least width of a menu, in pixels, of which three stand in a row."""

FIELDS = (
    "status", "kind", "source", "search", "order", "constitution", "principle", "finding", "rater", "step",
    "least_words", "most_words", "least_change", "most_change", "least_score", "most_score",
)  # fmt: skip
"""The fields, in the order in which their values travel."""
BOUNDS = {
    "least_words": ("Words from", 1_000_000),
    "most_words": ("Words to", 1_000_000),
    "least_change": ("Change from %", 100),
    "most_change": ("Change to %", 100),
    "least_score": ("Score from %", 100),
    "most_score": ("Score to %", 100),
}
"""Labels and highest values of the fields that hold a number or nothing."""


def read_filter(*values: Any) -> QueueFilter:
    """The filter that the fields hold; fields that are not given are empty."""
    return filter_of(dict(zip(FIELDS, values, strict=False)))


def filter_of(values: Mapping[str, Any]) -> QueueFilter:
    """A filter from what the fields or the browser's memory hold; nothing chosen means everything."""

    def number(name: str) -> int | None:
        value = forms.read_number(values.get(name), BOUNDS[name][0], 0, BOUNDS[name][1])
        return None if value is None else int(value)

    return QueueFilter(
        status=values.get("status") or "open",
        kind=values.get("kind") or None,
        source=str(values.get("source") or "") or None,
        search=str(values.get("search") or ""),
        order=values.get("order") or "arrival",
        constitution=values.get("constitution") or None,
        principle=values.get("principle") or None,
        finding=values.get("finding") or None,
        rater=values.get("rater") or None,
        step=values.get("step") or None,
        words=(number("least_words"), number("most_words")),
        change=(number("least_change"), number("most_change")),
        score=(number("least_score"), number("most_score")),
    )


def values_of(filter: QueueFilter) -> list[Any]:
    """What the fields hold for a filter: the inverse of `read_filter`."""
    plain = [getattr(filter, name) or "" for name in FIELDS[:10]]
    return [*plain, *filter.words, *filter.change, *filter.score]


def known_values(kept: Mapping[str, Any], menus: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, Any]:
    """What a browser remembers of the fields, as far as it can still be chosen."""
    fixed: dict[str, Sequence[tuple[str, str]]] = {"status": STATUSES, "kind": _KINDS, "order": ORDERS, **menus}
    known = {name: kept.get(name) for name, menu in fixed.items() if kept.get(name) in [value for _, value in menu]}
    numbers = {name: kept.get(name) for name in BOUNDS if str(kept.get(name)).isdecimal()}
    return {**known, **numbers, "search": kept.get("search") if isinstance(kept.get("search"), str) else ""}


def menus(services: Services, chosen: object = None) -> dict[str, list[tuple[str, str]]]:
    """The menus that depend on what is in the queue. A source that is chosen is listed, whatever its size."""
    from cai_ui.curate.lint import CHECKS

    sources = [name for name in services.store.sources() if name]
    listed_sources = {*sources[:SOURCES_LISTED], *(name for name in sources[SOURCES_LISTED:] if name == chosen)}
    titles = {v.hash: v.constitution.title for v in services.store.versions()}
    listed = {
        "source": [(name, name) for name in sorted(listed_sources)],
        "constitution": [(f"{titles.get(h, 'unknown')} · {h[:8]}", h) for h in services.store.queue_constitutions()],
        "principle": [(f"{id} ({n:,})", id) for id, n in services.store.marked_values("principle")],
        "finding": [
            (f"{CHECKS[code].title if code in CHECKS else code} ({n:,})", code)
            for code, n in services.store.marked_values("finding")
        ],
        "rater": [(name, name) for name in services.store.raters()],
        "step": [(f"{label} ({n:,})", label) for label, n in services.store.marked_values("step")],
    }
    every = dict(_EVERY)
    if len(sources) > SOURCES_LISTED:
        every["source"] = f"All {len(sources):,} sources (the {SOURCES_LISTED} largest are listed, type any other)"
    return {name: [(every[name], ""), *choices] for name, choices in listed.items()}


def filter_words(filter: QueueFilter) -> str:
    """What a filter narrows the queue to, but for its status."""
    words = [example_card.KINDS[filter.kind]] if filter.kind else []
    words += [f"from {filter.source}"] if filter.source else []
    words += [f"with “{filter.search.strip()}”"] if filter.search.strip() else []
    words += [f"under the principle {filter.principle}"] if filter.principle else []
    words += [f"of constitution {filter.constitution[:8]}"] if filter.constitution else []
    words += [f"found as {filter.finding}"] if filter.finding else []
    words += [f"judged by {filter.rater}"] if filter.rater else []
    words += [f"with a step marked “{filter.step}”"] if filter.step else []
    words += _range(filter.score, "% preferred by the model")
    words += _range(filter.words, "words") + _range(filter.change, "% changed")
    return f"({', '.join(words)})" if words else "of all kinds"


def bulk_count(services: Services, filter: QueueFilter) -> int:
    """How many open examples fit the filter, whatever its status says."""
    return services.store.open_number(filter)


def preview_bulk(services: Services, verdict: Verdict, *filter_values: Any) -> tuple[str, int]:
    """What one verdict for all would do, in words, and how many examples it would be."""
    filter = read_filter(*filter_values)
    number = bulk_count(services, filter)
    done = example_card.VERDICTS[verdict][0]
    if not number:
        return f"No open example fits the filter, so none would be {done}.", 0
    return f"{number:,} open examples {filter_words(filter)} would be {done} as they are. Undo takes all back.", number


def decide_all(
    services: Services, session: Session, verdict: Verdict, expected: float | None, *filter_values: Any
) -> str:
    """Do what the preview announced. ConflictError, with nothing done, if there are not as many as were announced."""
    if verdict not in get_args(Verdict):
        raise InputError("That is no verdict.", kept="Nothing was done.", next_step="Choose one from the menu.")
    filter = read_filter(*filter_values)
    now = bulk_count(services, filter)
    if now != int(expected or 0):
        raise ConflictError(
            f"There are {now:,} open examples now, not {int(expected or 0):,}.",
            kept=f"Nothing was {example_card.VERDICTS[verdict][0]}.",
            next_step="Look at the number again and confirm.",
        )
    done = queue.decide_open(services, filter, verdict, session.author)
    said = example_card.VERDICTS[verdict][0]
    return f"{done:,} examples {said}. Press Undo (U) to take all of them back at once."


def _range(bounds: tuple[int | None, int | None], unit: str) -> list[str]:
    least, most = bounds
    if least is None and most is None:
        return []
    if most is None:
        return [f"at least {least} {unit}"]
    return [f"at most {most} {unit}"] if least is None else [f"{least} to {most} {unit}"]


# Layout


@dataclass(frozen=True)
class FilterParts:
    """The fields by name, and the box for one verdict on all that fits."""

    fields: dict[str, gr.components.Component]
    verdict: gr.Dropdown
    bulk: gr.Button
    confirm: gr.Button
    bulk_note: gr.HTML
    expected: gr.Number

    @property
    def values(self) -> list[Any]:
        return [self.fields[name] for name in FIELDS]


def build() -> FilterParts:
    """The box, made where it is called."""
    fields: dict[str, gr.components.Component] = {}

    def menu(
        name: str, label: str, choices: Sequence[tuple[str, str]], value: str = "", elem_id: str = "", width: int = 190
    ) -> None:
        fields[name] = gr.Dropdown(
            list(choices),
            value=value,
            label=label,
            elem_id=elem_id or f"curate-{name}",
            filterable=name == "source",
            allow_custom_value=name == "source",
            min_width=width,
        )

    def number(name: str) -> None:
        fields[name] = forms.optional_number(
            BOUNDS[name][0], empty="any", elem_id=f"curate-{name.replace('_', '-')}", min_width=120
        )

    with gr.Accordion("Filter, search, decide many", open=False, elem_id="curate-filter"):
        with gr.Row():
            menu("status", "Show", STATUSES, "open")
            menu("kind", "Kind of request", _KINDS)
            menu("source", "Source", [(_EVERY["source"], "")])
            fields["search"] = gr.Textbox(
                label="Search",
                placeholder="Words in request or answers",
                max_lines=1,
                elem_id="curate-search",
            )
        gr.HTML(f'<p class="muted">{SEARCH_HELP}</p>')
        with gr.Accordion("More filters", open=False, elem_id="curate-filter-more"):
            with gr.Row():
                menu("order", "Order", ORDERS, "arrival", width=_THIRD)
                menu("constitution", "Constitution", [(_EVERY["constitution"], "")], width=_THIRD)
                menu("principle", "Principle", [(_EVERY["principle"], "")], width=_THIRD)
                menu("finding", "Data check", [(_EVERY["finding"], "")], width=_THIRD)
                menu("step", "What a step did", [(_EVERY["step"], "")], width=_THIRD)
                menu("rater", "Judged by", [(_EVERY["rater"], "")], elem_id="curate-judged-by", width=_THIRD)
            with gr.Row():
                for name in BOUNDS:
                    number(name)
            gr.HTML(f'<p class="muted">{BOUNDS_HELP}</p>')
        with gr.Row(elem_classes="toolbar"):
            verdict = gr.Dropdown(BULK, value="accept", label="All that fit", elem_id="curate-bulk-verdict", scale=0,
                                  filterable=False, min_width=220)  # fmt: skip
            bulk = gr.Button("Look how many …", elem_id="curate-bulk", size="sm", scale=0)
            confirm = gr.Button(
                "Do it", variant="primary", elem_id="curate-bulk-confirm", size="sm", scale=0, visible=False
            )
        bulk_note = gr.HTML(elem_id="curate-bulk-note")
        expected = gr.Number(0, visible="hidden", elem_id="curate-bulk-number")
    return FilterParts(fields, verdict, bulk, confirm, bulk_note, expected)
