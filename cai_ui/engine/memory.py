"""Memory that was freed, handed back to the system; and what stays for good, left out of garbage collections.

glibc keeps freed pages that lie between blocks still in use, and the store of texts mixes long-lived blocks with
the short-lived ones of every batch, so without this a process grows to several times what it holds.
"""

from __future__ import annotations

import ctypes
import gc
import time

_ARENA_MAX, _HEAPS = -8, 2  # M_ARENA_MAX of malloc.h
PAUSE_S = 60.0
"""Shortest time between two times of handing back by the way; each takes up to half a second."""

_last = 0.0
_settled = False


def give_back(*, now: bool = False) -> None:
    """Hand back what is free, at most every PAUSE_S seconds unless `now`. Does nothing where the C library cannot."""
    global _last
    if not now and time.monotonic() < _last + PAUSE_S:
        return
    _last = time.monotonic()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):  # not glibc
        return


def settle() -> None:
    """Leave all that is there now out of later garbage collections, until `unsettle`.

    With torch and trl loaded, looking through what the libraries hold takes up to half a second each time, and nobody
    else computes meanwhile; a training run has two such collections.
    """
    global _settled
    if not _settled:
        gc.collect()
        gc.freeze()
        _settled = True


def unsettle() -> None:
    """Before a model is let go: what it leaves can be collected again."""
    global _settled
    gc.unfreeze()
    _settled = False


def few_heaps() -> None:
    """Let all threads share two heaps, from now on. Each new thread of a server would otherwise begin one of its own,
    and what is freed in one serves no other."""
    try:
        ctypes.CDLL(None).mallopt(_ARENA_MAX, _HEAPS)
    except (AttributeError, OSError, TypeError):  # not glibc
        return
