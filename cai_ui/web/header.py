"""The strip above the tabs: name, what the model is doing, which constitution is in use.

It asks again every two seconds and sends nothing when nothing changed, so the page can be up long
before the model is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.engine.interface import EngineStatus
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.models import engine_status
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import Kind, esc, pill, short
from cai_ui.web.session import SessionParts

_WORDS: dict[str, tuple[str, Kind]] = {
    "loading": ("the model is loading", "busy"),
    "ready": ("ready", "good"),
    "failed": ("no model", "bad"),
}


@dataclass(frozen=True)
class HeaderParts:
    """The strip, what it last showed, and the timer that renews it."""

    strip: gr.HTML
    shown: gr.State
    timer: gr.Timer


def masthead(services: Services) -> str:
    """The strip as HTML."""
    version = constitutions.current_constitution(services)
    constitution = f"{version.constitution.title} · {short(version.hash)}"
    return (
        '<header class="cai-masthead"><div><h1>Constitutional AI Workbench</h1>'
        '<p class="cai-tagline">Principles in, better answers out</p></div>'
        f'<div class="cai-masthead-state">{model_pill(engine_status(services))}'
        f"<span>Constitution <b>{esc(constitution)}</b></span></div></header>"
    )


def model_pill(status: EngineStatus) -> str:
    """Name and state of the model, announced to screen readers when it changes."""
    words, kind = _WORDS.get(status.state, (status.state, "neutral"))
    if status.state == "ready" and status.busy_with:
        words, kind = status.busy_with, "busy"
    return (
        f'<span id="model-status" data-state="{esc(status.state)}" role="status" title="{esc(status.detail)}">'
        f"Model <b>{esc(model_name(status.model))}</b> {pill(words, kind)}</span>"
    )


def model_name(model: str) -> str:
    """A model setting as people call it; a folder or a Hub name by its last part."""
    names = {"auto": "by hardware", "embedded": "Embedded miniature", "scripted": "Scripted (no model)"}
    return names.get(model, model.rstrip("/").rsplit("/", 1)[-1])


def poll_masthead(services: Services, shown: str) -> tuple[Any, Any]:
    """The strip, if it differs from what the page shows."""
    now = masthead(services)
    return (gr.skip(), gr.skip()) if now == shown else (now, now)


def build(services: Services) -> HeaderParts:
    """Make the strip where it is called."""
    start = masthead(services)
    return HeaderParts(gr.HTML(start, elem_id="masthead"), gr.State(""), gr.Timer(2))


def wire(services: Services, parts: HeaderParts, session: SessionParts) -> None:
    """Renew the strip while the page is looked at."""
    poll = bind(poll_masthead, services, quiet=True)
    both = [parts.strip, parts.shown]
    for trigger in (parts.timer.tick, session.page.load):
        trigger(poll, [parts.shown], both, show_progress="hidden", api_visibility="private", concurrency_limit=None)
