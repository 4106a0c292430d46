"""The panel that says which model answers, what that means, and how to take another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.config import AppSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.models import choose_model, engine_status
from cai_ui.text import clean_text
from cai_ui.web.header import model_name
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import esc, facts, notice
from cai_ui.web.session import SessionParts

MISTRAL = "mistralai/Mistral-7B-Instruct-v0.3"
FOLDER = "folder"
ENDPOINT = "endpoint"
CHOICES = [
    ("Embedded miniature – in this repository, no download", "embedded"),
    ("Mistral-7B-Instruct-v0.3 – downloads about 14.5 GB once", MISTRAL),
    ("A model folder on this computer", FOLDER),
    ("An OpenAI-compatible server (vLLM, TGI, llama.cpp, ...)", ENDPOINT),
    ("Scripted – no model at all, to try out the page", "scripted"),
]
MINIATURE = (
    "The embedded model lives in a miniature world: a few million weights that know everyday requests, mild "
    "wrongdoings such as reading a friend's diary, and principles about them. It obeys harmful requests on purpose, so "
    "that there is something to train away. It cannot talk about anything else, and it fails as real models do: "
    "temperature matters, revisions repeat patterns, too much training makes it refuse too much. To work with "
    "Mistral-7B instead, open “Which model answers” below."
)
SCRIPTED = (
    "No model is loaded: fixed sentences stand in for answers, so that the page can be tried out. Training and "
    "measuring need a model; open “Which model answers” below."
)
MEMORY = (
    "Mistral-7B needs about 16 GB of GPU memory in 16-bit, about 6 GB in 4-bit (nf4), and 16 GB of RAM without a GPU, "
    "where it is slow. Training LoRA adapters on it wants a GPU with 12 GB or more in 4-bit. A folder must hold a "
    "Mistral-architecture model with its tokenizer and chat template."
)
SERVER = (
    "A server answers chains, batches and comparisons faster than this machine may; training and adapters need a model "
    "that is loaded here. A key is read from the environment variable CAI_ENDPOINT_KEY and is sent only to the server "
    "named at the start (--endpoint or CAI_ENDPOINT)."
)
QUANTIZE = [("choose by itself", "auto"), ("16-bit", "none"), ("4-bit (nf4, needs bitsandbytes)", "nf4")]


@dataclass(frozen=True)
class ModelParts:
    """The panel's components."""

    choice: gr.Dropdown
    folder: gr.Textbox
    endpoint: gr.Textbox
    served: gr.Textbox
    server_note: gr.HTML
    quantize: gr.Dropdown
    load: gr.Button
    unload: gr.Button
    about: gr.HTML
    world: gr.HTML


# Handlers


def load_model(
    services: Services, choice: str, folder: str, quantize: str, endpoint: str = "", served: str = ""
) -> str:
    """Begin to load another model, or to ask a server for one, in the background; says so."""
    if choice == ENDPOINT:
        address = clean_text(endpoint, "Address", limit=1000).strip()
        model = clean_text(served, "Name of the model", limit=300, required=False).strip() or AppSettings().model
        choose_model(services, model, endpoint=address)
        return "The server is being asked; the strip at the top says when it is ready."
    model = clean_text(folder, "Folder", limit=1000).strip() if choice == FOLDER else choice
    if model not in {value for _, value in CHOICES} and choice != FOLDER:
        raise InputError("That model is not in the list.", next_step="Choose one of the list.")
    choose_model(services, model, quantize)
    return f"{model_name(model)} is being loaded; the strip at the top says when it is ready."


def about_html(services: Services) -> str:
    """What the model is doing, where, and with how much memory."""
    status = engine_status(services)
    server = status.device == "endpoint"
    memory = (
        "on the server" if server else f"{status.memory_bytes / 2**30:.1f} GB" if status.memory_bytes else "not known"
    )
    rows = [("Model", model_name(status.model)), ("State", status.detail or status.state)]
    if status.state == "ready":
        rows += [("Runs on", "a server" if server else status.device or "CPU"), ("Memory of its weights", memory)]
        if status.revision:
            rows.append(("Revision", status.revision))
        if status.cache_bytes is not None and status.cache_limit_bytes is not None:
            held, most = (f"{size / 2**20:,.0f}" for size in (status.cache_bytes, status.cache_limit_bytes))
            rows.append(("Memory of texts read before", f"{held} of at most {most} MB"))
    for address, other in services.others.statuses().items():
        size = f", {other.memory_bytes / 2**30:.1f} GB" if other.memory_bytes else ""
        rows.append(("Another model beside it", f"{address} ({other.device or 'CPU'}{size})"))
    return facts(rows)


