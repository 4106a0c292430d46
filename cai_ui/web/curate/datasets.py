"""Datasets in Curate: freeze what was judged, compare versions, export them for training elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from cai_ui.config.curate import DatasetSettings
from cai_ui.curate.changes import RowChange
from cai_ui.curate.exporting import EXPORTS
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.curate import datasets
from cai_ui.pipeline.curate.helpful import REFERENCE, usual_sources
from cai_ui.records import DatasetInfo
from cai_ui.web.curate import words
from cai_ui.web.kit.choices import counts_words, dataset_choices, looked_up
from cai_ui.web.kit.diff import diff_html
from cai_ui.web.kit.download import Download
from cai_ui.web.kit.events import AT_ONCE, QUIET, SLOW, Changes, Given
from cai_ui.web.kit.follows_model import FollowsModel
from cai_ui.web.kit.forms import build_form, label_of
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.handover import Handover
from cai_ui.web.kit.judges import standing_html
from cai_ui.web.kit.present import empty_state, esc, facts, first_line, notice, short, table, when
from cai_ui.web.lineage.where_from import where_from
from cai_ui.web.session import Session, SessionParts

_SHOWN = 8
"""Datasets listed with all their facts; older ones can still be chosen in the menu."""

# Handlers


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
    for name, changed, kept in (
        (words.FACTS[0], found.rows, found.kept_rows),
        (words.FACTS[1], found.pairs, found.kept_pairs),
    ):
        added, removed = sum(c.before is None for c in changed), sum(c.after is None for c in changed)
        edited = len(changed) - added - removed
        lines.append((name, f"{added:,} added, {removed:,} removed, {edited:,} changed, {kept:,} kept"))
    lines.append((words.MOVED, f"{found.moved:,} requests"))
    lines += [
        (words.DATASET_FIELDS.get(name, label_of(name)), f"{old} → {new}")
        for name, (old, new) in found.settings.items()
    ]
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
        return empty_state(*words.NO_DATASETS)
    blocks = "".join(_dataset_html(info) for info in infos[:_SHOWN])
    more = f'<p class="muted">and {len(infos) - _SHOWN} older ones</p>' if len(infos) > _SHOWN else ""
    return f'<div class="cai-sets">{blocks}{more}</div>'


def _dataset_html(info: DatasetInfo) -> str:
    left_out = "; ".join(f"{number:,} {reason}" for reason, number in info.left_out.items()) or "nothing"
    values = (
        counts_words(info.counts, "sft"),
        counts_words(info.counts, "pairs"),
        datasets.headline(info)[0] if info.judged else words.NOT_COUNTED,
        left_out,
        f"{when(info.created_at)} by {info.author}",
        ", ".join(map(short, info.parents)) or words.NO_PARENTS,
    )
    rows = facts(list(zip(words.FACTS, values, strict=True)))
    return (
        f'<div class="cai-block" data-hash="{esc(info.hash)}"><div class="cai-block-label">{esc(info.name)} · '
        f"{esc(short(info.hash))}</div>{rows}{where_from('dataset', info.hash) if info.hash else ''}</div>"
    )


def gate_choices(services: Services) -> list[tuple[str, str]]:
    """Whose labels the gate can go by."""
    return [(words.NEWEST_LABEL, ""), *((name, name) for name in services.store.label_judges())]


def gate_html(services: Services) -> str:
    """How far each judge that labelled pairs can be trusted."""
    return "".join(standing_html(f"pairs by {name}", found) for name, found in datasets.label_judges(services))


def frozen_html(info: DatasetInfo, what: str) -> str:
    """What a dataset holds; a limit that kept something out is said first, and in another colour."""
    made, limited = datasets.headline(info)
    counts = f"rows {counts_words(info.counts, 'sft')}; pairs {counts_words(info.counts, 'pairs')}"
    said = f"{made} {what}: {counts}." if limited else f"{what}: {counts}. {made}"
    return notice(said, "warn" if limited else "good")


class DatasetsBox:
    """What is frozen so far, and a new one."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.DATASETS, open=False, elem_id="curate-data"):
            gr.HTML(f'<p class="muted narrow">{esc(words.DATASETS_WHAT)}</p>')
            self.name = gr.Textbox(
                words.MY_DATASET, label=words.DATASET_NAME, max_lines=1, elem_id="curate-dataset-name"
            )
            menus = {"gate_judge": gate_choices(services)}
            self.form = build_form(
                DatasetSettings, "dataset", labels=words.DATASET_FIELDS, leave_out=["helpful_from"], menus=menus
            )
            self.helpful_from = gr.Dropdown([], value=[], multiselect=True, label=words.HELPFUL_FROM,
                                            info=words.HELPFUL_HELP, elem_id="dataset-helpful-from")  # fmt: skip
            self.usual = FollowsModel(services, self._usual, [self.helpful_from])
            self.gate = gr.HTML(elem_id="curate-gate")
            with gr.Row(elem_classes="toolbar"):
                self.preview = gr.Button(words.PREVIEW_FREEZE, elem_id="curate-freeze-preview", scale=0)
                self.freeze = gr.Button(words.FREEZE, variant="primary", elem_id="curate-freeze", scale=0)
            self.frozen = gr.HTML(elem_id="curate-frozen")
            self.sets = gr.HTML(empty_state(*words.NO_DATASETS), elem_id="curate-datasets")
            self.chosen = gr.Dropdown([], label=words.CHOSEN, elem_id="curate-dataset", filterable=False)
            with gr.Row(elem_classes="toolbar"):
                self._exports()
            self.changes = gr.HTML(elem_id="curate-changed")

    def _exports(self) -> None:
        kinds = [(made.title, kind) for kind, made in EXPORTS.items()]
        self.kind = gr.Dropdown(kinds, value="sft", label=words.EXPORT_AS, elem_id="curate-export-kind",
                                filterable=False, scale=0, min_width=340)  # fmt: skip
        self.export = Download(words.DOWNLOAD, "curate-export", scale=0)
        self.compare = gr.Button(words.CHANGES, elem_id="curate-changes", scale=0)
        self.to_train = gr.Button(words.TO_TRAIN, elem_id="curate-to-train", scale=0)

    def wire(self, tab: gr.Tab, session: SessionParts, frozen_elsewhere: Any, to_train: Handover) -> None:
        """Connect it; after the event `frozen_elsewhere` there is another dataset."""
        self.session = session
        lists = [self.sets, self.chosen, self.helpful_from, self.gate, self.form.widgets["gate_judge"]]
        asked = {session.state, self.name, self.helpful_from, *self.form.inputs}
        self.usual.wire(session)
        self.preview.click(bind(self.preview_now), asked, [self.frozen], **SLOW)
        self.freeze.click(bind(self.freeze_now), asked, [self.frozen, *lists], **SLOW)
        for trigger in (tab.select, session.ready.then):
            trigger(bind(self.lists), [self.chosen, self.chosen], lists, **AT_ONCE)
        frozen_elsewhere.success(bind(self.lists), None, lists, **AT_ONCE)
        self.export.wire(bind(export, self.services), [self.kind, self.chosen])
        self.compare.click(bind(changes_html, self.services), [self.chosen], [self.changes], **QUIET)
        to_train.wire(self.to_train, session.tabs, [self.chosen])

    def freeze_now(self, given: Given) -> Changes:
        """A new dataset version of all that is judged."""
        author = given[self.session.state].author
        info = datasets.freeze_dataset(self.services, given[self.name], self._settings(given), author)
        return {self.frozen: frozen_html(info, f"Frozen as {short(info.hash)}"), **self.lists(info.hash)}

    def preview_now(self, given: Given) -> Changes:
        """What would be frozen, with the first rows that would be mixed in."""
        seen = datasets.preview_dataset(self.services, given[self.name], self._settings(given))
        rows = [[first_line(r.conversation[-1].content, 160), first_line(r.answer, 160)] for r in seen.mixed]
        title, head = words.MIXED_SAMPLES
        samples = f'<p class="muted">{title}:</p>{table(head, rows)}' if rows else ""
        disputed = datasets.disputed_words(seen.disputed)
        warned = notice(f"{disputed} {words.SEE_DISPUTED}", "warn") if disputed else ""
        return {self.frozen: frozen_html(seen.info, words.WOULD_FREEZE) + warned + samples}

    def _settings(self, given: Given) -> DatasetSettings:
        """The form with the sources that are chosen; without one nothing is mixed in."""
        chosen = given[self.helpful_from] or []
        change = {"helpful_from": "\n".join(chosen)} if chosen else {"helpful": 0}
        return self.form.read_from(given).model_copy(update=change)

    def _usual(self, _session: Session) -> Changes:
        """What fits the loaded model while nobody has chosen."""
        return {self.helpful_from: gr.update(choices=self._sources(), value=usual_sources(self.services))}

    def _sources(self) -> list[tuple[str, str]]:
        return [(words.REFERENCE_ROWS, REFERENCE), *((one, one) for one in self.services.store.sources())]

    def lists(self, chosen: str | None = None, given: str | None = None) -> Changes:
        """The datasets there are; the newest is chosen where none was. `given` is what a visit finds chosen."""
        infos = self.services.store.datasets()
        hashes = [info.hash for info in infos]
        value = chosen if chosen in hashes else next(iter(hashes), None)
        return {
            self.sets: datasets_html(infos),
            self.chosen: looked_up(dataset_choices(infos), value, given),
            self.gate: gate_html(self.services),
            self.form.widgets["gate_judge"]: gr.update(choices=gate_choices(self.services)),
            self.helpful_from: gr.update(choices=self._sources()),
        }
