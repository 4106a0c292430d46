"""The only owner of durable state: one database and the files of one workspace folder.

Everything a method gives back has been committed. Methods may be called from any thread.
"""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType

from cai_ui.errors import StoreError
from cai_ui.store.accounts import Accounts
from cai_ui.store.backups import Backup, Backups
from cai_ui.store.columns import QueueColumns
from cai_ui.store.constitutions import Constitutions
from cai_ui.store.database import Database
from cai_ui.store.dataset_examples import DatasetExamples
from cai_ui.store.decisions import Decisions
from cai_ui.store.drafts import Drafts
from cai_ui.store.evaluations import Evaluations
from cai_ui.store.examples import Examples
from cai_ui.store.grades import Grades
from cai_ui.store.judgements import Judgements, Reading
from cai_ui.store.lineage import Lineages
from cai_ui.store.lock import WorkspaceLock
from cai_ui.store.opening import open_database
from cai_ui.store.prompts import Prompts
from cai_ui.store.queue import Order, QueueFilter, QueueItem, Status
from cai_ui.store.queue_views import DOUBLE_SHARE, GOLD_SHARE, QueueCounts, QueueViews
from cai_ui.store.raters import Raters
from cai_ui.store.runs import Runs
from cai_ui.store.settings import Settings
from cai_ui.store.traces import Traces
from cai_ui.store.undoing import Undoing
from cai_ui.store.upkeep import Upkeep
from cai_ui.store.votes import Votes
from cai_ui.store.workspace import Workspace, unwritable


class Store(
    Constitutions,
    Prompts,
    Traces,
    Examples,
    QueueViews,
    Decisions,
    Undoing,
    Drafts,
    Judgements,
    Raters,
    Upkeep,
    Runs,
    Votes,
    Evaluations,
    Grades,
    Lineages,
    Settings,
):
    """All records of one workspace. Made by `open_store`."""

    def __init__(self, workspace: Workspace, database: Database, lock: WorkspaceLock) -> None:
        self.workspace = workspace
        self._db = database
        self._columns = QueueColumns()
        self._dataset_examples = DatasetExamples()
        self._lending = threading.Lock()
        self.accounts = Accounts(workspace.accounts_file)
        self.backups = Backups(workspace) if database.is_sqlite else None
        """Copies of the database in the workspace; None where it is on a server, which has its own means."""
        self._lock = lock

    @property
    def unsaved(self) -> str:
        """Why the last attempt to save something failed; "" where it did not."""
        return self._db.unsaved

    def close(self) -> None:
        """End all work with the database and give the workspace free."""
        self._lock.at_work(False)
        self._db.close()
        self._lock.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(home: Path, database_url: str | None = None) -> Store:
    """The store in folder `home`, made if it is not there; `database_url` puts the database elsewhere.

    StoreError if another process holds the workspace, or if it cannot be written or read.
    """
    workspace = Workspace(Path(home))
    try:
        lock = WorkspaceLock(workspace.lock_file)
    except StoreError:
        raise
    except OSError as error:
        raise unwritable(workspace.home, error) from None
    try:
        workspace.drop_tmp()  # left by a process that was killed; nobody else works here now
        workspace.drop_exports()
        database = open_database(workspace, database_url, lock.left_open)
        lock.at_work(True)
        return Store(workspace, database, lock)
    except BaseException:
        lock.release()
        raise


def on_a_server() -> StoreError:
    """How a database is backed up and restored that is no file of ours."""
    return StoreError(
        "The database is on a server (CAI_DATABASE_URL).",
        kept="Nothing was copied or changed.",
        next_step="Back it up with pg_dump --format=custom --file=cai.dump DATABASE-ADDRESS, and restore it with "
        "pg_restore --clean --if-exists --dbname=DATABASE-ADDRESS cai.dump while nobody uses the page.",
    )


__all__ = [
    "DOUBLE_SHARE",
    "GOLD_SHARE",
    "Accounts",
    "Backup",
    "Backups",
    "Order",
    "QueueCounts",
    "QueueFilter",
    "QueueItem",
    "Reading",
    "Status",
    "Store",
    "Workspace",
    "on_a_server",
    "open_store",
]
