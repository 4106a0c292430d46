"""A small stand-in for the Hub as an OpenID provider: discovery, a form of consent that always agrees, tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.stand_in import answering

CLIENT, SECRET = "client-1", "secret-1"


class Provider(ThreadingHTTPServer):
    """Whoever comes is `name`, with the number `person`. `claims` and `discovery` replace what it would say; `refuses`
    has it send people back without a code, `silent` hang up."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.as_new()

    def as_new(self) -> None:
        self.name, self.person = "Ada", "1"
        self.claims: dict[str, Any] = {}
        self.discovery: dict[str, Any] = {}
        self.refuses = self.silent = False
        self.body: bytes | None = None
        self.packing = ""
        self.asked: list[dict[str, str]] = []
        self.codes: dict[str, dict[str, str]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answer(BaseHTTPRequestHandler):
    server: Provider

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        url = self.server.url
        if self.path == "/.well-known/openid-configuration":
            told = {
                "issuer": url,
                "authorization_endpoint": f"{url}/oauth/authorize",
                "token_endpoint": f"{url}/oauth/token",
                "code_challenge_methods_supported": ["S256"],
            }
            self._json(told | self.server.discovery)
            return
        asked = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        self.server.asked.append(asked)
        code = secrets.token_hex(8)
        self.server.codes[code] = asked
        given = {"error": "access_denied"} if self.server.refuses else {"code": code}
        self.send_response(302)
        self.send_header("location", f"{asked['redirect_uri']}?{urlencode(given | {'state': asked['state']})}")
        self.end_headers()

    def do_POST(self) -> None:
        if self.server.silent:
            self.close_connection = True
            self.connection.close()
            return
        length = int(self.headers.get("content-length") or 0)
        form = {key: values[0] for key, values in parse_qs(self.rfile.read(length).decode()).items()}
        asked = self.server.codes.pop(form.get("code", ""), None)  # each is good for one time
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if self.server.body is not None:
            self._send(self.server.body, 200)
        elif (
            asked is None
            or self.headers.get("authorization") != basic
            or form.get("redirect_uri") != asked["redirect_uri"]
            or ("code_challenge" in asked and challenge != asked["code_challenge"])
        ):
            self._json({"error": "invalid_grant"}, 400)
        else:
            self._json({"access_token": "hf_oauth_visitors", "id_token": self._id_token(asked)})

    def _id_token(self, asked: dict[str, str]) -> str:
        claims = {
            "iss": self.server.url,
            "aud": asked["client_id"],
            "exp": int(time.time()) + 600,
            "iat": int(time.time()),
            "nonce": asked["nonce"],
            "sub": self.server.person,
            "preferred_username": self.server.name,
        }
        parts = [{"alg": "RS256"}, claims | self.server.claims]
        said = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
        return ".".join([*said, "signature"])

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(json.dumps(value).encode(), status)

    def _send(self, body: bytes, status: int) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if self.server.packing:
            self.send_header("content-encoding", self.server.packing)
        self.end_headers()
        self.wfile.write(body)


def running() -> AbstractContextManager[Provider]:
    return answering(Provider())
