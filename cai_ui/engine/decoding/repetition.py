"""Whether a text has begun to go round in circles. Small models do, up to the limit of the answer, once they begin."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST = 64
"""Parts (tokens or words) of the longest circle that is looked for."""
ROUNDS = 4
LEAST = 48
"""A circle counts once it was gone round so often, over so many parts: a refrain or a table does not."""
EVERY = 8
"""Tokens between two looks at a text being written."""


def repeats(parts: Sequence[object]) -> bool:
    """Whether the parts end in a circle: the same stretch at least ROUNDS times, LEAST parts in all."""
    end = len(parts)
    if end < LEAST:
        return False
    return any(
        parts[end - 1] == parts[end - 1 - length] and _goes_round(parts, length) for length in range(1, LONGEST + 1)
    )


def _goes_round(parts: Sequence[object], length: int) -> bool:
    wanted = max(LEAST, ROUNDS * length)
    if wanted > len(parts):
        return False
    tail = parts[len(parts) - wanted :]
    return tail[length:] == tail[:-length]
