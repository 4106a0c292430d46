"""A workspace that cannot be used: `python app.py` ends with one sentence on the folder, and status 2."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cai_ui.store import open_store

ROOT = Path(__file__).resolve().parents[2]
WITHOUT = "-dac_override,-dac_read_search"


@pytest.fixture
def as_user() -> list[str]:
    """What to put before a command so that folder permissions hold for it: root goes past them otherwise."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("Root may write everywhere, and there is no setpriv to give that up.")
    return ["setpriv", "--bounding-set", WITHOUT, "--inh-caps", WITHOUT]


def start(as_user: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    command = [*as_user, sys.executable, "app.py", "--home", str(home), "--model", "scripted", "--port", "47860"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_a_folder_without_write_permission(as_user: list[str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o555)
    ended = start(as_user, home)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1 and str(home) in ended.stderr
    assert "Permission denied" in ended.stderr and "CAI_HOME" in ended.stderr


def test_a_workspace_that_was_writable_once_is_left_as_it_is(as_user: list[str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    open_store(home).close()
    before = (home / "cai.db").read_bytes()
    for path in (*home.iterdir(), home):
        path.chmod(0o555 if path.is_dir() else 0o444)
    ended = start(as_user, home)
    assert ended.returncode == 2 and "Traceback" not in ended.stderr
    assert str(home) in ended.stderr
    assert (home / "cai.db").read_bytes() == before


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a letter")
    ended = start([], tmp_path / "home")
    assert ended.returncode == 2 and "Traceback" not in ended.stderr
    assert "cannot be used" in ended.stderr
    assert (tmp_path / "home").read_text() == "a letter"
