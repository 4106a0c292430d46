"""Who is asking, and whether they may do what they ask for.

Gradio's login says who somebody is; it hides nothing from those who came in, and lets anybody name another's session.
So every event passes `Access.admit`, whatever way it was called, and what a press needs is declared in `rights.py`.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import logging
import math
import re
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import gradio as gr
from starlette.requests import cookie_parser

from cai_ui.config.app import AppSettings
from cai_ui.errors import AccessError, InputError, StoreError
from cai_ui.records.people import RIGHTS, Right, Role
from cai_ui.store import Accounts
from cai_ui.text import NAME_LIMIT, clean_name
from cai_ui.web import rights, words
from cai_ui.web.hub_people import HubPeople
from cai_ui.web.hub_provider import provider_of
from cai_ui.web.session import GUEST, LOCAL_AUTHOR, Session, asked_for

audit = logging.getLogger("cai_ui.audit")
TRIES, PAUSE_S, LONGEST_S = 5, 1.0, 60.0
"""Wrong passwords for one name before each further try has to wait, how long at first, and at most."""
COOKIES = 8192
"""Characters of a request's cookies where people sign in."""
_SECRET = re.compile("[0-9a-f]{64}")
EACH_HOUR, LINE_HOUR, ALL_HOUR = 60, 300, 1200
"""Presses by which a visitor of a public demo, all from one address, and all of them may have the model answer within
an hour."""
NAMES = 10_000
"""Names whose wrong passwords are remembered."""


class Mode(StrEnum):
    """Whom the page is for."""

    OWN = "own"
    TEAM = "team"
    PUBLIC = "public"


def mode_of(settings: AppSettings, environment: Mapping[str, str], accounts: Accounts) -> Mode:
    """Whom the page is for. InputError where strangers would reach it and nobody has said that they may."""
    by_hub = provider_of(environment) is not None
    if settings.hub_people and not by_hub:
        raise InputError(
            "People of the Hub are named (CAI_HUB_PEOPLE), and they cannot sign in here.",
            next_step="On a Space write `hf_oauth: true` at the top of README.md; elsewhere set OPENID_PROVIDER_URL, "
            "OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET and SPACE_HOST.",
        )
    here = is_loopback(settings.host)
    if settings.access in ("team", "public"):
        mode = Mode(settings.access)
    elif settings.access == "own":
        if not here and not settings.open:
            raise InputError(_STRANGERS.format(host=settings.host), next_step=_WHAT_THEN)
        mode = Mode.OWN
    elif environment.get("SPACE_ID"):
        mode = Mode.PUBLIC
    else:
        mode = Mode.OWN if here or settings.open else Mode.TEAM
    if mode is Mode.TEAM and not by_hub and all(account.hub for account in accounts.all()):
        raise InputError(
            f"Nobody may sign in yet, so the page is not served on {settings.host}."
            if settings.access == "team"
            else _STRANGERS.format(host=settings.host),
            next_step=_WHAT_THEN,
        )
    return mode


_STRANGERS = "Everybody who reaches {host} could read, change, train and delete here, and use this machine's keys."
_WHAT_THEN = (
    "Let people sign in (python -m cai_ui users add NAME --role owner), serve this machine alone (--host 127.0.0.1), "
    "or say that strangers may do all that (--open)."
)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class Visitor:
    """Who asks. `name` is None where nobody signs in."""

    name: str | None
    role: Role

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self.role]


