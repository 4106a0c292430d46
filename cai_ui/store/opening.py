"""A workspace's database is looked at, copied where its format is about to change, and opened."""

from __future__ import annotations

import logging
import re
import uuid
from pathlib import Path

import sqlalchemy as sa

from cai_ui.errors import StoreError
from cai_ui.store.backups import Backups, drop_partial, flush
from cai_ui.store.database import Database
from cai_ui.store.schema import SCHEMA_VERSION
from cai_ui.store.sqlite_file import ELSEWHERE, QUICK_BYTES, RESTORE, DamagedError, Facts, look
from cai_ui.store.workspace import Workspace

log = logging.getLogger(__name__)

_ID = re.compile(r"[0-9a-f]{32}")
NOT_OURS = "it belongs to another workspace"
FROM_ELSEWHERE = (
    "Put this workspace's own database back. To have that one here after all: python -m cai_ui store restore --from "
    "FILE, with a copy of it. "
)


def open_database(workspace: Workspace, database_url: str | None, killed: bool = False) -> Database:
    """SQLite in the workspace, or what the URL names. StoreError if it is not sound or cannot be opened.

    `killed` says that the process that had it open before did not close it.
    """
    if not database_url:
        return _open_file(workspace, killed)
    try:
        url = sa.make_url(database_url)
    except sa.exc.ArgumentError:
        raise StoreError(
            "The database address (CAI_DATABASE_URL) cannot be read.",
            kept="Nothing was saved.",
            next_step="Write it as postgresql+psycopg://USER:PASSWORD@HOST/NAME.",
        ) from None
    return Database(url, url.render_as_string(hide_password=True))


def _open_file(workspace: Workspace, killed: bool) -> Database:
    path = workspace.database
    drop_partial(workspace)
    if killed and path.exists() and not path.with_name(f"{path.name}-wal").exists():
        log.warning(
            "the program that had %s open was killed, and the log of its last changes (%s-wal) is not there any more: "
            "if somebody removed it, the newest decisions went with it",
            path,
            path.name,
        )
    facts, known = look(path), read_id(workspace)
    if facts is not None and path.stat().st_size > QUICK_BYTES:
        log.info("%s is too large to be looked through at start; backups and `store check` do so", path)
    _is_ours(path, facts, known, workspace)
    if facts is not None and 0 < facts.version < SCHEMA_VERSION:
        Backups(workspace, reserve=0).make(f"format{facts.version}")
    id = known or (facts.workspace if facts else None) or uuid.uuid4().hex
    database = Database(sa.URL.create("sqlite", database=str(path)), str(path), id)
    if known is None:
        write_id(workspace, id)
    return database


def _is_ours(path: Path, facts: Facts | None, known: str | None, workspace: Workspace) -> None:
    """DamagedError where the workspace has had a database and this is not it."""
    if known is None:
        return
    if facts is None:
        raise DamagedError(
            path,
            "it is gone: this workspace had one",
            f"{RESTORE}To begin with nothing here, remove {workspace.id_file} as well. {ELSEWHERE}",
        )
    if facts.workspace != known:
        raise DamagedError(path, NOT_OURS, FROM_ELSEWHERE + ELSEWHERE)


def read_id(workspace: Workspace) -> str | None:
    """The id of a workspace that has, or had, a SQLite database; None where none is written down."""
    try:
        with workspace.id_file.open(encoding="ascii", errors="replace") as file:
            said = file.read(100).strip()
    except OSError:
        return None
    return said if _ID.fullmatch(said) else None


def write_id(workspace: Workspace, id: str) -> None:
    """Write down the id of a workspace whose database is there."""
    partial = workspace.id_file.with_name("workspace-id.part")
    partial.write_text(f"{id}\n", encoding="ascii")
    flush(partial)
    partial.replace(workspace.id_file)
