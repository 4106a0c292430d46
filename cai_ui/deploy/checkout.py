"""What of a checkout goes to another machine: what is committed, without tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cai_ui.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
LEFT_HERE = ("tests/", ".ci/", ".github/", "requirements-test.txt", "CONTRIBUTING.md")
"""Nobody runs these on a Space."""


def shipped(root: Path = ROOT) -> list[str]:
    """Paths of committed files that are shipped. InputError where this is no checkout."""
    names = git(root, "ls-tree", "-r", "--name-only", "-z", "HEAD").split("\0")
    return [name for name in names if name and not name.startswith(LEFT_HERE)]


def changed(root: Path = ROOT) -> list[str]:
    """Files that are not as they were committed, and new ones."""
    return [line[3:] for line in git(root, "status", "--porcelain").splitlines()]


def copy_to(folder: Path, root: Path = ROOT) -> None:
    """Write the committed state of all that is shipped into `folder`."""
    for name in shipped(root):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_run(root, "show", f"HEAD:{name}"))


def git(root: Path, *arguments: str) -> str:
    """What git says. InputError where it says no."""
    return _run(root, *arguments).decode("utf-8", "replace")


def _run(root: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", b"") or str(error).encode()
        raise InputError(
            f"Git cannot read {root.name}: {said.decode('utf-8', 'replace').strip()[:200]}",
            kept="Nothing was changed.",
            next_step="Run this in a clone of the repository.",
        ) from None
    return done.stdout
