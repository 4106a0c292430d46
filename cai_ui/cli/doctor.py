"""`doctor`: what a bug report has to say about this machine, this install and this workspace. No keys, no texts."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import app_settings, command
from cai_ui.cli.flags import Arguments
from cai_ui.errors import CaiError
from cai_ui.formats.writing import json_text
from cai_ui.versions import version_of

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands

PACKAGES = ("gradio", "torch", "transformers", "peft", "trl", "datasets", "bitsandbytes", "pandas", "sqlalchemy",
            "psycopg", "huggingface_hub", "spaces")  # fmt: skip
GB = 10**9


def add(commands: Commands) -> None:
    parser = command(commands, "doctor", _doctor, "what a bug report has to say about this machine and workspace")
    parser.add_argument("--json", action="store_true", help="for programs")


def _doctor(parsed: Arguments) -> int:
    found = dict(facts(Path(app_settings(parsed).home).expanduser()))
    if parsed.json:
        print(json_text(found, 1))
        return 0
    width = max(len(name) for name in found)
    for name, value in found.items():
        print(f"{name:{width}}  {value}")
    return 0


def facts(home: Path) -> Iterator[tuple[str, str]]:
    """Names and values, in the order of a report. Nothing here fails for what it looks at."""
    from cai_ui.engine.weights.estimate import graphics

    yield "python", f"{platform.python_version()} on {platform.system()} {platform.release()} {platform.machine()}"
    yield "processors", str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    yield "memory", _memory()
    for name in PACKAGES:
        yield name, version_of(name) or "not installed"
    yield "graphics", graphics()
    yield "sqlite", sqlite3.sqlite_version
    names = sorted(name for name in os.environ if name.startswith(("CAI_", "HF_", "SPACE")))
    yield "variables set", ", ".join(names) or "none"  # names alone: values may be keys
    yield "on a Space", "yes" if os.environ.get("SPACE_ID") else "no"
    yield from _workspace(home)


def _memory() -> str:
    """The machine's, and what of it is free for this program: of a container, what it leaves."""
    from cai_ui.engine.weights.estimate import free_bytes

    free = free_bytes("cpu")
    left = "" if free is None else f", {free / GB:.1f} GB free here"
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return f"unknown{left}"
    return f"{pages * size / GB:.1f} GB{left}"


def _workspace(home: Path) -> Iterator[tuple[str, str]]:
    """What is kept, and whether it is sound."""
    if not home.is_dir():
        yield "workspace", "none yet"
        return
    yield "disk free", f"{shutil.disk_usage(home).free / GB:.1f} GB"
    from cai_ui.pipeline.backing_up import backed_up
    from cai_ui.pipeline.soundness import sound
    from cai_ui.store import open_store

    url = os.environ.get("CAI_DATABASE_URL") or None
    try:
        with open_store(home, url) as store:
            yield "workspace", f"{'PostgreSQL' if url else 'SQLite'}, {len(store.runs())} runs"
            yield "backups", backed_up(store.backups)
            yield "state", sound(store).replace(str(Path.home()), "~")
    except CaiError as error:  # another process has it open, or it is damaged: that is what a report has to say
        yield "workspace", str(error).replace(str(Path.home()), "~")
