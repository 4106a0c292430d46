"""Killed, or out of disk, at each single write: of a decision, a backup, a restore, an account.

The faults are made by strace at exact calls of the system: tests/strace.py.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from cai_ui.errors import StoreError
from cai_ui.records import Decision, Example
from cai_ui.records.people import Role
from cai_ui.store import Accounts, Backups, Workspace, open_store
from cai_ui.store.restoring import newest_sound, restore
from cai_ui.store.sqlite_file import look
from tests.strace import failing_at_each, killed_at_each

pytestmark = pytest.mark.forks
Make = Callable[..., list[Example]]


@pytest.fixture
def home(tmp_path: Path, examples: Make) -> Path:
    with open_store(tmp_path / "home") as store:
        store.add_examples(examples(12))
    return tmp_path / "home"


def decided(home: Path) -> list[str]:
    database = sqlite3.connect(f"{(home / 'cai.db').as_uri()}?mode=ro", uri=True)
    found = [row[0] for row in database.execute("SELECT event_id FROM events ORDER BY seq")]
    database.close()
    return found


def label(home: Path, said: Path) -> None:
    """Decide twice; each decision that was acknowledged is noted, each refusal too."""
    with open_store(home) as store, said.open("w") as notes:
        for number, id in enumerate(store.open_ids()[:2]):
            try:
                store.decide(Decision(f"e{number}", id, "accept", "Ana"), 0)
                notes.write(f"e{number}\n")
            except StoreError as error:
                notes.write(f"NOT {error}\n")
            notes.flush()


@pytest.mark.slow
def test_killed_at_each_write_of_a_decision(home: Path, tmp_path: Path) -> None:
    whole, said, kills = shutil.copytree(home, tmp_path / "whole"), tmp_path / "said", 0
    for place in killed_at_each(lambda: label(home, said), tmp_path):
        acknowledged = said.read_text().split() if said.exists() else []
        with open_store(home) as store:
            assert store.check() == []
        assert set(acknowledged) <= set(decided(home)) and len(decided(home)) <= len(acknowledged) + 1, place
        shutil.rmtree(home)
        shutil.copytree(whole, home)
        said.unlink(missing_ok=True)
        kills += bool(place)
    assert kills > 10
    print(f"{kills} kills at single writes of decisions, 0 lost")


@pytest.mark.parametrize("error,calls", [("ENOSPC", "pwrite64"), ("EIO", "fdatasync,fsync")])
@pytest.mark.slow
def test_a_disk_that_takes_no_more_from_the_nth_write_on(home: Path, tmp_path: Path, error: str, calls: str) -> None:
    whole, said, faults = shutil.copytree(home, tmp_path / "whole"), tmp_path / "said", 0
    for place in failing_at_each(lambda: label(home, said), error, calls, tmp_path, stride=4):
        notes = said.read_text().splitlines() if said.exists() else []
        acknowledged = [line for line in notes if not line.startswith("NOT")]
        assert all("disk is full" in line for line in notes if line.startswith("NOT")), notes
        with open_store(home) as store:  # there is room again
            assert store.check() == []
            assert set(acknowledged) <= set(decided(home)), place
            id = store.open_ids()[-1]
            store.decide(Decision("afterwards", id, "accept", "Ana"), 0)
        shutil.rmtree(home)
        shutil.copytree(whole, home)
        said.unlink(missing_ok=True)
        faults += bool(place)
    assert faults >= 3


@pytest.mark.slow
def test_killed_at_each_write_of_a_backup(home: Path, tmp_path: Path) -> None:
    with open_store(home) as store:
        assert store.backups is not None
        first = store.backups.make("auto")
    content = first.path.read_bytes()

    def work() -> None:
        Backups(Workspace(home)).make("auto", keep=1)

    kills = 0
    for place in killed_at_each(work, tmp_path, stride=5):
        left = Backups(Workspace(home)).all()
        assert left and all(look(backup.path, through=True) for backup in left)
        if first.path.exists():
            assert first.path.read_bytes() == content
        else:
            shutil.copy(left[0].path, first.path)
            content = first.path.read_bytes()
        for backup in left:
            if backup.path != first.path:
                backup.path.unlink()
        kills += bool(place)
    open_store(home).close()
    assert kills > 5 and not list((home / "backups").glob("*.part*"))


def test_a_backup_that_the_disk_does_not_take_says_so_and_leaves_nothing(home: Path, tmp_path: Path) -> None:
    said = tmp_path / "said"

    def work() -> None:
        try:
            Backups(Workspace(home)).make("auto", keep=1)
        except StoreError as error:
            said.write_text(str(error))

    faults = 0
    for place in failing_at_each(work, "ENOSPC", "pwrite64,fsync,fdatasync", tmp_path, stride=7):
        if place:
            assert "could not be written" in said.read_text() and "older backups are unchanged" in said.read_text()
            left = list((home / "backups").iterdir())  # only the last flush of the folder's names may have failed
            assert not left or (left[0].suffix == ".db" and look(left[0], through=True)), place
        shutil.rmtree(home / "backups")
        faults += bool(place)
    assert faults > 5


@pytest.mark.slow
def test_killed_at_each_step_of_a_restore_and_done_again(home: Path, tmp_path: Path) -> None:
    with open_store(home) as store:
        assert store.backups is not None
        store.backups.make("auto")
        store.decide(Decision("later", store.open_ids()[0], "accept", "Ana"), 0)
    whole, kills = shutil.copytree(home, tmp_path / "whole"), 0
    for place in killed_at_each(
        lambda: restore(Workspace(home), newest_sound(Workspace(home)).path) and None, tmp_path
    ):
        kept = [home / "cai.db", *home.glob("aside/*/cai.db")]
        assert any(_holds(path, "later") for path in kept if path.exists()), f"the former database is lost: {place}"
        restore(Workspace(home), newest_sound(Workspace(home)).path)
        with open_store(home) as store:
            assert store.check() == [] and store.counts().total == 12 and decided(home) == []
        assert any(_holds(path, "later") for path in home.glob("aside/*/cai.db"))
        shutil.rmtree(home)
        shutil.copytree(whole, home)
        kills += bool(place)
    assert kills > 8


def _holds(path: Path, event: str) -> bool:
    database = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    found = database.execute("SELECT 1 FROM events WHERE event_id = ?", (event,)).fetchone()
    database.close()
    return found is not None


def test_killed_at_each_write_of_an_account_nobody_is_locked_out(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    Accounts(file).add("ada", Role.OWNER, "a password of hers")
    kept = file.read_bytes()
    kills = 0
    for place in killed_at_each(lambda: Accounts(file).add("ben", Role.VIEWER, "a password of his") and None, tmp_path):
        assert Accounts(file).password_fits("ada", "a password of hers")
        file.write_bytes(kept)
        os.chmod(file, 0o600)
        kills += bool(place)
    assert kills >= 3
