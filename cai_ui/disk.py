"""How much of a disk may be taken: what people decide must always find room."""

from __future__ import annotations

import shutil
from pathlib import Path

DISK_RESERVE = 512 * 2**20
"""Bytes that nothing but the database itself takes: no upload, backup, download or checkpoint."""


def room(folder: Path) -> int:
    """Bytes that may still be written to the disk of a folder that is there; 0 where only the reserve is left."""
    return max(0, shutil.disk_usage(folder).free - DISK_RESERVE)
