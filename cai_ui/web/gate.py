"""What every HTTP request passes first: known names, own pages only, bounded bodies.

Gradio echoes any Origin on a public host, answers under any name (which lets another site's page read it after its
name was made to point here), and bounds single uploads but neither their sum nor JSON bodies. The gate stands outside
of everything Gradio adds, so that a refusal carries none of its headers.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cai_ui.errors import CaiError
from cai_ui.web import words
from cai_ui.web.access import COOKIES
from cai_ui.web.addresses import API, answered
from cai_ui.web.compression import compressed
from cai_ui.web.event_body import EVENTS, PRESSES, NotAnEvent, session_of
from cai_ui.web.gradio_script import replaced_scripts
from cai_ui.web.hosts import answers_to, same_origin
from cai_ui.web.hub_sign_in import BACK, HubSignIn
from cai_ui.web.places import PAGE, WHO, Places, visitor
from cai_ui.web.response_headers import with_headers
from cai_ui.web.session import Sessions
from cai_ui.web.silence import hang_up
from cai_ui.web.uploads import FRAMES, UPLOAD_LIMIT, Uploads

BODY_LIMIT = 32 * 2**20
"""Bytes of a request that is not a file upload; five million characters still get a sentence from their field."""
BODY_S = 300
"""Seconds that an event's body may take to arrive: the largest one at a megabit a second."""
TURN_S = 0.0005
"""Seconds that a thread computes before another one that waits gets its turn, a tenth of what Python gives it. A press
changes threads a hundred times, and beside a training each time may be such a wait."""
ALIVE, READY = "/healthz", "/readyz"
"""What watches over the server asks the first whether it answers, and the second whether the model is loaded."""
UPLOAD, LOGIN, LOGOUT = f"{API}upload", "/login", "/logout"
SIGNS_IN = (("POST", LOGIN), ("GET", BACK))
OF_A_SESSION = (f"{API}queue/data", f"{API}heartbeat/")
"""Addresses that name a page's session: they answer only to whoever opened it."""


SignIn = Callable[[str, Scope, str, str | None], Awaitable[Response | None]]


