"""`store`: the workspace itself, without a model."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import agreed, app_settings, command, home_of, workspace_home
from cai_ui.cli.flags import Arguments

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.store import Backup, Store
    from cai_ui.store.restoring import Restored

BESIDE = (
    "It holds all that is in the database. Adapters and logs (folder runs), what studies and experiments have finished "
    "(studies, experiments) and who may sign in (accounts.json) are files beside it: copy the folder for these, too."
)
"""What a backup does not hold."""
SHOWN = 20
"""Problems of one kind that are printed; the rest is counted."""


def add(commands: Commands) -> None:
    group = commands.add_parser("store", help="the workspace: check, rebuild, back up or restore")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    command(actions, "check", _store_check, "is the workspace sound? exit status 0: yes, 1: problems, 2: unusable")
    command(actions, "rebuild", _store_rebuild, "make the queue's state again from the decisions")
    backup = command(actions, "backup", _store_backup, "copy the database, also while the page runs")
    backup.add_argument("--to", type=Path, help="a new file; otherwise among the backups of the workspace")
    restore = command(actions, "restore", _store_restore, "put a backup in the database's place, which is kept aside")
    restore.add_argument("--from", dest="source", type=Path, help="this file; otherwise the newest sound backup")
    restore.add_argument("--list", action="store_true", help="only show which backups there are")
    prune = command(actions, "prune", _store_prune, "make the repository of backups small: only what a restore needs")
    prune.add_argument("repository", nargs="?", help="owner/name; otherwise that of CAI_BACKUP_REPO")
    prune.add_argument("--yes", action="store_true", help="do not ask first")


@contextmanager
def opened_store(parsed: Arguments) -> Iterator[Store]:
    """The workspace alone, without a model. StoreError where there is none: a command that looks at one makes none."""
    from cai_ui.store import open_store

    with open_store(workspace_home(parsed), os.environ.get("CAI_DATABASE_URL") or None) as store:
        yield store


def _store_check(parsed: Arguments) -> int:
    from cai_ui.pipeline.backing_up import backed_up
    from cai_ui.pipeline.soundness import faults

    with opened_store(parsed) as store:
        found = list(faults(store))
        print(f"Database: {backed_up(store.backups)}.")
    for next_step, several in groupby(found, lambda fault: fault.next_step):
        problems = [fault.problem for fault in several]
        print("\n".join(problems[:SHOWN]))
        if len(problems) > SHOWN:
            print(f"... and {len(problems) - SHOWN} more.")
        print(f"  -> {next_step}")
    print(f"{len(found)} problems." if found else "The workspace is sound.")
    return 1 if found else 0


def _store_backup(parsed: Arguments) -> int:
    from cai_ui.errors import StoreError
    from cai_ui.store import Backups, Workspace, on_a_server
    from cai_ui.store.backups import copy_database

    if os.environ.get("CAI_DATABASE_URL"):
        raise on_a_server()
    workspace = Workspace(workspace_home(parsed))
    if not workspace.database.exists():
        raise StoreError(f"There is no database in {workspace.home}.", next_step="Name the workspace with --home.")
    if parsed.to is None:
        print(f"Copied to {Backups(workspace).make('asked', app_settings(parsed).backups_kept).path}.")
    else:
        copy_database(workspace.database, parsed.to)
        print(f"Copied to {parsed.to}.")
    print(BESIDE)
    return 0


def _store_restore(parsed: Arguments) -> int:
    from cai_ui.store import Backups, Workspace, on_a_server
    from cai_ui.store.restoring import newest_sound, restore

    if os.environ.get("CAI_DATABASE_URL"):
        raise on_a_server()
    workspace = Workspace(home_of(parsed) if parsed.source and not parsed.list else workspace_home(parsed))
    if parsed.list:
        print("\n".join(_told(backup) for backup in Backups(workspace).all()) or "There is no backup.")
        return 0
    print(_done(restore(workspace, parsed.source or newest_sound(workspace).path)))
    return 0


def _store_prune(parsed: Arguments) -> int:
    from cai_ui.errors import InputError
    from cai_ui.pipeline.off_site.pruning import prune
    from cai_ui.pipeline.off_site.repository import Repository

    name = parsed.repository or app_settings(parsed).backup_repo
    if not name:
        raise InputError("No repository of backups is named.", next_step="Write: store prune owner/name.")
    repository = Repository(name)
    asked = f"Of {name} only the newest state is left; older ones cannot be brought back any more."
    if not (parsed.yes or agreed(asked)):
        print("Nothing was changed.")
        return 1
    done = prune(repository)
    print(f"{done.removed} files were removed, and the history; {done.left / 1e6:.1f} MB are left.")
    return 0


def _told(backup: Backup) -> str:
    """One line on a backup."""
    from cai_ui.errors import StoreError
    from cai_ui.store.restoring import checked

    try:
        facts = checked(backup.path)
        holds = f"{facts.decisions} decisions, the last of {facts.last_decision or 'none'}"
    except StoreError as error:
        holds = error.what
    return f"{backup.path}\t{backup.made_at:%Y-%m-%d %H:%M} UTC\t{backup.size / 1e6:.1f} MB\t{holds}"


def _done(restored: Restored) -> str:
    """What a restore did, and what was made after the backup."""
    facts, later = restored.facts, restored.later
    lines = [f"Restored from {restored.source}: {facts.decisions} decisions, the last of {facts.last_decision or '-'}."]
    if restored.aside is not None:
        lines.append(f"The former database is kept in {restored.aside}.")
    if later is not None and later.decisions:
        lines.append(
            f"It holds {later.decisions} later entries of the log, by {', '.join(later.raters)}, up to {later.last}: "
            f"they are in {restored.aside}/decisions.jsonl, to be decided again."
        )
    if later is not None and later.more:
        lines.append("It also holds more " + ", ".join(f"{name} ({n})" for name, n in later.more.items()) + ".")
    if later is not None and not later.whole:
        lines.append("Some of it cannot be read, so there may be more than is said here.")
    elif later is not None and not later.decisions:
        lines.append("Nobody decided anything after the backup was made.")
    return "\n".join(lines)


def _store_rebuild(parsed: Arguments) -> int:
    with opened_store(parsed) as store:
        print(store.rebuild())
    return 0
