"""One logged value over the steps of a run, for warnings that read it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

WINDOW = 5
"""Rows that are averaged at the beginning and at the end."""


def numbers(rows: Sequence[Mapping[str, Any]], name: str) -> list[tuple[int, float]]:
    """Step and value of what was logged under this name, as far as it is a finite number."""
    found = []
    for row in rows:
        try:
            value = float(row[name])
        except (KeyError, TypeError, ValueError):
            continue
        if math.isfinite(value):
            found.append((int(row["step"]), value))
    return found


def beginning(values: Sequence[tuple[int, float]]) -> float:
    """Mean of the first values."""
    return sum(value for _, value in values[:WINDOW]) / WINDOW


def end(values: Sequence[tuple[int, float]]) -> float:
    """Mean of the last values."""
    return sum(value for _, value in values[-WINDOW:]) / WINDOW
