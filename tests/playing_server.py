"""Servers as they are, played on this machine: what each request is answered with is told beforehand.

Every case is asked both ways where it makes sense. docs/servers.md says which server does what, and why.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cai_ui.config.answers import Sampling
from cai_ui.engine.backends.endpoint import EndpointEngine
from cai_ui.engine.interface import Request
from cai_ui.records import Message
from tests.stand_in import answering

EVENTS = "text/event-stream; charset=utf-8"


@dataclass
class Play:
    """What is sent: pieces with their pauses (seconds) between; `again` is sent from the second request on."""

    pieces: list[bytes]
    status: int = 200
    kind: str = EVENTS
    headers: dict[str, str] = field(default_factory=dict)
    pause_s: float = 0.0
    again: Play | None = None


def event(message: Any, end: str = "\n\n") -> bytes:
    return f"data: {message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)}{end}".encode()


def delta(text: str | None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text, **more}, "finish_reason": finish}]}


def told(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> bytes:
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": finish, **more}]}).encode()


DONE, SO, STOP = event("[DONE]"), event(delta("So ")), event(delta("it is.", "stop"))
USAGE = event({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}})


class Server(ThreadingHTTPServer):
    """`plays` is what the model of each name sends, or what makes that of a request; `asked` and `seen` are the names
    and bodies of all requests, `models` its list."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.plays: dict[str, Play | Callable[[dict[str, Any]], Play]] = {}
        self.asked: list[str] = []
        self.seen: list[dict[str, Any]] = []
        self.models = Play([b'{"data": []}'], kind="application/json")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: Any) -> None:
        """A client that went away."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._play(self.server.models)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.seen.append(body)
        name, play = body["model"], self.server.plays[body["model"]]
        play = play if isinstance(play, Play) else play(body)
        self._play(play.again if play.again and name in self.server.asked else play, name)

    def _play(self, play: Play, name: str = "") -> None:
        self.server.asked.append(name)
        self.send_response(play.status)
        for key, value in {"Content-Type": play.kind, **play.headers}.items():
            self.send_header(key, value)
        self.end_headers()
        for piece in play.pieces:
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(play.pause_s)


def running() -> AbstractContextManager[Server]:
    """A server that plays until its end."""
    return answering(Server())


QUESTION = Request((Message("user", "Is it?"),), Sampling())
Asked = Callable[[Play], EndpointEngine]
"""What has a model of the server, named after the test, play something."""
