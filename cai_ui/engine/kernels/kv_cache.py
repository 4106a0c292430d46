"""Keys and values of a batch of rows: one growing buffer per layer, all rows ending at the same column.

What several rows begin with lies there once, as a `Beginning` beside the buffers; a buffer holds what is a row's own.
Any stretch of a row can be taken out as a `Block`, kept (see `prefix_cache`), and put under another row that begins
with the same tokens. Nothing here knows tokens or adapters.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers.cache_utils import Cache, DynamicLayer

Block = list[tuple[torch.Tensor, torch.Tensor] | None]
"""Keys and values of one row's stretch, per layer, each (heads, tokens, size); None for a layer that keeps none."""

SPARE = 64
"""Columns of room left at the end of a buffer, beside an eighth of its width."""


class GrowingLayer(DynamicLayer):
    """A layer's keys and values, (rows, heads, columns, size), as views of buffers with room to grow.

    transformers' own layer copies everything at every token; this one copies now and then.
    """

    keys: torch.Tensor
    values: torch.Tensor
    _key_room: torch.Tensor
    _value_room: torch.Tensor

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.is_initialized:
            self.hold(key_states[:, :, :0], value_states[:, :, :0], 0)
        used = self.keys.shape[-2]
        upto = used + key_states.shape[-2]
        if upto > self._key_room.shape[-2]:
            self._key_room, self._value_room = _roomy(self.keys, upto), _roomy(self.values, upto)
        self._key_room[:, :, used:upto] = key_states
        self._value_room[:, :, used:upto] = value_states
        self.keys, self.values = self._key_room[:, :, :upto], self._value_room[:, :, :upto]
        return self.keys, self.values

    def arrange(self, rows: Sequence[int], first_column: int) -> None:
        """Leave these rows, none of which lies before its new place, and the columns from `first_column` on."""
        used = self.keys.shape[-2]
        for room in (self._key_room, self._value_room):
            for place, row in enumerate(rows):
                if row != place:
                    room[place, :, first_column:used] = room[row, :, first_column:used]
        key_room, value_room = (room[: len(rows), :, first_column:] for room in (self._key_room, self._value_room))
        self.hold(key_room, value_room, used - first_column)

    def hold(self, key_room: torch.Tensor, value_room: torch.Tensor, used: int) -> None:
        """Take these buffers, `used` columns of them filled, in the place of what there was."""
        self.device, self.dtype, self.is_initialized = key_room.device, key_room.dtype, True
        self._key_room, self._value_room = key_room, value_room
        self.keys, self.values = key_room[:, :, :used], value_room[:, :, :used]


@dataclass(frozen=True, eq=False)
class Beginning:
    """`length` tokens that several rows begin with, and their keys and values."""

    length: int
    block: Block


