"""Dockerfile, compose file and workflow name only what there is; nothing here starts a container."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from cai_ui.config.app import AppSettings
from cai_ui.config.knobs import variable
from cai_ui.deploy.checkout import ROOT
from cai_ui.web import gate

DOCKER = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
KNOWN = {variable(AppSettings, name) for name in AppSettings.model_fields} | {"CAI_DATABASE_URL"}


def test_what_is_copied_is_there_and_nothing_the_page_needs_is_left_out() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", DOCKER, re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    assert all((ROOT / name).exists() for name in names)
    assert names >= {"app.py", "cai_ui", "principles", "requirements.txt"}
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert not names & set(ignored) and ".git" in ignored


def test_variables_are_those_of_the_program() -> None:
    set_there = set(re.findall(r"\b(CAI_[A-Z_]+)=", DOCKER))
    in_compose = {name for service in COMPOSE["services"].values() for name in service.get("environment", {})}
    assert {name for name in set_there | in_compose if name.startswith("CAI_")} <= KNOWN
    assert {"CAI_HOST", "CAI_ACCESS", "CAI_HOME"} <= set_there, "a container listens to others, so people sign in"


def test_it_runs_without_rights_and_is_asked_whether_it_lives() -> None:
    assert "\nUSER cai\n" in DOCKER and gate.ALIVE in DOCKER
    assert COMPOSE["services"]["app"]["ports"] == ["127.0.0.1:7860:7860"], "not the world's without being asked"
    assert ":?" in COMPOSE["services"]["db"]["environment"]["POSTGRES_PASSWORD"], "no default password"


class Alive(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == gate.ALIVE else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


def test_the_health_check_finds_the_page_on_its_port_and_past_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """It asked port 7860 whatever CAI_PORT said, and by the proxy of the environment, so a page that lived was ill."""
    program = json.loads(re.findall(r"HEALTHCHECK[^\[]*CMD (\[.*\])", DOCKER)[0])[1:]
    with ThreadingHTTPServer(("127.0.0.1", 0), Alive) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        for port, status in ((server.server_port, 0), (1, 1)):
            monkeypatch.setenv("CAI_PORT", str(port))
            assert subprocess.run([sys.executable, *program], capture_output=True, check=False).returncode == status
        server.shutdown()


def test_actions_are_pinned_to_commits() -> None:
    for file in Path(ROOT, ".github/workflows").glob("*.yml"):
        used = re.findall(r"uses: (\S+)", file.read_text(encoding="utf-8"))
        assert used and all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name) for name in used)
