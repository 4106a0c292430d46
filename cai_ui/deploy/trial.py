"""The start on a machine that has nothing: a clone of what is committed, an empty environment, the page until ready."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from cai_ui.deploy.checkout import ROOT, copy_to
from cai_ui.errors import CaiError

INSTALL_S, READY_S = 1800.0, 300.0


def try_start(root: Path = ROOT) -> Iterator[str]:
    """Sentences on how far it is. CaiError says what did not work, with the end of its output."""
    with tempfile.TemporaryDirectory() as folder:
        place, environment = Path(folder) / "app", Path(folder) / "venv"
        copy_to(place, root)
        yield "Copied what is committed; packages are being installed into an empty environment."
        _run([sys.executable, "-m", "venv", str(environment)], place)
        python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
        began = time.monotonic()
        _run([str(python), "-m", "pip", "install", "--quiet", "-r", "requirements.txt"], place)
        yield f"Installed in {time.monotonic() - began:.0f} s; the page is started as on a Space."
        began = time.monotonic()
        yield from _serve(python, place, Path(folder) / "home")
        yield f"Ready after {time.monotonic() - began:.0f} s."


def _serve(python: Path, place: Path, home: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    secretless = {k: v for k, v in os.environ.items() if not k.startswith(("CAI_", "HF_")) and k != "PYTHONPATH"}
    log = home.with_suffix(".log")
    with log.open("wb") as out:
        page = subprocess.Popen(
            [str(python), "app.py", "--port", str(port), "--home", str(home)], cwd=place, stdout=out, stderr=out,
            env={**secretless, "SPACE_ID": "check/check", "HF_HUB_OFFLINE": "1"},
        )  # fmt: skip
    try:
        ends = time.monotonic() + READY_S
        while not _ready(port):
            if page.poll() is not None or time.monotonic() > ends:
                raise _failed("The page did not get ready", log.read_text(encoding="utf-8", errors="replace"))
            time.sleep(0.5)
        yield "The page answers, and the embedded model is loaded."
    finally:
        page.terminate()
        try:
            page.wait(20)
        except subprocess.TimeoutExpired:
            page.kill()
            page.wait()


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _run(command: list[str], place: Path) -> None:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=INSTALL_S)
    if done.returncode != 0:
        raise _failed(f"{Path(command[0]).name} {' '.join(command[1:4])} failed", done.stderr or done.stdout)


def _failed(what: str, said: str) -> CaiError:
    return CaiError(f"{what}. Its last words:\n{said.strip()[-1500:]}", next_step="Mend that, commit, and try again.")
