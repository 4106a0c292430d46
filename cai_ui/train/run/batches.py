"""The order of rows: by length within stretches drawn by the seed, so that little padding is computed.

The order follows from the seed and the epoch alone. So a run that is resumed, or goes on with half the batch and
twice the accumulation, takes the same rows in the same steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler

STRETCH = 20
"""Steps whose rows are sorted by length together. More leaves less padding and less chance."""


class LikeLengths(Sampler[int]):
    """Indices such that the rows of one step have like lengths; the longest step of an epoch comes first, so that
    memory that does not suffice shows at once."""

    def __init__(self, lengths: Sequence[int], rows_per_step: int, seed: int) -> None:
        self._lengths = list(lengths)
        self._rows = rows_per_step
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each pass."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        chance = torch.Generator().manual_seed(self._seed + 1_000_003 * self._epoch)
        drawn = torch.randperm(len(self._lengths), generator=chance).tolist()
        stretch = STRETCH * self._rows
        ordered: list[int] = []
        for start in range(0, len(drawn), stretch):
            ordered += sorted(drawn[start : start + stretch], key=self._lengths.__getitem__, reverse=True)
        steps = [ordered[start : start + self._rows] for start in range(0, len(ordered), self._rows)]
        whole = [step for step in steps if len(step) == self._rows]
        rest = [step for step in steps if len(step) < self._rows]
        mixed = [whole[i] for i in torch.randperm(len(whole), generator=chance).tolist()]
        if mixed:
            longest = max(range(len(mixed)), key=lambda i: max(map(self._lengths.__getitem__, mixed[i])))
            mixed.insert(0, mixed.pop(longest))
        for step in mixed + rest:
            yield from step
