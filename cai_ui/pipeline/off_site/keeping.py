"""Brings what people do to the repository every few minutes: a whole database now and then, and in between what was
added to it.

One copy of a workspace writes. Each commit names the one it follows, so that of two copies that write at the same time
the Hub takes one; and whoever finds something there that it did not bring or bring back says so and writes nothing.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cai_ui.errors import CaiError, ConflictError, StoreError
from cai_ui.pipeline.off_site import manifest
from cai_ui.pipeline.off_site.manifest import Manifest, Part
from cai_ui.pipeline.off_site.repository import Repository
from cai_ui.pipeline.off_site.restoring import MOST_BASE, here, latest, remember
from cai_ui.store import Backup, Store
from cai_ui.store.opening import read_id
from cai_ui.store.segments import EVALUATIONS, TABLES, later, upto

LEASE_S = 600.0
"""How long what another copy brought has to stay as it is before this one takes it for ended."""
MOST_PARTS = 500
"""Parts after which a whole database comes, though none is due: what lists them is read with a bound."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Standing:
    """How far the repository is. `whole_at` is when all was there that had been decided by then (seconds of the clock
    that never jumps; None: not yet); `trouble` says why it stays behind ("": it does not)."""

    whole_at: float | None = None
    trouble: str = ""


class OffSite:
    """Looks every few minutes, in a thread of its own; nobody who saves waits for it."""

    def __init__(self, store: Store, repository: Repository, minutes: float, lease_s: float = LEASE_S) -> None:
        if store.backups is None:
            raise StoreError(
                "CAI_BACKUP_REPO is for a database in the workspace; this one is on a server.",
                next_step="Leave one of CAI_BACKUP_REPO and CAI_DATABASE_URL away.",
            )
        self._store, self._backups, self._repository = store, store.backups, repository
        self._pause_s, self._lease_s = 60 * minutes, lease_s
        self._here = here(store.workspace, repository.name)
        self._found: Manifest | None = None
        self._commit: str | None = None
        self._read = False
        self._same_since: tuple[str, float] | None = None
        self._over, self._one = threading.Event(), threading.Lock()
        self.standing = Standing()
        self._thread = threading.Thread(target=self._work, name="off-site", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def close(self, wait_s: float = 20.0) -> None:
        """Bring what is left, and say that this copy has ended, so that the next one need not wait."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(wait_s)
        if not self._thread.is_alive():
            self.look(last=True)

    def _work(self) -> None:
        while not self._over.is_set():
            self.look()
            self._over.wait(self._pause_s)

    def look(self, last: bool = False) -> Standing:
        """One round. What went wrong is in the standing that is given, and in the log; it raises nothing."""
        with self._one:
            began = time.monotonic()
            try:
                self._bring(last)
                self.standing = Standing(began)
            except (CaiError, OSError) as error:
                self._read = False
                said = error.what if isinstance(error, CaiError) else f"{type(error).__name__}."
                if said != self.standing.trouble:
                    log.error("not backed up to %s: %s", self._repository.name, error)
                self.standing = replace(self.standing, trouble=said)
            return self.standing

    def _bring(self, last: bool) -> None:
        if not self._read:
            self._found, self._commit = latest(self._repository)
            if self._commit is None:
                self._repository.create()
                self._commit = self._repository.head()
            self._read = True
        found = self._found
        if found is not None:
            self._may_write(found)
        base = self._newer_base(found)
        if base is not None:
            found = self._push_base(base, found)
        while part := later(self._store.workspace.database, found.upto if found else {}):
            assert found is not None
            if part.upto["grades"] > found.upto["grades"] and self._evaluations() > found.base.upto[EVALUATIONS]:
                found = self._push_base(self._backups.make("auto"), found)  # grades name what only a base holds
                continue
            file = _named("later", part.body, part.upto, "jsonl.gz")
            found = self._push(replace(found, later=(*found.later, file[0])), {file[0].file: file[1]})
        if last and found is not None and found.writer == self._here.copy:
            self._push(found, {}, writer="")

    def _may_write(self, found: Manifest) -> None:
        """StoreError, which says why, unless what is there is this copy's to go on with."""
        if found.workspace != read_id(self._store.workspace):
            raise StoreError("the repository holds another workspace", next_step="Name another one (CAI_BACKUP_REPO).")
        if found.writer == self._here.copy:
            return  # also where the answer to the last commit was lost
        if found.head != self._here.head:
            raise StoreError(
                "another copy of this workspace has written there what is not here",
                kept="It is left as it is; what is decided here is on this disk alone.",
                next_step="Stop one of the two. A copy that starts with an empty disk brings back what is there.",
            )
        if self._same_since is None or self._same_since[0] != found.head:
            self._same_since = found.head, time.monotonic()
        left = self._same_since[1] + self._lease_s - time.monotonic()
        if found.writer and left > 0:
            raise StoreError(
                "another copy of this workspace may still be writing there",
                next_step=f"If nothing comes from it, this one goes on within {max(1, round(left / 60))} min.",
            )

    def _newer_base(self, found: Manifest | None) -> Backup | None:
        """The newest backup of the workspace, if the repository has none, or an older one."""
        newest = self._backups.last()
        if found is None:
            return newest or self._backups.make("auto")
        if len(found.later) >= MOST_PARTS and not (newest and newest.made_at.isoformat() > found.base.at):
            return self._backups.make("auto")
        return newest if newest and newest.made_at.isoformat() > found.base.at else None

    def _evaluations(self) -> int:
        return upto(self._store.workspace.database)[EVALUATIONS]

    def _push_base(self, backup: Backup, found: Manifest | None) -> Manifest:
        if backup.size > MOST_BASE:
            raise StoreError(f"the database is larger than the {MOST_BASE / 1e9:.1f} GB that could be brought back")
        body = backup.path.read_bytes()
        part, packed = _named("base", body, upto(backup.path), "db.gz", backup.made_at)
        workspace = read_id(self._store.workspace)
        if workspace is None:
            raise StoreError("the workspace has no id")
        kept = tuple(
            one for one in (found.later if found else ()) if any(one.upto[table] > part.upto[table] for table in TABLES)
        )
        now = Manifest(workspace, self._here.copy, part, kept)
        return self._push(now, {part.file: packed}, gone=found.files - now.files if found else frozenset())

    def _push(
        self, now: Manifest, files: dict[str, bytes], writer: str | None = None, gone: frozenset[str] = frozenset()
    ) -> Manifest:
        """One commit: the list, what is new in it, and without what it no longer names. Whoever brings back meanwhile
        reads as of an older commit, which has all of it."""
        now = replace(now, writer=self._here.copy if writer is None else writer)
        if self._commit is None:
            raise StoreError("the repository has no commit yet")
        said = f"Up to event {now.upto['events']}"
        try:
            self._commit = self._repository.commit(files | {manifest.NAME: now.dump()}, said, self._commit, gone)
        except ConflictError:
            raise StoreError("another copy of this workspace, or somebody else, wrote there at the same time") from None
        self._found, self._here = now, replace(self._here, head=now.head)
        remember(self._store.workspace, self._here)
        return now


def _named(
    folder: str, body: bytes, reached: dict[str, int], ending: str, at: datetime | None = None
) -> tuple[Part, bytes]:
    """A part by its hash, and what it is packed to: the same bytes for the same rows."""
    packed = gzip.compress(body, 6, mtime=0)
    digest = hashlib.sha256(packed).hexdigest()
    made = (at or datetime.now(UTC)).isoformat()
    return Part(f"{folder}/{digest}.{ending}", digest, len(packed), reached, made), packed
