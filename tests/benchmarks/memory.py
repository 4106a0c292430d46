"""Memory of the process in bytes: before a model, with it, after use, and after it was let go.

OMP_NUM_THREADS=1 python tests/benchmarks/memory.py [--model 100m|20m|embedded] [--rounds 40]
"""

from __future__ import annotations

import argparse
import gc
import tempfile
from pathlib import Path
from typing import Any

from shapes import build_shape, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="100m")
    parser.add_argument("--rounds", type=int, default=40, help="batches of 16 answers before the model is let go")
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--cache-gb", type=float, default=0.25)
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(run(parsed, Path(folder)))


def run(parsed: Any, folder: Path) -> str:
    from cai_ui.config.answers import Sampling
    from cai_ui.config.app import AppSettings
    from cai_ui.engine import load_engine
    from cai_ui.engine.interface import Request
    from cai_ui.records import Message

    load_engine(AppSettings(model="embedded")).close()  # the libraries' own memory is not the model's
    model = "embedded" if parsed.model == "embedded" else str(build_shape(parsed.model, folder / parsed.model))
    gc.collect()
    rows: list[list[str]] = []
    before = resident()

    def note(when: str, engine: Any = None) -> None:
        cache = f"{engine.status().cache_bytes / 2**20:.0f}" if engine is not None else ""
        rows.append([when, f"{resident() / 2**20:.0f}", f"{(resident() - before) / 2**20:+.0f}", cache])

    note("before loading")
    engine: Any = load_engine(AppSettings(model=model, cache_gb=parsed.cache_gb))
    weights = engine.status().memory_bytes
    note("loaded", engine)
    sampling = Sampling(temperature=0, max_new_tokens=parsed.tokens)
    for turn in range(parsed.rounds):
        words = "how do I take my friend's book " * (1 + turn % 20)
        engine.generate([Request((Message("user", f"{turn} {i} {words}"),), sampling) for i in range(16)])
        if turn + 1 in (parsed.rounds // 4, parsed.rounds // 2, parsed.rounds):
            note(f"after {turn + 1} batches of 16", engine)
    engine.close()
    del engine
    gc.collect()
    note("let go")
    most = parsed.cache_gb * 1e9 / 2**20
    title = f"Memory, {parsed.model}: weights of {weights / 2**20:.0f} MB, cache of at most {most:.0f} MB"
    return table(title, ["when", "resident MB", "more than before", "cache MB"], rows)


def resident() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    main()
