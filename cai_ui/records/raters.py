"""What is kept of the people who judge, and for them: their settings, the guidelines, and gold examples."""

from __future__ import annotations

from dataclasses import dataclass

from cai_ui.records.examples import Verdict


@dataclass(frozen=True)
class RaterSettings:
    """How one person works: keys of their own as (action, key), and how many examples they mean to judge in a day
    (None: no goal)."""

    rater: str
    keys: tuple[tuple[str, str], ...] = ()
    goal: int | None = None


@dataclass(frozen=True)
class Guidelines:
    """One version of what raters are to go by, as Markdown. Versions are numbered from 1."""

    version: int
    text: str
    author: str
    at: str


@dataclass(frozen=True)
class Gold:
    """An example whose verdict is known, mixed into everybody's work to see how well they judge."""

    example_id: str
    verdict: Verdict
    author: str
    at: str


@dataclass(frozen=True)
class Judged:
    """One judgement that was not taken back, as far as it says how somebody works. `batch`: one of many at once."""

    rater: str
    example_id: str
    verdict: Verdict
    at: str
    batch: bool
