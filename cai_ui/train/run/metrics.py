"""What a run logs, as JSON lines: appended while it goes, read by pages, cut back when it is resumed."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cai_ui.formats.writing import json_lines

FILE = "metrics.jsonl"


def append_row(folder: Path, row: Mapping[str, Any], file: str = FILE) -> None:
    """Add one row, which has a `step`. Numbers that are not finite become words, since JSON has none for them."""
    plain = {k: str(v) if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
    with (folder / file).open("a", encoding="utf-8") as stream:
        stream.write(json_lines([plain]))


def read_rows(folder: Path, after_step: int | None = None, file: str = FILE) -> list[dict[str, Any]]:
    """Rows logged after this step (None: all), oldest first. A line that is being written is passed over."""
    try:
        lines = (folder / file).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    rows: list[dict[str, Any]] = []
    for line in reversed(lines):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if after_step is not None and row["step"] <= after_step:
            break
        rows.append(row)
    rows.reverse()
    return rows


def forget_after(folder: Path, step: int, file: str = FILE) -> None:
    """Drop rows logged after `step`: a resumed run takes those steps again."""
    if not (folder / file).exists():
        return
    kept = [row for row in read_rows(folder, file=file) if row["step"] <= step]
    draft = folder / f".{file}"
    draft.write_text(json_lines(kept), encoding="utf-8")
    os.replace(draft, folder / file)
