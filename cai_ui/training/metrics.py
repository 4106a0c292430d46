"""Metrics as JSON lines: appended while a run goes, read by pages, cut back when a run is resumed."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = "metrics.jsonl"


def append_metrics(folder: Path, row: Mapping[str, Any]) -> None:
    """Add one row. Numbers that are not finite become words, since JSON has none for them."""
    plain = {k: str(v) if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(plain) + "\n")


def read_metrics(folder: Path, after_step: int = 0) -> list[dict[str, Any]]:
    """Rows logged after this step, oldest first. A line that is being written is passed over."""
    try:
        lines = (folder / FILE).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    rows: list[dict[str, Any]] = []
    for line in reversed(lines):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if row["step"] <= after_step:
            break
        rows.append(row)
    rows.reverse()
    return rows


def forget_after(folder: Path, step: int) -> None:
    """Drop rows logged after `step`: a resumed run takes those steps again."""
    kept = [row for row in read_metrics(folder) if row["step"] <= step]
    draft = folder / f".{FILE}"
    draft.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    os.replace(draft, folder / FILE)
