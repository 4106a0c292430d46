"""A small stand-in for dataset repositories on the Hub: commits that follow one another, files as of each of them."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.stand_in import answering


class Hub(ThreadingHTTPServer):
    """`commits` are all states of the one repository in order, by commit (None: it is not there). `fails` is a status
    that commits get; `loses_answers` has a commit done and its answer lost; `before` is called before each answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.commits: dict[str, dict[str, bytes]] | None = None
        self.private = True
        self.created: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.before: Callable[[str], None] = lambda path: None
        self.made = 0
        self.fails = 0
        self.loses_answers = False
        self.one = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def head(self) -> str:
        return list(self.commits or {})[-1]

    @property
    def files(self) -> dict[str, bytes]:
        """What is there now."""
        return (self.commits or {})[self.head]

    def add(self, files: dict[str, bytes], gone: Collection[str] = ()) -> str:
        """One more commit."""
        self.commits = self.commits or {}
        self.made += 1
        name = hashlib.sha1(f"{self.made}".encode()).hexdigest()
        there = (dict(self.files) if self.commits else {}) | files
        self.commits[name] = {file: body for file, body in there.items() if file not in gone}
        return name

    def squash(self) -> None:
        """All commits become one."""
        kept, self.commits = self.files, {}
        self.add(kept)


class _Answer(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.asked.append(f"{self.command} {path}")
        self.server.before(path)
        if self.server.commits is None:
            self._json({"error": "Repository not found"}, 404, {"x-error-code": "RepoNotFound"})
        elif "/tree/" in path:
            files = self.server.commits.get(path.rpartition("/")[2], {})
            self._json([{"type": "file", "path": name, "size": len(files[name]), "oid": "0" * 40} for name in files])
        elif path.startswith("/api/datasets/"):
            self._json({"id": "lab/kept", "sha": self.server.head, "private": self.server.private, "tags": []})
        else:
            commit, _, name = unquote(path).partition("/resolve/")[2].partition("/")
            found = self.server.commits.get(commit, {}).get(name)
            if found is None:
                self._json({"error": "Entry not found"}, 404, {"x-error-code": "EntryNotFound"})
            else:
                digest = hashlib.sha256(found).hexdigest()
                self._send(found, 200, {"x-repo-commit": commit, "etag": f'"{digest}"'})

    do_HEAD = do_GET

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = urlsplit(self.path).path
        self.server.asked.append(f"POST {path}")
        with self.server.one:
            if path.endswith("/repos/create"):
                self.server.created.append(json.loads(body))
                if self.server.commits is None:
                    self.server.add({".gitattributes": b""})
                self._json({"url": f"{self.server.url}/datasets/lab/kept", "name": "lab/kept"})
            elif "/preupload/" in path:
                files = json.loads(body)["files"]
                told = [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files]
                self._json({"files": told})
            elif "/paths-info/" in path:
                files = (self.server.commits or {}).get(path.rpartition("/")[2])
                if files is None:
                    self._json({"error": "Invalid rev id"}, 404, {"x-error-code": "RevisionNotFound"})
                    return
                asked = [name for name in parse_qs(body.decode())["paths"] if name in files]
                self._json(
                    [{"type": "file", "path": name, "size": len(files[name]), "oid": "0" * 40} for name in asked]
                )
            elif "/super-squash/" in path:
                self.server.squash()
                self._json({})
            else:
                self._commit(body)

    def _commit(self, body: bytes) -> None:
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        parent = next(line["value"].get("parentCommit") for line in lines if line["key"] == "header")
        if self.server.fails:
            self._json({"error": "no"}, self.server.fails)
        elif parent != self.server.head:
            self._json({"error": "A commit has happened since. Please refresh and try again."}, 412)
        else:
            files = [line["value"] for line in lines if line["key"] == "file"]
            gone = {line["value"]["path"] for line in lines if line["key"] == "deletedFile"}
            if gone - {*self.server.files}:
                self._json({"error": "A file with that name does not exist"}, 400)
                return
            made = self.server.add({file["path"]: base64.b64decode(file["content"]) for file in files}, gone)
            if self.server.loses_answers:
                self.close_connection = True
                self.connection.close()
                return
            url = f"{self.server.url}/datasets/lab/kept/commit/{made}"
            self._json({"commitUrl": url, "commitOid": made, "success": True})

    def _json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._send(json.dumps(value).encode(), status, {"content-type": "application/json"} | (headers or {}))

    def _send(self, body: bytes, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def running() -> AbstractContextManager[Hub]:
    return answering(Hub())
