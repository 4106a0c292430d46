"""Models for the benchmarks: random weights of a Mistral shape, built on the spot, with the tests' tokenizer."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

SHAPES = {
    "100m": {"hidden_size": 768, "intermediate_size": 2688, "num_hidden_layers": 12, "num_attention_heads": 12,
             "num_key_value_heads": 4, "head_dim": 64},
    "20m": {"hidden_size": 512, "intermediate_size": 1376, "num_hidden_layers": 6, "num_attention_heads": 8,
            "num_key_value_heads": 4, "head_dim": 64},
}  # fmt: skip
CONTEXT = 8192


def build_shape(name: str, folder: Path) -> Path:
    """Write a random model of that shape (float32) with its tokenizer into `folder`, unless it is there.

    A name that is a folder is that model.
    """
    import torch
    from tiny_model import _tokenizer
    from transformers import MistralConfig, MistralForCausalLM

    if Path(name).is_dir():
        return Path(name)
    if (folder / "config.json").is_file():
        return folder
    tokenizer = _tokenizer()
    config = MistralConfig(
        vocab_size=len(tokenizer), max_position_embeddings=CONTEXT, sliding_window=None, initializer_range=0.05,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id, **SHAPES[name],
    )  # fmt: skip
    torch.manual_seed(0)
    model = MistralForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.model_max_length = CONTEXT
    tokenizer.save_pretrained(folder)
    return folder


@dataclass(frozen=True)
class Took:
    """Seconds of processor time of all threads, and seconds on the clock."""

    processor: float
    clock: float

    def times(self, other: Took) -> str:
        """How many times the other took of the processor."""
        return f"{self.processor / other.processor:.1f}"


def timed(work: Callable[[], Any]) -> tuple[Took, Any]:
    """What the work took, and its result. Processor time is what a machine shared with others does not distort.

    Run with OMP_NUM_THREADS=1, or threads that wait for each other count too.
    """
    began, clock = time.process_time(), time.perf_counter()
    result = work()
    return Took(time.process_time() - began, time.perf_counter() - clock), result


def table(title: str, columns: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [f"### {title}", "", "| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows), ""])
