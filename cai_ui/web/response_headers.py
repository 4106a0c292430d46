"""What every answer says beside its content: the page asks no other host, and nothing of anybody is kept.

The content security policy keeps the page from asking any other host for anything, whatever a model writes.
"""

from __future__ import annotations

from starlette.types import Message, Scope, Send

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
        "frame-ancestors 'self' https://huggingface.co",
    )
)
_ALWAYS = [
    (b"content-security-policy", POLICY.encode("ascii")),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
_DATA = [(b"cache-control", b"no-store")]
KEPT = ("/assets/", "/static/", "/svelte/")
"""What a browser may keep: files of the page itself, with nothing of anybody in them."""


def with_headers(send: Send, scope: Scope) -> Send:
    """Adds to each answer what keeps the page to itself."""

    async def with_policy(message: Message) -> None:
        if message["type"] == "http.response.start":
            added = _ALWAYS if scope["path"].startswith(KEPT) else [*_ALWAYS, *_DATA]
            names = {name for name, _ in added}
            kept = [pair for pair in message.get("headers", []) if pair[0].lower() not in names]
            message = {**message, "headers": [*kept, *added]}
        await send(message)

    return with_policy
