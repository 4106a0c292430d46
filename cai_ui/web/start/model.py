"""The panel that says which model answers, what that means, and how to change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import gradio as gr

from cai_ui.config.app import AppSettings
from cai_ui.engine.interface import EngineStatus
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.models import choose_model, engine_status
from cai_ui.text import clean_text
from cai_ui.train.check.preflight import size
from cai_ui.web.header import model_name
from cai_ui.web.kit.events import ASIDE, NEWEST, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import esc, facts, notice
from cai_ui.web.kit.sight import sees
from cai_ui.web.session import SessionParts
from cai_ui.web.start import words

FOLDER, ENDPOINT = "folder", "endpoint"
CHOICES = [
    (words.EMBEDDED, "embedded"),
    (words.SMALL, "HuggingFaceTB/SmolLM2-135M-Instruct"),
    (words.LESS_SMALL, "HuggingFaceTB/SmolLM2-360M-Instruct"),
    (words.MISTRAL, "mistralai/Mistral-7B-Instruct-v0.3"),
    (words.IN_FOLDER, FOLDER),
    (words.ON_SERVER, ENDPOINT),
    (words.SCRIPTED, "scripted"),
]

# Handlers


def load_model(
    services: Services, choice: str, folder: str, quantize: str, endpoint: str = "", served: str = ""
) -> str:
    """Begin to load another model, or to ask a server for one, in the background; says so."""
    if choice == ENDPOINT:
        address = clean_text(endpoint, words.ADDRESS, limit=1000).strip()
        model = clean_text(served, words.SERVED, limit=300, required=False).strip() or AppSettings().model
        choose_model(services, model, endpoint=address)
        return words.ASKING
    model = clean_text(folder, words.FOLDER, limit=1000).strip() if choice == FOLDER else choice
    if model not in {value for _, value in CHOICES} and choice != FOLDER:
        raise InputError(words.NOT_OFFERED, next_step=words.CHOOSE_LISTED)
    choose_model(services, model, quantize)
    return f"{model_name(model)} is being loaded; the strip at the top says when it is ready."


def about_html(services: Services) -> str:
    """What the model is doing, where, and with how much memory."""
    status, named = engine_status(services), words.FACTS
    rows = [(named["model"], model_name(status.model)), (named["state"], status.detail or status.state)]
    if status.state == "ready":
        rows += _ready(status)
    for address, other in services.others.statuses().items():
        held = f", {size(other.memory_bytes)}" if other.memory_bytes else ""
        rows.append((named["other"], f"{address} ({other.device or 'CPU'}{held})"))
    return facts(rows)


def _ready(status: EngineStatus) -> list[tuple[str, str]]:
    """Where a model runs and what it takes, as far as that is known."""
    named, server = words.FACTS, status.device == "endpoint"
    held = size(status.memory_bytes) if status.memory_bytes else words.NOT_KNOWN
    rows = [
        (named["device"], words.A_SERVER if server else status.device or "CPU"),
        (named["memory"], words.THE_SERVER if server else held),
    ]
    if status.revision:
        rows.append((named["revision"], status.revision))
    if status.cache_bytes is not None and status.cache_limit_bytes is not None:
        rows.append((named["cache"], f"{size(status.cache_bytes)} of at most {size(status.cache_limit_bytes)}"))
    return rows


def world_html(services: Services) -> str:
    """What a newcomer must know about the model that answers."""
    model = engine_status(services).model
    if model == "embedded":
        return notice(words.EMBEDDED_WORLD)
    return notice(words.SCRIPTED_WORLD, "warn") if model == "scripted" else ""


def _chosen(services: Services) -> str:
    if services.settings.endpoint:
        return ENDPOINT
    model = engine_status(services).model
    if model == "auto":
        return "embedded"
    return model if model in {value for _, value in CHOICES} else FOLDER


class ModelBox:
    """The panel."""

    def __init__(self, services: Services) -> None:
        self.services = services
        chosen = _chosen(services)
        with gr.Accordion(words.MODEL_PANEL, open=False, elem_id="model-panel"):
            self.about = gr.HTML(about_html(services), elem_id="model-about")
            with gr.Row():
                self.choice = gr.Dropdown(
                    CHOICES, value=chosen, label=words.CHANGE, elem_id="model-choice", filterable=False
                )
                self.quantize = gr.Dropdown(
                    words.QUANTIZE, value="auto", label=words.WEIGHTS, elem_id="model-quantize", filterable=False
                )
            self.folder = gr.Textbox(
                label=words.FOLDER,
                placeholder=words.FOLDER_EXAMPLE,
                max_lines=1,
                visible=False,
                elem_id="model-folder",
            )
            self._server(chosen == ENDPOINT)
            gr.HTML(f'<p class="muted narrow">{esc(words.MEMORY)}</p>')
            with gr.Row(elem_classes="toolbar"):
                self.load = gr.Button(words.LOAD, elem_id="model-load")
                others = bool(services.others.statuses())
                self.unload = gr.Button(words.UNLOAD, elem_id="model-unload", visible=others)

    def _server(self, visible: bool) -> None:
        with gr.Row():
            self.endpoint = gr.Textbox(
                self.services.settings.endpoint,
                label=words.ADDRESS,
                placeholder=words.ADDRESS_EXAMPLE,
                max_lines=1,
                visible=visible,
                elem_id="model-endpoint",
            )
            self.served = gr.Textbox(
                label=words.SERVED,
                placeholder=words.SERVED_EXAMPLE,
                max_lines=1,
                visible=visible,
                elem_id="model-served",
            )
        note = f'<p class="muted narrow">{esc(words.SERVER)}</p>'
        self.server_note = gr.HTML(note, visible=visible, elem_id="model-server")

    def wire(self, session: SessionParts, by_model: Mapping[gr.HTML, Callable[[Services], str]]) -> None:
        """Connect the panel. It follows what the strip at the top shows, and so does what stands elsewhere:
        `by_model` has what each place says of the model in use."""
        self.by_model = {self.about: about_html, **by_model}
        fields = {self.folder, self.endpoint, self.served, self.quantize}
        self.choice.input(self._fields, [self.choice], [*fields, self.server_note], **NEWEST)
        loading = self.load.click(bind(self._load), {self.choice, *fields}, [self.about], **ASIDE)
        shown = [*self.by_model, self.unload]
        unloaded = self.unload.click(bind(self._unload), None, shown, **ASIDE)
        for answer in (loading, unloaded):  # on a phone the button stands far below what is said
            answer.success(**sees("model-about"))
        session.strip.change(bind(self._look, quiet=True), None, shown, **ASIDE)

    def _fields(self, choice: str) -> Changes:
        """Show the fields that belong to the choice."""
        on_server = [self.endpoint, self.served, self.server_note]
        shown = {self.folder: choice == FOLDER, self.quantize: choice != ENDPOINT}
        shown |= dict.fromkeys(on_server, choice == ENDPOINT)
        return {field: gr.update(visible=visible) for field, visible in shown.items()}

    def _load(self, given: Given) -> str:
        fields = (self.choice, self.folder, self.quantize, self.endpoint, self.served)
        return notice(load_model(self.services, *(given[field] for field in fields)), "busy")

    def _unload(self) -> Changes:
        self.services.others.close()
        return self._look()

    def _look(self) -> Changes:
        said: Changes = {place: told(self.services) for place, told in self.by_model.items()}
        return {**said, self.unload: gr.update(visible=bool(self.services.others.statuses()))}
