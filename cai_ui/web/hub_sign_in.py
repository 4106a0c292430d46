"""Signing in with the Hugging Face Hub: OpenID Connect's authorization code flow, with state, nonce and PKCE.

Who somebody is comes from here, what they may do from `hub_people.py`; the session is that of Gradio's own login. The
helpers that gradio and huggingface_hub bring follow a target named in the address, keep the visitor's access token in
a cookie, and let everybody in as the machine's own account where they run outside a Space. Here there is no target, and
the visitor's token is let go at once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from cai_ui.errors import AccessError, CaiError
from cai_ui.store import Accounts
from cai_ui.web import words
from cai_ui.web.hub_people import HUB_NAME, HubPeople
from cai_ui.web.hub_provider import Hub, Provider
from cai_ui.web.kit.present import esc

audit = logging.getLogger("cai_ui.audit")
BEGIN, BACK = "/login/hub", "/login/callback"
COOKIE, COOKIES = "cai-hub-sign-in", 8192
ATTEMPT_S = 600.0
"""How long one may take to sign in at the Hub."""
_SUB = re.compile(r"[!-~]{1,255}")
"""A person's number there: one that is longer is not cut, since two may begin alike."""
USED = 10_000
"""Attempts that were used and are remembered; older ones have run out."""


@dataclass(frozen=True)
class Attempt:
    """One try to sign in, as the browser that began it keeps it. `at` is of this process's clock that never jumps."""

    state: str
    nonce: str
    verifier: str
    at: float


