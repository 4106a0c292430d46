"""Accounts: kept as hashes, changed by several processes at once, damaged files let nobody in."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from cai_ui.errors import ConflictError, InputError, NotFoundError, StoreError
from cai_ui.records.people import Role
from cai_ui.store import Accounts

PASSWORD = "correct horse"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "accounts.json"


def test_what_was_added_is_there_for_whoever_reads_the_file(path: Path) -> None:
    made = Accounts(path).add("Ann", Role.ANNOTATOR, PASSWORD)
    read = Accounts(path)
    assert read.all() == [made] and read.get("Ann") == made and read.get("ann") is None
    assert read.password_fits("Ann", PASSWORD)
    assert not read.password_fits("Ann", PASSWORD + " ") and not read.password_fits("Ben", PASSWORD)
    assert PASSWORD not in path.read_text() and stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_same_password_has_another_hash_each_time(path: Path) -> None:
    accounts = Accounts(path)
    accounts.add("Ann", Role.VIEWER, PASSWORD)
    accounts.add("Ben", Role.VIEWER, PASSWORD)
    assert len({line for line in path.read_text().splitlines() if "scrypt" in line}) == 2


def test_role_and_password_can_be_changed_and_somebody_removed(path: Path) -> None:
    accounts = Accounts(path)
    accounts.add("Ann", Role.VIEWER, PASSWORD)
    assert accounts.change("Ann", role=Role.OWNER).role is Role.OWNER
    accounts.change("Ann", password="another one here")
    assert accounts.password_fits("Ann", "another one here") and not accounts.password_fits("Ann", PASSWORD)
    accounts.remove("Ann")
    assert accounts.all() == []
    for change in (lambda: accounts.remove("Ann"), lambda: accounts.change("Ann", role=Role.OWNER)):
        with pytest.raises(NotFoundError):
            change()


@pytest.mark.parametrize("name", ["", " ", "a\nb", "-x", "x" * 500, "\x00", "\ud800"])
def test_names_that_are_none_are_refused(path: Path, name: str) -> None:
    with pytest.raises(InputError):
        Accounts(path).add(name, Role.VIEWER, PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "x" * 2000])
def test_passwords_have_a_least_and_a_most_length(path: Path, password: str) -> None:
    accounts = Accounts(path)
    with pytest.raises(InputError, match="10 to"):
        accounts.add("Ann", Role.VIEWER, password)
    accounts.add("Ann", Role.VIEWER, PASSWORD)
    with pytest.raises(InputError, match="10 to"):
        accounts.change("Ann", password=password)


def test_a_name_is_taken_once_whatever_its_letters(path: Path) -> None:
    accounts = Accounts(path)
    accounts.add("Ann", Role.VIEWER, PASSWORD)
    with pytest.raises(ConflictError):
        accounts.add("ANN", Role.OWNER, PASSWORD)


def test_two_who_add_at_once_both_stay(path: Path) -> None:
    def add(number: int) -> None:
        Accounts(path).add(f"p{number}", Role.VIEWER, PASSWORD)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [account.name for account in Accounts(path).all()] == [f"p{number}" for number in range(8)]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"Ann": 3}', '{"Ann": {"role": "king", "hash": "x"}}', "\x00"])
def test_a_damaged_file_lets_nobody_in_and_says_so(path: Path, content: str) -> None:
    path.write_text(content)
    for ask in (lambda: Accounts(path).all(), lambda: Accounts(path).password_fits("Ann", PASSWORD)):
        with pytest.raises(StoreError, match="accounts"):
            ask()
    assert path.read_text() == content


def test_more_accounts_than_are_read_lock_nobody_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = Accounts(path)
    accounts.from_hub("ada", "1", Role.OWNER)
    monkeypatch.setattr("cai_ui.store.accounts.FILE_LIMIT", path.stat().st_size + 50)
    with pytest.raises(StoreError, match="more accounts"):
        accounts.from_hub("ben", "2", Role.VIEWER)
    assert [account.name for account in Accounts(path).all()] == ["ada"]
