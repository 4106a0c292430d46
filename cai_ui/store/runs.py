"""Training runs as rows; what they write while they run is in their folders."""

from __future__ import annotations

import dataclasses
import os
import socket
import uuid
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cai_ui.errors import ConflictError, NotFoundError
from cai_ui.records import GOING_ON, Run
from cai_ui.store import schema
from cai_ui.store.database import Database
from cai_ui.store.encoding import dump, load, now
from cai_ui.text import named, there_are

_t = schema.runs


def birth_of(pid: int) -> str:
    """Boot and time of start of a process that is there; "" where the system does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
        started = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
    return f"{boot}.{started}"


THIS_PROCESS = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}-{birth_of(os.getpid())}"
"""Who holds a run. The last part tells this process from an older one with the same number."""


class Runs:
    """The part of the store that keeps runs."""

    _db: Database

    def create_run(self, run: Run) -> Run:
        """Store a new run; gives it with its time of creation. ConflictError if the id is taken."""
        run = dataclasses.replace(run, created_at=run.created_at or now())
        with self._db.write("The run") as connection:
            added = connection.execute(
                self._db.insert(_t)
                .values(id=run.id, state=run.state, process=THIS_PROCESS, body=dump(run))
                .on_conflict_do_nothing(index_elements=["id"])
                .returning(_t.c.id)  # a count of rows is not to be had from every driver
            )
            if added.first() is None:
                raise ConflictError(f"There is a run {run.id} already.", kept="It was left as it is.")
        return run

    def update_run(self, id: str, **changes: Any) -> Run:
        """Change fields of a run; gives it as it is now. NotFoundError if there is none."""
        with self._db.write("The run's state") as connection:
            body = connection.scalar(sa.select(_t.c.body).where(_t.c.id == id).with_for_update())
            if body is None:
                raise _missing(connection, id)
            run = dataclasses.replace(load(Run, body), **changes)
            connection.execute(
                _t.update().where(_t.c.id == id).values(state=run.state, process=THIS_PROCESS, body=dump(run))
            )
        return run

    def run(self, id: str) -> Run:
        """The run with this id. NotFoundError if there is none."""
        with self._db.read() as connection:
            body = connection.scalar(sa.select(_t.c.body).where(_t.c.id == id))
            if body is None:
                raise _missing(connection, id)
        return load(Run, body)

    def runs(self, trashed: bool | None = None) -> list[Run]:
        """Runs, newest first: all of them, those in the trash, or those that are not."""
        with self._db.read() as connection:
            found = _all(connection)
        return [run for run in found if trashed in (None, bool(run.trashed_at))]

    def mark_interrupted(self) -> list[Run]:
        """Mark what dead processes left preparing, running or stopping as interrupted; gives those runs."""
        query = sa.select(_t.c.id, _t.c.process).where(_t.c.state.in_(GOING_ON)).order_by(_t.c.seq)
        with self._db.read() as connection:
            left = [row.id for row in connection.execute(query) if self._is_dead(row.process)]
        why = "The program ended while this run was going."
        return [self.update_run(id, state="interrupted", ended_at=now(), error=why) for id in left]

    def _is_dead(self, process: str) -> bool:
        """Whether nobody works on a run any more. With SQLite, the workspace lock says so: only we are here."""
        if process == THIS_PROCESS:
            return False
        return self._db.is_sqlite or is_gone(process)


def is_gone(process: str) -> bool:
    """Whether a process of this machine has ended; its number may have been given to another one since."""
    host, pid, mark = process.rsplit(":", 2)
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:  # it is there, and not ours
        pass
    birth, now_there = mark.partition("-")[2], birth_of(int(pid))
    return bool(birth and now_there) and birth != now_there


def _all(connection: sa.Connection) -> list[Run]:
    bodies = connection.scalars(sa.select(_t.c.body).order_by(_t.c.seq.desc())).all()
    return [load(Run, body) for body in bodies]


def _missing(connection: sa.Connection, id: str) -> NotFoundError:
    known = there_are(f"{run.id} ({run.name})" for run in _all(connection) if not run.trashed_at)
    return NotFoundError(f"There is no run {named(id)}.", next_step=known or "Train one first.")
