"""Rows of a file that were of no use: counted by their reason, the first of each with their lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

LINES = 5
"""So many lines are named for each reason."""
REASONS = 20
"""Different reasons that are told apart: those of damaged lines name a place each."""


@dataclass
class LeftOut:
    """`counts` is the number of rows for each reason, `lines` where the first of them stand."""

    counts: Counter[str] = field(default_factory=Counter)
    lines: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def add(self, why: object, line: int) -> None:
        """One more."""
        reason = str(why)
        reason = reason if reason in self.counts or len(self.counts) < REASONS else "for other reasons"
        self.counts[reason] += 1
        self.lines[reason] = (*self.lines.get(reason, ()), line)[:LINES]


def lines_words(number: int, lines: Sequence[int]) -> str:
    """Where `number` rows stand, to follow their reason: " (lines 3, 7 and 12 more)"; "" where that is not known."""
    if not lines:
        return ""
    named = ", ".join(f"{line:,}" for line in lines)
    more = f" and {number - len(lines):,} more" if number > len(lines) else ""
    return f" (line{'s' if number > 1 else ''} {named}{more})"
