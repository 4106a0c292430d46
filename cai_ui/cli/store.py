"""`store`: the workspace itself, without a model."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import app_settings, command
from cai_ui.cli.flags import Arguments

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.store import Store


def add(commands: Commands) -> None:
    group = commands.add_parser("store", help="the workspace: check, rebuild or back up")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    command(actions, "check", _store_check, "is the workspace sound?")
    command(actions, "rebuild", _store_rebuild, "make the queue's state again from the decisions")
    backup = command(actions, "backup", _store_backup, "copy the database to a file")
    backup.add_argument("file", type=Path)


@contextmanager
def opened_store(parsed: Arguments) -> Iterator[Store]:
    """The workspace alone, without a model."""
    from cai_ui.store import open_store

    with open_store(Path(app_settings(parsed).home).expanduser(), os.environ.get("CAI_DATABASE_URL") or None) as store:
        yield store


def _store_check(parsed: Arguments) -> int:
    with opened_store(parsed) as store:
        problems = store.check()
    for problem in problems:
        print(problem)
    print("The workspace is sound." if not problems else f"{len(problems)} problems. Try: store rebuild")
    return 0 if not problems else 2


def _store_backup(parsed: Arguments) -> int:
    with opened_store(parsed) as store:
        store.backup(parsed.file)
    print(f"Copied to {parsed.file}.")
    return 0


def _store_rebuild(parsed: Arguments) -> int:
    with opened_store(parsed) as store:
        print(store.rebuild())
    return 0
