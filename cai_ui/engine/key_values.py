"""Keys and values of a batch of rows: one growing buffer per layer, all rows ending at the same column.

A row's own part can be taken out as a `Block`, kept (see `prefix_store`), and put under another row that
begins with the same tokens. Nothing here knows tokens or adapters.
"""

from __future__ import annotations

from collections.abc import Sequence
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

    def hold(self, key_room: torch.Tensor, value_room: torch.Tensor, used: int) -> None:
        """Take these buffers, `used` columns of them filled, in the place of what there was."""
        self.device, self.dtype, self.is_initialized = key_room.device, key_room.dtype, True
        self._key_room, self._value_room = key_room, value_room
        self.keys, self.values = key_room[:, :, :used], value_room[:, :, :used]


class KeyValues:
    """The cache of one batch. `width` counts its columns; all rows are flush right."""

    def __init__(self, layers: list[GrowingLayer] | None = None) -> None:
        self.cache = Cache(layer_class_to_replicate=GrowingLayer)
        self.cache.layers = layers or []

    @classmethod
    def of(cls, rows: Sequence[Sequence[Block]], width: int) -> KeyValues:
        """A batch of `width` columns whose row i ends with the blocks `rows[i]`, in their order; zeros before them."""
        first = next((blocks[0] for blocks in rows if blocks), None)
        if first is None or width == 0:
            return cls()
        layers = []
        for place, pair in enumerate(first):
            layer = GrowingLayer()
            if pair is not None:
                keys, values = (_flush_right(rows, place, part, width) for part in (0, 1))
                layer.hold(keys, values, width)
            layers.append(layer)
        return cls(layers)

    @property
    def width(self) -> int:
        return int(next((layer.keys.shape[-2] for layer in self.cache.layers if layer.is_initialized), 0))

    def take(self, row: int, start: int, stop: int) -> Block:
        """A copy of columns `start` to `stop` of a row."""
        layers = self.cache.layers
        return [
            (layer.keys[row, :, start:stop].clone(), layer.values[row, :, start:stop].clone())
            if layer.is_initialized
            else None
            for layer in layers
        ]

    def keep(self, rows: Sequence[int], first_column: int) -> None:
        """Leave only these rows, from `first_column` on."""
        for layer in self.cache.layers:
            if layer.is_initialized:
                keys, values = (_rows(old, rows, first_column) for old in (layer.keys, layer.values))
                layer.hold(keys, values, layer.keys.shape[-2] - first_column)

    def join(self, other: KeyValues) -> None:
        """Add the rows of `other` below; the narrower of the two gets columns of zeros in front."""
        width = max(self.width, other.width)
        for mine, theirs in zip(self.cache.layers, other.cache.layers, strict=True):
            if mine.is_initialized:
                mine.hold(_stack(mine.keys, theirs.keys, width), _stack(mine.values, theirs.values, width), width)


def block_bytes(block: Block) -> int:
    """Bytes that a block's tensors take."""
    return sum(t.numel() * t.element_size() for pair in block if pair is not None for t in pair)


def cut_block(block: Block, start: int, stop: int) -> Block:
    """Tokens `start` to `stop` of a block, as tensors of their own."""
    return [
        None if pair is None else (pair[0][:, start:stop].clone(), pair[1][:, start:stop].clone()) for pair in block
    ]


def _buffer(like: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """A buffer for that many columns, with room behind them; nothing is in it yet."""
    return like.new_empty((rows, like.shape[-3], columns + columns // 8 + SPARE, like.shape[-1]))


def _roomy(old: torch.Tensor, columns: int) -> torch.Tensor:
    new = _buffer(old, old.shape[0], columns)
    new[:, :, : old.shape[2]] = old
    return new


def _rows(old: torch.Tensor, rows: Sequence[int], first_column: int) -> torch.Tensor:
    used = old.shape[2] - first_column
    new = _buffer(old, len(rows), used)
    for place, row in enumerate(rows):
        new[place, :, :used] = old[row, :, first_column:]
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
