"""The strip above the tabs: name, what the model is doing, which constitution is in use.

It asks again every five seconds, every two while the model loads or works, and sends nothing when nothing changed, so
the page can be up long before the model is.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from cai_ui.engine.interface import EngineStatus
from cai_ui.pipeline import Services
from cai_ui.pipeline.backing_up import backed_up, off_site
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.models import engine_status
from cai_ui.pipeline.visitors import SINCE
from cai_ui.train.check.preflight import size
from cai_ui.web import words
from cai_ui.web.access import Access, Mode
from cai_ui.web.kit.events import ASIDE
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import Kind, esc, pill, short
from cai_ui.web.session import Session, SessionParts

IDLE_S, BUSY_S = 5, 2
"""Between two looks."""

_CONNECTION = (
    f'<span class="cai-connected">{esc(words.CONNECTED)}</span><span class="cai-gone">{esc(words.GONE)}</span>'
    f'<span class="cai-no-login">{esc(words.SIGNED_OUT)}</span>'
)
"""`assets/connection.js` shows one of the three."""

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
        f'<div class="cai-masthead-state">{model_pill(engine_status(services))}{where(engine_status(services))}'
        f"{running(services)}{kept(services)}{_CONNECTION}"
        f"<span>{esc(words.CONSTITUTION)} <b>{esc(constitution)}</b></span>{whoever}</div></header>"
    )


def where(status: EngineStatus) -> str:
    """The device that the model runs on and the memory its weights take, as far as they are known."""
    if status.state != "ready" or status.model == "scripted":
        return ""
    device = words.SERVER if status.device == "endpoint" else status.device or "CPU"
    held = [size(status.memory_bytes)] if status.memory_bytes else []
    return f"<span>{esc(' · '.join([device, *held]))}</span>"


def running(services: Services) -> str:
    """What goes on in the background, by name."""
    active = [work.what for work in services.work if (now := work.snapshot()) and now.active]
    return f'<span class="cai-running">{esc(words.RUNNING)} <b>{esc(active[0].lower())}</b></span>' if active else ""


def kept(services: Services) -> str:
    """Whether what was done is saved, and how old the last backup of it is; nothing where visitors leave nothing."""
    store = services.store
    if store.get_setting(SINCE) is not None:
        return ""
    saved = pill(words.NOT_SAVED, "bad") if store.unsaved else esc(words.SAVED)
    backups = backed_up(store.backups)
    title = store.unsaved or (store.backups.failed if store.backups else "")
    away = ""
    if services.off_site is not None:
        standing = services.off_site.standing
        said, title = off_site(standing), title or standing.trouble
        away = f" · {pill(said, 'bad') if standing.trouble else esc(said)}"
    return f'<span class="cai-kept" title="{esc(title)}">{saved} · {esc(backups)}{away}</span>'


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
        self.shown, self.timer, self.often = gr.State(""), gr.Timer(IDLE_S), gr.Timer(BUSY_S)

    def wire(self, session: SessionParts) -> None:
        """Renew the strip while the page is looked at."""
        changed = [self.strip, self.shown, self.often]
        for trigger in (self.timer.tick, self.often.tick, session.ready.then):
            trigger(bind(self.look, quiet=True), [self.shown, session.state], changed, **ASIDE)

    def look(self, shown: str, session: Session) -> tuple[Any, Any, Any]:
        """The strip, if it differs from what the page shows, and whether to look often."""
        now, status = masthead(self.services, whoever(self.access, session)), engine_status(self.services)
        if now == shown:
            return gr.skip(), gr.skip(), gr.skip()
        return now, now, gr.Timer(active=status.state == "loading" or bool(status.busy_with))
