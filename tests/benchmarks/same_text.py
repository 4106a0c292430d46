"""How often a row's text depends on its neighbours: the same requests alone, and in batches of 32 of mixed lengths.

    OMP_NUM_THREADS=1 python tests/benchmarks/same_text.py                                    embedded model, float32
    OMP_NUM_THREADS=1 python tests/benchmarks/same_text.py --model 100m --quantize nf4        4-bit weights, bfloat16

Sums over batches of another shape differ in their last bits, so where two tokens are all but equally likely the
other one can win. Counted are texts that differ, greedy and sampled with a seed of their own.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from shapes import build_shape, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--quantize", default="none")
    parser.add_argument("--requests", type=int, default=320)
    parser.add_argument("--tokens", type=int, default=48)
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(run(parsed, Path(folder)))


def run(parsed: Any, folder: Path) -> str:

    from cai_ui.config.answers import Sampling
    from cai_ui.config.app import AppSettings
    from cai_ui.demo.prompt_sets import prompt_set
    from cai_ui.engine import load_engine
    from cai_ui.engine.interface import Request
    from cai_ui.records import Message

    model = "embedded" if parsed.model == "embedded" else str(build_shape(parsed.model, folder / parsed.model))
    engine: Any = load_engine(AppSettings(model=model, quantize=parsed.quantize, cache_gb=0, home=str(folder)))
    kinds = ("harmful", "helpful", "twin")
    prompts = [p.text for kind in kinds for p in prompt_set(f"heldout-{kind}", -(-parsed.requests // 3), 0)]
    rows = []
    for name, temperature in (("greedy", 0.0), ("sampled, temperature 1", 1.0)):
        requests = [
            Request((Message("user", text),), Sampling(temperature=temperature, seed=i, max_new_tokens=parsed.tokens))
            for i, text in enumerate(prompts[: parsed.requests])
        ]
        alone = [engine.generate([request])[0] for request in requests]
        together = [a for s in range(0, len(requests), 32) for a in engine.generate(requests[s : s + 32])]
        other = sum(a.text != b.text for a, b in zip(alone, together, strict=True))
        rows.append([name, str(len(requests)), f"{sum(a.tokens for a in alone):,}", str(other)])
    title = (
        f"Same text alone and in batches of 32, {parsed.model}, {engine.status().detail.split('(')[-1].rstrip(').')}"
    )
    return table(title, ["how drawn", "requests", "tokens", "texts that differ"], rows)


if __name__ == "__main__":
    main()
