"""Backups are whole or not there, are rotated, and come back row by row; nothing that was there before is lost."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cai_ui.errors import NotFoundError, StoreError
from cai_ui.records import Decision, Example, Message, make_example
from cai_ui.store import Backups, Workspace, open_store
from cai_ui.store.backups import Backup, copy_database
from cai_ui.store.restoring import newest_sound, restore
from cai_ui.store.sqlite_file import look

ROOT = Path(__file__).resolve().parents[2]
Make = Callable[..., list[Example]]


def rows_of(file: Path) -> list[str]:
    """Everything in a database but what says whose it is, as text."""
    database = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    found = [line for line in database.iterdump() if "'workspace'" not in line]
    database.close()
    return found


def break_page(file: Path, table: str) -> None:
    """Overwrite a page in the middle of a table."""
    with sqlite3.connect(file) as database:
        [page] = database.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        [size] = database.execute("PRAGMA page_size").fetchone()
    database.close()
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : page * size] = os.urandom(size)
    file.write_bytes(content)


def test_a_broken_page_is_refused_and_restore_brings_all_rows_of_the_backup(tmp_path: Path, examples: Make) -> None:
    with open_store(tmp_path) as store:
        store.add_examples(examples(200))
        ids = store.open_ids()
        for number, id in enumerate(ids[:20]):
            store.decide(Decision(f"before-{number}", id, "accept", "Ana"), 0)
        assert store.backups is not None
        backup = store.backups.make("auto", 5)
        kept = rows_of(backup.path)
        assert rows_of(tmp_path / "cai.db") == kept
        for number, id in enumerate(ids[20:31]):
            store.decide(Decision(f"after-{number}", id, "reject", "Ben"), 0)
    break_page(tmp_path / "cai.db", "examples")
    damaged = (tmp_path / "cai.db").read_bytes()
    with pytest.raises(StoreError, match="store restore"):
        open_store(tmp_path)
    done = restore(Workspace(tmp_path), newest_sound(Workspace(tmp_path)).path)
    assert rows_of(tmp_path / "cai.db") == kept and rows_of(backup.path) == kept
    assert done.aside is not None and (done.aside / "cai.db").read_bytes() == damaged
    assert done.later is not None and (done.later.decisions, done.later.raters) == (11, ("Ben",))
    written = [json.loads(line) for line in (done.aside / "decisions.jsonl").read_text().splitlines()]
    assert [event["event_id"] for event in written] == [f"after-{n}" for n in range(11)]
    with open_store(tmp_path) as store:
        assert store.counts().accepted == 20 and store.check() == []


def test_later_decisions_on_both_sides_of_a_broken_page_are_read(tmp_path: Path, examples: Make) -> None:
    with open_store(tmp_path) as store:
        store.add_examples(examples(120))
        assert store.backups is not None
        store.backups.make("auto")
        for number, id in enumerate(store.open_ids()):
            store.decide(Decision(f"e-{number}", id, "accept", "Ana", note=f"NOTE-{number:03} " * 30), 0)
    content = bytearray((tmp_path / "cai.db").read_bytes())
    place = content.find(b"NOTE-060") // 4096 * 4096
    content[place : place + 4096] = b"\xff" * 4096
    (tmp_path / "cai.db").write_bytes(content)
    done = restore(Workspace(tmp_path), newest_sound(Workspace(tmp_path)).path)
    assert done.later is not None and not done.later.whole and 100 < done.later.decisions < 120
    assert done.aside is not None
    written = [json.loads(line)["event_id"] for line in (done.aside / "decisions.jsonl").read_text().splitlines()]
    assert written[0] == "e-0" and written[-1] == "e-119" and "e-60" not in written


def test_restore_of_a_sound_workspace_is_its_own_image_and_can_be_taken_back(tmp_path: Path, examples: Make) -> None:
    with open_store(tmp_path) as store:
        store.add_examples(examples(30))
        assert store.backups is not None
        store.backups.make("asked")
        store.decide(Decision("later", store.open_ids()[0], "accept", "Ana"), 0)
    newest = rows_of(tmp_path / "cai.db")
    done = restore(Workspace(tmp_path), newest_sound(Workspace(tmp_path)).path)
    assert done.aside is not None and rows_of(tmp_path / "cai.db") != newest
    restore(Workspace(tmp_path), done.aside / "cai.db")
    assert rows_of(tmp_path / "cai.db") == newest


def test_a_backup_that_brings_a_program_is_not_restored(tmp_path: Path, examples: Make) -> None:
    """Seen: one of another's rewrote rows while it was restored, and had decisions written under another name."""
    with open_store(tmp_path) as store:
        store.add_examples(examples(3))
        assert store.backups is not None
        backup = store.backups.make("asked").path
    before = (tmp_path / "cai.db").read_bytes()
    with closing(sqlite3.connect(backup)) as connection, connection:
        connection.execute(
            "CREATE TRIGGER theirs AFTER INSERT ON events BEGIN UPDATE events SET rater = 'mallory'; END"
        )
    with pytest.raises(StoreError, match="a program of its own"):
        restore(Workspace(tmp_path), backup)
    assert (tmp_path / "cai.db").read_bytes() == before


