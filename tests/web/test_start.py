"""How the server starts: flags over variables over defaults, and plain sentences where it cannot."""

from __future__ import annotations

import socket

import pytest

import app
from cai_ui.errors import InputError


def test_flags_win_over_variables_and_variables_over_defaults() -> None:
    settings = app.read_settings(["--port", "8001"], {"CAI_PORT": "8002", "CAI_HOME": "/x"})
    assert (settings.port, settings.home, settings.model, settings.host) == (8001, "/x", "auto", "127.0.0.1")


def test_a_space_listens_on_all_addresses_unless_told_otherwise() -> None:
    assert app.read_settings([], {"SPACE_ID": "me/space"}).host == "0.0.0.0"
    assert app.read_settings(["--host", "127.0.0.1"], {"SPACE_ID": "me/space"}).host == "127.0.0.1"


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


def test_a_bad_value_gives_a_sentence_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["--port", "many"]) == 2
    assert "port" in capsys.readouterr().err
