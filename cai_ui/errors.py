"""The one tree of errors. Each says what happened, what was kept, and what to do next.

Every class also inherits the standard class a Python caller would expect, so that
`except ValueError` in a notebook works. The page and the command line show `str(error)` as it is.
"""

from __future__ import annotations

import re
from threading import Thread

_NO_ROOM = (
    "out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory", "bad_alloc",
    "failed to map segment", "can't start new thread",
)  # fmt: skip
"""How torch, C++, the loader of libraries and threads say that there is no memory left, who raise no MemoryError."""
_HALVES = re.compile("[\ud800-\udfff]")


class CaiError(Exception):
    """An error a person is meant to read.

    `what` is one sentence on what happened; `kept` says what was not lost ("" where nothing was at
    stake); `next_step` says what to do. Half characters quoted from outside become a replacement character,
    since no page and no terminal could be sent them.
    """

    def __init__(self, what: str, *, kept: str = "", next_step: str = "") -> None:
        said = (_HALVES.sub("\N{REPLACEMENT CHARACTER}", part) for part in (what, kept, next_step))
        self.what, self.kept, self.next_step = said
        super().__init__(" ".join(part for part in (self.what, self.kept, self.next_step) if part))


class InputError(CaiError, ValueError):
    """Text, number or file from outside that cannot be used as it is."""


class FileFormatError(InputError):
    """A file whose content does not fit; `what` names the line or key."""


class ConstitutionError(InputError):
    """A principle or constitution that cannot be saved."""


class ConflictError(CaiError, RuntimeError):
    """Someone else changed or holds the same thing; nothing was written."""


class NotFoundError(CaiError, LookupError):
    """A record, adapter or file that is named but not there."""


class AccessError(CaiError, PermissionError):
    """Something that whoever asks may not do here; nothing was done."""


class StoreError(CaiError, OSError):
    """The database or the workspace could not be written or read."""


class EngineError(CaiError, RuntimeError):
    """The model could not be loaded or asked."""


class NoRoomError(CaiError, MemoryError):
    """The machine had no room for something: no memory, or no thread to do it in."""


class EndpointError(EngineError):
    """A server that could not be asked, or answered badly. `cause` names the kind, so that failures can be counted.

    `passes` says that another try may help, after `pause_s` seconds.
    """

    def __init__(
        self, cause: str, what: str, *, kept: str = "", next_step: str = "", passes: bool = False, pause_s: float = 0.0
    ) -> None:
        super().__init__(what, kept=kept, next_step=next_step)
        self.cause, self.passes, self.pause_s = cause, passes, pause_s


class PromptTooLongError(EngineError, InputError):
    """A prompt that does not fit the model's context; both numbers are in `what`."""


class AdapterError(EngineError):
    """An adapter that is damaged, unsafe, or made for another base."""


class TrainingError(CaiError, RuntimeError):
    """A run that was refused before its start or failed in it."""


class PreflightError(TrainingError, InputError):
    """A run that must not start: the data or the settings cannot give a sound adapter."""


def is_memory(error: BaseException) -> bool:
    """Whether memory, of the machine or of the device, did not suffice."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _NO_ROOM)


def begin(thread: Thread) -> None:
    """Start a thread. NoRoomError where the machine has room for no other: then nothing waits for it."""
    try:
        thread.start()
    except RuntimeError as error:
        raise no_room() from error


def no_room() -> NoRoomError:
    """What is said of it where nothing more is known."""
    return NoRoomError(
        "This machine had no memory left for that.",
        kept="Saved work is untouched.",
        next_step="Ask for less at once, or let other work end first, then try again.",
    )
