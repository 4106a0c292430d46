"""A file that is there whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cai_ui.errors import StoreError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in the place of the one that may be there; whoever reads that one meanwhile reads it to its end.

    StoreError where the disk does not take it; then there is no part of it.
    """
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with partial.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(
            f"{path.name} could not be written ({error.strerror or type(error).__name__}).",
            kept="No partial file was left; what it was to be made of is as it was.",
            next_step="Free some disk space, then try again.",
        ) from None
