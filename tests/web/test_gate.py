"""The page answers only to itself, takes no endless bodies, and may not ask other hosts for anything."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from cai_ui.web.gate import BODY_LIMIT, Gate, same_origin


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


CLIENT = TestClient(Gate(Starlette(routes=[Route("/{rest:path}", echo, methods=["GET", "POST"])])))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"host": "a:1", "origin": "http://a:1"}, True),
        ({"host": "a", "x-forwarded-host": "b", "origin": "https://b"}, True),
        ({"host": "a:1", "origin": "http://evil"}, False),
        ({"host": "a:1", "origin": "null"}, False),
        ({"host": "a", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, False),
        ({"host": "a", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, True),
    ],
)
def test_only_the_own_page_or_no_page_may_ask(headers: dict[str, str], allowed: bool) -> None:
    assert same_origin(headers) is allowed


def test_a_foreign_page_is_refused() -> None:
    assert CLIENT.post("/x", headers={"origin": "http://evil.example"}).status_code == 403
    assert CLIENT.post("/x", content=b"abc").text == "3"


def test_a_body_beyond_the_limit_is_refused_before_it_is_read() -> None:
    assert CLIENT.post("/x", content=b"a" * (BODY_LIMIT + 1)).status_code == 413
    assert CLIENT.post("/gradio_api/upload", content=b"a" * (BODY_LIMIT + 1)).status_code == 200


def test_the_page_may_not_reach_other_hosts() -> None:
    policy = CLIENT.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
