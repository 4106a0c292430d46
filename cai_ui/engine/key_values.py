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
            self.hold(key_states[:, :, :0], value_states[:, :, :0])
        used = self.keys.shape[-2]
        upto = used + key_states.shape[-2]
        if upto > self._key_room.shape[-2]:
            self._key_room, self._value_room = _roomy(self.keys, upto), _roomy(self.values, upto)
        self._key_room[:, :, used:upto] = key_states
        self._value_room[:, :, used:upto] = value_states
        self.keys, self.values = self._key_room[:, :, :upto], self._value_room[:, :, :upto]
        return self.keys, self.values

    def hold(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Take these tensors in the place of what there was."""
        self.device, self.dtype, self.is_initialized = keys.device, keys.dtype, True
        self._key_room, self._value_room = keys, values
        self.keys, self.values = keys, values


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
                layer.hold(*(_flush_right(rows, place, part, width) for part in (0, 1)))
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
                index = torch.tensor(rows, device=layer.keys.device)
                layer.hold(layer.keys[index, :, first_column:], layer.values[index, :, first_column:])

    def join(self, other: KeyValues) -> None:
        """Add the rows of `other` below; the narrower of the two gets columns of zeros in front."""
        width = max(self.width, other.width)
        for mine, theirs in zip(self.cache.layers, other.cache.layers, strict=True):
            if mine.is_initialized:
                mine.hold(_stack(mine.keys, theirs.keys, width), _stack(mine.values, theirs.values, width))


def block_bytes(block: Block) -> int:
    """Bytes that a block's tensors take."""
    return sum(t.numel() * t.element_size() for pair in block if pair is not None for t in pair)


def cut_block(block: Block, start: int, stop: int) -> Block:
    """Tokens `start` to `stop` of a block, as tensors of their own."""
    return [
        None if pair is None else (pair[0][:, start:stop].clone(), pair[1][:, start:stop].clone()) for pair in block
    ]


def _roomy(old: torch.Tensor, columns: int) -> torch.Tensor:
    rows, heads, used, size = old.shape
    new = old.new_empty((rows, heads, columns + columns // 8 + SPARE, size))
    new[:, :, :used] = old
    return new


def _flush_right(rows: Sequence[Sequence[Block]], layer: int, part: int, width: int) -> torch.Tensor:
    like = next(blocks[0][layer] for blocks in rows if blocks)
    assert like is not None
    heads, _, size = like[part].shape
    out = like[part].new_zeros((len(rows), heads, width, size))
    for row, blocks in enumerate(rows):
        stop = width
        for block in reversed(blocks):
            pair = block[layer]
            assert pair is not None
            start = stop - pair[part].shape[1]
            out[row, :, start:stop] = pair[part]
            stop = start
    return out


def _stack(above: torch.Tensor, below: torch.Tensor, width: int) -> torch.Tensor:
    rows, heads, _, size = above.shape
    out = above.new_zeros((rows + below.shape[0], heads, width + SPARE, size))
    out[:rows, :, width - above.shape[2] : width] = above
    out[rows:, :, width - below.shape[2] : width] = below
    return out[:, :, :width]
