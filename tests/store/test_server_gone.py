"""PostgreSQL is killed and comes back in the middle of the work: what was acknowledged is there, and work goes on."""

from __future__ import annotations

import importlib.util
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cai_ui.errors import StoreError
from cai_ui.records import Decision, Example
from cai_ui.store import open_store


def restart(folder: str) -> None:
    """Kill the server as a fault would, without a last checkpoint, and start it again."""
    spec = importlib.util.spec_from_file_location("store_postgres", Path(__file__).with_name("postgres.py"))
    assert spec is not None and spec.loader is not None
    postgres = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(postgres)
    tools = postgres.binaries()
    as_user = postgres._other_user(Path(folder))
    for verb in ("stop", "start"):
        how = ["-m", "immediate"] if verb == "stop" else ["-l", f"{folder}/log"]
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        subprocess.run(
            [*as_user, str(tools / "pg_ctl"), "-D", f"{folder}/data", "-w", *how, "-o", options, verb],
            check=True, timeout=120, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


def test_restarted_twice_while_three_label(
    tmp_path: Path, postgres_folder: str, postgres_url: str, examples: Callable[..., list[Example]]
) -> None:
    with open_store(tmp_path, postgres_url) as store:
        store.add_examples(examples(600))
        ids, over = store.open_ids(), threading.Event()
        acknowledged: list[str] = []
        said: list[str] = []

        def label(rater: str, mine: list[str]) -> None:
            for id in mine:
                event = f"{rater}-{id}"
                while not over.is_set():
                    try:
                        store.decide(Decision(event, id, "accept", rater), 0)
                        acknowledged.append(event)
                        break
                    except StoreError as error:
                        said.append(str(error))
                        time.sleep(0.05)

        raters = [threading.Thread(target=label, args=(f"r{n}", ids[n::3])) for n in range(3)]
        for rater in raters:
            rater.start()
        for _ in range(2):
            time.sleep(0.4)
            restart(postgres_folder)
        before = len(acknowledged)
        end = time.monotonic() + 30
        while len(acknowledged) < before + 20 and any(rater.is_alive() for rater in raters):
            assert time.monotonic() < end, "nobody could go on"
            time.sleep(0.02)
        over.set()
        for rater in raters:
            rater.join()
        with store._db.read() as connection:
            there = set(connection.exec_driver_sql("SELECT event_id FROM events").scalars())
        assert set(acknowledged) <= there and store.check() == []
        assert said, "no one noticed: the server was not gone"
        assert all("Nothing was saved" in one and "Check the database server" in one for one in said), said[0]
        assert not any(postgres_folder in one for one in said), "addresses are nobody's business"
        print(f"{len(acknowledged)} acknowledged, 0 lost, {len(said)} refused while the server was gone")


def test_a_server_that_is_not_there_is_said_and_how_it_is_backed_up(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Check the database server"):
        open_store(tmp_path, "postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=1")
    open_store(tmp_path).close()
