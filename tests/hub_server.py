"""A small stand-in for the Hub's HTTP interface: one data set to read, and commits that it remembers."""

from __future__ import annotations

import base64
import json
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.stand_in import answering


class Hub(ThreadingHTTPServer):
    """`files` are served; `created` and `commits` hold what came in. What is called forbidden is refused."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.files: dict[str, bytes] = {}
        self.created: list[dict[str, Any]] = []
        self.commits: list[dict[str, bytes]] = []
        self.deleted: list[str] = []
        self.tokens: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answer(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        if "/tree/" in self.path:
            self._json([{"type": "file", "path": name, "size": 1, "oid": "c" * 40} for name in self.server.files])
        elif self.path.startswith(("/api/datasets/", "/api/spaces/")):
            files = [{"rfilename": name, "size": len(body)} for name, body in self.server.files.items()]
            self._json({"id": "lab/rows", "sha": "a" * 40, "private": False, "siblings": files, "tags": []})
        else:
            self._file()

    do_HEAD = do_GET

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.tokens.add(self.headers.get("authorization") or "")
        if "forbidden" in self.path or b"forbidden" in body:
            self._json({"error": "no"}, 403)
        elif self.path.endswith("/repos/create"):
            self.server.created.append(json.loads(body))
            self._json({"url": f"{self.server.url}/datasets/lab/rows", "name": "lab/rows"})
        elif "/preupload/" in self.path:
            files = json.loads(body)["files"]
            self._json({"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files]})
        elif "/commit/" in self.path:
            lines = [json.loads(line) for line in body.splitlines() if line.strip()]
            files = [line["value"] for line in lines if line["key"] == "file"]
            self.server.deleted += [line["value"]["path"] for line in lines if line["key"] == "deletedFile"]
            self.server.commits.append({f["path"]: base64.b64decode(f["content"]) for f in files})
            url = f"{self.server.url}/datasets/lab/rows/commit/{'b' * 40}"
            self._json({"commitUrl": url, "commitOid": "b" * 40, "success": True})
        else:
            self._json({"status": "valid", "errors": [], "warnings": []})

    def _file(self) -> None:
        name = self.path.split("/resolve/main/")[-1].split("/resolve/" + "a" * 40 + "/")[-1]
        found = self.server.files.get(name)
        if found is None:
            self._json({"error": "none"}, 404)
            return
        self.send_response(200)
        self.send_header("x-repo-commit", "a" * 40)
        self.send_header("etag", '"1"')
        self.send_header("content-length", str(len(found)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(found)

    def _json(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def running() -> AbstractContextManager[Hub]:
    return answering(Hub())
