"""No request goes to the addresses by which clouds give out a machine's secrets. Nothing here leaves the machine: the
refusal comes before a connection, and a name is looked up by a stand-in resolver. Settings of the machine that forbid
any connection are said."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.engine.backends.endpoint import EndpointEngine
from cai_ui.engine.backends.endpoint_client import EndpointClient
from cai_ui.engine.interface import Request, ScoreRequest
from cai_ui.errors import CaiError, EndpointError
from cai_ui.records import Message
from tests.off_loop import finish


async def ask(url: str) -> None:
    client = EndpointClient(url, silent_s=2.0)
    try:
        await client.models()
    finally:
        await client.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "http://169.254.1.1:80/v1",
        "http://[fe80::1]/v1",
        "http://[::ffff:169.254.169.254]/v1",
        "http://[fd00:ec2::254]/v1",
        "http://100.100.100.200/v1",
        "http://168.63.129.16/v1",
        "http://192.0.0.192/v1",
        "http://[fd20:ce::254]/v1",
        "http://[64:ff9b::a9fe:a9fe]/v1",
        "http://[2002:a9fe:a9fe::]/v1",
        "http://[::169.254.169.254]/v1",
        "http://metadata.example/v1",
    ],
)
def test_services_of_the_machine_itself_are_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(host: str, *_: Any, **__: Any) -> list[Any]:
        assert host == "metadata.example", "numbers need no resolver"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(EndpointError, match="not of a model's server") as refused:
        finish(ask(url))
    assert refused.value.cause == "link-local"


def test_a_server_of_ones_own_is_asked() -> None:
    with pytest.raises(EndpointError, match="could not be reached"):
        finish(ask("http://127.0.0.1:9/v1"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("HTTP_PROXY", "quic://h"), ("SSL_CERT_FILE", "/no/such/file"), ("NO_PROXY", "a,b:c:[d")],
)
def test_settings_that_forbid_any_connection_are_said_at_once(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by the thread that asks, for which everybody would wait for ever."""
    monkeypatch.setenv(name, value)
    engine, asked = EndpointEngine("http://127.0.0.1:9/v1", "m"), (Message("user", "Is it?"),)
    told: list[CaiError] = []

    def ask() -> None:
        for way in (
            engine.check,
            lambda: engine.generate([Request(asked, Sampling())]),
            lambda: list(engine.stream([Request(asked, Sampling())])),
            lambda: list(engine.choose_many([ScoreRequest(asked, ("(A)", "(B)"))])),
        ):
            try:
                way()  # type: ignore[operator]
            except EndpointError as error:
                told.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(20)
    assert [error.cause for error in told if "PROXY" in str(error)] == ["own settings"] * 4  # type: ignore[attr-defined]
