"""A Space made of a checkout, against a stand-in for the Hub."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.deploy.test_check import checkout
from tests.hub_server import running

PROGRAM = """
import os, sys
from pathlib import Path
from cai_ui.deploy.space import push_space
from cai_ui.errors import CaiError
for name in ("lab/page", "lab/forbidden", "lab/unheard"):
    if name == "lab/unheard":
        os.environ["HF_ENDPOINT"] = "http://127.0.0.1:9"
    try:
        print(push_space(name, root=Path(sys.argv[1])))
    except CaiError as error:
        print("REFUSED", error)
"""
TOKEN = "hf_" + "x9" * 12


def test_what_is_committed_becomes_a_private_space(tmp_path: Path) -> None:
    """In a process of its own: the Hub's client reads its surroundings when it is imported."""
    root = checkout(tmp_path / "root")
    with running() as hub:
        hub.files = {"gone.txt": b"of the version before", "app.py": b"old"}
        environment = {k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"}
        environment |= {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(root)], capture_output=True, text=True, env=environment, timeout=300
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert "/commit/" in done.stdout and done.stdout.count("REFUSED The Hub did not take the Space") == 2
        made = hub.created[0]
        assert (made["name"], made["organization"], made["sdk"]) == ("page", "lab", "gradio")
        assert made.get("visibility", made.get("private")) in ("private", True)
        files = hub.commits[0]
        assert set(files) == {"LICENSE", "README.md", "app.py", "requirements.lock", "requirements.txt"}
        assert hub.deleted == ["gone.txt"]
        assert files["README.md"].startswith(b"---\ntitle: T")
        assert TOKEN not in done.stdout + done.stderr
