"""Damage of the database's file is noticed at start, and nothing is made anew over it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from cai_ui.errors import StoreError
from cai_ui.records import Message, make_example
from cai_ui.store import open_store, opening, schema, sqlite_file

ROOT = Path(__file__).resolve().parents[2]


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


def rows(home: Path) -> Path:
    """A workspace with enough rows for several pages."""
    with open_store(home) as store:
        store.add_examples(
            [make_example((Message("user", f"Why {i}?"),), "bad " * 90, "good " * 90) for i in range(99)]
        )
    return home / "cai.db"


@pytest.mark.parametrize("table", ["examples", "events", "settings", "ix_standing_changed"])
def test_a_broken_page_is_noticed_at_start_in_whichever_table(tmp_path: Path, table: str) -> None:
    """SQLite itself would open such a file, and fail at some later query or never."""
    file = rows(tmp_path)
    with sqlite3.connect(file) as database:
        [page] = database.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        [size] = database.execute("PRAGMA page_size").fetchone()
    database.close()
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : page * size] = b"\xff" * size
    file.write_bytes(content)
    said = refused(tmp_path)
    assert "is damaged" in said and "store restore" in said and "left as it is" in said


def test_a_large_file_is_not_looked_through_at_start_but_by_a_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = rows(tmp_path)
    with sqlite3.connect(file) as database:
        [page] = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_text_drafts_rater'").fetchone()
    database.close()
    content = bytearray(file.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    file.write_bytes(content)
    monkeypatch.setattr(opening, "QUICK_BYTES", 1000)
    monkeypatch.setattr(sqlite_file, "QUICK_BYTES", 1000)
    with caplog.at_level("INFO"), open_store(tmp_path) as store:
        assert "too large to be looked through" in caplog.text
        assert store.check()


def test_a_database_of_another_program_or_workspace_is_not_written_to(sound: Path, tmp_path: Path) -> None:
    shutil.copytree(sound, tmp_path / "home")
    with sqlite3.connect(tmp_path / "foreign.db") as foreign:
        foreign.execute("CREATE TABLE bookmarks (url TEXT)")
    foreign.close()
    shutil.copy(tmp_path / "foreign.db", tmp_path / "home" / "cai.db")
    assert "belongs to another program" in refused(tmp_path / "home")
    shutil.copy(rows(tmp_path / "second"), tmp_path / "home" / "cai.db")
    assert "belongs to another workspace" in refused(tmp_path / "home")


def test_a_database_that_is_gone_is_not_begun_anew(sound: Path, tmp_path: Path) -> None:
    home = shutil.copytree(sound, tmp_path / "home")
    (home / "cai.db").unlink()
    with pytest.raises(StoreError, match="is gone"):
        open_store(home)
    assert not (home / "cai.db").exists()
    (home / "workspace-id").unlink()
    open_store(home).close()


def test_a_whole_workspace_can_be_copied_or_moved(sound: Path, tmp_path: Path) -> None:
    with open_store(shutil.copytree(sound, tmp_path / "moved")) as store:
        assert store.get_setting("kept") == 1


HOLD = """
import sys, time
from pathlib import Path
from cai_ui.store import open_store
store = open_store(Path(sys.argv[1]))
store.set_setting("more", 2)
print("ready", flush=True)
time.sleep(60)
"""


def test_a_log_that_somebody_removed_after_a_kill_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A12. What was in it is gone, and nothing in the database itself shows that."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None and process.stdout.readline()
    process.kill()
    process.communicate()
    left = shutil.copytree(tmp_path, tmp_path.with_name("left"))
    open_store(left).close()
    open_store(left).close()
    assert "was killed" not in caplog.text
    (tmp_path / "cai.db-wal").unlink()
    (tmp_path / "workspace-id").unlink(missing_ok=True)
    open_store(tmp_path).close()
    assert "was killed" in caplog.text and "cai.db-wal" in caplog.text
