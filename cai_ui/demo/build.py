"""Train the embedded model from nothing: `python -m cai_ui demo build`.

Conversations are drawn from the miniature world as training goes on, so none is seen twice. The loss is on
what the assistant says, lightly on what the user says, heavily on the judge's letter. Same seed, steps and
machine: same weights.
"""

from __future__ import annotations

import copy
import itertools
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch

from cai_ui.demo.card import model_card
from cai_ui.demo.corpus import Conversation, conversations
from cai_ui.demo.optimiser import optimisers, rate
from cai_ui.demo.tokenizer import CONTEXT, encode_turns, train_tokenizer

SHAPE = {
    "hidden_size": 256,
    "intermediate_size": 704,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 32,
}
USER_WEIGHT, JUDGE_WEIGHT = 0.1, 6.0
"""Loss weights of user tokens and of the judge's letter; assistant tokens weigh 1."""
STEPS = 4000
GO_ON = 0.6
"""Share of the full learning rate at which training goes on from given weights."""
_POOL = 1024
"""Conversations sorted by length together, so that a batch has little padding."""


@dataclass(frozen=True)
class BuildReport:
    """What a training run came to. `loss` is the mean on assistant tokens over the last steps, in nats."""

    seed: int
    steps: int
    tokens: int
    seconds: float
    parameters: int
    loss: float
    judge_loss: float


@dataclass(frozen=True)
class Batch:
    """`ids` and `weights`: rows x tokens; a weight belongs to the token at its own place. `kind`: 0 user, 1
    assistant, 2 judge's letter, 3 echo, -1 padding."""

    ids: torch.Tensor
    weights: torch.Tensor
    kind: torch.Tensor


def build(out: Path, seed: int = 0, steps: int = STEPS, batch_tokens: int = 4096, vocabulary: int = 2048,
          start: Path | None = None, shape: dict[str, int] | None = None) -> BuildReport:  # fmt: skip
    """Train and write model, tokenizer and model card into `out`.

    `start`: go on from these weights, at `GO_ON` of the full learning rate.
    """
    torch.manual_seed(seed)
    began = time.monotonic()
    tokenizer = _load_tokenizer(start) if start else train_tokenizer(_sample_texts(seed), vocabulary)
    model = _load_model(start) if start else new_model(tokenizer, shape or SHAPE)
    model.set_attn_implementation("eager")  # quicker than the fused one for short rows on a processor
    peak = GO_ON if start else 1.0
    losses = _train(model, tokenizer, out, seed, steps, batch_tokens, peak)
    report = BuildReport(
        seed, steps, losses["tokens"], time.monotonic() - began,
        sum(p.numel() for p in model.parameters()), losses["said"], losses["judge"],
    )  # fmt: skip
    save(model, tokenizer, out, report)
    return report


def new_model(tokenizer: Any, shape: dict[str, int]) -> Any:
    """A MistralForCausalLM of this shape with fresh weights (float32)."""
    from transformers import MistralConfig, MistralForCausalLM

    config = MistralConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=CONTEXT,
        sliding_window=None,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **shape,
    )
    return MistralForCausalLM(config)


def save(model: Any, tokenizer: Any, out: Path, report: BuildReport) -> None:
    """Write half-precision weights, tokenizer, generation settings and model card."""
    out.mkdir(parents=True, exist_ok=True)
    model.generation_config.update(do_sample=True, temperature=0.7, max_new_tokens=256)
    copy.deepcopy(model).half().save_pretrained(out, safe_serialization=True)
    tokenizer.save_pretrained(out)
    (out / "README.md").write_text(model_card(report, model.config), encoding="utf-8")


def batches(tokenizer: Any, seed: int, batch_tokens: int) -> Iterator[Batch]:
    """Batches of about `batch_tokens` tokens, rows of like length together, in shuffled order. Without end."""
    rng = random.Random(f"batches/{seed}")
    source = conversations(seed)
    while True:
        rows = [row(tokenizer, c) for c in itertools.islice(source, _POOL)]
        rows.sort(key=lambda r: len(r[0]))
        groups: list[list[tuple[list[int], list[int]]]] = [[]]
        for one in rows:
            if groups[-1] and (len(groups[-1]) + 1) * len(one[0]) > batch_tokens:
                groups.append([])
            groups[-1].append(one)
        rng.shuffle(groups)
        yield from (_batch(group, tokenizer.pad_token_id) for group in groups)


