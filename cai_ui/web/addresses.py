"""Which of Gradio's addresses are answered: those that our page itself asks for.

Gradio has some seventy. Among those that no page of ours uses are some that hand one visitor's answers to whoever names
the session (`/call`), keep files beyond every quota (`/deep_link`, `/process_recording`), hold a place for each that
waits (`/dev/reload`), or fail with a traceback at a body that is none of theirs (`/component_server`, `/call/v2`).
"""

from __future__ import annotations

API = "/gradio_api/"
_PAGE = frozenset({"/", "/config", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt", "/login", "/logout"})
_CALLS = frozenset(
    {
        *("app_id", "cancel", "info", "login_check", "queue/data", "queue/join", "queue/status", "reset"),
        *("startup-events", "theme.css", "upload", "upload_progress", "user"),
    }
)
_BELOW = ("/assets/", "/static/", "/svelte/", API + "heartbeat/", API + "run/")
_FILE = API + "file="
PATH_LIMIT, NAME_LIMIT = 2_000, 255
"""Characters of an address and bytes of a part of it: Gradio looks for such a file, and no disk has a longer one."""
_ELSEWHERE = ("http:", "https:")


def answered(path: str) -> bool:
    """Whether an address, below which a proxy offers the page, is one of ours. A file by the address of another server
    is not: Gradio would fetch it for whoever asks."""
    path = path.rstrip("/") or "/"
    if len(path) > PATH_LIMIT or any(len(part.encode("utf-8", "replace")) > NAME_LIMIT for part in path.split("/")):
        return False
    if path.startswith(_FILE):
        return not path.removeprefix(_FILE).strip().lower().startswith(_ELSEWHERE) and "\0" not in path
    return path in _PAGE or path.startswith(_BELOW) or (path.startswith(API) and path.removeprefix(API) in _CALLS)
