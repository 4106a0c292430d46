"""The Hugging Face Hub as an OpenID provider: where it is asked, and what it says of somebody.

Its answers are bounded in time and size, and only its own addresses are taken.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from cai_ui.errors import AccessError, InputError
from cai_ui.web import words

ASK_S, MOST_BYTES = 10.0, 64 * 1024
"""How long the Hub may take for an answer, and how large it may be."""
SKEW_S = 60.0
"""By how much its clock may differ."""


@dataclass(frozen=True)
class Provider:
    """The Hub as this page's environment names it. `back` is the address to which it sends people back."""

    url: str
    client: str
    secret: str = field(repr=False)
    scopes: str
    back: str

    @property
    def secure(self) -> bool:
        return self.back.startswith("https:")


def provider_of(environment: Mapping[str, str], path: str = "/login/callback") -> Provider | None:
    """What a Space with `hf_oauth: true` has in its environment; None where a part is missing. People come back below
    the path at which a proxy offers the page, or its whole address (GRADIO_ROOT_PATH).

    InputError for a provider beyond this machine without TLS: anybody on the way could say who somebody is.
    """
    asked = ("OPENID_PROVIDER_URL", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "SPACE_HOST")
    url, client, secret, hosts = (environment.get(name, "").strip() for name in asked)
    host = hosts.split(",")[0].strip()
    if not (url and client and secret and host):
        return None
    if not url.startswith("https://") and not _here(url):
        raise InputError(
            "People would sign in with a provider that is asked without TLS (OPENID_PROVIDER_URL).",
            next_step="Name it by https://, or leave OPENID_PROVIDER_URL away and let people sign in with passwords.",
        )
    here = _here(f"//{host}")
    scopes = environment.get("OAUTH_SCOPES", "").strip() or "openid profile"
    below = environment.get("GRADIO_ROOT_PATH", "").strip().rstrip("/")
    root = below if below.startswith(("http://", "https://")) else f"{'http' if here else 'https'}://{host}{below}"
    return Provider(url.rstrip("/"), client, secret, scopes, f"{root}{path}")


def _here(url: str) -> bool:
    """Whether an address is of this machine alone. InputError for what is none."""
    try:
        return urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")
    except ValueError:
        raise InputError(f"{url[:80]!r} is no address.", next_step="Write it as https://host.") from None


@dataclass(frozen=True)
class Endpoints:
    """What the Hub calls itself, where people are sent to, where a code is handed in, and whether PKCE (RFC 7636) is
    offered."""

    issuer: str
    authorize: str
    token: str
    pkce: bool


def _moment(said: object) -> float:
    """Seconds since 1970. ValueError for what is no number of them."""
    if isinstance(said, bool) or not isinstance(said, int | float):
        raise ValueError
    return float(said)


class Hub:
    """Asks the Hub. All its methods raise AccessError, with a sentence, where the answer cannot be used."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._endpoints: Endpoints | None = None

    async def way(self, state: str, nonce: str, verifier: str) -> str:
        """The address at which somebody tells the Hub that they want to sign in here."""
        where, me = await self._found(), self.provider
        asked = {
            "response_type": "code",
            "client_id": me.client,
            "redirect_uri": me.back,
            "scope": me.scopes,
            "state": state,
            "nonce": nonce,
        }
        if where.pkce:
            digest = hashlib.sha256(verifier.encode("ascii")).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
            asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        return f"{where.authorize}?{urlencode(asked)}"

    async def claims(self, code: str, nonce: str, verifier: str) -> dict[str, Any]:
        """What the Hub says of whoever brought the code. It comes from the Hub itself over TLS, which stands for the
        signature (OpenID Connect Core 1.0, 3.1.3.7); who says it, for whom, since and until when, and the nonce are
        looked at."""
        where, me = await self._found(), self.provider
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": me.back}
        if where.pkce:
            form["code_verifier"] = verifier
        said = await self._ask("POST", where.token, data=form, auth=httpx.BasicAuth(me.client, me.secret))
        try:
            part = str(said["id_token"]).split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
            fits = (
                claims["iss"] == where.issuer
                and audience == [me.client]
                and claims.get("azp", me.client) == me.client
                and _moment(claims["exp"]) > time.time() - SKEW_S
                and _moment(claims["iat"]) < time.time() + SKEW_S
                and hmac.compare_digest(str(claims["nonce"]).encode("utf-8", "replace"), nonce.encode("ascii"))
            )
        except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
            raise AccessError(words.HUB_STRANGE) from None
        if not fits:
            raise AccessError(words.HUB_STRANGE)
        return dict(claims)

    async def _found(self) -> Endpoints:
        """The Hub's addresses, as it tells them."""
        if self._endpoints is None:
            said = await self._ask("GET", f"{self.provider.url}/.well-known/openid-configuration")
            issuer, authorize, token = (
                str(said.get(name)) for name in ("issuer", "authorization_endpoint", "token_endpoint")
            )
            if issuer.rstrip("/") != self.provider.url or not self._own(authorize, token):
                raise AccessError(words.HUB_STRANGE)
            methods = said.get("code_challenge_methods_supported")
            self._endpoints = Endpoints(issuer, authorize, token, isinstance(methods, list) and "S256" in methods)
        return self._endpoints

    def _own(self, *urls: str) -> bool:
        try:
            return all(urlsplit(url)[:2] == urlsplit(self.provider.url)[:2] for url in urls)
        except ValueError:
            return False

    async def _ask(self, method: str, url: str, **how: Any) -> dict[str, Any]:
        body = b""
        try:
            client = httpx.AsyncClient(headers={"Accept-Encoding": "identity"}, timeout=ASK_S, follow_redirects=False)
            async with asyncio.timeout(ASK_S), client, client.stream(method, url, **how) as answer:
                if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
                    raise AccessError(words.HUB_STRANGE)  # httpx makes a gigabyte of a kilobyte
                async for piece in answer.aiter_raw():
                    body += piece
                    if len(body) > MOST_BYTES:
                        raise AccessError(words.HUB_STRANGE)
            if answer.status_code in (400, 401, 403):
                raise AccessError(words.HUB_REFUSED)
            said = json.loads(body)
        except AccessError:
            raise
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ImportError):  # the last: proxies, certificates
            raise AccessError(words.HUB_SILENT) from None
        except (ValueError, RecursionError):
            raise AccessError(words.HUB_STRANGE) from None
        if answer.status_code != 200 or not isinstance(said, dict):
            raise AccessError(words.HUB_STRANGE)
        return said