def test_nothing_is_restored_while_the_workspace_is_in_use_or_from_a_damaged_file(
    tmp_path: Path, examples: Make
) -> None:
    with open_store(tmp_path) as store:
        store.add_examples(examples(100))
        assert store.backups is not None
        backup = store.backups.make("asked").path
        with pytest.raises(StoreError, match="in use by another process"):
            restore(store.workspace, backup)
    before = (tmp_path / "cai.db").read_bytes()
    break_page(backup, "examples")
    with pytest.raises(StoreError, match="is damaged"):
        restore(Workspace(tmp_path), backup)
    with pytest.raises(NotFoundError, match="no sound backup"):
        newest_sound(Workspace(tmp_path))
    with pytest.raises(StoreError, match="is not there"):
        restore(Workspace(tmp_path), tmp_path / "none.db")
    assert (tmp_path / "cai.db").read_bytes() == before and not (tmp_path / "aside").exists()


def test_a_restore_that_was_killed_between_two_renames_is_repeated(tmp_path: Path, examples: Make) -> None:
    with open_store(tmp_path / "home") as store:
        store.add_examples(examples(10))
        assert store.backups is not None
        backup = store.backups.make("asked")
        kept = rows_of(backup.path)
    for step in range(3):
        home = shutil.copytree(tmp_path / "home", tmp_path / f"killed-{step}")
        (home / "aside" / "x").mkdir(parents=True)
        (home / "restored.part").write_bytes(b"half")
        if step >= 1:
            (home / "cai.db").rename(home / "aside" / "x" / "cai.db")
            with pytest.raises(StoreError, match="is gone"):
                open_store(home)
        if step >= 2:
            shutil.copy(backup.path, home / "restored.part")
        restore(Workspace(home), newest_sound(Workspace(home)).path)
        assert rows_of(home / "cai.db") == kept
        with open_store(home) as store:
            assert store.check() == [] and store.counts().total == 10


def test_a_database_of_another_workspace_is_taken_over_by_restore_alone(tmp_path: Path, examples: Make) -> None:
    for name, number in (("one", 3), ("two", 5)):
        with open_store(tmp_path / name) as store:
            store.add_examples(examples(number))
    restore(Workspace(tmp_path / "one"), tmp_path / "two" / "cai.db")
    with open_store(tmp_path / "one") as store:
        assert store.counts().total == 5


BACKUP_LOOP = """
import sys
from pathlib import Path
from cai_ui.store import Backups, Workspace
backups = Backups(Workspace(Path(sys.argv[1])))
print("ready", flush=True)
while True:
    print(backups.make("auto").path, flush=True)
"""