class Gate:
    """ASGI middleware around the whole app. `who` names the person that a request's cookies belong to (None: nobody
    signs in here), and "" is somebody who has not; `hosts` are the names the page answers to, beside numbers;
    `state` is that of the model; `replaced` are scripts in place of Gradio's, by path; `sign_in` answers to those who
    come in by another way than Gradio's login; `forget` ends what a request's cookies stood for, once it signed
    somebody in anew; `events` are those of the page, `waiting` the sessions that have answers to come (None: any);
    `places` is what each visitor holds."""

    def __init__(
        self,
        app: ASGIApp,
        hosts: frozenset[str],
        uploads: Uploads,
        who: Callable[[dict[str, str]], str | None],
        state: Callable[[], str] = lambda: "ready",
        replaced: Mapping[str, bytes] = MappingProxyType({}),
        sign_in: SignIn | None = None,
        forget: Callable[[dict[str, str]], None] = lambda headers: None,
        events: Container[int] | None = None,
        waiting: Container[str] | None = None,
        places: Places | None = None,
    ) -> None:
        self.app, self.hosts, self.uploads, self.who, self.state = app, hosts, uploads, who, state
        self.replaced, self.sign_in, self.forget = replaced, sign_in, forget
        self.sessions, self.events, self.waiting = Sessions(), events, waiting
        self.places = places or Places(bounded=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        name, answer = self._first(scope, headers)
        if name is not None and not _one_reading(scope, headers):
            name, answer = "", PlainTextResponse(words.MANY_COOKIES, status_code=400)
        scope[WHO] = visitor(name, str((scope.get("client") or ("",))[0]))
        send = with_headers(send, scope)
        async with self.places.request(scope) as free:
            if answer is None and not free:
                answer = _both(words.MUCH_AT_ONCE, 429)
            if answer is None:
                answer, receive = await self._look(scope, headers, name, receive)
            if (scope["method"], _path(scope).rstrip("/")) in SIGNS_IN:
                send = self._in_place_of(headers, send)
            await compressed(answer or self.app, scope["method"], _path(scope))(scope, receive, send)

    def _in_place_of(self, headers: dict[str, str], send: Send) -> Send:
        """Ends the sessions of a request that signed somebody in, as its answer says."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (200, 303):
                self.forget(headers)
            await send(message)

        return sent

    def _first(self, scope: Scope, headers: dict[str, str]) -> tuple[str | None, Response | None]:
        """Who asks, as `who` names them, and a refusal or another short answer to whoever it is."""
        path = _path(scope)
        if not all(
            answers_to(headers.get(name), self.hosts) for name in ("host", "x-forwarded-host") if name in headers
        ):
            return None, PlainTextResponse(words.UNKNOWN_HOST, status_code=421)
        if not same_origin(headers):
            return None, PlainTextResponse(words.NOT_THIS_PAGE, status_code=403)
        if _length(headers) is None:
            return None, PlainTextResponse(words.BAD_LENGTH, status_code=400)
        if path in (ALIVE, READY):
            state = self.state() if path == READY else "alive"
            return None, PlainTextResponse(state, status_code=200 if state in ("ready", "alive") else 503)
        if path in self.replaced:
            return None, Response(self.replaced[path], media_type="text/javascript")
        try:
            return self.who(headers), None
        except CaiError as error:  # the file of accounts cannot be read
            return None, PlainTextResponse(str(error), status_code=503)

    async def _look(
        self, scope: Scope, headers: dict[str, str], name: str | None, receive: Receive
    ) -> tuple[Response | None, Receive]:
        """A refusal or another short answer to whom `name` names, or None and where the body comes from."""
        path, length = _path(scope), _length(headers) or 0
        if self.sign_in and (answer := await self.sign_in(path, scope, headers.get("cookie", ""), name)):
            return answer, receive
        if refusal := _stranger(scope["method"], path, name, headers):
            return refusal, receive
        if path == UPLOAD:
            return self._upload(scope[WHO], length, receive)
        limit = FRAMES if path.rstrip("/") == LOGIN else BODY_LIMIT
        if length > limit:
            return PlainTextResponse(words.TOO_MUCH_TEXT, status_code=413), receive
        receive = _bounded(receive, limit)
        try:
            session = _session_named(path, scope)
        except NotAnEvent as wrong:
            return _both(str(wrong), wrong.status), receive
        if path.startswith(EVENTS) and scope["method"] == "POST":
            try:
                body = await self._whole(scope, receive)
                session = session_of(path, body, self.events)
            except NotAnEvent as wrong:
                return _both(str(wrong), wrong.status), receive
            receive = _again(body, receive)
        if session is not None and name is not None and not (name and self.sessions.belongs(session, name)):
            return PlainTextResponse(words.NOT_THIS_PAGE, status_code=403), receive
        if path == OF_A_SESSION[0] and self.waiting is not None and session not in self.waiting:
            return PlainTextResponse(words.NOTHING_HERE, status_code=404), receive  # Gradio begins a stream and fails
        if session is not None and path.startswith(PRESSES):
            scope[PAGE] = session
        return None, receive

    async def _whole(self, scope: Scope, receive: Receive) -> bytes:
        """All of a body. NotAnEvent for one that was cut off, comes too slowly, or is more than a visitor may send."""
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(BODY_S):
                while (message := await receive())["type"] == "http.request":
                    parts.append(message.get("body", b""))
                    if not self.places.read(scope, len(parts[-1])):
                        raise NotAnEvent(words.MUCH_AT_ONCE, 429)
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            raise NotAnEvent(words.BODY_SLOW, 408) from None
        raise NotAnEvent(words.TOO_MUCH_TEXT, 413)

    def _upload(self, who: str, length: int, receive: Receive) -> tuple[PlainTextResponse | None, Receive]:
        if why := self.uploads.refused(who, length):
            return PlainTextResponse(why, status_code=413), receive

        async def counted() -> Message:
            message = await receive()
            size = len(message.get("body", b""))
            if size and self.uploads.refused(who, size):
                return {"type": "http.disconnect"}
            self.uploads.took(who, size)
            return message

        return None, _bounded(counted, UPLOAD_LIMIT + FRAMES)


def _stranger(method: str, path: str, name: str | None, headers: Mapping[str, str]) -> Response | None:
    """What is said to whoever asks for what is no part of the page, has not signed in and sends something all the same
    (Gradio reads a body before it asks who sent it), or was led here by another page to be signed out."""
    if not answered(path):
        return PlainTextResponse(words.NOTHING_HERE, status_code=404)
    if name == "" and method not in ("GET", "HEAD") and path.rstrip("/") != LOGIN:
        return PlainTextResponse(words.NOT_SIGNED_IN, status_code=401)
    if path.rstrip("/") == LOGOUT and headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return PlainTextResponse(words.NOT_THIS_PAGE, status_code=403)
    return None


def _path(scope: Scope) -> str:
    """The address that is asked for, without the path below which a proxy offers the page."""
    return str(scope["path"]).removeprefix(scope.get("root_path", "")) or "/"


def outermost(
    hosts: frozenset[str],
    uploads: Uploads,
    who: Callable[[Any, Mapping[str, str]], str | None],
    forget: Callable[[Any, Mapping[str, str]], None],
    state: Callable[[], str],
    by_hub: HubSignIn | None = None,
    places: Places | None = None,
) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """What is given to Gradio as the life of its server: puts the gate around all of it before the first request."""

    @asynccontextmanager
    async def life(app: Any) -> AsyncIterator[None]:
        sign_in = partial(by_hub.answer, app) if by_hub else None
        page = app.get_blocks()
        if places:
            places.watch(app)
        app.middleware_stack = Gate(
            app.middleware_stack, hosts, uploads, partial(who, app), state, replaced_scripts(), sign_in,
            partial(forget, app), page.fns, page._queue.pending_messages_per_session, places,
        )  # fmt: skip
        hanging_up = asyncio.create_task(hang_up(page))
        before = sys.getswitchinterval()
        sys.setswitchinterval(TURN_S)
        yield
        sys.setswitchinterval(before)
        hanging_up.cancel()

    return life


def _length(headers: Mapping[str, str]) -> int | None:
    """Bytes that the body says it has; None for what is no number."""
    said = headers.get("content-length", "0")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 20 else None


def _bounded(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        return {"type": "http.disconnect"} if taken > limit else message

    return bounded


def _one_reading(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether Gradio reads the same cookies as we do: of several lines it takes all, and it takes the longest."""
    lines = sum(name.lower() == b"cookie" for name, _ in scope["headers"])
    return lines < 2 and len(headers.get("cookie", "")) <= COOKIES


def _session_named(path: str, scope: Scope) -> str | None:
    """The session that an address names, where Gradio looks for it; None for one that names none. NotAnEvent for one
    that names several."""
    if not path.startswith(OF_A_SESSION):
        return None
    if path.startswith(OF_A_SESSION[1]):
        return path.rpartition("/")[2]
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    named = query.get("session_hash", [""])
    if len(named) > 1:
        raise NotAnEvent(words.NOT_THIS_PAGE, 403)
    return str(named[0])


def _both(said: str, status: int) -> Response:
    """A refusal of an event: the page shows an "error" or a "detail", each in one place."""
    return JSONResponse({"error": said, "detail": said}, status_code=status)


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read, to be read once more."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again
