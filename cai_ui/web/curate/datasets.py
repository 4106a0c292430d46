"""Datasets in Curate: freeze what was judged, compare versions, export them for training elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.config import DatasetSettings
from cai_ui.curate.changes import RowChange
from cai_ui.curate.exporting import EXPORTS
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.curate import datasets
from cai_ui.records import DatasetInfo
from cai_ui.web.kit import charts
from cai_ui.web.kit.choices import counts_words, dataset_choices
from cai_ui.web.kit.diff import diff_html
from cai_ui.web.kit.download import Download, build_download, wire_download
from cai_ui.web.kit.forms import Form, build_form
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import empty_state, esc, facts, first_line, notice, short, when
from cai_ui.web.session import Session, SessionParts

FREEZE_HELP = (
    "A dataset is a fixed copy of what is judged so far: rows to learn from (SFT) and pairs of a better and a worse "
    "answer (DPO). Part of it is held out by request, to measure on what was not learnt."
)
NO_DATASETS = empty_state("No dataset yet", "Judge some examples above, then freeze them here.")
_SHOWN = 8
"""Datasets listed with all their facts; older ones can still be chosen in the menu."""


@dataclass(frozen=True)
class DataParts:
    """The components of the box."""

    name: gr.Textbox
    form: Form[DatasetSettings]
    freeze: gr.Button
    frozen: gr.HTML
    sets: gr.HTML
    chosen: gr.Dropdown
    kind: gr.Dropdown
    export: Download
    compare: gr.Button
    changes: gr.HTML
    to_train: gr.Button


# Handlers


def freeze(services: Services, session: Session, name: str, settings: DatasetSettings) -> DatasetInfo:
    """A new dataset version of all that is judged."""
    return datasets.freeze_dataset(services, name, settings, session.author)


def export(services: Services, kind: str, dataset_hash: str | None) -> str:
    """Path of a file with a dataset's rows, its pairs, or its card; `kind` is one of EXPORTS."""
    if not dataset_hash:
        raise InputError("No dataset is chosen.", next_step="Freeze one first, or choose one.")
    return str(datasets.export_dataset(services, dataset_hash, kind))


def changes_html(services: Services, dataset_hash: str | None) -> str:
    """What differs between a dataset and the one frozen before it."""
    infos = services.store.datasets()
    places = [i for i, info in enumerate(infos) if info.hash == dataset_hash]
    if not places or places[0] + 1 >= len(infos):
        raise InputError("There is no dataset before this one.", next_step="Choose a later one.")
    before = infos[places[0] + 1]
    found = datasets.dataset_changes(services, before.hash, str(dataset_hash))
    lines = []
    for name, changed, kept in (("Rows", found.rows, found.kept_rows), ("Pairs", found.pairs, found.kept_pairs)):
        added, removed = sum(c.before is None for c in changed), sum(c.after is None for c in changed)
        edited = len(changed) - added - removed
        lines.append((name, f"{added:,} added, {removed:,} removed, {edited:,} changed, {kept:,} kept"))
    lines.append(("Moved between the sides", f"{found.moved:,} requests"))
    lines += [(name.replace("_", " "), f"{old} → {new}") for name, (old, new) in found.settings.items()]
    shown = "".join(_change_html(change) for change in found.rows[:_SHOWN])
    return f"<p>Since {esc(before.name)} · {esc(short(before.hash))}</p>{facts(lines)}{shown}"


def _change_html(change: RowChange) -> str:
    request = esc(first_line(change.conversation[-1].content, 200))
    return (
        f'<details><summary dir="auto">{request}</summary>'
        f"{diff_html(change.before or '', change.after or '', 'before', 'now')}</details>"
    )


def datasets_html(infos: Sequence[DatasetInfo]) -> str:
    """The newest datasets with their counts and what was left out, and why."""
    if not infos:
        return NO_DATASETS
    blocks = "".join(_dataset_html(info) for info in infos[:_SHOWN])
    more = f'<p class="muted">and {len(infos) - _SHOWN} older ones</p>' if len(infos) > _SHOWN else ""
    return f'<div class="cai-sets">{blocks}{more}</div>'


