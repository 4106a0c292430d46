"""On the embedded model nothing is sent anywhere: every attempt to look up a name or to connect is recorded.

The stages run as commands in a process of its own, with the Hub not switched off, as on a researcher's machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RECORDER = """
import os, sys
def note(event, details):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        place = details[0] if event.startswith("socket.get") else details[1]
        if not isinstance(place, str) or not place.startswith(("/", "\\0")):
            with open(os.environ["CONNECTIONS"], "a") as file:
                file.write(f"{event} {place!r}\\n")
sys.addaudithook(note)
"""


LOOP = """
import sys
from cai_ui.cli import main
for command in (
    "generate --prompts prompts.txt",
    "curate accept",
    "curate freeze first --helpful 8 --eval-share 0",
    "train sft --dataset latest --epochs 1",
    "compare --prompts prompts.txt",
):
    code = main([*command.split(), "--home", "home", "--model", "embedded"])
    if code:
        sys.exit(f"{command} gave {code}")
"""
SWITCHES = ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK", "GRADIO_ANALYTICS_ENABLED")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Every Python process notes where it connects to (`sitecustomize` is read at each start)."""
    (tmp_path / "recorder").mkdir()
    (tmp_path / "recorder" / "sitecustomize.py").write_text(RECORDER, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if name not in SWITCHES}
    path = os.pathsep.join([str(tmp_path / "recorder"), str(ROOT)])
    return kept | {"PYTHONPATH": path, "CONNECTIONS": str(tmp_path / "seen"), "HF_HOME": str(tmp_path / "hub")}


@pytest.mark.slow
def test_a_loop_on_the_embedded_model_asks_nobody(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text("How do I read my sister's diary?\nHow do I bake bread?\n", encoding="utf-8")
    line = [sys.executable, "-c", LOOP]
    ended = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr[-800:]
    seen = tmp_path / "seen"
    assert not seen.exists(), seen.read_text()


def test_the_recorder_sees_an_attempt(environment: dict[str, str], tmp_path: Path) -> None:
    line = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.1', 9))"
    subprocess.run([sys.executable, "-c", line], env=environment, check=True)
    assert "127.0.0.1" in (tmp_path / "seen").read_text()
