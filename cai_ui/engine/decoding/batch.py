"""Batches of rows through the model: reading prompts, and one more token for every row.

Rows are flush right and share one key-value cache; each has its own adapter, seed, limits and noise. What
a row says depends on its own request only. Where texts begin with something read before, only the rest is
read: the rows of a batch take from the prefix cache all but the longest rest among them, so no column is left open.
What many of them begin with is not even copied: they attend to one copy of it, and only what follows is a row's own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

from cai_ui.config.answers import Sampling
from cai_ui.engine.decoding.prefix_cache import PrefixCache, agreement
from cai_ui.engine.decoding.repetition import EVERY, repeats
from cai_ui.engine.decoding.text_stream import TextStream
from cai_ui.engine.kernels.forward import forward
from cai_ui.engine.kernels.kv_cache import KeyValues
from cai_ui.engine.kernels.sampling import draw
from cai_ui.records import Finish

WORTH = 64
"""Tokens that reading a shared beginning once must save before it is read on its own."""
ALIKE = 32
"""Texts whose unread rests differ by less than this, or by half, are read as one batch."""


class Text(Protocol):
    """Tokens to be read under a variant. Logits are wanted from the last `need` tokens."""

    key: str
    need: int

    @property
    def tokens(self) -> list[int]: ...


@dataclass
class Given:
    """A text that nobody continues: a shared beginning, or a reply to be scored."""

    key: str
    tokens: list[int]
    need: int = 1


@dataclass(eq=False)
class Row:
    """One request. `key` is its adapter's name inside PEFT; `limit` is in tokens, `until` a time of the monotonic
    clock; `stop` is its asker's flag."""

    index: int
    prompt: list[int]
    key: str
    sampling: Sampling
    limit: int
    text: TextStream
    until: float | None = None
    stop: threading.Event | None = None
    finish: Finish | None = None
    need: int = 1
    asker: int = 0
    noise: torch.Generator = field(default_factory=lambda: torch.Generator())

    def __post_init__(self) -> None:
        self.noise.manual_seed(self.sampling.seed)

    @property
    def tokens(self) -> list[int]:
        return self.prompt + self.text.ids

    def push(self, token: int, end_ids: frozenset[int]) -> None:
        """Take the next token; sets `finish` when it is the last."""
        if token in end_ids:
            self.finish = "end"
            return
        self.text.ids.append(token)
        if self.text.stops:
            self.text.look()
        if self.text.hit:
            self.finish = "end"
        elif len(self.text.ids) % EVERY == 0 and repeats(self.text.ids):
            self.finish = "repetition"
        elif len(self.text.ids) >= self.limit:
            self.finish = "length"

    def check(self) -> None:
        """Sets `finish` if its asker wants no more, or its time is over."""
        if self.finish is None and self.stop is not None and self.stop.is_set():
            self.finish = "stopped"
        elif self.finish is None and self.until is not None and time.monotonic() >= self.until:
            self.finish = "timeout"


class Reading:
    """Texts being read together, piece by piece. `logits` is there once all is read."""

    def __init__(self, texts: Sequence[Text], cache: PrefixCache, device: str) -> None:
        tokens = [text.tokens for text in texts]
        known = [
            min(cache.length(text.key, ids), len(ids) - text.need) for text, ids in zip(texts, tokens, strict=True)
        ]
        rest = max(len(ids) - most for ids, most in zip(tokens, known, strict=True))
        shared = cache.beginnings(
            [(text.key, ids[:most]) for text, ids, most in zip(texts, tokens, known, strict=True)]
        )
        begun = [0 if beginning is None else beginning.length for beginning in shared]
        upto = [max(start, len(ids) - rest) for ids, start in zip(tokens, begun, strict=True)]
        width = max(len(ids) - start for ids, start in zip(tokens, begun, strict=True))
        starts = [width - len(ids) + start for ids, start in zip(tokens, begun, strict=True)]
        self.texts = list(texts)
        self.logits: torch.Tensor | None = None
        self.kv = KeyValues.of(
            [cache.blocks(text.key, tokens[row], upto[row], begun[row]) for row, text in enumerate(texts)],
            width - rest,
            torch.tensor(starts, device=device),
            shared,
        )
        new = [ids[start:] for ids, start in zip(tokens, upto, strict=True)]
        self._ids = torch.tensor([[0] * (rest - len(ids)) + ids for ids in new], device=device)
        self.columns = rest
        """Tokens of the longest rest, read or not."""
        self._need = max(text.need for text in texts)
        self._done = 0

    def read_piece(self, model: Any, columns: int) -> None:
        """Read at most `columns` more tokens of each text; the last piece is read whole where logits are wanted."""
        stop = min(self._done + columns, self._ids.shape[1])
        if stop > self._ids.shape[1] - self._need:
            stop = self._ids.shape[1]
        last = stop == self._ids.shape[1]
        logits = forward(model, self._ids[:, self._done : stop], self.kv, self._need if last else 1)
        self._done = stop
        if last:
            self.logits = logits

    def keep(self, cache: PrefixCache) -> None:
        """Put what was read into the prefix cache."""
        for row, text in enumerate(self.texts):
            keep_row(cache, text, self.kv, row)