def _dataset_html(info: DatasetInfo) -> str:
    left_out = "; ".join(f"{number:,} {reason}" for reason, number in info.left_out.items()) or "nothing"
    rows = facts(
        [
            ("Rows (SFT)", counts_words(info.counts, "sft")),
            ("Pairs (DPO)", counts_words(info.counts, "pairs")),
            ("Left out", left_out),
            ("Frozen", f"{when(info.created_at)} by {info.author}"),
            ("Constitutions", ", ".join(map(short, info.parents)) or "none known"),
        ]
    )
    return (
        f'<div class="cai-block" data-hash="{esc(info.hash)}"><div class="cai-block-label">{esc(info.name)} · '
        f"{esc(short(info.hash))}</div>{rows}</div>"
    )


# Layout


def build(services: Services) -> DataParts:
    """The box, made where it is called."""
    with gr.Accordion("Freeze and export datasets", open=False, elem_id="curate-data"):
        gr.HTML(f'<p class="muted narrow">{esc(FREEZE_HELP)}</p>')
        name = gr.Textbox("my dataset", label="Name", max_lines=1, elem_id="curate-dataset-name")
        form = build_form(
            DatasetSettings,
            "dataset",
            labels={
                "eval_share": "Share held out",
                "helpful": "Helpful rows mixed in",
                "harmless_limit": "Most judged examples used",
            },
        )
        with gr.Row(elem_classes="toolbar"):
            freeze_button = gr.Button("Freeze dataset", variant="primary", elem_id="curate-freeze", scale=0)
        frozen = gr.HTML(elem_id="curate-frozen")
        sets = gr.HTML(NO_DATASETS, elem_id="curate-datasets", css_template=charts.STYLE)
        chosen = gr.Dropdown([], label="Dataset to export", elem_id="curate-dataset", filterable=False)
        with gr.Row(elem_classes="toolbar"):
            choices = [(made.title, kind) for kind, made in EXPORTS.items()]
            kind = gr.Dropdown(choices, value="sft", label="As", elem_id="curate-export-kind", filterable=False,
                               scale=0, min_width=340)  # fmt: skip
            download = build_download("Download", "curate-export", scale=0)
            compare = gr.Button("What changed since the one before", elem_id="curate-changes", scale=0)
            to_train = gr.Button("Go to Train", elem_id="curate-to-train", scale=0)
        changes = gr.HTML(elem_id="curate-changed", css_template=charts.STYLE)
    return DataParts(name, form, freeze_button, frozen, sets, chosen, kind, download, compare, changes, to_train)


# Wiring


def wire(services: Services, parts: DataParts, tab: gr.Tab, session: SessionParts) -> None:
    """Connect the box."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    lists = [parts.sets, parts.chosen]
    parts.freeze.click(
        bind(_freeze, services, parts.form),
        [session.state, parts.name, *parts.form.inputs],
        [parts.frozen, *lists],
        show_progress="minimal",
        api_visibility="private",
    )
    for trigger in (tab.select, session.ready.then):
        trigger(bind(_lists, services), [parts.chosen], lists, queue=False, **quiet)
    wire_download(parts.export, bind(export, services), [parts.kind, parts.chosen])
    parts.compare.click(bind(changes_html, services), [parts.chosen], [parts.changes], **quiet)
    parts.to_train.click(lambda: gr.Tabs(selected="train"), None, [session.tabs], **quiet)


def _freeze(services: Services, form: Form[DatasetSettings], session: Session, name: str, *values: Any) -> list[Any]:
    info = freeze(services, session, name, form.read(values))
    sentence = (
        f"Frozen as {short(info.hash)}: rows {counts_words(info.counts, 'sft')}; "
        f"pairs {counts_words(info.counts, 'pairs')}."
    )
    return [notice(sentence, "good"), *_lists(services, info.hash)]


def _lists(services: Services, chosen: str | None) -> list[Any]:
    infos = services.store.datasets()
    hashes = [info.hash for info in infos]
    value = chosen if chosen in hashes else (hashes[0] if hashes else None)
    return [datasets_html(infos), gr.update(choices=dataset_choices(infos), value=value)]
