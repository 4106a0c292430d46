"""Rows into the queue, from a file or from the Hub: see what would come of them, say which column is what, import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import PurePath

import gradio as gr

from cai_ui.curate.columns import PARTS, Columns
from cai_ui.errors import CaiError, InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.curate import hub, imports
from cai_ui.pipeline.curate.imports import ImportPreview
from cai_ui.records import Example
from cai_ui.text import NAME_LIMIT
from cai_ui.web.curate import words
from cai_ui.web.kit import charts
from cai_ui.web.kit.events import QUIET, SLOW, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.handover import Handover
from cai_ui.web.kit.present import esc, first_line, notice, table
from cai_ui.web.kit.sight import sees
from cai_ui.web.session import SessionParts

FILE_TYPES = [".jsonl", ".gz", ".parquet", ".csv", ".tsv"]
_NAMED = 8


@dataclass(frozen=True)
class Waiting:
    """The file that is looked at: where it lies on the server, what it is called, and its columns as guessed."""

    path: str = ""
    name: str = ""
    guessed: Columns = Columns()  # noqa: RUF009


# Handlers


def take(services: Services, waiting: Waiting, columns: Columns | None, skip_bad: bool) -> str:
    """Put the rows into the queue; says what came of it."""
    if not waiting.path:
        raise InputError(words.NO_FILE, next_step=words.CHOOSE_ONE)
    found = imports.import_file(services, waiting.path, waiting.name, columns, skip_bad)
    repeated = f"; {found.duplicates:,} were there already or came twice" if found.duplicates else ""
    left_out = f"; skipped as invalid: {len(found.bad_rows):,}" if found.bad_rows else ""
    return f"{waiting.name}: {found.read:,} rows read, {found.added:,} new in the queue{repeated}{left_out}."


def preview_html(name: str, seen: ImportPreview) -> str:
    """What an import would do: numbers, bad rows by line, and the first examples as they would be judged."""
    shape = f"Read as {seen.shape}." if seen.shape else words.UNKNOWN_SHAPE
    said = [f"{seen.rows:,} rows", words.examples(seen.new, "new")]
    said += [f"{seen.known:,} in the queue already"] if seen.known else []
    said += [f"{seen.repeated:,} repeated in the file"] if seen.repeated else []
    said += [f"{len(seen.bad_rows):,} invalid"] if seen.bad_rows else []
    bad = "".join(f"<li>line {line:,}: {esc(reason)}</li>" for line, reason in seen.bad_rows[:_NAMED])
    if len(seen.bad_rows) > _NAMED:
        bad += f"<li>and {len(seen.bad_rows) - _NAMED:,} more</li>"
    note = notice(f"{name}: {', '.join(said)}. {shape}", "warn" if seen.bad_rows or not seen.new else "neutral")
    listed = f'<ul class="cai-bad-rows">{bad}</ul>' if bad else ""
    return f"{note}{listed}{_samples_html(seen.samples)}"


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
            self.report = gr.HTML(elem_id="curate-import-report", css_template=charts.STYLE)
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
        with gr.Row(elem_classes="toolbar"):
            self.take = gr.Button(words.TAKE, variant="primary", elem_id="curate-import-take", scale=0)
            self.leave = gr.Button(words.LEAVE, elem_id="curate-import-leave", scale=0)
            self.skip_bad = gr.Checkbox(False, label=words.SKIP_BAD, elem_id="curate-import-skip", scale=1,
                                        min_width=240)  # fmt: skip

    def wire(self, to_judge: Handover, session: SessionParts) -> gr.events.Dependency:
        """Connect it; gives the event after which new examples are in the queue. `to_judge` shows them."""
        menus = list(self.columns.values())
        shown = [self.report, self.waiting, self.mapping, *menus, self.take, self.judge, self.taken]
        self.upload.upload(bind(self.choose), [self.upload], shown, **SLOW)
        for press in (self.fetch.click, self.address.submit):
            press(bind(self.download), [self.address], shown, **SLOW)
        for menu in menus:
            menu.input(bind(self.preview), {self.waiting, *menus}, [self.report, self.take], **SLOW)
        self.leave.click(bind(self.forget), [self.waiting], shown, **QUIET)
        to_judge.wire(self.judge, session.tabs, [session.state, self.taken]).success(**sees("curate-card"))
        return self.take.click(bind(self.accept), {self.waiting, self.skip_bad, *menus}, shown, **SLOW)

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
        choices = [(words.NO_COLUMN, ""), *((name, name) for name in seen.names)]
        columns = asdict(seen.columns)
        return {
            self.report: preview_html(waiting.name, seen),
            self.waiting: replace(waiting, guessed=seen.columns),
            self.mapping: gr.update(visible=True),
            self.judge: gr.update(visible=False),
            self.take: _button(seen),
            **{menu: gr.update(choices=choices, value=columns[part]) for part, menu in self.columns.items()},
        }

    def preview(self, given: Given) -> Changes:
        """The preview with the columns as the menus say."""
        waiting: Waiting = given[self.waiting]
        try:
            seen = imports.preview_import(self.services, waiting.path, waiting.name, self._columns(given))
        except CaiError as error:
            return {self.report: notice(str(error), "bad"), self.take: gr.update(interactive=False)}
        return {self.report: preview_html(waiting.name, seen), self.take: _button(seen)}

    def accept(self, given: Given) -> Changes:
        """Import what was looked at; all stays as it is where that fails."""
        waiting: Waiting = given[self.waiting]
        try:
            said = take(self.services, waiting, self._columns(given), bool(given[self.skip_bad]))
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

    def _columns(self, given: Given) -> Columns | None:
        """What the menus say; None while nobody has changed them, since then each row is read by its own shape."""
        columns = Columns(**{part: given[menu] or "" for part, menu in self.columns.items()})
        return None if columns == given[self.waiting].guessed else columns


def _button(seen: ImportPreview) -> object:
    return gr.update(value=f"{words.TAKE} {words.examples(seen.new)}", interactive=bool(seen.new))
