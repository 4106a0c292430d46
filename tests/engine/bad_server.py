"""A real HTTP server that speaks the OpenAI protocol, well or badly. The model's name says how it behaves."""

from __future__ import annotations

import json
import math
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WAYS = [
    "good",
    "html",
    "nothing",
    "not-json",
    "list",
    "no-choices",
    "number",
    "null",
    "half",
    "silent",
    "slow",
    "flaky",
    "busy",
    "down",
    "key",
    "refuses",
    "too-long",
    "huge",
    "half-json",
    "in-stream-error",
    "control",
    "filter",
    "logs",
    "chooses",
]


class Server(ThreadingHTTPServer):
    """`seen` are the requests' bodies, `most` the largest number under way at once."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[dict[str, Any]] = []
        self.headers_seen: list[str] = []
        self.now = self.most = 0
        self.gone = threading.Event()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, *_: Any) -> None:
        self.gone.set()  # a client that went away in the middle


def words(body: dict[str, Any]) -> list[str]:
    """The answer: the question in capitals, word by word."""
    text = body["messages"][-1]["content"].upper() + " "
    return [word + " " for word in text.split()][: body["max_tokens"]]


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._json(200, {"data": [{"id": way, "max_model_len": 4096} for way in WAYS]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.lock:
            self.server.seen.append(body)
            self.server.headers_seen.append(self.headers.get("authorization", ""))
            self.server.now += 1
            self.server.most = max(self.server.most, self.server.now)
            tries = sum(b == body for b in self.server.seen)
        try:
            self._behave(body, body["model"], tries)
        finally:
            with self.server.lock:
                self.server.now -= 1

    def _behave(self, body: dict[str, Any], way: str, tries: int) -> None:
        plain = {
            "html": b"<!doctype html><title>Welcome</title>",
            "nothing": b"",
            "not-json": b"{{{{",
            "list": b"[1, 2]",
            "no-choices": b'{"id": "x"}',
            "number": b'{"choices": [{"message": {"content": 7}, "delta": {"content": 7}}]}',
            "null": b'{"choices": [{"message": {"content": null}, "delta": null}]}',
            "filter": b'{"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}',
            "half-json": b'{"choices": [{"message": {"cont',
            "huge": b" " * (5 * 2**20),
        }
        if way in plain:
            self._send(200, plain[way], "text/html" if way == "html" else "application/json")
        elif way == "flaky" and tries < 3:
            self._json(429 if tries == 1 else 503, {"error": {"message": "later"}}, {"Retry-After": "0"})
        elif way in ("busy", "down"):
            self._json(429 if way == "busy" else 500, {"error": "no\x00t now"})
        elif way == "key":
            self._json(401, {"error": {"message": "who are you?"}})
        elif way == "refuses":
            self._json(422, {"error": {"message": "the colour is not known here"}})
        elif way == "too-long":
            self._json(400, {"error": {"message": "This model's maximum context length is 10 tokens, you gave 11."}})
        elif way == "silent":
            time.sleep(3)
        elif way == "logs":
            self._logs(body)
        elif way == "chooses":
            self._choose(body)
        elif body.get("stream"):
            self._stream(body, way)
        else:
            time.sleep(0.05)
            text = "a\x00b\ud800c" if way == "control" else "".join(words(body))
            self._json(200, {"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": USAGE})

    def _logs(self, body: dict[str, Any]) -> None:
        """Every word is a token; its log-probability is minus its length."""
        count = [w for m in body["messages"] for w in m["content"].split()]
        logs = [None, *({"1": {"logprob": -len(w)}} for w in count)]
        self._json(200, {"choices": [{"message": {"content": "x"}}], "prompt_logprobs": logs})

    def _choose(self, body: dict[str, Any]) -> None:
        """Writes "(B)" and tells how likely it was; "(A)" had a quarter. It needs a while for it."""
        time.sleep(0.05)
        letters = {"B": 0.6, " B": 0.15, "A": 0.25, "C": 0.0001}
        likely = [{"token": letter, "logprob": math.log(share)} for letter, share in letters.items()]
        written = [{"token": "(", "top_logprobs": [{"token": "(", "logprob": -0.1}, {"token": "A", "logprob": -3.0}]}]
        written += [{"token": "B", "top_logprobs": likely}, {"token": ")", "top_logprobs": []}]
        logs = {"logprobs": {"content": written}} if body.get("logprobs") else {}
        self._json(200, {"choices": [{"message": {"content": "(B)"}, "finish_reason": "stop", **logs}]})

    def _stream(self, body: dict[str, Any], way: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for place, word in enumerate(words(body)):
            if way == "in-stream-error" and place == 2:
                self._event({"error": {"message": "the model fell over"}})
                return
            if way == "half" and place == 2:
                return
            if way == "slow":
                time.sleep(0.1)
            self._event({"choices": [{"delta": {"content": word}, "finish_reason": None}]})
        self._event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        self._event({"choices": [], "usage": USAGE})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, message: dict[str, Any]) -> None:
        self.wfile.write(b": a comment\n\ndata: " + json.dumps(message).encode() + b"\n\n")
        self.wfile.flush()

    def _json(self, status: int, message: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(message).encode(), "application/json", headers)

    def _send(self, status: int, content: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


USAGE = {"prompt_tokens": 11, "completion_tokens": 7}
