"""Memory that was freed, handed back to the system.

glibc keeps freed pages that lie between blocks still in use, and the store of texts mixes long-lived blocks with
the short-lived ones of every batch, so without this a process grows to several times what it holds.
"""

from __future__ import annotations

import ctypes
import time

PAUSE_S = 60.0
"""Shortest time between two times of handing back by the way; each takes up to half a second."""

_last = 0.0


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
