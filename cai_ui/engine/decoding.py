"""One batch of rows from prompt to last token: prefill, sampling, and text as it becomes whole.

Rows are left-padded and share one key-value cache; each has its own adapter, seed, limits and noise,
and leaves the batch as soon as it ends. What a row says depends on its own request only: its noise
comes from a generator of its own, drawn once per token over the whole vocabulary.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from cai_ui.config import Sampling
from cai_ui.engine.shelf import Shelf
from cai_ui.records import Finish

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
HALF = "\ufffd"
"""What a decoder shows for bytes that are not yet a whole character."""


class TextStream:
    """Token ids to text, handed out in pieces that never end within a character.

    White space around the answer is dropped: at the start for good, at the end until more text
    follows. Control characters, which no later stage admits, become U+FFFD.
    """

    def __init__(self, decode: Callable[[list[int]], str]) -> None:
        self.ids: list[int] = []
        self.text = ""
        self._decode = decode
        self._from = self._read = 0
        self._held = ""

    def take(self, final: bool = False) -> str:
        """The text that has become whole since the last call; with `final`, all that is left."""
        before = self._decode(self.ids[self._from : self._read])
        now = self._decode(self.ids[self._from :])
        if now.endswith(HALF) and not final:
            return ""
        fresh = self._held + _CONTROL.sub(HALF, now[len(before) :])
        self._from, self._read = self._read, len(self.ids)
        fresh = fresh if self.text else fresh.lstrip()
        piece = fresh.rstrip()
        self._held = fresh[len(piece) :]
        self.text += piece
        return piece


@dataclass
class Row:
    """One request inside a batch. `key` is its adapter's name inside PEFT; `limit` is in tokens."""

    index: int
    prompt: list[int]
    key: str
    sampling: Sampling
    limit: int
    text: TextStream
    finish: Finish | None = None
    noise: torch.Generator = field(default_factory=lambda: torch.Generator())

    def __post_init__(self) -> None:
        self.noise.manual_seed(self.sampling.seed)

    def push(self, token: int, end_ids: frozenset[int]) -> None:
        """Take the next token; sets `finish` when it is the last."""
        if token in end_ids:
            self.finish = "end"
            return
        self.text.ids.append(token)
        if len(self.text.ids) >= self.limit:
            self.finish = "length"


class Batch:
    """Rows decoded together. Every method that runs the model needs the engine's lease."""

    def __init__(self, rows: Sequence[Row], pad_id: int, end_ids: frozenset[int], device: str) -> None:
        self.live = list(rows)
        self._end_ids = end_ids
        self._ids, self._mask = left_pad([row.prompt for row in rows], pad_id, device)
        self._filled = 0
        self._cache: Any = None

    def run_slice(self, shelf: Shelf, stop: threading.Event | None, seconds: float, prefill_tokens: int) -> None:
        """Work for about `seconds` (at least one step), reading `stop` at every token."""
        until = time.monotonic() + seconds
        with torch.inference_mode():
            while self.live:
                keys = [row.key for row in self.live]
                with shelf.rows(keys) as model:
                    while len(self.live) == len(keys):
                        if stop is not None and stop.is_set():
                            self.stop()
                            return
                        self._step(model, prefill_tokens)
                        if time.monotonic() >= until:
                            return

    def stop(self) -> None:
        """End all rows where they are."""
        for row in self.live:
            row.finish = "stopped"
        self.live = []

    def _step(self, model: Any, prefill_tokens: int) -> None:
        columns = max(1, prefill_tokens // len(self.live))
        upto = min(self._ids.shape[1], self._filled + columns)
        logits = self._forward(model, self._filled, upto)
        self._filled = upto
        if upto < self._ids.shape[1]:
            return
        tokens = draw(logits, [(row.sampling, row.noise) for row in self.live])
        for row, token in zip(self.live, tokens, strict=True):
            row.push(token, self._end_ids)
        self._append(tokens)
        self._drop_finished()

    def _forward(self, model: Any, start: int, upto: int) -> torch.Tensor:
        """Logits (rows, vocabulary) after column `upto`, in float32."""
        if self._cache is None:
            from transformers import DynamicCache

            self._cache = DynamicCache(config=model.config)
        mask = self._mask[:, :upto]
        positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, start:]
        out = model(
            input_ids=self._ids[:, start:upto],
            attention_mask=mask,
            position_ids=positions,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        return out.logits[:, -1].float()

    def _append(self, tokens: list[int]) -> None:
        column = torch.tensor(tokens, device=self._ids.device)[:, None]
        self._ids = torch.cat([self._ids, column], dim=1)
        self._mask = torch.cat([self._mask, torch.ones_like(column)], dim=1)

    def _drop_finished(self) -> None:
        keep = [place for place, row in enumerate(self.live) if row.finish is None]
        if len(keep) == len(self.live):
            return
        self.live = [self.live[place] for place in keep]
        if self.live:
            index = torch.tensor(keep, device=self._ids.device)
            self._ids, self._mask = self._ids[index], self._mask[index]
            self._cache.batch_select_indices(index)


def left_pad(rows: Sequence[Sequence[int]], pad_id: int, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """(ids, mask), both (rows, longest), with the padding on the left; the mask is 1 on real tokens."""
    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for place, row in enumerate(rows):
        ids[place, width - len(row) :] = torch.tensor(row)
        mask[place, width - len(row) :] = 1
    return ids.to(device), mask.to(device)


def draw(logits: torch.Tensor, rows: Sequence[tuple[Sampling, torch.Generator]]) -> list[int]:
    """One token per row of `logits` (rows, vocabulary).

    Temperature 0 takes the likeliest. Otherwise Gumbel noise from the row's own generator is added
    and the largest taken, which draws from the softmax; tokens outside `top_p` are left out first.
    """
    scores = logits.clone()
    for place, (sampling, noise) in enumerate(rows):
        if sampling.temperature == 0:
            continue
        row = scores[place] / sampling.temperature
        if sampling.top_p < 1:
            row = _nucleus(row, sampling.top_p)
        gumbel = -torch.empty(row.shape).exponential_(generator=noise).log()
        scores[place] = row + gumbel.to(row.device)
    tokens: list[int] = scores.argmax(dim=-1).tolist()
    return tokens


def _nucleus(row: torch.Tensor, top_p: float) -> torch.Tensor:
    """`row` with all but the likeliest tokens that together hold `top_p` set to minus infinity."""
    shares, order = row.softmax(-1).sort(descending=True)
    beyond = shares.cumsum(-1) - shares >= top_p
    return row.index_fill(0, order[beyond], float("-inf"))
