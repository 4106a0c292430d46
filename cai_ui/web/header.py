"""The strip above the tabs: name, what the model is doing, which constitution is in use.

It asks again every two seconds and sends nothing when nothing changed, so the page can be up long
before the model is.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from cai_ui.engine.interface import EngineStatus
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.models import engine_status
from cai_ui.web import words
from cai_ui.web.access import Access, Mode
from cai_ui.web.kit.events import ASIDE
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import Kind, esc, pill, short
from cai_ui.web.session import Session, SessionParts

_STATES: dict[str, tuple[str, Kind]] = {
    "loading": (words.LOADING, "busy"),
    "ready": (words.READY, "good"),
    "failed": (words.NO_MODEL, "bad"),
}


def whoever(access: Access, session: Session) -> str:
    """Who is signed in and as what, with the way out; that this is a public demo; "" on a machine of one's own."""
    if access.mode is Mode.PUBLIC:
        return f"<span>{esc(words.PUBLIC)}</span>"
    visitor = access.visitor(session.author if session.signed_in else None)
    if access.mode is Mode.OWN or visitor is None:
        return ""
    said = words.SIGNED_IN.format(name=visitor.name, role=visitor.role.value)
    return f'<span>{esc(said)} <a href="logout">{esc(words.SIGN_OUT)}</a></span>'


def masthead(services: Services, whoever: str = "") -> str:
    """The strip as HTML; `whoever` is HTML that says who is looking."""
    version = constitutions.current_constitution(services)
    constitution = f"{version.constitution.title} · {short(version.hash)}"
    return (
        f'<header class="cai-masthead"><div><h1>{esc(words.TITLE)}</h1>'
        f'<p class="cai-tagline">{esc(words.TAGLINE)}</p></div>'
        f'<div class="cai-masthead-state">{model_pill(engine_status(services))}'
        f"<span>{esc(words.CONSTITUTION)} <b>{esc(constitution)}</b></span>{whoever}</div></header>"
    )


def model_pill(status: EngineStatus) -> str:
    """Name and state of the model, announced to screen readers when it changes."""
    state, kind = _STATES.get(status.state, (status.state, "neutral"))
    if status.state == "ready" and status.busy_with:
        state, kind = status.busy_with, "busy"
    return (
        f'<span id="model-status" data-state="{esc(status.state)}" role="status" title="{esc(status.detail)}">'
        f"{esc(words.MODEL)} <b>{esc(model_name(status.model))}</b> {pill(state, kind)}</span>"
    )


def model_name(model: str) -> str:
    """A model setting as people call it; a folder or a Hub name by its last part."""
    return words.MODEL_NAMES.get(model, model.rstrip("/").rsplit("/", 1)[-1])


class Header:
    """The strip, what it last showed, and the timer that renews it."""

    def __init__(self, services: Services, access: Access) -> None:
        self.services, self.access = services, access
        self.strip = gr.HTML(masthead(services), elem_id="masthead")
        self.shown, self.timer = gr.State(""), gr.Timer(2)

    def wire(self, session: SessionParts) -> None:
        """Renew the strip while the page is looked at."""
        for trigger in (self.timer.tick, session.ready.then):
            trigger(bind(self.look, quiet=True), [self.shown, session.state], [self.strip, self.shown], **ASIDE)

    def look(self, shown: str, session: Session) -> tuple[Any, Any]:
        """The strip, if it differs from what the page shows."""
        now = masthead(self.services, whoever(self.access, session))
        return (gr.skip(), gr.skip()) if now == shown else (now, now)
