"""A workspace whose disk was emptied, brought back from the repository before it is opened."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import logging
import os
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

from cai_ui.config.app import AppSettings
from cai_ui.errors import InputError, StoreError
from cai_ui.pipeline.off_site import manifest
from cai_ui.pipeline.off_site.manifest import Manifest, Part
from cai_ui.pipeline.off_site.repository import Repository
from cai_ui.store import Workspace, open_store
from cai_ui.store.backups import flush
from cai_ui.store.opening import read_id
from cai_ui.store.restoring import restore
from cai_ui.store.segments import put_in

MOST_BASE, MOST_LATER = 4 * 2**30, 256 * 2**20
"""Bytes of a whole database, unpacked, and of a part."""
TRIES = 3
"""Of bringing back, where what is there changes at each."""
STATE = "off-site.json"
_KEPT = "Nothing was brought back, and nothing there was changed."
_LOOK = "Look at the repository's history on the Hub, or start without it (CAI_BACKUP_REPO= )."
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Here:
    """What this copy of the workspace knows of the repository. `copy` is made anew with each disk; `head` is what it
    had brought there, or had brought back, last ("": nothing)."""

    repository: str
    copy: str
    head: str = ""


def here(workspace: Workspace, repository: str) -> Here:
    """What is written down on this disk; a new copy where nothing is, or it is of another repository."""
    try:
        with (workspace.home / STATE).open(encoding="utf-8") as file:
            found = Here(**json.loads(file.read(10_000)))
        if found.repository == repository and all(isinstance(one, str) for one in (found.copy, found.head)):
            return found
    except (OSError, ValueError, TypeError):
        pass
    return Here(repository, uuid.uuid4().hex)


def remember(workspace: Workspace, known: Here) -> None:
    partial = workspace.home / f"{STATE}.part"
    partial.write_text(json.dumps(asdict(known)), encoding="utf-8")
    flush(partial)
    partial.replace(workspace.home / STATE)


def latest(repository: Repository) -> tuple[Manifest | None, str | None]:
    """What the repository holds (None: nothing yet), and its newest commit (None: there is no repository)."""
    commit = repository.head()
    body = repository.read(manifest.NAME, commit, manifest.MOST_BYTES) if commit else None
    return (manifest.read(body) if body is not None else None), commit


def backup_repository(settings: AppSettings) -> Repository | None:
    """The repository that the settings name (None: none), after an empty disk was filled from it."""
    if not settings.backup_repo:
        return None
    if os.environ.get("CAI_DATABASE_URL"):
        raise InputError(
            "CAI_BACKUP_REPO is for a database in the workspace; this one is on a server (CAI_DATABASE_URL).",
            next_step="Leave one of the two away.",
        )
    repository = Repository(settings.backup_repo)
    bring_back(Workspace(Path(settings.home).expanduser()), repository)
    return repository


def bring_back(workspace: Workspace, repository: Repository) -> int | None:
    """Where there is no database, make it from the repository, with all that was brought there; gives the number of
    rows that were added to its base. None where there is one, or nothing to bring back.

    It gets its place whole or not at all. StoreError if a part is missing or does not have its hash.
    """
    if workspace.database.exists():
        return None
    tries = 0
    while True:
        found, commit = latest(repository)
        if found is None or commit is None:
            return None
        if read_id(workspace) not in (None, found.workspace):
            raise StoreError(
                f"The database is gone, and {repository.name} holds that of another workspace.",
                kept="Nothing was changed.",
                next_step="Bring back a backup (python -m cai_ui store restore), or name another (CAI_BACKUP_REPO).",
            )
        try:
            return _fill(workspace, repository, found, commit)
        except StoreError:
            tries += 1
            if tries == TRIES or repository.head() == commit:
                raise  # else its history was let go meanwhile, and that commit with it


def _fill(workspace: Workspace, repository: Repository, found: Manifest, commit: str) -> int:
    """Make the database as of a commit; gives the number of rows that were added to its base."""
    folder = workspace.tmp_dir()
    try:
        whole = folder / "cai.db"
        with open(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(_unpacked(_part(repository, commit, found.base, MOST_BASE), MOST_BASE))
        rows = 0
        for part in found.later:
            rows += put_in(whole, _unpacked(_part(repository, commit, part, MOST_LATER), MOST_LATER))
        with open_store(folder) as store:
            store.rebuild()
        remember(workspace, Here(repository.name, uuid.uuid4().hex, found.head))
        restore(workspace, whole)
    finally:
        workspace.drop_tmp(folder)
    log.warning("the workspace was empty and was brought back from %s, as of %s", repository.name, found.at)
    return rows


def _part(repository: Repository, commit: str, part: Part, most: int) -> bytes:
    body = repository.read(part.file, commit, min(part.size, most))
    if body is None or hashlib.sha256(body).hexdigest() != part.sha256:
        raise StoreError(
            f"{part.file} of {repository.name} is {'gone' if body is None else 'not what was brought there'}.",
            kept=_KEPT,
            next_step=_LOOK,
        )
    return body


def _unpacked(packed: bytes, most: int) -> bytes:
    """StoreError for what is no gzip, or is larger than `most` once unpacked."""
    try:
        with gzip.open(io.BytesIO(packed)) as file:
            body = file.read(most + 1)
    except (OSError, EOFError, ValueError) as error:
        raise StoreError(
            f"A part of the backup cannot be unpacked ({type(error).__name__}).", kept=_KEPT, next_step=_LOOK
        ) from None
    if len(body) > most:
        raise StoreError("A part of the backup is larger than it may be.", kept=_KEPT, next_step=_LOOK)
    return body
