"""Rows into the queue, from a file or from the Hub: see what would come of them, say which column is what, import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import PurePath
from typing import Any

import gradio as gr

from cai_ui.curate.columns import PARTS, Columns
from cai_ui.errors import CaiError, InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.curate import hub, imports
from cai_ui.pipeline.curate.imports import ImportPreview
from cai_ui.records import Example
from cai_ui.text import NAME_LIMIT
from cai_ui.web.kit import charts
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import esc, first_line, notice

FILE_TYPES = [".jsonl", ".gz", ".parquet", ".csv", ".tsv"]
HELP = (
    "JSON Lines (also .gz), Parquet or CSV, with columns of your own or of a published shape: request and answer; "
    "request, better and worse answer; conversations; cai-conversation-harmless; hh-rlhf. Nothing is imported before "
    "you have seen what would come of it."
)
_NAMED = 8
_NONE = ("(none)", "")


@dataclass(frozen=True)
class Waiting:
    """The file that is looked at: where it lies on the server, what it is called, and its columns as guessed."""

    path: str = ""
    name: str = ""
    guessed: Columns = Columns()  # noqa: RUF009


@dataclass(frozen=True)
class ImportParts:
    """The components of the box. `parts` are the menus of columns, in the order of `PARTS`."""

    upload: gr.UploadButton
    address: gr.Textbox
    fetch: gr.Button
    said: gr.HTML
    waiting: gr.State
    mapping: gr.Column
    parts: list[gr.Dropdown]
    skip_bad: gr.Checkbox
    take: gr.Button
    leave: gr.Button


# Handlers


def chosen(path: str | None) -> Waiting:
    """The file that was uploaded."""
    if not path:
        raise InputError("No file was chosen.", next_step="Choose one.")
    return Waiting(path, PurePath(path).name[:NAME_LIMIT])


def take(services: Services, waiting: Waiting, columns: Columns | None, skip_bad: bool) -> str:
    """Put the rows into the queue; says what came of it."""
    if not waiting.path:
        raise InputError("No file was chosen.", next_step="Choose one.")
    found = imports.import_file(services, waiting.path, waiting.name, columns, skip_bad)
    repeated = f"; {found.duplicates:,} were there already or came twice" if found.duplicates else ""
    left_out = f"; {len(found.bad_rows):,} did not fit and were left out" if found.bad_rows else ""
    return f"{waiting.name}: {found.read:,} rows read, {found.added:,} new in the queue{repeated}{left_out}."


def preview_html(name: str, seen: ImportPreview) -> str:
    """What an import would do: numbers, bad rows by line, and the first examples as they would be judged."""
    shape = f"Read as {seen.shape}." if seen.shape else "The columns are not of a known shape: say below which is what."
    words = [f"{seen.rows:,} rows", f"{seen.new:,} new examples"]
    words += [f"{seen.known:,} in the queue already"] if seen.known else []
    words += [f"{seen.repeated:,} repeated in the file"] if seen.repeated else []
    words += [f"{len(seen.bad_rows):,} that do not fit"] if seen.bad_rows else []
    bad = "".join(f"<li>line {line:,}: {esc(reason)}</li>" for line, reason in seen.bad_rows[:_NAMED])
    if len(seen.bad_rows) > _NAMED:
        bad += f"<li>and {len(seen.bad_rows) - _NAMED:,} more</li>"
    note = notice(f"{name}: {', '.join(words)}. {shape}", "warn" if seen.bad_rows or not seen.new else "neutral")
    listed = f'<ul class="cai-bad-rows">{bad}</ul>' if bad else ""
    return f"{note}{listed}{_samples_html(seen.samples)}"


def _samples_html(samples: Sequence[Example]) -> str:
    if not samples:
        return ""
    head = "".join(f"<th>{esc(words)}</th>" for words in ("Request", "Answer", "Initial or worse answer", "Critique"))
    rows = "".join(
        "<tr>" + "".join(f'<td dir="auto">{esc(first_line(text or "–", 160))}</td>' for text in texts) + "</tr>"
        for texts in ((e.prompt.text, e.revision, e.initial, e.critique) for e in samples)
    )
    return (
        f'<p class="muted">The first {len(samples)} as they would be judged:</p><div class="cai-table-box">'
        f'<table class="cai-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


# Layout


def build() -> ImportParts:
    """The box, made where it is called."""
    with gr.Accordion("Import examples", open=False, elem_id="curate-import-box"):
        gr.HTML(f'<p class="muted narrow">{esc(HELP)}</p>')
        with gr.Row(elem_classes="toolbar"):
            upload = gr.UploadButton("Choose a file", file_types=FILE_TYPES, elem_id="curate-import", scale=0)
            address = gr.Textbox(show_label=False, placeholder="or a dataset of the Hub: owner/name/file.parquet",
                                 max_lines=1, elem_id="curate-import-hub", scale=1, min_width=240)  # fmt: skip
            fetch = gr.Button("Fetch", elem_id="curate-import-fetch", scale=0)
        said = gr.HTML(elem_id="curate-import-report", css_template=charts.STYLE)
        waiting = gr.State(Waiting())
        with gr.Column(visible=False, elem_id="curate-import-mapping") as mapping:
            with gr.Row():
                menus = [
                    gr.Dropdown([_NONE], value="", label=words, elem_id=f"curate-import-{part}", filterable=False,
                                min_width=160)
                    for part, words in PARTS.items()
                ]  # fmt: skip
            with gr.Row(elem_classes="toolbar"):
                take_button = gr.Button("Import", variant="primary", elem_id="curate-import-take", scale=0)
                leave = gr.Button("Do not import", elem_id="curate-import-leave", scale=0)
                skip_bad = gr.Checkbox(False, label="Leave out rows that do not fit (otherwise: all or none)",
                                       elem_id="curate-import-skip", scale=1, min_width=240)  # fmt: skip
    return ImportParts(upload, address, fetch, said, waiting, mapping, menus, skip_bad, take_button, leave)


# Wiring


def wire(services: Services, parts: ImportParts) -> Any:
    """Connect the box; gives the event after which new examples are in the queue."""
    slow: dict[str, Any] = {"show_progress": "minimal", "api_visibility": "private"}
    shown = [parts.said, parts.waiting, parts.mapping, *parts.parts, parts.take]
    parts.upload.upload(bind(_chosen, services), [parts.upload], shown, **slow)
    for press in (parts.fetch.click, parts.address.submit):
        press(bind(_fetched, services), [parts.address], shown, **slow)
    for menu in parts.parts:
        menu.input(bind(_again, services), [parts.waiting, *parts.parts], [parts.said, parts.take], **slow)
    parts.leave.click(bind(_leave, services), [parts.waiting], shown, api_visibility="private", show_progress="hidden")
    return parts.take.click(bind(_take, services), [parts.waiting, parts.skip_bad, *parts.parts], shown, **slow)


def _chosen(services: Services, path: str | None) -> list[Any]:
    return _look(services, chosen(path))


def _fetched(services: Services, address: str) -> list[Any]:
    try:
        return _look(services, Waiting(*hub.fetch_rows(services, address or "")))
    except CaiError as error:
        return [notice(str(error), "bad"), *_left()[1:]]


def _look(services: Services, waiting: Waiting) -> list[Any]:
    """The preview with the columns as guessed. The reason stays on the page where a file cannot be used."""
    try:
        seen = imports.preview_import(services, waiting.path, waiting.name)
    except CaiError as error:
        hub.drop_rows(services, waiting.path)
        return [notice(str(error), "bad"), *_left()[1:]]
    choices = [_NONE, *((name, name) for name in seen.names)]
    menus = [gr.update(choices=choices, value=column) for column in asdict(seen.columns).values()]
    waiting = replace(waiting, guessed=seen.columns)
    return [preview_html(waiting.name, seen), waiting, gr.update(visible=True), *menus, _button(seen)]


def _again(services: Services, waiting: Waiting, *columns: str | None) -> list[Any]:
    try:
        seen = imports.preview_import(services, waiting.path, waiting.name, _columns(waiting, columns))
    except CaiError as error:
        return [notice(str(error), "bad"), gr.update(interactive=False)]
    return [preview_html(waiting.name, seen), _button(seen)]


def _take(services: Services, waiting: Waiting, skip_bad: bool, *columns: str | None) -> list[Any]:
    try:
        said = take(services, waiting, _columns(waiting, columns), bool(skip_bad))
    except CaiError as error:
        return [notice(str(error), "bad"), *[gr.skip()] * (3 + len(PARTS))]
    return [notice(said, "good"), *_leave(services, waiting)[1:]]


def _leave(services: Services, waiting: Waiting) -> list[Any]:
    """Forget the file; one that was fetched is deleted."""
    hub.drop_rows(services, waiting.path)
    return _left()


def _left() -> list[Any]:
    """As before a file was chosen."""
    return ["", Waiting(), gr.update(visible=False), *[gr.skip()] * len(PARTS), gr.skip()]


def _columns(waiting: Waiting, values: Sequence[str | None]) -> Columns | None:
    """What the menus say; None while nobody has changed them, since then each row is read by its own shape."""
    columns = Columns(*(value or "" for value in values))
    return None if columns == waiting.guessed else columns


def _button(seen: ImportPreview) -> Any:
    return gr.update(value=f"Import {seen.new:,} examples", interactive=bool(seen.new))
