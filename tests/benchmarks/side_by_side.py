"""Base, SFT and DPO answers to the same prompts: in one batch, one variant alone, and three runs in turn.

OMP_NUM_THREADS=1 python tests/benchmarks/side_by_side.py [--model 100m|20m|embedded]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from memory import resident
from shapes import build_shape, table, timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="100m")
    parser.add_argument("--prompts", type=int, default=1)
    parser.add_argument("--prompt-tokens", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=64)
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(run(parsed, Path(folder)))


def run(parsed: Any, folder: Path) -> str:
    from cai_ui.config.answers import Sampling
    from cai_ui.config.app import AppSettings
    from cai_ui.config.train import TrainSettings
    from cai_ui.engine import load_engine
    from cai_ui.engine.adapters.files import describe_adapter
    from cai_ui.engine.interface import Request
    from cai_ui.records import Message

    model = "embedded" if parsed.model == "embedded" else str(build_shape(parsed.model, folder / parsed.model))
    engine: Any = load_engine(AppSettings(model=model, cache_gb=0))  # no run may profit from the one before it
    before = resident()
    for name in ("sft", "dpo"):
        with engine.training_seat(TrainSettings(rank=16)) as seat:
            seat.save(folder / name)
        engine.load_adapter(describe_adapter(folder / name, name, name, name))
    words = "how do I " * max(1, parsed.prompt_tokens // engine.count_tokens((Message("user", "how do I "),)))
    sampling = Sampling(temperature=0, max_new_tokens=parsed.tokens)
    asked = {
        variant: [Request((Message("user", f"{i} {words}"),), sampling, variant) for i in range(parsed.prompts)]
        for variant in ("base", "sft", "dpo")
    }
    engine.generate(asked["sft"])
    alone = min(timed(lambda: engine.generate(asked["sft"]))[0].processor for _ in range(3))
    together = min(
        timed(lambda: engine.generate([r for rows in asked.values() for r in rows]))[0].processor for _ in range(3)
    )
    in_turn = min(timed(lambda: [engine.generate(rows) for rows in asked.values()])[0].processor for _ in range(3))
    rows = [
        ["one variant (SFT) alone", f"{alone:.2f}", "1.00"],
        ["three variants in one batch", f"{together:.2f}", f"{together / alone:.2f}"],
        ["three variants in turn", f"{in_turn:.2f}", f"{in_turn / alone:.2f}"],
    ]
    weights = engine.status().memory_bytes / 2**20
    note = f"\nWeights: {weights:.0f} MB; memory added by two adapters: {(resident() - before) / 2**20:.0f} MB.\n"
    title = (
        f"Side by side, {parsed.model}: {parsed.prompts} prompts of {parsed.prompt_tokens}, {parsed.tokens} new tokens"
    )
    return table(title, ["how", "processor seconds", "times one variant"], rows) + note


if __name__ == "__main__":
    main()