def test_kill_9_during_a_backup_leaves_the_ones_before_whole(tmp_path: Path) -> None:
    """A backup of this database takes some 60 ms; the kills come at any moment of it."""
    with open_store(tmp_path) as store:
        store.add_examples(
            [make_example((Message("user", f"Why {i}?"),), "bad " * 300, "good " * 300) for i in range(1500)]
        )
    for seed in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", BACKUP_LOOP, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        finished = [Path(process.stdout.readline().strip())]
        time.sleep(random.Random(seed).uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        finished += [Path(line) for line in process.communicate(timeout=20)[0].splitlines()]
        for backup in Backups(Workspace(tmp_path)).all():
            facts = look(backup.path, through=True)
            assert facts is not None
            backup.path.unlink()
            finished = [path for path in finished if path != backup.path]
        assert not finished
    with open_store(tmp_path) as store:
        assert list((tmp_path / "backups").iterdir()) == [], "half copies are left"
        assert store.check() == []


def test_people_go_on_saving_while_a_backup_is_made_and_it_is_of_one_moment(tmp_path: Path, examples: Make) -> None:
    with open_store(tmp_path) as store:
        store.add_examples(examples(200))
        ids, going = store.open_ids(), threading.Event()

        def decide() -> None:
            for number, id in enumerate(ids):
                store.decide(Decision(f"a{number}", id, "accept", "Ana"), 0)
            going.set()

        thread = threading.Thread(target=decide)
        thread.start()
        made = []
        while not going.is_set():
            assert store.backups is not None
            made.append(store.backups.make("auto"))
            going.wait(0.2)
        thread.join()
    assert made
    for backup in made:
        database = sqlite3.connect(backup.path)
        events = database.execute("SELECT count(*) FROM events").fetchone()[0]
        shown = database.execute("SELECT count(*) FROM standing WHERE status = 'accept'").fetchone()[0]
        database.close()
        assert events == shown


def test_the_newest_are_kept_and_one_a_day_and_those_before_a_change_of_format(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        assert store.backups is not None
        first = store.backups.make("asked")
        now = datetime.now(UTC)
        for hours in range(1, 24 * 10):
            time = (now - timedelta(hours=hours)).strftime("%Y%m%dT%H%M%S%fZ")
            why = "format6" if hours in (100, 200, 230) else "auto"
            shutil.copy(first.path, first.path.with_name(f"cai-{time}-{why}.db"))
        every = store.backups.all()
        made = store.backups.make("auto", keep=5)
        left = store.backups.all()
    assert left[:5] == [made, *every[:4]]
    newest_of_day = {backup.made_at.date(): backup for backup in reversed(every)}
    assert {newest_of_day[now.date() - timedelta(days=days)] for days in range(1, 7)} <= set(left)
    assert sorted(backup.why for backup in left if backup.why != "auto")[-2:] == ["format6", "format6"]
    assert len(left) <= 5 + 7 + 2


def test_a_backup_is_due_when_the_last_is_old_and_something_changed(tmp_path: Path) -> None:
    def back(backup: Backup, by: timedelta) -> Backup:
        """The same, as if made so much earlier."""
        name = (backup.made_at - by).strftime("cai-%Y%m%dT%H%M%S%fZ-auto.db")
        return Backup(backup.path.rename(backup.path.with_name(name)), backup.made_at - by, "auto")

    with open_store(tmp_path) as store:
        backups = store.backups
        assert backups is not None and backups.due(2)
        made = backups.make("auto")
        assert not backups.due(2) and not backups.due(0), "nothing changed since"
        store.set_setting("x", 1)
        assert not backups.due(2) and backups.due(0)
        made = back(made, timedelta(hours=3))
        assert backups.due(2) and not backups.due(4)
        back(made, timedelta(days=-2))
        assert backups.due(2), "the clock was set back: a backup of a time to come says nothing"
        now = backups.make("auto", keep=1)
        assert not backups.due(2) and backups.last() == now and backups.all()[0] == now


def test_backups_are_for_their_owner_alone_and_leave_the_disk_its_reserve(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        assert store.backups is not None
        made = store.backups.make("asked")
        assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
        short = Backups(store.workspace, reserve=shutil.disk_usage(tmp_path).total)
        with pytest.raises(StoreError, match="too little room") as caught:
            short.make("auto", 1)
        assert "older backups are unchanged" in str(caught.value) and short.failed
        assert [backup.path for backup in short.all()] == [made.path]


def test_a_damaged_database_gives_no_backup_and_costs_none(tmp_path: Path, examples: Make) -> None:
    with open_store(tmp_path) as store:
        store.add_examples(examples(100))
        assert store.backups is not None
        good = store.backups.make("auto")
    break_page(tmp_path / "cai.db", "examples")
    backups = Backups(Workspace(tmp_path))
    with pytest.raises(StoreError, match="damaged"):
        backups.make("auto", keep=1)
    assert [backup.path for backup in backups.all()] == [good.path]
    assert list((tmp_path / "backups").iterdir()) == [good.path]


def test_an_older_format_is_backed_up_before_it_is_left(tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "cai.db")
    raw.executescript(Path(__file__).with_name("format_1.sql").read_text(encoding="utf-8"))
    before = list(raw.iterdump())
    raw.close()
    open_store(tmp_path).close()
    [backup] = Backups(Workspace(tmp_path)).all()
    old = sqlite3.connect(backup.path)
    assert backup.why == "format1" and list(old.iterdump()) == before
    old.close()
    done = restore(Workspace(tmp_path), backup.path)
    assert done.facts.version == 1
    with open_store(tmp_path) as store:
        assert store.check() == []


def test_a_copy_never_takes_the_place_of_a_file(tmp_path: Path) -> None:
    with open_store(tmp_path / "home") as store:
        (tmp_path / "there").write_text("mine")
        with pytest.raises(StoreError, match="there already"):
            copy_database(store.workspace.database, tmp_path / "there")
        assert (tmp_path / "there").read_text() == "mine"


def test_a_backup_fills_an_empty_folder(tmp_path: Path, examples: Make) -> None:
    """A22, as far as there is a copy elsewhere."""
    with open_store(tmp_path / "lost") as store:
        store.add_examples(examples(10))
        assert store.backups is not None
        backup = store.backups.make("asked").path
    elsewhere = shutil.move(backup, tmp_path / "elsewhere.db")
    shutil.rmtree(tmp_path / "lost")
    done = restore(Workspace(tmp_path / "new"), elsewhere)
    assert done.aside is None and rows_of(tmp_path / "new" / "cai.db") == rows_of(elsewhere)
    with open_store(tmp_path / "new") as store:
        assert store.counts().total == 10 and store.check() == []
