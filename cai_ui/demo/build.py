"""Train the embedded model: from nothing (`python -m cai_ui demo build --out FOLDER`), or on from weights (`--start`).

Conversations are drawn from the embedded model's world as training goes on, so none is seen twice. The loss is on
what the assistant says, lightly on what the user says, heavily on the judge's letter. Same seed, steps and
machine: same weights.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from cai_ui.demo.batches import ANSWERS, Batch, batches
from cai_ui.demo.card import model_card
from cai_ui.demo.corpus import conversations
from cai_ui.demo.optimiser import Muon, halves_pay, optimisers, rate
from cai_ui.demo.recipes import ROUNDS, Round
from cai_ui.demo.tokenizer import CONTEXT, train_tokenizer
from cai_ui.errors import InputError
from cai_ui.text import named

SHAPE = {
    "hidden_size": 256,
    "intermediate_size": 704,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 32,
}
REPORT = "training.json"


@dataclass(frozen=True)
class BuildReport:
    """What the training came to so far. `loss` is the mean on assistant tokens over the last steps, in nats."""

    seed: int
    steps: int
    tokens: int
    seconds: float
    parameters: int
    loss: float
    judge_loss: float


def build(out: Path, seed: int = 0, rounds: Sequence[Round] = ROUNDS, batch_tokens: int = 4096,
          vocabulary: int = 2048, shape: dict[str, int] | None = None, after: int = 0,
          start: Path | None = None) -> BuildReport:  # fmt: skip
    """Train and write model, tokenizer, model card and report into `out`.

    `after`: take up from the weights in `out`, where so many rounds are done already. `start`: go on from the weights
    in this folder instead, with all of `rounds`; the folder stays as it is.
    """
    torch.manual_seed(seed)
    began = time.monotonic()
    if start is not None:
        model, tokenizer, report = _load_all(start)
        save(model, tokenizer, out, report)
    elif not after:
        tokenizer = train_tokenizer(_sample_texts(seed), vocabulary)
        model = new_model(tokenizer, shape or SHAPE)
        parameters = sum(p.numel() for p in model.parameters())
        save(model, tokenizer, out, BuildReport(seed, 0, 0, time.monotonic() - began, parameters, math.nan, math.nan))
    for number in range(after, len(rounds)):
        report = train_round(out, rounds[number], batch_tokens)
    return report


def train_round(folder: Path, round: Round, batch_tokens: int) -> BuildReport:
    """Go on training from the weights in `folder`, and write the new ones in their place."""
    model, tokenizer, before = _load_all(folder)
    model.train()
    start = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    tools = optimisers(model)
    shares = [1.0 if isinstance(tool, Muon) else round.rest for tool in tools]
    full = [group["lr"] * share for tool, share in zip(tools, shares, strict=True) for group in tool.param_groups]
    meter, tokens, began = _Meter(), 0, time.monotonic()
    for step, batch in zip(range(round.steps), batches(tokenizer, before.seed, batch_tokens, round), strict=False):
        share = round.peak * rate(step, round.steps)
        for group, top in zip((g for tool in tools for g in tool.param_groups), full, strict=True):
            group["lr"] = top * share
        meter.add(_step(model, tools, batch), batch.kind[:, 1:].flatten())
        tokens += int((batch.kind >= 0).sum())
        last = step + 1 == round.steps
        spent = time.monotonic() - began
        if last or (step + 1) % 50 == 0:
            print(f"step {step + 1}/{round.steps}  {meter}  {tokens:,} tokens  {spent:.0f} s", flush=True)
        if last or (step + 1) % 400 == 0:  # a long training that is broken off has something to show
            report = replace(before, steps=before.steps + step + 1, tokens=before.tokens + tokens,
                             seconds=before.seconds + spent, loss=meter.mean(*ANSWERS),
                             judge_loss=meter.mean(2))  # fmt: skip
            save(model, tokenizer, folder, report)
    if round.mean:
        ended = model.half().float().state_dict()
        model.load_state_dict({name: (start[name] + ended[name]) / 2 for name in start})
        save(model, tokenizer, folder, report)
    return report


def _step(model: Any, tools: Sequence[torch.optim.Optimizer], batch: Batch) -> torch.Tensor:
    """One step on the weighted mean loss; gives the loss of each token (rows x (tokens - 1), flat)."""
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=halves_pay()):
        logits = model(input_ids=batch.ids, use_cache=False).logits[:, :-1]
    targets = batch.ids[:, 1:].flatten()
    each = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), targets, reduction="none")
    weights = batch.weights[:, 1:].flatten()
    ((each * weights).sum() / weights.sum()).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for tool in tools:
        tool.step()
        tool.zero_grad(set_to_none=True)
    return each.detach()


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
    """Write half-precision weights, tokenizer, generation settings, report and model card."""
    out.mkdir(parents=True, exist_ok=True)
    model.generation_config.update(do_sample=True, temperature=0.7, max_new_tokens=256)
    copy.deepcopy(model).half().save_pretrained(out, safe_serialization=True)
    tokenizer.save_pretrained(out)
    (out / REPORT).write_text(json.dumps(dataclasses.asdict(report), indent=1), encoding="utf-8")
    (out / "README.md").write_text(model_card(report, model.config), encoding="utf-8")


class _Meter:
    """Running means of the loss by kind of token, over about the last 50 steps."""

    def __init__(self) -> None:
        self._sums: dict[int, tuple[float, float]] = {}

    def add(self, losses: torch.Tensor, kinds: torch.Tensor) -> None:
        for kind in (*ANSWERS, 2, 3):
            mine = losses[kinds == kind]
            total, count = self._sums.get(kind, (0.0, 0.0))
            self._sums[kind] = (total * 0.96 + float(mine.sum()), count * 0.96 + mine.numel())

    def __str__(self) -> str:
        return f"loss {self.mean(*ANSWERS):.3f}  judge {self.mean(2):.3f}  echo {self.mean(3):.3f}"

    def mean(self, *kinds: int) -> float:
        known = [self._sums[kind] for kind in kinds if kind in self._sums]
        count = sum(count for _, count in known)
        return sum(total for total, _ in known) / count if count else float("nan")


def _sample_texts(seed: int) -> list[str]:
    """Text for the tokenizer. All objects and persons are made-up words: else those of the training side would
    become tokens of their own, and held-out ones, in pieces, would look strange to the model."""
    drawn = itertools.islice(conversations(seed + 1, invented=1.0), 6000)
    return [" " + message.content for conversation in drawn for message in conversation.messages]


def _load_all(folder: Path) -> tuple[Any, Any, BuildReport]:
    """Weights, tokenizer and report of a folder that was built before. InputError if it is none."""
    try:
        return _load_model(folder), _load_tokenizer(folder), _load_report(folder)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"{named(str(folder))} holds no weights to go on from ({type(error).__name__}).",
            kept="Nothing was written.",
            next_step="Name a folder that `demo build` has made.",
        ) from None


def _load_report(folder: Path) -> BuildReport:
    return BuildReport(**json.loads((folder / REPORT).read_text(encoding="utf-8")))


def _load_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def _load_model(folder: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