class Batch:
    """Rows that are decoded together: their last token is drawn, and not read yet."""

    def __init__(self, cache: PrefixCache, device: str) -> None:
        self.rows: list[Row] = []
        self._cache, self._device = cache, device
        self._kv: KeyValues | None = None

    def join(self, rows: list[Row], reading: Reading) -> None:
        """Add rows that were read, in the order of the reading."""
        if self._kv is None:
            self.rows, self._kv = rows, reading.kv
        else:
            self._kv.join(reading.kv)
            self.rows = self.rows + rows

    def step(self, model: Any, end_ids: frozenset[int]) -> None:
        """One more token for every row."""
        assert self._kv is not None
        ids = torch.tensor([[row.text.ids[-1]] for row in self.rows], device=self._device)
        push(self.rows, forward(model, ids, self._kv, 1), end_ids)

    def drop_finished(self) -> None:
        """Let finished rows go; what those that came to their end read and wrote is kept in the cache."""
        done = {place: row for place, row in enumerate(self.rows) if row.finish is not None}
        if not done:
            return
        assert self._kv is not None
        for place, row in done.items():
            if row.finish in ("end", "length", "repetition"):  # an asker that left may have taken its adapter along
                keep_row(self._cache, row, self._kv, place)
        if len(done) == len(self.rows):
            self.rows, self._kv = [], None
        else:
            self.rows = [self.rows[place] for place in self._kv.drop(done)]


def push(rows: Sequence[Row], logits: torch.Tensor, end_ids: frozenset[int]) -> None:
    """Draw one token per row from `logits` (rows, 1, vocabulary)."""
    tokens = draw(logits[:, -1], [(row.sampling, row.noise, row.tokens) for row in rows])
    for row, token in zip(rows, tokens, strict=True):
        row.push(token, end_ids)


def keep_row(cache: PrefixCache, text: Text, kv: KeyValues, row: int) -> None:
    """Put the part of a text that the model has read into the prefix cache."""
    cache.put(text.key, text.tokens[: kv.length(row)], lambda start, stop: kv.take(row, start, stop))


def shared_beginnings(texts: Sequence[Text], cache: PrefixCache) -> list[Given]:
    """Beginnings that several texts have in common and that are worth reading once, the shorter ones first."""
    found: list[Given] = []
    for key in dict.fromkeys(text.key for text in texts):
        group = sorted(text.tokens[: len(text.tokens) - text.need] for text in texts if text.key == key)
        _look_for_beginnings(group, cache.length(key, group[0]), found, key)
    return found


def _look_for_beginnings(group: list[list[int]], known: int, found: list[Given], key: str) -> None:
    """`group` is sorted, so its first and last text have in common what all have."""
    if len(group) < 2:
        return
    same = agreement(group[0], group[-1])
    if (len(group) - 1) * (same - known) >= WORTH:
        found.append(Given(key, group[0][:same]))
        known = same
    parts: dict[int | None, list[list[int]]] = {}
    for ids in group:
        parts.setdefault(ids[same] if same < len(ids) else None, []).append(ids)
    if len(parts) > 1:
        for part in parts.values():
            _look_for_beginnings(part, known, found, key)


def alike(texts: Sequence[Text], cache: PrefixCache, most: int) -> Iterator[list[Any]]:
    """The texts in groups of at most `most` whose unread rests are of like length."""
    rests = [(len(text.tokens) - cache.length(text.key, text.tokens), text) for text in texts]
    group: list[Any] = []
    shortest = 0
    for rest, text in sorted(rests, key=lambda pair: pair[0]):
        if group and (len(group) >= most or rest > max(2 * shortest, shortest + ALIKE)):
            yield group
            group = []
        if not group:
            shortest = max(1, rest)
        group.append(text)
    if group:
        yield group
