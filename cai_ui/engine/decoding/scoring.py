"""Log-probabilities of given replies: many at once, and equal to a plain forward pass.

What texts have in common is read once and put into the prefix cache: first the beginnings of many texts, then those
of fewer, each depth as batches of rows of like length; last come the replies. The lease is held for one piece of
reading at a time, so that others get their turn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch

from cai_ui.engine.adapters.loaded import LoadedAdapters
from cai_ui.engine.decoding.batch import Given, Reading, shared_beginnings
from cai_ui.engine.decoding.limits import MAX_ROWS, Limits
from cai_ui.engine.decoding.prefix_cache import PrefixCache
from cai_ui.engine.interface import ReplyScore, Scores, StopFlag
from cai_ui.engine.lease import Lease

Coded = Sequence[tuple[Sequence[int], Sequence[int]]]
"""Token ids of each (prompt, reply) of a request."""
PIECES = 64
"""Pieces of reading after which the requests that were read give their scores."""
GROUP_PIECES = 2
"""Pieces that one batch of rows is read in at most, where a row alone does not take more."""
PADDING = 1.15
"""The longest unread rest in a batch is at most so many times the shortest, or ALMOST tokens longer."""
ALMOST = 8


@dataclass
class _Text(Given):
    """A prompt with all of a reply but its last token; `replies` are those that begin so: request, place, ids."""

    replies: list[tuple[int, int, list[int]]] = field(default_factory=list)


@dataclass
class Scoring:
    """Scores on the loaded adapters' weights. `kv_bytes` are those that the keys and values of a token take."""

    adapters: LoadedAdapters
    lease: Lease
    cache: PrefixCache
    device: str
    limits: Limits
    kv_bytes: int

    def scores(
        self, requests: Sequence[tuple[str, Coded]], stop: StopFlag | None = None
    ) -> Iterator[tuple[int, Scores]]:
        """Sums of the natural log-probabilities of each reply's tokens after its prompt, by the request's place.

        A request is its variant's key and its texts. After a stop the rest is left out.
        """
        part, tokens = list[int](), 0
        for place, (_, coded) in enumerate(requests):
            longest = max((len(prompt) + len(reply) for prompt, reply in coded), default=0)
            if part and tokens + longest > self._part_tokens():
                yield from self._part(requests, part, stop)
                part, tokens = [], 0
            part.append(place)
            tokens += longest
        yield from self._part(requests, part, stop)

    def _part_tokens(self) -> int:
        """Tokens that are read before their scores are given: half of the cache can hold them."""
        room = self.cache.limit // self.kv_bytes if self.cache.limit > 0 else self.limits.kv_tokens
        return min(PIECES * self.limits.read_tokens, room // 2)

    def _part(
        self, requests: Sequence[tuple[str, Coded]], places: Sequence[int], stop: StopFlag | None
    ) -> Iterator[tuple[int, Scores]]:
        texts = _texts(requests, places)
        if texts and self.cache.limit > 0:
            with self.lease.hold("scoring"):
                levels = _levels(shared_beginnings(texts, self.cache))
            for group in (group for level in levels for group in self._groups(level)):
                if self._read(group, stop, keep=True) is None:
                    return
        found: dict[tuple[int, int], ReplyScore] = {}
        for group in self._groups(texts):
            logits = self._read(group, stop)
            if logits is None:
                return
            for row, text in enumerate(group):
                found |= _scores_of(logits[row], text)
        for place in places:
            number = len(requests[place][1])
            yield place, tuple(found.get((place, reply), ReplyScore(0.0, 0)) for reply in range(number))

    def _groups(self, texts: Sequence[Given]) -> Iterator[list[Given]]:
        """The texts in batches whose unread rests are of like length."""
        with self.lease.hold("scoring"):
            rests = [len(t.tokens) - min(self.cache.length(t.key, t.tokens), len(t.tokens) - t.need) for t in texts]
        group: list[Given] = []
        shortest = 0
        for rest, text in sorted(zip(rests, texts, strict=True), key=lambda pair: pair[0]):
            if group and not self._fits([*group, text], shortest, rest):
                yield group
                group = []
            if not group:
                shortest = rest
            group.append(text)
        if group:
            yield group

    def _fits(self, group: Sequence[Given], shortest: int, rest: int) -> bool:
        rows, piece = len(group), self.limits.read_tokens
        return (
            rows <= MAX_ROWS
            and rest <= max(PADDING * shortest, shortest + ALMOST)
            and rows * rest <= GROUP_PIECES * piece
            and rows * max(text.need for text in group) <= piece
            and rows * max(len(text.tokens) for text in group) <= self.limits.kv_tokens // 2
        )

    def _read(self, texts: Sequence[Given], stop: StopFlag | None, keep: bool = False) -> torch.Tensor | None:
        """Logits (rows, the most that any text needs, vocabulary); None after a stop. `keep`: keep what was read."""
        reading: Reading | None = None
        while reading is None or reading.logits is None:
            with self.lease.hold("scoring", stop=stop) as held, torch.inference_mode():
                if not held or (stop is not None and stop.is_set()):
                    return None
                with self.adapters.rows([text.key for text in texts]) as model:
                    reading = reading or Reading(texts, self.cache, self.device)
                    pieces = math.ceil(len(texts) * reading.columns / self.limits.read_tokens)
                    reading.read_piece(model, math.ceil(reading.columns / pieces))
                    if keep and reading.logits is not None:
                        reading.keep(self.cache)
        return reading.logits


def _texts(requests: Sequence[tuple[str, Coded]], places: Sequence[int]) -> list[_Text]:
    """What is to be read; replies that differ in their last token only are one text."""
    texts: dict[tuple[str, tuple[int, ...]], _Text] = {}
    for place in places:
        key, coded = requests[place]
        for number, (prompt, reply) in enumerate(coded):
            if reply:
                tokens = [*prompt, *reply[:-1]]
                text = texts.setdefault((key, tuple(tokens)), _Text(key, tokens))
                text.need = max(text.need, len(reply))
                text.replies.append((place, number, list(reply)))
    return list(texts.values())


def _levels(beginnings: Sequence[Given]) -> list[list[Given]]:
    """Beginnings by how many others they begin with. Each stands behind those, as `shared_beginnings` gives them."""
    levels: list[list[Given]] = []
    path: list[Given] = []
    for one in beginnings:
        while path and (path[-1].key != one.key or path[-1].tokens != one.tokens[: len(path[-1].tokens)]):
            path.pop()
        if len(path) == len(levels):
            levels.append([])
        levels[len(path)].append(one)
        path.append(one)
    return levels


def _scores_of(logits: torch.Tensor, text: Given) -> dict[tuple[int, int], ReplyScore]:
    """logits (columns, vocabulary) of the last columns of the text."""
    assert isinstance(text, _Text)
    found = {}
    for place, number, reply in text.replies:
        logs = logits[-len(reply) :].log_softmax(-1)
        chosen = torch.tensor(reply, device=logs.device)
        found[place, number] = ReplyScore(float(logs.gather(-1, chosen[:, None]).double().sum()), len(reply))
    return found
