"""The server itself: what was decided is in the repository when it ends, and there again when it starts on an empty
disk."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import app
from cai_ui.pipeline.off_site.manifest import read
from cai_ui.store import open_store
from tests import hub_repository
from tests.app_server import free_port, ready
from tests.hub_repository import Hub
from tests.pipeline.off_site.copies import TOKEN, decide, told


@contextmanager
def server(home: Path, hub: Hub) -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers, ended by SIGTERM."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    environment |= {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "CAI_BACKUP_REPO": "lab/kept"}
    command = [sys.executable, "app.py", "--home", str(home), "--model", "scripted", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=Path(app.__file__).parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        answer = ready(process, port, 600)
        yield process
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=120)[0].decode()
    assert answer == 200 and process.returncode == 0, said
    assert "Traceback" not in said and TOKEN not in said, said


def until_there(hub: Hub, events: int) -> None:
    end = time.monotonic() + 300
    while "manifest.json" not in (hub.files if hub.commits else {}) or manifest_events(hub) < events:
        assert time.monotonic() < end, "nothing was brought there"
        time.sleep(0.2)


def manifest_events(hub: Hub) -> int:
    return read(hub.files["manifest.json"]).upto["events"]


@pytest.mark.slow
def test_a_space_that_lost_its_disk_goes_on_where_it_was(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with open_store(home) as store:
        decide(store, 1, 2, 3)
        wanted = told(store)
    with hub_repository.running() as hub:
        with server(home, hub):
            until_there(hub, 3)
        assert read(hub.files["manifest.json"]).writer == "", "it said that it ended"
        shutil.rmtree(home)
        with server(home, hub):
            until_there(hub, 3)
        with open_store(home) as store:
            assert told(store) == wanted
        assert TOKEN.encode() not in b"".join(hub.files.values())
