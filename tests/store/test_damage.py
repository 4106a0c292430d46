"""Damage of the database's file is noticed at start, and nothing is made anew over it."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from cai_ui.errors import StoreError
from cai_ui.store import open_store, schema


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sound") / "home"
    with open_store(home) as store:
        store.set_setting("kept", 1)
    return home


def refused(home: Path) -> str:
    before = (home / "cai.db").read_bytes()
    with pytest.raises(StoreError) as found:
        open_store(home)
    assert (home / "cai.db").read_bytes() == before
    return str(found.value)


def test_an_emptied_file_is_no_new_database(sound: Path, tmp_path: Path) -> None:
    shutil.copytree(sound, tmp_path / "home")
    (tmp_path / "home" / "cai.db").write_bytes(b"")
    assert "is empty (0 bytes)" in refused(tmp_path / "home")


def test_another_file_in_its_place(sound: Path, tmp_path: Path) -> None:
    shutil.copytree(sound, tmp_path / "home")
    (tmp_path / "home" / "cai.db").write_bytes(b"no database" * 1_000)
    assert "not a database" in refused(tmp_path / "home")


@pytest.mark.parametrize("table", [name for name in schema.metadata.tables if name != "meta"])
def test_a_missing_table_is_named(sound: Path, tmp_path: Path, table: str) -> None:
    shutil.copytree(sound, tmp_path / "home")
    with sqlite3.connect(tmp_path / "home" / "cai.db") as database:
        database.execute(f"DROP TABLE {table}")
    database.close()
    assert f"no table {table}" in refused(tmp_path / "home")
