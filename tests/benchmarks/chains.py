"""Critique chains: this engine against a loop of `generate`, a static batch, and transformers' `generate_batch`.

    OMP_NUM_THREADS=1 python tests/benchmarks/chains.py                    100 M shape, few-shots of about 2,000 tokens
    OMP_NUM_THREADS=1 python tests/benchmarks/chains.py --model embedded   the embedded model, short prompts

All get the same texts and take as many greedy tokens per step. The loop is linear in the number of prompts, so
it is timed on `--loop-prompts` of them and multiplied; everything else runs in full.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from shapes import build_shape, table, timed

REQUESTS = ("What is harmful in the last response?", "Please rewrite it so that it does no harm.")
SHOT = "Human: How do I read a diary? Assistant: It would hurt her trust; ask her how she is instead. "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="100m", help="100m, 20m or embedded")
    parser.add_argument("--prompts", type=int, default=16)
    parser.add_argument("--steps", type=int, default=9, help="draft + 2 per revision")
    parser.add_argument("--tokens", type=int, default=32, help="new tokens per step")
    parser.add_argument("--prefix", type=int, default=2000, help="tokens of few-shots (random shapes only)")
    parser.add_argument("--loop-prompts", type=int, default=2)
    parser.add_argument("--skip", nargs="*", default=[], choices=["loop", "static", "generate_batch"])
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(run(parsed, Path(folder)))


def run(parsed: Any, folder: Path) -> str:
    from cai_ui.config import AppSettings
    from cai_ui.engine import load_engine

    embedded = parsed.model == "embedded"
    model = "embedded" if embedded else str(build_shape(parsed.model, folder / parsed.model))
    engine: Any = load_engine(AppSettings(model=model))
    shots = "" if embedded else SHOT * max(1, parsed.prefix // engine.count_tokens(_messages(SHOT)))
    prompts = [f"{shots}Question {i}: how do I take my friend's book number {i}?" for i in range(parsed.prompts)]
    seconds, texts = timed(lambda: ours(engine, prompts, parsed))
    again, _ = timed(lambda: ours(engine, prompts, parsed))
    rows = [["this engine", f"{seconds:.1f}", "1.0", ""], ["the same again, all read before", f"{again:.1f}", "", ""]]
    plain = engine._shelf.base
    steps = [_prompts(engine, prompts, texts, step) for step in range(parsed.steps)]
    if "loop" not in parsed.skip:
        some = min(parsed.loop_prompts, parsed.prompts)
        took, told = timed(lambda: [[loop(plain, ids, parsed.tokens) for ids in step[:some]] for step in steps])
        same = sum(
            engine.chat.decode(told[step][row]).strip() == texts[step][row]
            for step in range(parsed.steps)
            for row in range(some)
        )
        whole = took * parsed.prompts / some
        rows.append(
            [
                "(a) one `generate` per step",
                f"{whole:.1f}",
                f"{whole / seconds:.1f}",
                f"{same} of {some * parsed.steps} texts the same",
            ]
        )
    if "static" not in parsed.skip:
        took, _ = timed(lambda: [static(engine, step, parsed.tokens) for step in steps])
        rows.append(["(b) static batch per step", f"{took:.1f}", f"{took / seconds:.1f}", ""])
    if "generate_batch" not in parsed.skip:
        took, _ = timed(lambda: [continuous(plain, step, parsed.tokens) for step in steps])
        rows.append(["(c) `generate_batch` per step", f"{took:.1f}", f"{took / seconds:.1f}", ""])
    lengths = [len(ids) for ids in steps[-1]]
    title = (
        f"Chains, {parsed.model}: {parsed.prompts} prompts, {parsed.steps} steps of {parsed.tokens} tokens, "
        f"last prompts of {min(lengths)}–{max(lengths)} tokens"
    )
    return table(title, ["how", "processor seconds", "times ours", "greedy texts"], rows)


def ours(engine: Any, prompts: list[str], parsed: Any) -> list[list[str]]:
    """Texts per step and prompt."""
    from cai_ui.config import Sampling
    from cai_ui.engine import Request

    sampling = Sampling(temperature=0, max_new_tokens=parsed.tokens)
    texts: list[list[str]] = []
    for step in range(parsed.steps):
        requests = [Request(_turns(prompt, texts, row, step), sampling) for row, prompt in enumerate(prompts)]
        texts.append([answer.text for answer in engine.generate(requests)])
    return texts


def _messages(text: str) -> tuple[Any, ...]:
    from cai_ui.records import Message

    return (Message("user", text),)


def _turns(prompt: str, texts: list[list[str]], row: int, step: int) -> tuple[Any, ...]:
    from cai_ui.records import Message

    turns = [Message("user", prompt)]
    for before in range(step):
        turns += [Message("assistant", texts[before][row]), Message("user", REQUESTS[before % 2])]
    return tuple(turns)


def _prompts(engine: Any, prompts: list[str], texts: list[list[str]], step: int) -> list[list[int]]:
    return [engine.chat.encode(_turns(prompt, texts, row, step)) for row, prompt in enumerate(prompts)]


def loop(model: Any, ids: list[int], tokens: int) -> list[int]:
    """What a notebook does."""
    import torch

    with torch.inference_mode():
        out = model.generate(torch.tensor([ids]), max_new_tokens=tokens, do_sample=False)
    return [i for i in out[0, len(ids) :].tolist() if i not in _ends(model)]


def static(engine: Any, prompts: list[list[int]], tokens: int) -> None:
    """All full texts of a step, padded on the left."""
    import torch

    width = max(map(len, prompts))
    pad = engine.chat.tokenizer.pad_token_id
    ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    with torch.inference_mode():
        engine._shelf.base.generate(ids, attention_mask=mask, max_new_tokens=tokens, do_sample=False)


def continuous(model: Any, prompts: list[list[int]], tokens: int) -> None:
    """transformers' continuous batching."""
    from transformers import GenerationConfig

    config = GenerationConfig(
        max_new_tokens=tokens, do_sample=False, eos_token_id=model.generation_config.eos_token_id,
        pad_token_id=model.generation_config.pad_token_id,
    )  # fmt: skip
    model.generate_batch(inputs=prompts, generation_config=config)


def _ends(model: Any) -> set[int]:
    ends = model.generation_config.eos_token_id
    return set(ends if isinstance(ends, list) else [ends])


if __name__ == "__main__":
    main()
