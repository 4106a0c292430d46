"""The exact versions, with hashes, that were tested together, beside the ranges of requirements.txt."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from cai_ui.deploy.checkout import ROOT
from cai_ui.errors import CaiError

LOCK = "requirements.lock"
_LINE = re.compile(r"([A-Za-z0-9][\w.-]*)==([^\s\\]+)")
_HEAD = """\
# Made by: python -m cai_ui deploy lock
# Tested together on Python {python}, {system}. Wheels of other systems have other hashes; there use requirements.txt.
# pip install --require-hashes -r {lock}; a torch ending in +cpu comes from where its makers keep their CPU builds.
"""


def make_lock(root: Path = ROOT) -> int:
    """Resolve requirements.txt as pip would today and write the lock; gives the number of packages."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet",
             "--report", str(report), "-r", str(root / "requirements.txt")],
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode != 0 or not report.is_file():
            raise CaiError(
                f"pip could not resolve the ranges: {done.stderr.strip()[-300:]}",
                kept=f"{LOCK} is as it was.",
                next_step="Check the connection to the package index, and the ranges.",
            )
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    lines = sorted(_locked_line(one) for one in found)
    head = _HEAD.format(python=platform.python_version(), system=f"{platform.system()} {platform.machine()}", lock=LOCK)
    (root / LOCK).write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    return len(lines)


def locked(path: Path) -> dict[str, str]:
    """Versions by package name, in lower case."""
    return {name.lower(): version for name, version in _LINE.findall(path.read_text(encoding="utf-8"))}


def _locked_line(one: dict[str, Any]) -> str:
    name, version = one["metadata"]["name"], one["metadata"]["version"]
    digest = one["download_info"]["archive_info"]["hashes"]["sha256"]
    return f"{name.lower()}=={version} \\\n    --hash=sha256:{digest}"
