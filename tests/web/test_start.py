"""How the server starts: flags over variables over defaults, and plain sentences where it cannot."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.request import urlopen

import gradio as gr
import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import app
from cai_ui.errors import InputError
from cai_ui.web.patience import launch
from tests.app_server import free_port, ready
from tests.off_loop import finish


def test_flags_win_over_variables_and_variables_over_defaults() -> None:
    settings = app.read_settings(["--port", "8001"], {"CAI_PORT": "8002", "CAI_HOME": "/x"})
    assert (settings.port, settings.home, settings.model, settings.host) == (8001, "/x", "auto", "127.0.0.1")


def test_a_space_listens_on_all_addresses_unless_told_otherwise() -> None:
    assert app.read_settings([], {"SPACE_ID": "me/space"}).host == "0.0.0.0"
    assert app.read_settings(["--host", "127.0.0.1"], {"SPACE_ID": "me/space"}).host == "127.0.0.1"


def test_the_proxies_of_a_space_say_who_asks() -> None:
    """They have addresses such as 10.16.3.80, and were each taken for a visitor that all visitors were."""
    space, elsewhere, told = {"SPACE_ID": "me/space"}, {}, {"SPACE_ID": "me/space", "FORWARDED_ALLOW_IPS": "::1"}
    for environment in (space, elsewhere, told):
        app.believe_the_proxies_of_a_space(environment)
    assert elsewhere == {} and told["FORWARDED_ALLOW_IPS"] == "::1"
    proxies = ProxyHeadersMiddleware(gate, space["FORWARDED_ALLOW_IPS"])  # type: ignore[arg-type]
    said = [(b"x-forwarded-for", b"1.2.3.4, 198.51.100.2, 10.0.0.9")]
    for scope, who in (
        ({"type": "http", "client": ("10.16.3.80", 1), "headers": said}, "198.51.100.2"),
        ({"type": "http", "client": ("192.0.2.1", 1), "headers": said}, "192.0.2.1"),
    ):
        finish(proxies(scope, None, None))  # type: ignore[arg-type]
        assert scope["client"][0] == who


async def gate(scope: object, receive: object, send: object) -> None:
    """What stands behind the proxies."""


def test_a_thousand_connections_are_not_all_the_files_there_may_be() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        app.many_open_files()
        now = resource.getrlimit(resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert now[1] == before[1] and now[0] == min(app.OPEN_FILES, before[1] if before[1] > 0 else app.OPEN_FILES)


def test_a_bad_port_is_named() -> None:
    with pytest.raises(InputError, match="port"):
        app.read_settings(["--port", "99999"], {})


def test_a_port_in_use_gives_a_sentence_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        assert app.main(["--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert str(port) in said
    assert "Traceback" not in said
    assert "--port" in said


@pytest.mark.slow
def test_a_machine_that_takes_long_to_begin_does_begin() -> None:
    """Gradio gave it five seconds, then said that no port was free, and the program ended."""

    @asynccontextmanager
    async def slowly(_: object) -> AsyncIterator[None]:
        time.sleep(6)
        yield

    with gr.Blocks() as page, gr.Blocks() as another:
        gr.HTML("begun")
    port = free_port()
    launch(
        page, server_port=port, prevent_thread_lock=True, quiet=True, _frontend=False, app_kwargs={"lifespan": slowly}
    )
    try:
        with urlopen(f"http://127.0.0.1:{port}/config", timeout=10) as answer:
            assert answer.status == 200
        with pytest.raises(OSError, match="port"):
            launch(another, server_port=port, prevent_thread_lock=True, quiet=True, _frontend=False)
    finally:
        page.close()


def test_a_bad_value_gives_a_sentence_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["--port", "many"]) == 2
    assert "port" in capsys.readouterr().err


@pytest.mark.slow
def test_a_proxy_that_does_not_know_this_machine_keeps_no_page_from_starting(tmp_path: Path) -> None:
    """Gradio asks the page for itself at the start; through a proxy, or on a busy machine, it got no answer and ended
    with a traceback."""
    port = free_port()
    nowhere = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    environment = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"} | nowhere
    command = [sys.executable, "app.py", "--home", str(tmp_path), "--model", "scripted", "--port", str(port)]
    with subprocess.Popen(command, cwd=Path(app.__file__).parent, env=environment, stderr=subprocess.PIPE) as process:
        answer = ready(process, port, 120)
        time.sleep(0.5)
        alive = process.poll() is None
        process.terminate()
        said = process.communicate(timeout=60)[1].decode()
    assert answer == 200 and alive, said
    assert "Traceback" not in said