def row(tokenizer: Any, conversation: Conversation) -> tuple[list[int], list[int]]:
    """Ids and the kind of each: see `Batch`."""
    ids, said = encode_turns(tokenizer, conversation.messages)
    kinds = [(3 if conversation.form == "echo" else 1) if mine else 0 for mine in said]
    if conversation.form == "judge":
        kinds[-3] = 2  # " (", the letter, ")", end
    return ids, kinds


def _batch(rows: Sequence[tuple[list[int], list[int]]], pad: int) -> Batch:
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), longest), pad)
    kind = torch.full((len(rows), longest), -1)
    for place, (row_ids, row_kinds) in enumerate(rows):
        ids[place, : len(row_ids)] = torch.tensor(row_ids)
        kind[place, : len(row_ids)] = torch.tensor(row_kinds)
    weights = torch.tensor([USER_WEIGHT, 1.0, JUDGE_WEIGHT, 1.0, 0.0])[
        kind
    ]  # -1 picks the last: padding weighs nothing
    return Batch(ids, weights, kind)


def _train(
    model: Any, tokenizer: Any, out: Path, seed: int, steps: int, batch_tokens: int, peak: float
) -> dict[str, Any]:
    model.train()
    tools = optimisers(model)
    full = [group["lr"] for tool in tools for group in tool.param_groups]
    meter, tokens, began = _Meter(), 0, time.monotonic()
    for step, batch in zip(range(steps), batches(tokenizer, seed, batch_tokens), strict=False):
        share = peak * rate(step, steps)
        for group, top in zip((g for tool in tools for g in tool.param_groups), full, strict=True):
            group["lr"] = top * share
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=halves_pay()):
            logits = model(input_ids=batch.ids, use_cache=False).logits[:, :-1]
        each = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), batch.ids[:, 1:].flatten(),
                                                 reduction="none")  # fmt: skip
        weights = batch.weights[:, 1:].flatten()
        loss = (each * weights).sum() / weights.sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for tool in tools:
            tool.step()
            tool.zero_grad(set_to_none=True)
        tokens += int((batch.kind >= 0).sum())
        meter.add(each.detach(), batch.kind[:, 1:].flatten())
        if (step + 1) % 50 == 0 or step + 1 == steps:
            spent = time.monotonic() - began
            print(f"step {step + 1}/{steps}  loss {meter.mean(1):.3f}  judge {meter.mean(2):.3f}  "
                  f"echo {meter.mean(3):.3f}  {tokens:,} tokens  {spent:.0f} s  {tokens / spent:,.0f} tokens/s",
                  flush=True)  # fmt: skip
        if (step + 1) % 400 == 0:  # a long training that is broken off has something to show
            report = BuildReport(seed, step + 1, tokens, time.monotonic() - began,
                                 sum(p.numel() for p in model.parameters()), meter.mean(1), meter.mean(2))  # fmt: skip
            save(model, tokenizer, out, report)
    return {"tokens": tokens, "said": meter.mean(1), "judge": meter.mean(2)}


class _Meter:
    """Running means of the loss by kind of token, over about the last 50 steps."""

    def __init__(self) -> None:
        self._sums: dict[int, tuple[float, float]] = {}

    def add(self, losses: torch.Tensor, kinds: torch.Tensor) -> None:
        for kind in (1, 2, 3):
            mine = losses[kinds == kind]
            total, count = self._sums.get(kind, (0.0, 0.0))
            self._sums[kind] = (total * 0.96 + float(mine.sum()), count * 0.96 + mine.numel())

    def mean(self, kind: int) -> float:
        total, count = self._sums.get(kind, (0.0, 0.0))
        return total / count if count else float("nan")


@cache
def halves_pay() -> bool:
    """Whether this processor multiplies bfloat16 faster than float32. Without the instructions for it, it takes some
    forty times as long."""
    spent = {}
    for dtype in (torch.float32, torch.bfloat16):
        matrix = torch.ones(256, 256, dtype=dtype)
        matrix @ matrix
        began = time.perf_counter()
        for _ in range(8):
            matrix @ matrix
        spent[dtype] = time.perf_counter() - began
    return spent[torch.bfloat16] < spent[torch.float32]


def _sample_texts(seed: int) -> list[str]:
    """Text for the tokenizer. All objects and persons are made-up words: else those of the training side would
    become tokens of their own, and held-out ones, in pieces, would look strange to the model."""
    drawn = itertools.islice(conversations(seed + 1, invented=1.0), 6000)
    return [" " + message.content for conversation in drawn for message in conversation.messages]


def _load_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def _load_model(folder: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
