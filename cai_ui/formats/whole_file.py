"""A file that is there whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cai_ui.errors import StoreError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in the place of the one that may be there; whoever reads that one meanwhile reads it to its end.

    A link stays, and what it leads to is written; a pipe or a device gets the content. StoreError where it cannot be
    written; then there is no part of it.
    """
    with in_place_of(path) as target, target.open("wb") as file:
        file.write(content)
        file.flush()
        if target.is_file():
            os.fsync(file.fileno())


@contextmanager
def in_place_of(path: Path) -> Iterator[Path]:
    """Where to write what is to stand at `path` once it is whole. Errors as in `write_whole`."""
    end = path.resolve()
    partial = end.with_name(f"{end.name}.{secrets.token_hex(4)}.part") if end.name else end
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe, a terminal: nothing can stand in its
            yield path  # place; and where /dev/stdout leads to a pipe, only the link can be opened
            return
        yield partial
        partial.replace(end)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        if partial != end:
            with suppress(OSError):  # where no folder is, there is no part either
                partial.unlink()


def unwritable(path: Path, error: OSError) -> StoreError:
    """The sentence for a file that cannot be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return StoreError(
        f"{path.name or path} could not be written ({error.strerror or type(error).__name__}).",
        kept="No partial file was left; what it was to be made of is as it was.",
        next_step="Free some disk space, then try again."
        if full
        else "Name a file in a folder that can be written to.",
    )
