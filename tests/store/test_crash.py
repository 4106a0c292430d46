"""Killed processes, a full disk, damaged files, a second process: real ones.

Run: python -m pytest tests/store/test_crash.py
`CAI_KILLS=100` kills a hundred times.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cai_ui.errors import StoreError
from cai_ui.records import Decision, Example, Run
from cai_ui.store import Store, open_store

ROOT = Path(__file__).resolve().parents[2]
Make = Callable[..., list[Example]]
KILLS = int(os.environ.get("CAI_KILLS", "6"))

LABEL_LOOP = """
import sys
from pathlib import Path
from cai_ui.records import Decision
from cai_ui.store import open_store
store = open_store(Path(sys.argv[1]))
ids = [item.example.id for item in store.queue()]
print("ready", flush=True)
n = 0
while True:
    for id in ids:
        n += 1
        verdict = ("accept", "edit", "reject")[n % 3]
        event = f"{sys.argv[2]}-{n}"
        store.decide(Decision(event, id, verdict, "Ana", text="words " * (n % 50 + 1)), store.item(id).rev)
        print(event, flush=True)
        if n % 7 == 0:
            store.undo("Ana")
"""

HOLD = """
import sys, time
from pathlib import Path
from cai_ui.store import open_store
store = open_store(Path(sys.argv[1]))
print("ready", flush=True)
time.sleep(60)
"""

FULL_DISK = """
import resource, sys
from pathlib import Path
from cai_ui.errors import StoreError
from cai_ui.records import Decision
from cai_ui.store import open_store
home = Path(sys.argv[1])
store = open_store(home)
one, two = store.open_ids()[:2]
largest = max(f.stat().st_size for f in home.rglob("*") if f.is_file())
resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 5000, resource.RLIM_INFINITY))
try:
    for n in range(100):
        store.decide(Decision(f"a{n}", one, "edit", "Ana", text=str(n) * 20000), store.item(one).rev)
        print("saved", n)
except StoreError as error:
    print("told", error)
rev = store.item(one).rev
print("readable", rev, store.counts().edited)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print("again", store.decide(Decision("b", two, "accept", "Ana"), 0).rev, store.check())
"""


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_every_acknowledged_decision_survives_kill_9(tmp_path: Path, examples: Make) -> None:
    with open_store(tmp_path) as store:
        store.add_examples(examples(20))
    rng = random.Random(5)
    acknowledged: list[str] = []
    for seed in range(KILLS):
        process = start(LABEL_LOOP, str(tmp_path), f"s{seed}")
        assert first_line(process) == "ready"
        acknowledged += [first_line(process) for _ in range(rng.randint(5, 25))]
        time.sleep(rng.uniform(0, 0.02))  # so that it dies at any place in its work
        process.send_signal(signal.SIGKILL)
        out, _ = process.communicate(timeout=20)
        acknowledged += [line for line in out.split("\n")[:-1] if line]
        with open_store(tmp_path) as store:
            raw = sqlite3.connect(f"file:{tmp_path / 'cai.db'}?mode=ro", uri=True)
            found = {row[0] for row in raw.execute("select event_id from events")}
            assert raw.execute("pragma integrity_check").fetchone() == ("ok",)
            raw.close()
            assert set(acknowledged) <= found
            assert store.check() == []
    print(f"{KILLS} kills, {len(acknowledged)} acknowledged decisions, all found")
    assert len(acknowledged) >= 5 * KILLS


def test_a_second_process_is_refused_with_the_holders_number_until_that_one_dies(tmp_path: Path) -> None:
    process = start(HOLD, str(tmp_path))
    assert first_line(process) == "ready"
    with pytest.raises(StoreError, match=rf"pid {process.pid}\b"):
        open_store(tmp_path)
    process.kill()
    process.communicate(timeout=20)
    assert (tmp_path / "lock").read_text().split()[0] == str(process.pid)
    open_store(tmp_path).close()


def test_the_same_process_is_refused_too_and_let_in_after_close(tmp_path: Path) -> None:
    with open_store(tmp_path), pytest.raises(StoreError, match=f"pid {os.getpid()}"):
        open_store(tmp_path)
    open_store(tmp_path).close()


def test_a_full_disk_is_said_and_nothing_is_half_saved(tmp_path: Path, examples: Make) -> None:
    with open_store(tmp_path) as store:
        store.add_examples(examples(3))
    process = start(FULL_DISK, str(tmp_path))
    out, err = process.communicate(timeout=60)
    lines = out.splitlines()
    saved = sum(line.startswith("saved") for line in lines)
    told = next(line for line in lines if line.startswith("told"))
    assert "disk is full" in told and "Nothing was saved" in told, err
    assert f"readable {saved} {min(saved, 1)}" in lines
    assert lines[-1] == "again 1 []"


def test_runs_of_a_dead_process_are_marked_interrupted(tmp_path: Path) -> None:
    create = """
