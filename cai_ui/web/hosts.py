"""Under which names the page answers, and whose pages may send it something."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit


def own_names(listed: str, environment: Mapping[str, str]) -> frozenset[str]:
    """Names under which the page may be asked: those listed, the Space's own, and this machine's."""
    machine = socket.gethostname().lower()
    names = {machine, f"{machine}.local", *environment.get("SPACE_HOST", "").lower().split(",")}  # with custom domains
    return frozenset(
        name for name in {part.strip() for part in names} | {part.strip().lower() for part in listed.split(",")} if name
    )


def host_name(host: str) -> str | None:
    """The name in a Host header, without its port and brackets; None for what is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower() or None
    except ValueError:
        return None


def same_origin(headers: Mapping[str, str]) -> bool:
    """Whether a request comes from this server's own page, or from no page at all (a script, curl)."""
    if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc in {headers.get("host"), headers.get("x-forwarded-host")}
    except ValueError:
        return False


def answers_to(host: str | None, names: frozenset[str]) -> bool:
    """Whether the page answers to a Host header, with these names of its own. A number is always known: no other
    site's name hides behind it."""
    name = host_name(host or "")
    if name is None:
        return False
    if name in names or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name) is not None
    except ValueError:
        return False
