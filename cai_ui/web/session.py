"""What the page knows about one visitor: ids only. All else is in the store or in the services.

On one's own machine every browser is the same person, so drafts turn up wherever the page is opened. Where people sign
in, the account's name signs; where strangers meet, each browser gets a random name, kept in its local storage.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.text import NAME_LIMIT, clean_text
from cai_ui.web import words
from cai_ui.web.kit.events import QUIET
from cai_ui.web.stops import Stops

LOCAL_AUTHOR = "local"
GUEST = "guest-"
"""How names begin that nobody chose."""
ADDRESS_LIMIT = 2_000


@dataclass(frozen=True)
class Session:
    """One visitor. `author` signs decisions, drafts and versions; `page` tells open pages apart; `signed_in` says that
    the name is that of an account, `named` that it is not the one which everybody has at first. `item` is the example
    that the address asked for."""

    author: str = LOCAL_AUTHOR
    page: str = ""
    signed_in: bool = False
    named: bool = False
    item: str = ""


@dataclass(frozen=True)
class SessionParts:
    """What tabs need of the page around them.

    `stops` holds the flags of streaming events. `ready` is the event after which `state` holds the
    visitor's session: fill menus with `session.ready.then(...)`, but bring back what a person had left in
    fields with `restore`. `strip` is what the header shows; its change means that the model, its work or
    the constitution in use changed.
    """

    page: gr.Blocks
    tabs: gr.Tabs
    state: gr.State
    browser: gr.BrowserState
    ready: gr.events.Dependency
    stops: Stops
    strip: gr.State
    _restores: list[dict[str, Any]] = field(default_factory=list)

    def restore(self, handler: Callable[..., Any], inputs: list[Any], outputs: list[Any], **how: Any) -> None:
        """Have fields filled once per visit, before the page takes any input.

        A field that is filled later would overwrite what a quick person has typed into it meanwhile.
        """
        self._restores.append({"fn": handler, "inputs": inputs, "outputs": outputs, **how})

    def open_page(self) -> None:
        """Wire the restores one after another; after the last one, `assets/ready.js` lets the person in."""
        step = self.ready
        for restore in self._restores:
            step = step.then(**{**QUIET, **restore})
        step.then(None, js="() => window.caiReady()", **QUIET)


def rename(session: Session, name: str) -> Session:
    """The session with another name to sign decisions and versions with. InputError for somebody who signed in."""
    if session.signed_in and name.strip() != session.author:
        raise InputError(words.NAME_IS_FIXED.format(name=session.author), next_step=words.SIGN_IN_AS_OTHER)
    return replace(session, author=clean_text(name, words.NAME, limit=NAME_LIMIT).strip(), named=True)


def asked_for(address: object) -> tuple[str, str]:
    """The tab and the example that the part of an address from "?" on names; "" for what it does not name."""
    asked = parse_qs(str(address or "")[:ADDRESS_LIMIT].lstrip("?"), max_num_fields=50)
    tab, item = (asked.get(name, [""])[0] for name in ("tab", "item"))
    return tab or ("curate" if item else ""), item
