"""What the check before a run says it will take, against what the run took: first from a trial, then from that run.

OMP_NUM_THREADS=1 python tests/benchmarks/estimates.py [--rows 200]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
from datetime import datetime
from pathlib import Path

from diaries import make_data
from memory import resident
from shapes import ROOT, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200)
    parsed = parser.parse_args()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        print(run(parsed.rows, Path(folder)))


def run(number: int, folder: Path) -> str:
    from cai_ui.config.app import AppSettings
    from cai_ui.pipeline import open_services
    from cai_ui.train.presets import PRESETS

    services = open_services(AppSettings(home=str(folder / "home"), model="embedded"))
    services.engine(120)
    data = services.store.save_dataset(make_data(number, number // 10), "me").hash
    rows = []
    for method in ("sft", "dpo", "sft", "dpo"):
        seed = {"seed": len(rows)}
        settings = PRESETS["embedded quick"][method].model_copy(update=seed)
        told = services.jobs.check(method, data, settings).estimate
        with Peak() as peak:
            done = services.jobs.wait(services.jobs.submit(method, data, settings, "me").id)
        began, ended = (datetime.fromisoformat(str(at)) for at in (done.started_at, done.ended_at))
        took = (ended - began).total_seconds()
        parts = ", ".join(f"{kind} {seconds:.1f}" for kind, seconds in told.parts.items())
        memory = f"{told.memory_bytes / 2**20:.0f} / {peak.more / 2**20:.0f}"
        rows.append(
            [method, told.source, f"{told.seconds:.1f}", f"{took:.1f}", f"{told.seconds / took:.2f}", parts, memory]
        )
    services.close()
    columns = ["run", "known from", "estimated s", "took s", "ratio", "estimated parts", "MB more: estimated / took"]
    return table(f"Estimates, embedded model, {number} rows", columns, rows)


class Peak:
    """Largest growth of the process while the block runs, in bytes."""

    def __enter__(self) -> Peak:
        self.more, self._before, self._over = 0, resident(), threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.more = max(self.more, resident() - self._before)


if __name__ == "__main__":
    main()
