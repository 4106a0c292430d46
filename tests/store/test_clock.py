"""A16. The wall clock jumps in the middle of the work: nothing is claimed twice, lost or out of order.

The clock of a child process is moved by a small library that answers for the system's; it needs a C compiler.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cai_ui.records import Example
from cai_ui.store import open_store

ROOT = Path(__file__).resolve().parents[2]
CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int said = real(clock, now);
  if (clock == CLOCK_REALTIME) {
    FILE *file = fopen(getenv("CLOCK_MOVED"), "r");
    long seconds = 0;
    if (file) { if (fscanf(file, "%ld", &seconds) != 1) seconds = 0; fclose(file); }
    now->tv_sec += seconds;
  }
  return said;
}
"""
WORK = """
import os, sys, datetime
from pathlib import Path
from cai_ui.errors import ConflictError
from cai_ui.records import Decision, Run
from cai_ui.store import open_store

def clock(seconds):
    Path(os.environ["CLOCK_MOVED"]).write_text(str(seconds))

store = open_store(Path(sys.argv[1]))
today = datetime.datetime.now().date()
store.create_run(Run("r1", "n", "sft", "running", "h", {}, "Ana", ""))
order = []
for number, jump in enumerate((0, -3600, 86_400, -7200, 40 * 86_400, 0)):
    first = store.next_open(None, "Ana")
    clock(jump)
    second = store.next_open(None, "Ben")  # after a jump forward Ana's claim may be over
    assert jump > 0 or first.example.id != second.example.id, f"both were given one example after {jump} s"
    for rater, item in (("Ana", first), ("Ben", second)):
        try:
            store.decide(Decision(f"{rater}{number}", item.example.id, "accept", rater), item.rev)
            order.append(f"{rater}{number}")
        except ConflictError:
            assert rater == "Ben" and first.example.id == second.example.id
assert len(order) >= 9 and store.counts().accepted == len(order)
assert datetime.datetime.now().date() == today
clock(40 * 86_400)
assert datetime.datetime.now().date() > today + datetime.timedelta(30), "the clock was not moved"
assert store.mark_interrupted() == [] and store.run("r1").state == "running"
with store._db.read() as connection:
    assert list(connection.exec_driver_sql("select event_id from events order by seq").scalars()) == order
store.backups.make("auto")
clock(0)
assert store.backups.due(2), "a backup of the future is not taken for a new one"
store.undo("Ana")
assert store.check() == []
print("ok")
"""


def test_jumps_of_the_clock(tmp_path: Path, examples: Callable[..., list[Example]]) -> None:
    if sys.platform != "linux" or shutil.which("cc") is None:
        pytest.skip("a C compiler was not found")
    (tmp_path / "clock.c").write_text(CLOCK)
    library = tmp_path / "clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "clock.c", "-ldl"], check=True)
    with open_store(tmp_path / "home") as store:
        store.add_examples(examples(20))
    moved = {"LD_PRELOAD": str(library), "CLOCK_MOVED": str(tmp_path / "moved")}
    ran = subprocess.run(
        [sys.executable, "-c", WORK, str(tmp_path / "home")],
        cwd=ROOT, env={**os.environ, **moved}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ran.stdout == "ok\n", ran.stderr[-3000:]
