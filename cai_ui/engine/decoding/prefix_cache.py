"""Texts the model has read already, with the keys and values that reading them gave.

A tree of token stretches per variant: texts that begin alike share the nodes of what they have in common, so a
few-shot prefix is held once, and a chain grows by its new turns only. The least recently used ends go
first when the bound on memory is reached. Use it only while holding the engine's lease.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from weakref import WeakValueDictionary

from cai_ui.engine.kernels.kv_cache import Beginning, Block, block_bytes, cut_block, join_blocks

MAKE_ROOM = 0.9
"""Share of the bound that is left filled when something has to go."""
SHARED = 256
"""Tokens that rows must save together by attending to one copy of what they begin with."""


@dataclass(eq=False)
class _Node:
    ids: list[int]
    block: Block
    parent: _Node | None
    used: int = 0
    children: dict[int, _Node] = field(default_factory=dict)


class PrefixCache:
    """`limit` is in bytes; 0 keeps nothing. `shares`: whether the model can attend to one copy for several rows."""

    def __init__(self, limit: int, shares: bool = False) -> None:
        self.limit, self.shares = limit, shares
        self.bytes = 0
        self._roots: dict[str, _Node] = {}
        self._clock = count(1)
        self._lying: WeakValueDictionary[_Node, Beginning] = WeakValueDictionary()
        """Beginnings that rows use now, by the node where they end."""

    def length(self, variant: str, ids: Sequence[int]) -> int:
        """How many of the first `ids` are kept for this variant."""
        return sum(stop for _, stop in self._walk(variant, ids))

    def blocks(self, variant: str, ids: Sequence[int], upto: int, start: int = 0) -> list[Block]:
        """Blocks of tokens `start` to `upto`, which must be kept. They are not copies."""
        blocks, place = [], 0
        for node, same in self._walk(variant, ids):
            first, last = max(start - place, 0), min(same, upto - place)
            place += same
            if first < last:
                whole = first == 0 and last == len(node.ids)
                blocks.append(node.block if whole else cut_block(node.block, first, last))
                node.used = next(self._clock)
        return blocks

    def beginnings(self, texts: Sequence[tuple[str, Sequence[int]]]) -> list[Beginning | None]:
        """For each text (variant, tokens) what is best taken from one copy: what most of them save the most by.

        Rows that are answered already count too, so that a text that comes later attends to the same copy.
        """
        if not self.shares:
            return [None] * len(texts)
        paths = [self._whole_nodes(variant, ids) for variant, ids in texts]
        users = Counter(node for path in paths for node, _ in path)
        found: list[Beginning | None] = []
        for path in paths:
            saved = [(users[node] - 1 + (node in self._lying)) * length for node, length in path]
            best = saved.index(max(saved)) if saved else 0
            found.append(self._beginning(path[: best + 1]) if saved and saved[best] >= SHARED else None)
        return found

    def put(self, variant: str, ids: Sequence[int], take: Callable[[int, int], Block]) -> None:
        """Keep a text; `take(start, stop)` gives the block of those of its tokens that are new."""
        if self.limit <= 0:
            return
        node = self._roots.setdefault(variant, _Node([], [], None))
        known = 0
        for child, same in list(self._walk(variant, ids)):
            known += same
            node = self._split(child, same) if same < len(child.ids) and known < len(ids) else child
            node.used = next(self._clock)
        if known == len(ids):
            return
        block = take(known, len(ids))
        size = block_bytes(block)
        if size > self.limit:
            return
        child = _Node(list(ids[known:]), block, node, next(self._clock))
        node.children[child.ids[0]] = child
        self.bytes += size
        if self.bytes > self.limit:
            self._make_room(self.limit if size > self.limit * (1 - MAKE_ROOM) else int(self.limit * MAKE_ROOM))

    def forget(self, variant: str) -> None:
        """Drop everything read under a variant."""
        root = self._roots.pop(variant, None)
        if root is not None:
            self.bytes -= sum(block_bytes(node.block) for node in _below(root))

    def clear(self) -> None:
        self._roots.clear()
        self.bytes = 0

    def _walk(self, variant: str, ids: Sequence[int]) -> Iterator[tuple[_Node, int]]:
        """Nodes along `ids` with how many of their tokens agree; all but the last agree whole."""
        node = self._roots.get(variant)
        place = 0
        while node is not None and place < len(ids):
            child = node.children.get(ids[place])
            if child is None:
                return
            same = agreement(child.ids, ids[place : place + len(child.ids)])
            yield child, same
            if same < len(child.ids):
                return
            node, place = child, place + same

    def _whole_nodes(self, variant: str, ids: Sequence[int]) -> list[tuple[_Node, int]]:
        """The nodes that agree with `ids` whole, each with the tokens up to its end."""
        path, length = [], 0
        for node, same in self._walk(variant, ids):
            length += same
            if same == len(node.ids):
                path.append((node, length))
        return path

    def _beginning(self, path: list[tuple[_Node, int]]) -> Beginning:
        for node, _ in path:
            node.used = next(self._clock)
        last, length = path[-1]
        found = self._lying.get(last)
        if found is None:
            found = self._lying[last] = Beginning(length, join_blocks([node.block for node, _ in path]))
        return found

    def _split(self, node: _Node, place: int) -> _Node:
        """Cut a node in two; gives the first part."""
        assert node.parent is not None
        head = _Node(node.ids[:place], cut_block(node.block, 0, place), node.parent, node.used)
        node.parent.children[head.ids[0]] = head
        node.block = cut_block(node.block, place, len(node.ids))
        node.ids, node.parent = node.ids[place:], head
        head.children[node.ids[0]] = node
        return head

    def _make_room(self, wanted: int) -> None:
        while self.bytes > wanted:
            nodes = [node for root in self._roots.values() for node in _below(root)]
            ends = sorted((n for n in nodes if not n.children), key=lambda n: n.used)
            if not ends:
                return
            for node in ends:
                if self.bytes <= wanted:
                    return
                assert node.parent is not None
                del node.parent.children[node.ids[0]]
                self.bytes -= block_bytes(node.block)


def agreement(a: Sequence[int], b: Sequence[int]) -> int:
    """How many tokens two texts have in common at their start."""
    if list(a) == list(b):
        return len(a)
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _below(node: _Node) -> Iterator[_Node]:
    """All nodes under one, without itself."""
    waiting = list(node.children.values())
    while waiting:
        child = waiting.pop()
        yield child
        waiting += child.children.values()
