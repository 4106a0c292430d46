"""Checkpoints are complete or ignored: a manifest with the hash of every file is written last.

The files are those of the transformers Trainer (adapter, optimiser, schedule, random states, position in the data).
They never leave the run's folder, and one whose manifest is missing or does not fit is not opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
FOLDER = "checkpoints"


def seal(checkpoint: Path) -> None:
    """Write the manifest of a checkpoint whose files are all there, and flush them to the disk first."""
    files = {str(path.relative_to(checkpoint)): _fingerprint(path, flush=True) for path in _files(checkpoint)}
    draft = checkpoint / f".{MANIFEST}"
    with draft.open("w", encoding="utf-8") as file:
        json.dump({"format": 1, "files": files}, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, checkpoint / MANIFEST)


def latest_checkpoint(run_dir: Path) -> Path | None:
    """The newest complete checkpoint of a run, or None."""
    return next((path for path in _by_age(run_dir) if is_complete(path)), None)


def step_of(checkpoint: Path) -> int:
    """How many steps were done when it was written."""
    return int(checkpoint.name.rpartition("-")[2])


def is_complete(checkpoint: Path) -> bool:
    """Whether every file is as its manifest says."""
    try:
        files: dict[str, Any] = json.loads((checkpoint / MANIFEST).read_text(encoding="utf-8"))["files"]
        found = {str(path.relative_to(checkpoint)): _fingerprint(path) for path in _files(checkpoint)}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(files) and files == found


def drop_incomplete(run_dir: Path) -> None:
    """Remove what a killed process left half written."""
    for path in _by_age(run_dir):
        if not is_complete(path):
            shutil.rmtree(path, ignore_errors=True)


def drop_oldest(run_dir: Path, keep: int) -> None:
    """Remove all but the `keep` newest. Call it when the newest has been sealed."""
    for path in _by_age(run_dir)[keep:]:
        shutil.rmtree(path, ignore_errors=True)


def drop_all(run_dir: Path) -> None:
    """Remove all checkpoints of a run."""
    shutil.rmtree(run_dir / FOLDER, ignore_errors=True)


def _by_age(run_dir: Path) -> list[Path]:
    """Newest first."""
    found = [p for p in (run_dir / FOLDER).glob("checkpoint-*") if p.is_dir() and p.name[11:].isdigit()]
    return sorted(found, key=step_of, reverse=True)


def _files(checkpoint: Path) -> list[Path]:
    return sorted(p for p in checkpoint.rglob("*") if p.is_file() and p.name not in (MANIFEST, f".{MANIFEST}"))


def _fingerprint(path: Path, flush: bool = False) -> str:
    with path.open("rb") as file:
        if flush:
            os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()
