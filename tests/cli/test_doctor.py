"""A bug report says what helps and holds no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cai_ui.cli import main
from cai_ui.config.app import AppSettings
from cai_ui.pipeline import open_services


def report(home: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    assert main(["doctor", "--json", "--home", str(home)]) == 0
    found: dict[str, str] = json.loads(capsys.readouterr().out)
    return found


def test_it_names_variables_and_never_their_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAI_ENDPOINT_KEY", "canary-of-a-key")
    found = report(tmp_path / "none", capsys)
    assert "CAI_ENDPOINT_KEY" in found["variables set"] and "canary" not in json.dumps(found)
    assert found["workspace"] == "none yet" and found["gradio"][0].isdigit()
    assert not (tmp_path / "none").exists()


def test_it_says_what_a_container_leaves_of_the_machine_s_memory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cai_ui.engine.weights.estimate._CONTROL_GROUPS", tmp_path)
    for name, said in (("max", "1200000000"), ("current", "100000000"), ("stat", "inactive_file 0")):
        (tmp_path / f"memory.{name}").write_text(said)
    assert report(tmp_path / "none", capsys)["memory"].endswith(" GB, 1.1 GB free here")


def test_it_says_what_a_workspace_is_like_and_who_has_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    services = open_services(AppSettings(home=str(tmp_path), model="scripted"))
    try:
        assert "in use by another process" in report(tmp_path, capsys)["workspace"]
    finally:
        services.close()
    assert report(tmp_path, capsys)["state"] == "sound"
    (tmp_path / "cai.db").write_bytes(b"no database")
    assert report(tmp_path, capsys)["workspace"]
