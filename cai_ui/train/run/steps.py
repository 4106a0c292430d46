"""The adapter as it was along the way: `steps/step-N` holds what PEFT wrote with a checkpoint, and outlives it.

Only some are kept, spread over the run: when there is one too many, every second one goes, and the newest stays.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

FOLDER = "steps"
FILES = ("adapter_config.json", "adapter_model.safetensors")


def keep_step(run_dir: Path, checkpoint: Path, step: int, most: int) -> None:
    """Keep the adapter of a complete checkpoint; of all that are kept, at most `most`. The files are shared with the
    checkpoint on the disk, not copied, where the disk can do that."""
    folder = run_dir / FOLDER / f"step-{step}"
    if most < 1 or not all((checkpoint / name).is_file() for name in FILES):
        return
    draft = folder.with_name(f".{folder.name}")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    draft.mkdir(parents=True)
    for name in FILES:
        try:
            os.link(checkpoint / name, draft / name)
        except OSError:
            shutil.copyfile(checkpoint / name, draft / name)
    draft.rename(folder)
    _thin_out(run_dir, most)


def kept_steps(run_dir: Path) -> dict[int, Path]:
    """Folder by step, the last step first."""
    found = [path for path in (run_dir / FOLDER).glob("step-*") if path.is_dir() and path.name[5:].isdigit()]
    return {int(path.name[5:]): path for path in sorted(found, key=lambda path: int(path.name[5:]), reverse=True)}


def drop_steps(run_dir: Path, after: int = -1) -> None:
    """Remove those of later steps: a run that goes on from an earlier one makes them anew."""
    for step, folder in kept_steps(run_dir).items():
        if step > after:
            shutil.rmtree(folder, ignore_errors=True)


def _thin_out(run_dir: Path, most: int) -> None:
    there = list(kept_steps(run_dir).values())
    if len(there) > most:
        for folder in there[1::2]:
            shutil.rmtree(folder, ignore_errors=True)
