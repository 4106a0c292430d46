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
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from cai_ui.demo.card import model_card
from cai_ui.demo.corpus import Conversation, conversations
from cai_ui.demo.optimiser import Muon, halves_pay, optimisers, rate
from cai_ui.demo.tokenizer import CONTEXT, SPECIAL, encode_turns, train_tokenizer
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
USER_WEIGHT, JUDGE_WEIGHT = 0.1, 6.0
"""Loss weights of user tokens and of the judge's letter; assistant tokens weigh 1."""
COPY_STEPS = 160
"""The first steps are nothing but random tokens said back. All else here rests on copying words never seen, and the
heads that do it form within these steps; in running text alone they took millions of tokens."""
REPORT = "training.json"
_POOL = 1024
"""Conversations sorted by length together, so that a batch has little padding."""


@dataclass(frozen=True)
class Round:
    """A stretch of training with a learning-rate schedule of its own, at `peak` of the full rate.

    `number` says which conversations are drawn (see `recipes.RECIPES`). `copy_steps` of the steps practise copying.
    With `mean` the weights written at the end lie half-way between those before and after the round: steadier than
    either. `rest`: share of the rate for embeddings and norms, which at the full one lose the rarer words again.
    """

    steps: int
    peak: float = 1.0
    number: int = 1
    copy_steps: int = 0
    mean: bool = False
    rest: float = 1.0


ROUNDS = (
    Round(3400, copy_steps=COPY_STEPS),
    Round(1700, peak=0.6, number=2),
    Round(700, peak=0.5, number=3),
    Round(450, peak=0.4, number=4, mean=True),
    Round(800, peak=0.7, number=5, rest=0.3),
    Round(1500, peak=0.5, number=6, rest=0.3),
    Round(1450, peak=0.45, number=7, rest=0.3, mean=True),
    Round(1600, peak=0.45, number=8, rest=0.3, mean=True),
    Round(900, peak=0.4, number=9, rest=0.3, mean=True),
)
"""Those of the shipped weights. A round begins from the weights that the one before has written."""
CONTINUED = ROUNDS[4:]
"""What is trained on from weights given: principles of several demands."""


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


@dataclass(frozen=True)
class Batch:
    """`ids` and `weights`: rows x tokens; a weight belongs to the token at its own place. `kind`: 0 user, 1
    assistant, 2 judge's letter, 3 echo, -1 padding and what is not to be learnt."""

    ids: torch.Tensor
    weights: torch.Tensor
    kind: torch.Tensor


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
                             seconds=before.seconds + spent, loss=meter.mean(1), judge_loss=meter.mean(2))  # fmt: skip
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


def batches(tokenizer: Any, seed: int, batch_tokens: int, round: Round) -> Iterator[Batch]:
    """Batches of about `batch_tokens` tokens, rows of like length together, in shuffled order. Without end."""
    rng = random.Random(f"batches/{seed}")
    for _ in range(round.copy_steps):
        yield _copying(rng, tokenizer, batch_tokens)
    source = conversations(seed, round=round.number)
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


def _copying(rng: random.Random, tokenizer: Any, batch_tokens: int) -> Batch:
    """Rows of random tokens as the user's turn, the same tokens as the answer."""
    begin, end = tokenizer.convert_tokens_to_ids(["[INST]", "[/INST]"])
    length = rng.choice((8, 16, 32))
    rows = []
    for _ in range(batch_tokens // (2 * length + 4)):
        said = [rng.randrange(len(SPECIAL), len(tokenizer)) for _ in range(length)]
        ids = [tokenizer.bos_token_id, begin, *said, end, *said, tokenizer.eos_token_id]
        rows.append((ids, [0] * (length + 3) + [3] * (length + 1)))
    return _batch(rows, tokenizer.pad_token_id)


def row(tokenizer: Any, conversation: Conversation) -> tuple[list[int], list[int]]:
    """Ids and the kind of each: see `Batch`."""
    ids, said = encode_turns(tokenizer, conversation.messages)
    kinds = [(3 if conversation.form == "echo" else 1) if mine else 0 for mine in said]
    if conversation.form == "judge":
        kinds[-3] = 2  # " (", the letter, ")", end
    if conversation.form == "odd draft":
        first = kinds.index(1)
        for place in range(first, kinds.index(0, first)):
            kinds[place] = -1
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


class _Meter:
    """Running means of the loss by kind of token, over about the last 50 steps."""

    def __init__(self) -> None:
        self._sums: dict[int, tuple[float, float]] = {}

    def add(self, losses: torch.Tensor, kinds: torch.Tensor) -> None:
        for kind in (1, 2, 3):
            mine = losses[kinds == kind]
            total, count = self._sums.get(kind, (0.0, 0.0))
            self._sums[kind] = (total * 0.96 + float(mine.sum()), count * 0.96 + mine.numel())

    def __str__(self) -> str:
        return f"loss {self.mean(1):.3f}  judge {self.mean(2):.3f}  echo {self.mean(3):.3f}"

    def mean(self, kind: int) -> float:
        total, count = self._sums.get(kind, (0.0, 0.0))
        return total / count if count else float("nan")


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
