"""Rows into the queue, from a file or from the Hub: see what would come of them, say which column is what, import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

import gradio as gr

from cai_ui.curate.columns import PARTS, Columns
from cai_ui.curate.importing import ColumnUse, Plan
from cai_ui.errors import CaiError, InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.curate import hub, imports
from cai_ui.pipeline.curate.imports import ImportPreview
from cai_ui.records import Example
from cai_ui.tables import SUFFIXES
from cai_ui.text import NAME_LIMIT
from cai_ui.web.curate import words
from cai_ui.web.curate.label_box import LabelBox
from cai_ui.web.kit.events import QUIET, SLOW, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.handover import Handover
from cai_ui.web.kit.present import esc, first_line, notice, table
from cai_ui.web.kit.sight import sees
from cai_ui.web.session import SessionParts

FILE_TYPES = list(SUFFIXES)
_NAMED = 8
_SAMPLES = 3


@dataclass(frozen=True)
class Waiting:
    """The file that is looked at: where it lies on the server, what it is called, and its columns as guessed."""

    path: str = ""
    name: str = ""
    guessed: Columns = Columns()  # noqa: RUF009


# Handlers


def take(services: Services, waiting: Waiting, plan: Plan, skip_bad: bool) -> str:
    """Put the rows into the queue; says what came of it."""
    if not waiting.path:
        raise InputError(words.NO_FILE, next_step=words.CHOOSE_ONE)
    found = imports.import_file(services, waiting.path, waiting.name, plan, skip_bad)
    said = [f"{found.added:,} new in the queue"]
    said += [f"{found.preview.known:,} there already"] if found.preview.known else []
    said += [f"{found.corrected:,} corrected"] if found.corrected else []
    said += [f"{count:,} {words.VERDICTS[verdict]} by their labels" for verdict, count in found.judged.items() if count]  # type: ignore[index]
    return ". ".join([f"{waiting.name}: {imports.account(found.preview.report)}", ", ".join(said)]) + "."


def preview_html(name: str, seen: ImportPreview) -> str:
    """What an import would do: where the rows go, bad rows by line, every column, the first examples."""
    report = seen.report
    shapes = [shape for shape in report.shapes if shape]
    said = [imports.account(report), f"{words.examples(seen.new, 'new')}"]
    said += [f"{seen.known:,} in the queue already"] if seen.known else []
    said += imports.remarks(seen)
    shape = f"Read as {' · '.join(shapes)}." if shapes else words.UNKNOWN_SHAPE
    bad = "".join(f"<li>line {line:,}: {esc(reason)}</li>" for line, reason in report.bad_rows[:_NAMED])
    if len(report.bad_rows) > _NAMED:
        bad += f"<li>and {len(report.bad_rows) - _NAMED:,} more</li>"
    note = notice(f"{name}: {'; '.join(said)}. {shape}", "warn" if report.bad_rows or not seen.new else "neutral")
    asked = notice(words.LABELS_UNSAID, "warn") if report.unsaid else ""
    if report.bad_rows and report.examples:
        asked += notice(words.ALL_OR_NONE, "warn")
    listed = f'<ul class="cai-bad-rows">{bad}</ul>' if bad else ""
    return f"{note}{listed}{asked}{_columns_html(report.uses)}{_samples_html(report.examples[:_SAMPLES])}"


def _columns_html(uses: Sequence[ColumnUse]) -> str:
    rows = ([use.name, f"{use.filled:,}", imports.fate(use)] for use in uses)
    head = f'<p class="muted">{words.COLUMNS_TITLE}:</p>'
    return f'<div id="curate-import-uses">{head}{table(words.COLUMNS_HEAD, rows)}</div>'


def _samples_html(samples: Sequence[Example]) -> str:
    if not samples:
        return ""
    texts = ((e.prompt.text, e.revision, e.initial, e.critique) for e in samples)
    rows = table(words.SAMPLES, ([first_line(text or "–", 160) for text in row] for row in texts))
    return f'<p class="muted">The first {len(samples)} as they would be judged:</p>{rows}'


class ImportBox:
    """A file, what would come of it, and the menus that say which column is what."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.IMPORT, open=False, elem_id="curate-import-box"):
            gr.HTML(f'<p class="muted narrow">{esc(words.IMPORT_WHAT)}</p>')
            with gr.Row(elem_classes="toolbar"):
                self.upload = gr.UploadButton(
                    words.CHOOSE_FILE, file_types=FILE_TYPES, elem_id="curate-import", scale=0
                )
                self.address = gr.Textbox(show_label=False, placeholder=words.HUB, max_lines=1,
                                          elem_id="curate-import-hub", scale=1, min_width=240)  # fmt: skip
                self.fetch = gr.Button(words.FETCH, elem_id="curate-import-fetch", scale=0)
            self.report = gr.HTML(elem_id="curate-import-report")
            self.judge = gr.Button(words.JUDGE, elem_id="curate-import-judge", scale=0, visible=False)
            self.waiting, self.taken = gr.State(Waiting()), gr.State("")
            with gr.Column(visible=False, elem_id="curate-import-mapping") as self.mapping:
                self._mapping()

    def _mapping(self) -> None:
        with gr.Row():
            self.columns = {
                part: gr.Dropdown([(words.NO_COLUMN, "")], value="", label=label, elem_id=f"curate-import-{part}",
                                  filterable=False, min_width=160)
                for part, label in PARTS.items()
            }  # fmt: skip
        self.labels = LabelBox()
        with gr.Row(elem_classes="toolbar"):
            self.take = gr.Button(words.TAKE, variant="primary", elem_id="curate-import-take", scale=0)
            self.leave = gr.Button(words.LEAVE, elem_id="curate-import-leave", scale=0)
            self.skip_bad = gr.Checkbox(False, label=words.SKIP_BAD, elem_id="curate-import-skip", scale=1,
                                        min_width=240)  # fmt: skip

    def wire(self, to_judge: Handover, session: SessionParts) -> gr.events.Dependency:
        """Connect it; gives the event after which new examples are in the queue. `to_judge` shows them."""
        menus = list(self.columns.values())
        asked = [*menus, *self.labels.inputs]
        shown = [self.report, self.waiting, self.mapping, *menus, *self.labels.outputs, self.take, self.judge,
                 self.taken]  # fmt: skip
        self.upload.upload(bind(self.choose), [self.upload], shown, **SLOW)
        for press in (self.fetch.click, self.address.submit):
            press(bind(self.download), [self.address], shown, **SLOW)
        looked = [self.report, self.take]
        for menu in [*menus, *self.labels.values.values()]:
            menu.input(bind(self.preview), {self.waiting, *asked}, looked, **SLOW)
        self.labels.column.input(
            bind(self.label), {self.waiting, *asked}, [*looked, *self.labels.values.values()], **SLOW
        )
        self.leave.click(bind(self.forget), [self.waiting], shown, **QUIET)
        to_judge.wire(self.judge, session.tabs, [session.state, self.taken]).success(**sees("curate-card"))
        return self.take.click(bind(self.accept), {self.waiting, self.skip_bad, *asked}, shown, **SLOW)

    def choose(self, path: str | None) -> Changes:
        """The preview of a file that was uploaded."""
        if not path:
            raise InputError(words.NO_FILE, next_step=words.CHOOSE_ONE)
        return self.look(Waiting(path, PurePath(path).name[:NAME_LIMIT]))

    def download(self, address: str) -> Changes:
        """The preview of a file of the Hub."""
        try:
            return self.look(Waiting(*hub.fetch_rows(self.services, address or "")))
        except CaiError as error:
            return self._ended(notice(str(error), "bad"))

    def look(self, waiting: Waiting) -> Changes:
        """The preview with the columns as guessed. The reason stays on the page where a file cannot be used."""
        try:
            seen = imports.preview_import(self.services, waiting.path, waiting.name)
        except CaiError as error:
            return self.forget(waiting, notice(str(error), "bad"))
        columns = seen.report.columns
        names = dict.fromkeys([*(use.name for use in seen.report.uses), *columns.parts.values()])
        choices = [(words.NO_COLUMN, ""), *((name, name) for name in names)]
        return {
            self.report: preview_html(waiting.name, seen),
            self.waiting: replace(waiting, guessed=columns),
            self.mapping: gr.update(visible=True),
            self.judge: gr.update(visible=False),
            self.take: _button(seen),
            **{m: gr.update(choices=choices, value=getattr(columns, part)) for part, m in self.columns.items()},
            **self.labels.ask(seen.report),
        }

    def preview(self, given: Given) -> Changes:
        """The preview with columns and labels as the menus say."""
        return self._looked_at(given)[0]

    def label(self, given: Given) -> Changes:
        """The preview with another column of labels, whose values are asked about."""
        changes, seen = self._looked_at(given, fresh=True)
        return {**changes, **(self.labels.offer(seen.report, given) if seen else {})}

    def _looked_at(self, given: Given, fresh: bool = False) -> tuple[Changes, ImportPreview | None]:
        waiting: Waiting = given[self.waiting]
        try:
            plan = self._plan(given, fresh)
            seen = imports.preview_import(self.services, waiting.path, waiting.name, plan)
        except CaiError as error:
            return {self.report: notice(str(error), "bad"), self.take: gr.update(interactive=False)}, None
        return {self.report: preview_html(waiting.name, seen), self.take: _button(seen)}, seen

    def accept(self, given: Given) -> Changes:
        """Import what was looked at; all stays as it is where that fails."""
        waiting: Waiting = given[self.waiting]
        try:
            said = take(self.services, waiting, self._plan(given), bool(given[self.skip_bad]))
        except CaiError as error:
            return {self.report: notice(str(error), "bad")}
        shown = {self.judge: gr.update(visible=True), self.taken: imports.source_of(waiting.name)}
        return {**self.forget(waiting, notice(said, "good")), **shown}

    def forget(self, waiting: Waiting, said: str = "") -> Changes:
        """Forget the file; one that was fetched is deleted."""
        hub.drop_rows(self.services, waiting.path)
        return self._ended(said)

    def _ended(self, said: str) -> Changes:
        hidden = gr.update(visible=False)
        return {self.report: said, self.waiting: Waiting(), self.mapping: hidden, self.judge: hidden}

    def _plan(self, given: Given, fresh: bool = False) -> Plan:
        """What the menus say. Columns that nobody has changed are read row by row, each by its own shape."""
        columns = Columns(**{part: given[menu] or "" for part, menu in self.columns.items()})
        named = None if columns == given[self.waiting].guessed else columns
        return self.labels.told(Plan(named), given, fresh)


def _button(seen: ImportPreview) -> object:
    useful = seen.new or seen.corrected or seen.report.meanings
    label = f"{words.TAKE} {words.examples(seen.new)}"
    return gr.update(value=label, interactive=bool(useful) and not seen.report.unsaid)