import sys, os
from pathlib import Path
from cai_ui.records import Run
from cai_ui.store import open_store
store = open_store(Path(sys.argv[1]))
for state in ("queued", "preparing", "running", "stopping", "done", "failed"):
    store.create_run(Run(state, "n", "sft", state, "h", {}, "Ana", "2026"))
os.kill(os.getpid(), 9)
"""
    assert start(create, str(tmp_path)).wait(timeout=20) == -signal.SIGKILL
    with open_store(tmp_path) as store:
        store.create_run(Run("mine", "n", "sft", "running", "h", {}, "Ana", "2026"))
        marked = store.mark_interrupted()
        assert [run.id for run in marked] == ["preparing", "running", "stopping"]
        states = {run.id: run.state for run in store.runs()}
        assert states == {
            "queued": "queued", "preparing": "interrupted", "running": "interrupted", "stopping": "interrupted",
            "done": "done", "failed": "failed", "mine": "running",
        }  # fmt: skip
        assert store.run("running").ended_at and store.run("running").error
        assert store.mark_interrupted() == []


@pytest.mark.parametrize("damage", ["text", "half", "page"])
def test_a_damaged_database_is_named_and_left_as_it_is(tmp_path: Path, examples: Make, damage: str) -> None:
    with open_store(tmp_path) as store:
        store.add_examples(examples(300))
    file = tmp_path / "cai.db"
    whole = file.read_bytes()
    broken = {
        "text": b"this is not a database, " * 100,
        "half": whole[: len(whole) // 2],
        "page": whole[:100] + b"\xff" * 8000 + whole[8100:],
    }[damage]
    file.write_bytes(broken)
    with pytest.raises(StoreError, match=r"cai\.db") as caught, open_store(tmp_path) as store:
        faults = store.check()
        assert faults
        raise StoreError(f"cai.db: {faults[0]}")
    assert str(caught.value)
    assert file.read_bytes()[:4096] == broken[:4096]
    file.write_bytes(whole)
    for extra in ("cai.db-wal", "cai.db-shm"):
        (tmp_path / extra).unlink(missing_ok=True)
    with open_store(tmp_path) as store:
        assert store.counts().total == 300 and store.check() == []


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    raw = sqlite3.connect(tmp_path / "cai.db")
    raw.execute("update meta set value = '999' where key = 'schema_version'")
    raw.commit()
    raw.close()
    with pytest.raises(StoreError, match="format 999"):
        open_store(tmp_path)


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("x")
    for place in (tmp_path / "home", tmp_path / "home" / "below"):
        with pytest.raises(StoreError, match="home") as caught:
            open_store(place)
        assert "Nothing was saved" in str(caught.value)


@pytest.mark.forks
@pytest.mark.skipif(not hasattr(os, "fork") or os.geteuid() != 0, reason="needs to become another user")
def test_no_write_permission_is_said(tmp_path: Path) -> None:
    open_store(tmp_path / "home").close()  # everything that opening needs is imported before rights are dropped
    reader, writer = os.pipe()
    if not (pid := os.fork()):
        said = "opened"
        try:
            os.setuid(65534)
            open_store(tmp_path / "home")
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    said = os.read(reader, 4000).decode()
    assert said.startswith("StoreError") and "Permission denied" in said and "Nothing was saved" in said


def test_an_address_that_is_none_is_refused_without_showing_its_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="CAI_DATABASE_URL"):
        open_store(tmp_path, "not an address")
    with pytest.raises(StoreError) as caught:
        open_store(tmp_path, "postgresql+nodriver://user:hunter2@127.0.0.1:1/none")
    assert "hunter2" not in str(caught.value)
    open_store(tmp_path).close()


def test_a_writing_error_inside_a_block_rolls_everything_back(store: Store, examples: Make) -> None:
    store.add_examples(examples(1))
    with pytest.raises(ZeroDivisionError), store._db.write("Test") as connection:
        connection.exec_driver_sql("delete from standing")
        raise ZeroDivisionError
    assert store.counts().total == 1


def test_thirty_threads_save_at_once_and_none_is_lost(store: Store, examples: Make) -> None:
    import concurrent.futures

    some = examples(300)
    store.add_examples(some)
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        list(pool.map(lambda e: store.decide(Decision(f"e-{e.id}", e.id, "accept", "Ana"), 0), some))
    assert store.counts().accepted == 300 and store.check() == []


def test_a_file_that_is_no_database_is_named_as_that_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "cai.db").write_bytes(b"not a database at all " * 400)
    before = (tmp_path / "cai.db").read_bytes()
    with pytest.raises(StoreError, match="cannot be read: the file is not a database") as caught:
        open_store(tmp_path)
    assert "store restore" in str(caught.value) and (tmp_path / "cai.db").read_bytes() == before
