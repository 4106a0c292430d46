"""What the page knows about one visitor: ids only. All else is in the store or in the services.

On one's own machine every browser is the same person, so drafts turn up wherever the page is opened. Where people sign
in, the account's name signs; where strangers meet, each browser gets a random name, kept in its local storage; on a
public page it keeps the secret that the name is made from, so that nobody takes another's by saying it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs

import gradio as gr
from gradio.blocks import Block

from cai_ui.errors import InputError
from cai_ui.text import clean_name
from cai_ui.web import words
from cai_ui.web.kit.events import ASIDE, QUIET, Changes, Given
from cai_ui.web.kit.hidden import HIDDEN, without
from cai_ui.web.stops import Stops

LOCAL_AUTHOR = "local"
GUEST = "guest-"
"""How names begin that nobody chose."""
ADDRESS_LIMIT = 2_000
SESSION_LIMIT = 200
"""Characters of what a browser calls its page; it makes some ten."""


@dataclass(frozen=True)
class Session:
    """One visitor. `author` signs decisions, drafts and versions; `page` tells open pages apart; `signed_in` says that
    the name is that of an account, `named` that it is not the one which everybody has at first, `guest` that a public
    page gave it, where nobody chooses one and what is asked for is bounded. `item` is the example that the address
    asked for."""

    author: str = LOCAL_AUTHOR
    page: str = ""
    signed_in: bool = False
    named: bool = False
    item: str = ""
    guest: bool = False


@dataclass
class Sessions:
    """Who opened which page, as far as people sign in: the first who used a session's name owns it."""

    owners: dict[str, str] = field(default_factory=dict)

    def belongs(self, session: str, name: str | None) -> bool:
        """Whether somebody may use a session; whoever comes first takes it."""
        if not session or name is None:
            return True
        if len(session) > SESSION_LIMIT:
            return False
        while len(self.owners) > 100_000:
            self.owners.pop(next(iter(self.owners)))
        return self.owners.setdefault(session, name) == name


@dataclass(frozen=True)
class Restore:
    """What brings fields back to what a person had left in them: a handler with its inputs and outputs."""

    handler: Callable[..., Any]
    inputs: Sequence[Block]
    outputs: Sequence[Block]

    def changes(self, given: Given) -> Changes:
        """What the handler says, by component; nothing of one that failed, but a message."""
        try:
            said = self.handler(*(given[block] for block in self.inputs))
        except gr.Error as error:
            gr.Warning(without(str(error.message), HIDDEN.get()), title=error.title, duration=error.duration)
            return {}
        if isinstance(said, dict):
            return {block: value for block, value in said.items() if isinstance(block, Block)}
        return dict(zip(self.outputs, said if len(self.outputs) > 1 else [said], strict=True))


class Ready:
    """The moment at which a page shows what its visitor had left, and takes input."""

    def __init__(self) -> None:
        self._looks: list[dict[str, Any]] = []

    def then(self, fn: Any = None, inputs: Any = None, outputs: Any = None, **how: Any) -> None:
        """Have something follow, as `.then` of an event does."""
        self._looks.append({"fn": fn, "inputs": inputs, "outputs": outputs, **how})

    def wire(self, event: gr.events.Dependency) -> None:
        """Have all of it follow this event."""
        for look in self._looks:
            event.then(**look)


@dataclass(frozen=True)
class SessionParts:
    """What tabs need of the page around them.

    `stops` holds the flags of streaming events. `entered` is the event after which `state` holds the visitor's
    session. Bring back what a person had left in fields with `restore`, which comes next; what may come later, such as
    menus, follows with `session.ready.then(...)`. `strip` is what the header shows; its change means that the model,
    its work or the constitution in use changed, and comes once when the page is opened too. `name` is the field in
    Start for how the visitor signs.
    """

    page: gr.Blocks
    tabs: gr.Tabs
    state: gr.State
    browser: gr.BrowserState
    entered: gr.events.Dependency
    stops: Stops
    strip: gr.State
    name: gr.Textbox
    ready: Ready = field(default_factory=Ready)
    _restores: list[Restore] = field(default_factory=list)

    def restore(self, handler: Callable[..., Any], inputs: Sequence[Block], outputs: Sequence[Block]) -> None:
        """Have fields filled once per visit, before the page takes any input.

        A field that is filled later would overwrite what a quick person has typed into it meanwhile.
        """
        self._restores.append(Restore(handler, inputs, outputs))

    def open_page(self) -> None:
        """Wire the restores as one event, since each costs a journey to the server while the person waits; after it
        `assets/ready.js` lets the person in."""
        inputs = {block for restore in self._restores for block in restore.inputs}
        outputs = list(dict.fromkeys(block for restore in self._restores for block in restore.outputs))
        restored = self.entered.then(self._restore, inputs, outputs, **ASIDE)
        restored.then(None, js="() => window.caiReady()", **QUIET)
        self.ready.wire(restored)

    def _restore(self, given: Given) -> Changes:
        changes: Changes = {}
        for restore in self._restores:
            for block, value in restore.changes(given).items():
                changes[block] = _both(changes[block], value) if block in changes else value
        return changes or {self._restores[0].outputs[0]: gr.skip()}


def _both(first: Any, second: Any) -> Any:
    """Two changes of one component as one."""
    updates = [one if isinstance(one, dict) and "__type__" in one else gr.update(value=one) for one in (first, second)]
    return {**updates[0], **updates[1]}


def rename(session: Session, name: str) -> Session:
    """The session with another name to sign decisions and versions with. InputError for somebody who signed in, and
    where whoever takes a name would see what its bearer left."""
    if session.guest and name.strip() != session.author:
        raise InputError(words.NAME_IS_GIVEN, next_step=words.HAVE_YOUR_OWN)
    if session.signed_in and name.strip() != session.author:
        raise InputError(words.NAME_IS_FIXED.format(name=session.author), next_step=words.SIGN_IN_AS_OTHER)
    return replace(session, author=clean_name(name, words.NAME), named=True)


def kept_name(session: Session) -> Any:
    """What the browser keeps of a session that was renamed: the name, but on a public page what it has."""
    return gr.skip() if session.guest else session.author


def read_name(name: object) -> str:
    """The name that was typed. InputError if there is none."""
    if not str(name or "").strip():
        raise InputError("There is no name yet.", kept="Nothing was saved.", next_step="Type one, then go on.")
    return str(name)


ASKED = "() => [window.caiAsked]"
"""Script that gives an event of the page's beginning the part of the address from "?" on, as the page was opened."""


def asked_for(address: object) -> tuple[str, str]:
    """The tab and the example that the part of an address from "?" on names; "" for what it does not name."""
    asked = parse_qs(str(address or "")[:ADDRESS_LIMIT].lstrip("?"), max_num_fields=50)
    tab, item = (asked.get(name, [""])[0] for name in ("tab", "item"))
    return tab or ("curate" if item else ""), item
