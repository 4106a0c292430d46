"""What an experiment gives: records that page, command and documents share."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from cai_ui.statistics.repeated import Difference

T = TypeVar("T")
Row = Mapping[str, Any]
"""What was measured of one answer: flat, as it is downloaded."""
Steps = Generator[None, None, T]
"""Work that gives a sign of life after each answer, and a T at its end."""
Against = Literal["as published", "other than published", "not significant", ""]
"""How a finding stands to what was published; "" where nothing could be told."""


@dataclass(frozen=True)
class Part:
    """A piece of an experiment: at most so many answers, or so many rows trained on."""

    title: str
    answers: int
    trained: int = 0


@dataclass(frozen=True)
class Point:
    """A mean or share `y` at `x` with its 95 % interval; y is None where nothing could be read."""

    x: float
    y: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Line:
    """One condition of a plot."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Plot:
    """Lines over numbers, or over the `names` of conditions at 0, 1, 2 …; `percent` marks shares, `x_percent` those
    that stand below."""

    title: str
    x_label: str
    lines: tuple[Line, ...]
    names: tuple[str, ...] = ()
    percent: bool = True
    x_percent: bool = False


@dataclass(frozen=True)
class Dot:
    """One text on a map, of one of its groups."""

    x: float
    y: float
    group: int
    text: str


@dataclass(frozen=True)
class DotMap:
    """Texts in two dimensions: near ones are alike. `kept` is the share of their spread that two dimensions show."""

    title: str
    groups: tuple[str, ...]
    dots: tuple[Dot, ...]
    kept: float


@dataclass(frozen=True)
class Result:
    """What an experiment found. `finding` is one sentence with its uncertainty; `more` are further ones.

    `numbers` holds the same for programs; `missing` counts, by reason, what gave no row; `finished` is False for a
    result of a part of the answers.
    """

    finding: str
    more: tuple[str, ...]
    against: Against
    heads: tuple[str, ...]
    table: tuple[tuple[str, ...], ...]
    plots: tuple[Plot, ...] = ()
    map: DotMap | None = None
    numbers: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    finished: bool = False


def against_a_rise(found: Difference) -> Against:
    """How a difference stands to a published one above 0."""
    if found.value is None:
        return ""
    if not found.significant:
        return "not significant"
    return "as published" if found.value > 0 else "other than published"
