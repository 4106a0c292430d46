"""What the page knows about one visitor: ids only. All else is in the store or in the services.

On one's own machine every browser is the same person, so drafts turn up wherever the page is
opened; on a public host each browser gets its own random name, kept in its local storage.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.text import NAME_LIMIT, clean_text

LOCAL_AUTHOR = "local"


@dataclass(frozen=True)
class Session:
    """One visitor; `author` signs decisions, drafts and versions."""

    author: str = LOCAL_AUTHOR


@dataclass(frozen=True)
class SessionParts:
    """What tabs need of the page around them.

    `ready` is the event after which `state` holds the visitor's session: restore a tab with
    `session.ready.then(...)`.
    """

    page: gr.Blocks
    tabs: gr.Tabs
    state: gr.State
    browser: gr.BrowserState
    ready: gr.events.Dependency


def restore_session(stored: object) -> tuple[Session, str]:
    """The visitor's session and the name to keep in the browser, from what the browser had kept."""
    try:
        author = clean_text(stored, "Name", limit=NAME_LIMIT)
    except InputError:
        author = default_author()
    return Session(author), author


def default_author() -> str:
    """One name for everybody on a machine of one's own, a random one where strangers meet."""
    return f"guest-{secrets.token_hex(3)}" if os.environ.get("SPACE_ID") else LOCAL_AUTHOR