class KeyValues:
    """The cache of one batch, its rows flush right.

    `starts` (rows) is the first column of each row's own part, `offsets` (rows) how many tokens come before that part,
    in the row's `Beginning`.
    """

    def __init__(
        self,
        starts: torch.Tensor,
        beginnings: Sequence[Beginning | None] = (),
        layers: list[GrowingLayer] | None = None,
    ) -> None:
        self.cache = Cache(layer_class_to_replicate=GrowingLayer)
        self.cache.layers = layers or []
        self.starts = starts
        self._set_beginnings(list(beginnings or [None] * len(starts)))

    @classmethod
    def of(
        cls, rows: Sequence[Sequence[Block]], width: int, starts: torch.Tensor, beginnings: Sequence[Beginning | None]
    ) -> KeyValues:
        """A batch of `width` columns whose row i ends with the blocks `rows[i]`, in their order; zeros before them."""
        first = next((blocks[0] for blocks in rows if blocks), None)
        if first is None or width == 0:
            return cls(starts, beginnings)
        layers = []
        for place, pair in enumerate(first):
            layer = GrowingLayer()
            if pair is not None:
                keys, values = (_flush_right(rows, place, part, width) for part in (0, 1))
                layer.hold(keys, values, width)
            layers.append(layer)
        return cls(starts, beginnings, layers)

    @property
    def width(self) -> int:
        return int(next((layer.keys.shape[-2] for layer in self.cache.layers if layer.is_initialized), 0))

    def length(self, row: int) -> int:
        """How many tokens of a row are here."""
        return int(self.offsets[row]) + self.width - int(self.starts[row])

    def take(self, row: int, start: int, stop: int) -> Block:
        """A copy of tokens `start` to `stop` of a row."""
        beginning, begun = self.beginnings[row], int(self.offsets[row])
        first = min(max(start, begun), stop)
        shift = int(self.starts[row]) - begun
        columns = slice(shift + first, shift + stop)
        own: Block = [
            (layer.keys[row, :, columns].clone(), layer.values[row, :, columns].clone())
            if layer.is_initialized
            else None
            for layer in self.cache.layers
        ]
        if beginning is None or start == first:
            return own
        return _joined(cut_block(beginning.block, start, first), own)

    def drop(self, rows: Collection[int]) -> list[int]:
        """Let some rows go, and the columns that are empty in all others. Gives where each row now here lay before.

        The last rows take the free places, so that little is copied.
        """
        left = [row for row in range(len(self.starts)) if row not in rows]
        last = iter(reversed(left))
        order = [next(last) if place in rows else place for place in range(len(left))]
        self.starts = self.starts[order]
        first = int(self.starts.min())
        self.starts = self.starts - first
        self._set_beginnings([self.beginnings[row] for row in order])
        for layer in self.cache.layers:
            if layer.is_initialized:
                layer.arrange(order, first)
        return order

    def join(self, other: KeyValues) -> None:
        """Add the rows of `other` below; the narrower of the two gets columns of zeros in front."""
        wider = other.width - self.width
        width = max(self.width, other.width)
        for mine, theirs in zip(self.cache.layers, other.cache.layers, strict=True):
            if mine.is_initialized:
                mine.hold(_stack(mine.keys, theirs.keys, width), _stack(mine.values, theirs.values, width), width)
        self.starts = torch.cat([self.starts + max(0, wider), other.starts + max(0, -wider)])
        self._set_beginnings([*self.beginnings, *other.beginnings])

    def _set_beginnings(self, beginnings: list[Beginning | None]) -> None:
        device = self.starts.device
        self.beginnings = beginnings
        self.offsets = torch.tensor([0 if b is None else b.length for b in beginnings], device=device)
        self.groups = [
            (b, None if all(b is other for other in beginnings)
             else torch.tensor([row for row, other in enumerate(beginnings) if other is b], device=device))
            for b in dict.fromkeys(beginnings) if b is not None
        ]  # fmt: skip
        """Each beginning with the rows that have it (None: all of them)."""


def block_bytes(block: Block) -> int:
    """Bytes that a block's tensors take."""
    return sum(t.numel() * t.element_size() for pair in block if pair is not None for t in pair)


def cut_block(block: Block, start: int, stop: int) -> Block:
    """Tokens `start` to `stop` of a block, as tensors of their own."""
    return [
        None if pair is None else (pair[0][:, start:stop].clone(), pair[1][:, start:stop].clone()) for pair in block
    ]


def join_blocks(blocks: Sequence[Block]) -> Block:
    """One block of several that follow one another; the only one as it is."""
    joined = blocks[0]
    for block in blocks[1:]:
        joined = _joined(joined, block)
    return joined


def _joined(first: Block, second: Block) -> Block:
    return [
        None if a is None or b is None else (torch.cat([a[0], b[0]], -2), torch.cat([a[1], b[1]], -2))
        for a, b in zip(first, second, strict=True)
    ]


def _buffer(like: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """A buffer for that many columns, with room behind them; nothing is in it yet."""
    return like.new_empty((rows, like.shape[-3], columns + columns // 8 + SPARE, like.shape[-1]))


def _roomy(old: torch.Tensor, columns: int) -> torch.Tensor:
    new = _buffer(old, old.shape[0], columns)
    new[:, :, : old.shape[2]] = old
    return new


def _flush_right(rows: Sequence[Sequence[Block]], layer: int, part: int, width: int) -> torch.Tensor:
    like = next(blocks[0][layer] for blocks in rows if blocks)
    assert like is not None
    out = _buffer(like[part], len(rows), width)
    for row, blocks in enumerate(rows):
        stop = width
        for block in reversed(blocks):
            pair = block[layer]
            assert pair is not None
            start = stop - pair[part].shape[1]
            out[row, :, start:stop] = pair[part]
            stop = start
        out[row, :, :stop] = 0  # masked, and yet it must be a number
    return out


def _stack(above: torch.Tensor, below: torch.Tensor, width: int) -> torch.Tensor:
    out = _buffer(above, above.shape[0] + below.shape[0], width)
    row = 0
    for part in (above, below):
        mine, first = out[row : row + part.shape[0]], width - part.shape[2]
        mine[:, :, :first] = 0
        mine[:, :, first:width] = part
        row += part.shape[0]
    return out