class Attempts:
    """Attempts to sign in, sealed and kept by the browsers: whoever begins many crowds out nobody else's."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._used: dict[str, None] = {}

    def begin(self) -> tuple[Attempt, str]:
        """A new one, and what the browser is to keep of it."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        attempt = Attempt(state, nonce, verifier, time.monotonic())
        said = base64.urlsafe_b64encode(json.dumps(astuple(attempt)).encode("ascii")).decode("ascii")
        return attempt, f"{said}.{self._seal(said)}"

    def take(self, kept: str, state: str) -> Attempt:
        """The attempt that a browser kept, used up. AccessError unless it is that of `state`, new, and not too old."""
        said, _, seal = kept.partition(".")
        if not hmac.compare_digest(seal.encode("utf-8", "replace"), self._seal(said).encode("ascii")):
            raise AccessError(words.HUB_OTHER_BROWSER)
        attempt = Attempt(*json.loads(base64.urlsafe_b64decode(said)))
        if not hmac.compare_digest(state.encode("utf-8", "replace"), attempt.state.encode("ascii")):
            raise AccessError(words.HUB_OTHER_BROWSER)
        if attempt.state in self._used or time.monotonic() - attempt.at > ATTEMPT_S:
            raise AccessError(words.HUB_EXPIRED)
        self._used[attempt.state] = None
        while len(self._used) > USED:
            self._used.pop(next(iter(self._used)))
        return attempt

    def _seal(self, said: str) -> str:
        return hmac.new(self._key, said.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


class HubSignIn:
    """The three addresses of it: a page that asks, the way to the Hub, and the way back."""

    def __init__(self, provider: Provider, people: HubPeople, accounts: Accounts) -> None:
        self._hub, self._people, self._accounts = Hub(provider), people, accounts
        self._attempts = Attempts()
        self._secure = provider.secure

    async def answer(self, app: Any, path: str, scope: Scope, cookies: str, name: str | None) -> Response | None:
        """What this says to a request; None if the request is for the page. `name` is "" for whoever has to sign in."""
        if scope["method"] != "GET":
            return None
        query = _query(scope)
        try:
            if path == BEGIN:
                return await self._begin()
            if path == BACK:
                return await self._back(app, scope, cookies, query)
        except AccessError as error:
            audit.warning("no sign-in with the Hub: %s", error.what)
            return _told(f"<p>{esc(str(error))}</p>{_button(words.HUB_AGAIN, BEGIN, scope)}", 403)
        return self._asks(scope) if path == "/" and name == "" and "password" not in query else None

    def _asks(self, scope: Scope) -> Response:
        # A new tab, since browsers keep no cookies for a page inside a frame of another site.
        asked = _button(words.HUB_BUTTON, BEGIN, scope, ' target="_blank"')
        if any(not account.hub for account in self._accounts.all()):
            asked += f'<p><a href="{esc(_home(scope))}?password=1">{esc(words.HUB_PASSWORD)}</a></p>'
        return _told(f"<p>{esc(words.SIGN_IN)}</p>{asked}", 200)

    async def _begin(self) -> Response:
        attempt, kept = self._attempts.begin()
        answer = RedirectResponse(await self._hub.way(attempt.state, attempt.nonce, attempt.verifier), 303)
        answer.set_cookie(COOKIE, kept, int(ATTEMPT_S), path="/", httponly=True, secure=self._secure, samesite="lax")
        return answer

    async def _back(self, app: Any, scope: Scope, cookies: str, query: Mapping[str, str]) -> Response:
        attempt = self._attempts.take(_kept(cookies), query.get("state", ""))
        if "code" not in query:
            raise AccessError(words.HUB_SAID_NO)
        claims = await self._hub.claims(query["code"], attempt.nonce, attempt.verifier)
        name, person = claims.get("preferred_username"), claims.get("sub")
        if not (isinstance(name, str) and isinstance(person, str)):
            raise AccessError(words.HUB_NO_NAME)
        if not (HUB_NAME.fullmatch(name) and _SUB.fullmatch(person)):
            raise AccessError(words.HUB_NO_NAME)
        role = self._people.role(name)
        if role is None:
            raise AccessError(words.HUB_NOT_LISTED.format(name=name), next_step=words.HUB_ASK)
        try:
            account = await run_in_threadpool(self._accounts.from_hub, name, person, role)
        except CaiError as error:
            raise AccessError(error.what, kept=error.kept, next_step=error.next_step) from None
        audit.info("%s signed in with the Hub", account.name)
        token = secrets.token_urlsafe(32)
        app.tokens[token] = account.name
        answer = RedirectResponse(_home(scope), 303)
        kind = f"access-token{'' if self._secure else '-unsecure'}-{app.cookie_id}"
        same = "none" if self._secure else "lax"
        answer.set_cookie(kind, token, path="/", httponly=True, secure=self._secure, samesite=same)  # type: ignore[arg-type]
        answer.delete_cookie(COOKIE, path="/", httponly=True, secure=self._secure, samesite="lax")
        return answer


def _query(scope: Scope) -> dict[str, str]:
    try:
        asked = parse_qs(scope.get("query_string", b"")[:COOKIES].decode("latin-1"), max_num_fields=50)
    except ValueError:
        return {}
    return {key: values[0] for key, values in asked.items()}


def _kept(cookies: str) -> str:
    try:
        found = SimpleCookie(cookies[:COOKIES]).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _home(scope: Scope) -> str:
    return f"{scope.get('root_path', '').rstrip('/')}/"


def _button(text: str, path: str, scope: Scope, more: str = "") -> str:
    return f'<p><a class="button" href="{esc(_home(scope).rstrip("/") + path)}"{more}>{esc(text)}</a></p>'


def _told(html: str, status: int) -> Response:
    return HTMLResponse(_PAGE.format(title=esc(words.TITLE), html=html), status)


_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title><style>:root{{color-scheme:light dark}}body{{font:1rem/1.5 system-ui,sans-serif;"
    "max-width:32rem;margin:15vh auto;padding:0 1rem}}.button{{display:inline-block;padding:.6rem 1rem;"
    "border:1px solid;border-radius:.4rem;text-decoration:none}}</style></head>"
    "<body><main><h1>{title}</h1>{html}</main></body></html>"
)
