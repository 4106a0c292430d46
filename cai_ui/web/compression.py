"""Sends the page, its scripts and its styles compressed: most of a page's bytes are a layout that says the same
thousands of times, and on a telephone or a Space they come over a slow line.

What holds somebody's texts is sent as it is: how far a text gets shorter beside another one would tell of it.
"""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from cai_ui.web.response_headers import KEPT

LEVEL, LEAST = 4, 1_000
"""Of zlib: beyond it a page takes twice the time for a tenth less. Bytes below which an answer is sent as it is."""
_PAGE = ("/", "/theme.css")


def compressed(app: ASGIApp, method: str, path: str) -> ASGIApp:
    """The same answers, shorter where `path` is a part of the page that is the same for everybody."""
    if method == "GET" and (path in _PAGE or path.startswith(KEPT)):
        return GZipMiddleware(app, minimum_size=LEAST, compresslevel=LEVEL)
    return app
