"""The panel that says which model answers, what that means, and how to take another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui import pipeline
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.text import clean_text
from cai_ui.web.guard import bind
from cai_ui.web.header import model_name
from cai_ui.web.present import esc, facts, notice
from cai_ui.web.session import SessionParts

MISTRAL = "mistralai/Mistral-7B-Instruct-v0.3"
FOLDER = "folder"
CHOICES = [
    ("Embedded miniature – in this repository, no download", "embedded"),
    ("Mistral-7B-Instruct-v0.3 – downloads about 14.5 GB once", MISTRAL),
    ("A model folder on this computer", FOLDER),
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
QUANTIZE = [("choose by itself", "auto"), ("16-bit", "none"), ("4-bit (nf4, needs bitsandbytes)", "nf4")]


@dataclass(frozen=True)
class ModelParts:
    """The panel's components."""

    choice: gr.Dropdown
    folder: gr.Textbox
    quantize: gr.Dropdown
    load: gr.Button
    about: gr.HTML
    world: gr.HTML


# Handlers


def load_model(services: Services, choice: str, folder: str, quantize: str) -> str:
    """Begin to load another model in the background; says so."""
    model = clean_text(folder, "Folder", limit=1000).strip() if choice == FOLDER else choice
    if model not in {value for _, value in CHOICES} and choice != FOLDER:
        raise InputError("That model is not in the list.", next_step="Choose one of the list.")
    pipeline.choose_model(services, model, quantize)
    return f"{model_name(model)} is being loaded; the strip at the top says when it is ready."


def about_html(services: Services) -> str:
    """What the model is doing, where, and with how much memory."""
    status = pipeline.engine_status(services)
    memory = f"{status.memory_bytes / 2**30:.1f} GB" if status.memory_bytes else "not known"
    rows = [("Model", model_name(status.model)), ("State", status.detail or status.state)]
    if status.state == "ready":
        rows += [("Runs on", status.device or "CPU"), ("Memory of its weights", memory)]
    return facts(rows)


def world_html(services: Services) -> str:
    """What a newcomer must know about the model that answers."""
    model = pipeline.engine_status(services).model
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
        gr.HTML(f'<p class="muted narrow">{esc(MEMORY)}</p>')
        load = gr.Button("Load this model", elem_id="model-load")
    return ModelParts(choice, folder, quantize, load, about, world)


def _chosen(services: Services) -> str:
    model = pipeline.engine_status(services).model
    return model if model in {value for _, value in CHOICES} else FOLDER


# Wiring


def wire(services: Services, parts: ModelParts, session: SessionParts) -> None:
    """Connect the panel; it follows what the strip at the top shows."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
    parts.choice.input(_folder_field, [parts.choice], [parts.folder], **quiet)
    parts.load.click(bind(_load, services), [parts.choice, parts.folder, parts.quantize], [parts.about], **quiet)
    session.strip.change(bind(_look, services, quiet=True), None, [parts.about, parts.world], **quiet)


def _folder_field(choice: str) -> Any:
    return gr.update(visible=choice == FOLDER)


def _load(services: Services, choice: str, folder: str, quantize: str) -> str:
    return notice(load_model(services, choice, folder, quantize), "busy")


def _look(services: Services) -> list[str]:
    return [about_html(services), world_html(services)]