def world_html(services: Services) -> str:
    """What a newcomer must know about the model that answers."""
    model = engine_status(services).model
    if model == "embedded":
        return notice(MINIATURE)
    return notice(SCRIPTED, "warn") if model == "scripted" else ""


# Layout


def build(services: Services, world: gr.HTML) -> ModelParts:
    """The panel, made where it is called; `world` stands elsewhere and says what world the model lives in."""
    with gr.Accordion("Which model answers", open=False, elem_id="model-panel"):
        about = gr.HTML(about_html(services), elem_id="model-about")
        with gr.Row():
            choice = gr.Dropdown(
                CHOICES, value=_chosen(services), label="Take another model", elem_id="model-choice", filterable=False
            )
            quantize = gr.Dropdown(QUANTIZE, value="auto", label="Weights", elem_id="model-quantize", filterable=False)
        folder = gr.Textbox(
            label="Folder", placeholder="/home/me/models/my-mistral", max_lines=1, visible=False, elem_id="model-folder"
        )
        with gr.Row():
            endpoint = gr.Textbox(
                services.settings.endpoint,
                label="Address of the server",
                placeholder="http://127.0.0.1:8000/v1",
                max_lines=1,
                visible=_chosen(services) == ENDPOINT,
                elem_id="model-endpoint",
            )
            served = gr.Textbox(
                label="Its name for the model",
                placeholder="may be left empty if it has only one",
                max_lines=1,
                visible=_chosen(services) == ENDPOINT,
                elem_id="model-served",
            )
        server_note = gr.HTML(
            f'<p class="muted narrow">{esc(SERVER)}</p>', visible=_chosen(services) == ENDPOINT, elem_id="model-server"
        )
        gr.HTML(f'<p class="muted narrow">{esc(MEMORY)}</p>')
        with gr.Row(elem_classes="toolbar"):
            load = gr.Button("Load this model", elem_id="model-load")
            unload = gr.Button(
                "Let go of other models", elem_id="model-unload", visible=bool(services.others.statuses())
            )
    return ModelParts(choice, folder, endpoint, served, server_note, quantize, load, unload, about, world)


def _chosen(services: Services) -> str:
    if services.settings.endpoint:
        return ENDPOINT
    model = engine_status(services).model
    if model == "auto":
        return "embedded"
    return model if model in {value for _, value in CHOICES} else FOLDER


# Wiring


def wire(services: Services, parts: ModelParts, session: SessionParts) -> None:
    """Connect the panel; it follows what the strip at the top shows."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
    fields = [parts.folder, parts.endpoint, parts.served, parts.server_note, parts.quantize]
    parts.choice.input(_fields, [parts.choice], fields, trigger_mode="always_last", **quiet)
    asked = [parts.choice, parts.folder, parts.quantize, parts.endpoint, parts.served]
    parts.load.click(bind(_load, services), asked, [parts.about], **quiet)
    shown = [parts.about, parts.world, parts.unload]
    parts.unload.click(bind(_unload, services), None, shown, **quiet)
    session.strip.change(bind(_look, services, quiet=True), None, shown, **quiet)


def _fields(choice: str) -> list[Any]:
    """Show the fields that belong to the choice."""
    server = choice == ENDPOINT
    return [gr.update(visible=shown) for shown in (choice == FOLDER, server, server, server, not server)]


def _load(services: Services, *asked: str) -> str:
    return notice(load_model(services, *asked), "busy")


def _unload(services: Services) -> list[Any]:
    services.others.close()
    return _look(services)


def _look(services: Services) -> list[Any]:
    others = bool(services.others.statuses())
    return [about_html(services), world_html(services), gr.update(visible=others)]
