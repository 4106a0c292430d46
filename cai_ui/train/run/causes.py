"""Why a run failed, in a sentence with the next step, read from whatever error the libraries raised."""

from __future__ import annotations

import errno

from cai_ui.errors import CaiError, NoRoomError, is_memory

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_WORDS = (
    "no space left", "disk quota", "file too large", "os error 28", "os error 27", "os error 122",
    "file write failed", "unexpected pos",
)  # fmt: skip
"""How torch's and safetensors' own writers, which raise no OSError, say that a file could not be written."""


def cause(error: Exception) -> str:
    """A sentence for the run's card."""
    if isinstance(error, CaiError) and not isinstance(error, NoRoomError):
        return str(error)
    if is_memory(error):
        return (
            "There was not enough memory. Checkpoints so far are kept. Halve the batch size and double the "
            "accumulation, or admit shorter rows only."
        )
    if is_full_disk(error):
        return "The disk is full. Checkpoints so far are kept. Make room, then press Resume."
    return (
        f"Training ended unexpectedly ({type(error).__name__}). The log has the details. Checkpoints so far are kept."
    )


def is_full_disk(error: Exception) -> bool:
    """Whether a file could not be written for want of space."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    return any(words in str(error).lower() for words in _FULL_WORDS)
