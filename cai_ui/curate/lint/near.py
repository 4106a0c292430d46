"""Texts that are nearly the same: MinHash over three-word shingles, and buckets of equal bands
(Broder 1997; Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, chapter 3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cai_ui.curate.lint.tokens import Ids, Tokens

HASHES = 64
_BANDS = 16
SIMILAR = 0.7
"""Share of common shingles from which on two texts count as nearly the same."""


def near_duplicates(tokens: Tokens, similar: float = SIMILAR) -> Ids:
    """For each text the number of its group; texts that are nearly the same are in one group.

    A group is named by its first text. Nearness is estimated from 64 hashes (standard error 0.06 at 0.7).
    """
    signatures = _signatures(tokens)
    parents = np.arange(len(tokens))
    for first, second in _candidates(signatures, similar):
        a, b = _root(parents, int(first)), _root(parents, int(second))
        parents[max(a, b)] = min(a, b)
    return np.asarray([_root(parents, i) for i in range(len(parents))], dtype=np.int64)


def _signatures(tokens: Tokens) -> NDArray[np.uint32]:
    """Of each text the smallest values of 64 hash functions over its shingles."""
    if not len(tokens):
        return np.zeros((0, HASHES), dtype=np.uint32)
    shingles, begins = tokens.shingles()
    chance = np.random.default_rng(2212_08073)
    factors = chance.integers(1, 2**63, HASHES, dtype=np.uint64) | np.uint64(1)
    offsets = chance.integers(0, 2**63, HASHES, dtype=np.uint64)
    made = np.empty((len(tokens), HASHES), dtype=np.uint32)
    for place, (factor, offset) in enumerate(zip(factors, offsets, strict=True)):
        made[:, place] = np.minimum.reduceat(shingles * factor + offset, begins[:-1]) >> np.uint64(32)
    return made


def _candidates(signatures: NDArray[np.uint32], similar: float) -> NDArray[np.int64]:
    """Pairs of texts that share a band and are similar enough, each once."""
    found = []
    width = HASHES // _BANDS
    for band in range(_BANDS):
        part = np.ascontiguousarray(signatures[:, band * width : (band + 1) * width])
        keys = part.view(np.dtype((np.void, part.dtype.itemsize * width))).ravel()
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        order = np.argsort(inverse, kind="stable")
        beside = (
            order[1:][inverse[order[1:]] == inverse[order[:-1]]],
            order[:-1][inverse[order[1:]] == inverse[order[:-1]]],
        )
        leader = np.stack([first[inverse], np.arange(len(keys))], axis=1)
        found.append(leader[leader[:, 0] != leader[:, 1]])
        found.append(np.stack([beside[1], beside[0]], axis=1))
    pairs = np.unique(np.concatenate(found), axis=0) if found else np.zeros((0, 2), dtype=np.int64)
    alike = np.zeros(len(pairs))
    for start in range(0, len(pairs), 100_000):
        some = pairs[start : start + 100_000]
        alike[start : start + 100_000] = (signatures[some[:, 0]] == signatures[some[:, 1]]).mean(axis=1)
    return pairs[alike >= similar]


def _root(parents: Ids, place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = int(parents[place])
    return place
