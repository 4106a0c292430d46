"""What every HTTP request passes first: own pages only, bounded bodies, no outside hosts.

Gradio echoes any Origin on a public host and bounds uploads but not JSON bodies, so both are
settled here. The content security policy keeps the page from asking any other host for anything,
whatever a model writes.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT = 32 * 2**20
"""Bytes of a request that is not a file upload; five million characters still get a sentence from their field."""

UPLOAD_LIMIT = "64mb"
"""Largest file that can be imported through the page."""

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)


class Gate:
    """ASGI middleware in front of the whole app."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if not same_origin(headers):
            await PlainTextResponse("This page answers only to itself.", status_code=403)(scope, receive, send)
            return
        upload = scope["path"].endswith("/upload")
        if not upload and int(headers.get("content-length") or 0) > BODY_LIMIT:
            await PlainTextResponse("That is more text than this page takes.", status_code=413)(scope, receive, send)
            return

        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return {"type": "http.disconnect"} if taken > BODY_LIMIT and not upload else message

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_EXTRA]}
            await send(message)

        await self.app(scope, bounded, with_policy)


def same_origin(headers: dict[str, str]) -> bool:
    """Whether a request comes from this server's own page, or from no page at all (a script, curl)."""
    if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    here = {headers.get("host"), headers.get("x-forwarded-host")}
    return urlsplit(origin).netloc in here


_EXTRA = [
    (b"content-security-policy", POLICY.encode("ascii")),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