class Allowance:
    """How often visitors of a public demo may have the model answer: each, all from one address (whoever takes another
    name has a share of their own), and all together, which is what the machine can bear."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._taken: dict[str, deque[float]] = {}

    def take(self, name: str, address: str = "") -> None:
        """Count one press, from an `address`. AccessError with the minutes to the next one where a share is used up."""
        now = self._clock()
        shares = {name: EACH_HOUR, "\0": ALL_HOUR} | ({f"\0{address}": LINE_HOUR} if address else {})
        taken = [(self._taken.setdefault(who, deque()), most) for who, most in shares.items()]
        for times, most in taken:
            while times and times[0] <= now - 3600:
                times.popleft()
            if len(times) >= most:
                raise AccessError(
                    "This public demo has answered as often as it can for this hour.",
                    kept="What you typed is kept.",
                    next_step=f"Come back in {math.ceil((times[0] + 3600 - now) / 60)} min, or run a copy of your own.",
                )
        for times, _ in taken:
            times.append(now)
        while len(self._taken) > NAMES:
            self._taken.pop(next(who for who in self._taken if who != "\0"))


class Access:
    """The door of one server. `alone`: only this machine reaches it; `known_models`: addresses that an owner named;
    `longest`: tokens of an answer of the loaded model, unless told otherwise;
    `hub`: who signs in with the Hub, and as what (None: nobody)."""

    def __init__(
        self,
        mode: Mode,
        accounts: Accounts,
        *,
        alone: bool = True,
        known_models: Callable[[], list[str]] = list,
        longest: Callable[[], int] = int,
        hub: HubPeople | None = None,
    ) -> None:
        self.mode, self.accounts, self.alone, self.known_models = mode, accounts, alone, known_models
        self.longest = longest
        self.hub = hub
        self.allowance = Allowance()
        self._wrong: dict[str, tuple[int, float]] = {}
        self._made: dict[str, str] = {}
        self._trying = asyncio.Semaphore(2)  # 32 MiB and a tenth of a second each

    def visitor(self, name: str | None) -> Visitor | None:
        """Whoever signed in under `name`; None for one who has to, or whose account is gone."""
        if self.mode is Mode.OWN:
            return Visitor(None, Role.OWNER)
        if self.mode is Mode.PUBLIC:
            return Visitor(None, Role.VISITOR)
        account = self.accounts.get(name) if name else None
        if account is None or not account.hub:
            return Visitor(account.name, account.role) if account else None
        role = self.hub.role(account.name) if self.hub else None
        return Visitor(account.name, role) if role else None

    def may_own(self, name: str | None) -> bool:
        """Whether whoever signed in under `name` may do all that an owner may."""
        visitor = self.visitor(name)
        return visitor is not None and visitor.may(Right.OWN)

    def come_in(self, stored: object, request: gr.Request, address: str = "") -> tuple[Session, str]:
        """The visitor's session and the name to keep in the browser, from what it had kept, who signed in, and what the
        address asks for. A name that nobody chose is not kept, unless it is one that no other has; on a public page the
        secret is kept that the name is made from."""
        if self.mode is Mode.PUBLIC:
            secret = stored if isinstance(stored, str) and _SECRET.fullmatch(stored) else secrets.token_hex(32)
            author = f"{GUEST}{hashlib.sha256(secret.encode('ascii')).hexdigest()[:12]}"
            return Session(author, secrets.token_hex(8), item=asked_for(address)[1], guest=True), secret
        account = request.username if self.mode is Mode.TEAM else None
        author = account or self._unsigned(stored)
        named = account is not None or (author == stored and not author.startswith(GUEST))
        session = Session(author, secrets.token_hex(8), account is not None, named, asked_for(address)[1])
        return session, author if named or author.startswith(GUEST) else ""

    def _unsigned(self, stored: object) -> str:
        """One name for all on a machine of one's own unless another was typed; a random one where strangers meet."""
        try:
            kept = clean_name(stored, words.NAME)
        except InputError:
            kept = LOCAL_AUTHOR
        if kept == LOCAL_AUTHOR and not (self.alone and self.mode is Mode.OWN):
            return f"{GUEST}{secrets.token_hex(3)}"
        return kept

    def admit(
        self,
        handler: str,
        values: Mapping[str, Any],
        states: list[Any],
        name: str | None,
        first: bool = True,
        address: str = "",
    ) -> None:
        """AccessError unless the visitor may call this handler with these values, as themselves.

        `values` are an event's inputs by elem_id, `states` what the server keeps for the page it came from; `first`
        is False where an event that is streamed is only going on; `address` is where it comes from.
        """
        visitor = self.visitor(name)
        right = rights.of(handler)
        if visitor is None:
            raise self._refused(name, handler, "You are not signed in.", "Reload the page and sign in.")
        if not visitor.may(right):
            raise self._refused(name, handler, rights.REFUSED[right], _ASK[self.mode])
        sessions = [state for state in states if isinstance(state, Session)]
        if visitor.name and any(session.author != visitor.name for session in sessions) and handler != rights.COMES_IN:
            raise self._refused(name, handler, "This page was opened by somebody else.", "Reload the page.")
        if self.mode is Mode.PUBLIC:
            rights.bounded(values, self.longest())
            if first and handler in rights.ASKS_MODEL:
                self.allowance.take(sessions[0].author if sessions else "", address)
        if not visitor.may(Right.OWN):
            rights.no_addresses(values, self.known_models())

    def _refused(self, name: str | None, handler: str, what: str, next_step: str) -> AccessError:
        audit.warning("refused %s to %s (%s)", handler, name or "a visitor", self.mode.value)
        return AccessError(what, kept="Nothing was changed.", next_step=next_step)

    def signed_in(self, app: Any, headers: Mapping[str, str]) -> str | None:
        """Whose cookie a request carries: "" for nobody's, None where nobody signs in. The sessions of one whose
        account is gone, or has another password by now, end here: Gradio knows of neither."""
        if self.mode is not Mode.TEAM:
            return None
        while len(self._made) > NAMES:
            self._made.pop(next(iter(self._made)))
        for token in self._tokens(app, headers):
            name = str(app.tokens[token])
            made = self.accounts.made(name)
            if self.visitor(name) and self._made.setdefault(token, made) == made:
                return name
            self._end(app, token)
        return ""

    def forget(self, app: Any, headers: Mapping[str, str]) -> None:
        """End the sessions that a request's cookies carry: whoever signs in anew with them gets another."""
        for token in self._tokens(app, headers):
            self._end(app, token)

    def _end(self, app: Any, token: str) -> None:
        del app.tokens[token]
        self._made.pop(token, None)

    def _tokens(self, app: Any, headers: Mapping[str, str]) -> list[str]:
        """The sessions of a request's cookies that stand, each once."""
        cookies = cookie_parser(headers.get("cookie", ""))
        kept = (cookies.get(f"{kind}-{app.cookie_id}") for kind in ("access-token", "access-token-unsecure"))
        return list(dict.fromkeys(one for one in kept if one and app.tokens.get(one)))

    async def sign_in(self, name: str, password: str) -> bool:
        """Whether somebody may come in. After some wrong passwords for a name, the next tries wait ever longer."""
        if len(name) > NAME_LIMIT:
            return False
        async with self._trying:
            wrong, last = self._wrong.pop(name, (0, 0.0))
            pause = min(PAUSE_S * 2 ** (wrong - TRIES), LONGEST_S) if wrong >= TRIES else 0.0
            if time.monotonic() - last < pause:
                self._wrong[name] = wrong, last
                audit.warning("too many tries to sign in as %r", name[:80])
                return False
            self._wrong[name] = wrong + 1, time.monotonic()  # before it is known: others try it at the same time
            while len(self._wrong) > NAMES:
                self._wrong.pop(next(iter(self._wrong)))
            try:
                fits = await asyncio.to_thread(self.accounts.password_fits, name, password)
            except StoreError as error:
                audit.error("nobody signs in: %s", error)
                return False
        if fits:
            self._wrong.pop(name, None)
        else:
            audit.warning("wrong password for %r", name[:80])
        return fits


_ASK = {
    Mode.OWN: "",
    Mode.TEAM: "Ask an owner of this workspace for another role.",
    Mode.PUBLIC: "This is a public demo; with a copy of your own you may do everything.",
}
