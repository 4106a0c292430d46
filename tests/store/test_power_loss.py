"""A10. Power is lost: what was written and not yet synchronised with the disk may be there, be missing, or be torn.

A real process labels under strace, which notes each write and each fsync of the database's files. From that record
disks are built as they may be after a loss of power at any moment, by a seed, and opened. `CAI_KILLS=100` tries a
hundred.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cai_ui.records import Example
from cai_ui.store import open_store

ROOT = Path(__file__).resolve().parents[2]
LOSSES = max(24, int(os.environ.get("CAI_KILLS", "0")))
SECTOR = 512
CALL = re.compile(r'(\w+)\((\d+)<([^>]*)>(?:, "([^"]*)")?(?:\.\.\.)?(?:, (\d+))?(?:, (\d+))?\) += (\d+)')
LABEL = """
import os, sys
from pathlib import Path
from cai_ui.records import Decision
from cai_ui.store import open_store
store = open_store(Path(sys.argv[1]))
for number, id in enumerate(store.open_ids()):
    store.decide(Decision(f"e{number}", id, ("accept", "edit", "reject")[number % 3], "Ana", text="words " * 400), 0)
    os.write(1, f"e{number}\\n".encode())
os._exit(0)
"""


@dataclass
class Disk:
    """Files as the disk surely has them, and the writes that it may still have before it."""

    files: dict[str, bytearray]
    waiting: dict[str, list[tuple[int, bytes | None]]] = field(default_factory=dict)

    def write(self, name: str, place: int, content: bytes | None) -> None:
        """None: the file ends there."""
        self.waiting.setdefault(name, []).append((place, content))

    def sync(self, name: str) -> None:
        for place, content in self.waiting.pop(name, []):
            put(self.files.setdefault(name, bytearray()), place, content)

    def after_loss(self, chance: random.Random) -> dict[str, bytes]:
        """Files with any of the waiting writes, whole, torn or not at all."""
        left = {name: bytearray(content) for name, content in self.files.items()}
        for name, writes in self.waiting.items():
            for place, content in writes:
                kind = chance.choice(["whole", "torn", "none"])
                if kind == "torn" and content is not None:
                    content = content[: chance.randrange(0, len(content) + 1, SECTOR)]
                if kind != "none":
                    put(left.setdefault(name, bytearray()), place, content)
        return {name: bytes(content) for name, content in left.items()}


def put(file: bytearray, place: int, content: bytes | None) -> None:
    if content is None:
        del file[place:]
        file.extend(bytes(place - len(file)))
        return
    file.extend(bytes(max(0, place - len(file))))
    file[place : place + len(content)] = content


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def record(home: Path) -> tuple[Path, list[str]]:
    """Label under strace; gives its record and the decisions that were acknowledged."""
    if shutil.which("strace") is None:
        pytest.skip("strace was not found")
    log = home.with_name("strace.log")
    calls = "trace=write,pwrite64,fsync,fdatasync,ftruncate"
    ran = subprocess.run(
        ["strace", "-qq", "-y", "-xx", "-s", "100000", "-e", calls, "-o", str(log),
         sys.executable, "-c", LABEL, str(home)],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    if "ptrace" in ran.stderr:
        pytest.skip(f"strace may not be used here: {ran.stderr[:200]}")
    assert ran.returncode == 0, ran.stderr
    return log, ran.stdout.split()


Event = tuple[str, str, int, bytes | None]


def events(log: Path, home: Path) -> Iterator[Event]:
    """What happened, in order: ("ack", event id), ("write", file), ("sync", file)."""
    for line in log.read_text().splitlines():
        found = CALL.match(line)
        if found is None:
            continue
        call, number, path, content, first, second, _ = found.groups()
        name = unhex(path).decode()
        if call == "write" and number == "1":
            yield "ack", unhex(content).decode().strip(), 0, None
        elif not name.startswith(f"{home}/cai.db") or name.endswith("-shm"):
            continue
        elif call == "pwrite64":
            yield "write", Path(name).name, int(second), unhex(content)
        elif call == "ftruncate":
            yield "write", Path(name).name, int(first or 0), None
        elif call in ("fsync", "fdatasync"):
            yield "sync", Path(name).name, 0, None


def disks(happened: list[Event], disk: Disk, at: set[int]) -> Iterator[set[str]]:
    """Follow what happened on a disk; before each of these events, what had been acknowledged."""
    acknowledged: set[str] = set()
    for number, (kind, name, place, content) in enumerate(happened):
        if number in at:
            yield set(acknowledged)
        if kind == "ack":
            acknowledged.add(name)
        elif kind == "write":
            disk.write(name, place, content)
        else:
            disk.sync(name)


def lost(files: dict[str, bytes], home: Path, acknowledged: set[str]) -> set[str]:
    """Acknowledged decisions that a workspace with these files does not have; it must be sound."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    for name, content in files.items():
        (home / name).write_bytes(content)
    with open_store(home) as store:
        assert store.check() == []
        with store._db.read() as connection:
            there = set(connection.exec_driver_sql("SELECT event_id FROM events").scalars())
    return acknowledged - there


def test_what_was_acknowledged_survives_the_loss_of_power(
    tmp_path: Path, examples: Callable[..., list[Example]]
) -> None:
    home = tmp_path / "home"
    with open_store(home) as store:
        store.add_examples(examples(180))
    start = (home / "cai.db").read_bytes()
    log, said = record(home)
    assert len(said) == 180
    happened = list(events(log, home))
    assert sum(kind == "sync" and name == "cai.db" for kind, name, _, _ in happened) >= 1, "no checkpoint was recorded"
    chance = random.Random(20261129)
    at = set(chance.sample(range(len(happened)), LOSSES))
    count = 0
    disk = Disk({"cai.db": bytearray(start)})
    for acknowledged in disks(happened, disk, at):
        assert lost(disk.after_loss(chance), tmp_path / "after", acknowledged) == set()
        count += len(acknowledged)
    assert count > LOSSES * 10
    print(f"{LOSSES} losses of power, {count} acknowledged decisions looked for, 0 lost")

    assert len(lost({"cai.db": start}, tmp_path / "after", set(said))) == 180, "a disk that ignores fsync loses all"
