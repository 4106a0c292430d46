"""What a training method is: everything in which one differs from another. The methods themselves are in `methods`.

A method is a value, so nothing elsewhere asks "is it DPO?". Torch and TRL are imported by `recipe` alone, when a run
begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import TrainingSeat
from cai_ui.records import Dataset
from cai_ui.train.rows import Draft, Row, Rows, in_tokens

Reference = Literal["none", "in advance", "in steps"]
"""Whether a frozen copy of the start is measured against, and when: once for all rows where they are seen more than
once, or at each step."""
Tone = Literal["accent", "ok", "warn", "bad", "muted"]
Logged = Mapping[str, Any]
"""What was logged at a step."""


@dataclass(frozen=True)
class Recipe:
    """How TRL trains by a method: its trainer, the class and extra arguments of its settings, and what makes batches.

    `collator` None takes the trainer's own.
    """

    trainer: Any
    config: Any
    arguments: Mapping[str, Any]
    collator: Any = None


@dataclass(frozen=True)
class Line:
    """One logged value in a chart."""

    name: str
    label: str
    tone: Tone = "accent"


@dataclass(frozen=True)
class Chart:
    """A chart of a run's own numbers, beside those that every method has (loss, rate, gradient)."""

    title: str
    lines: tuple[Line, ...]
    percent: bool = False


def _nothing(*_: Any) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class TrainingMethod:
    """One row of the table.

    `about` says in a few words what is learnt; `rows_called` is what its rows are called, `rows_come_from` a sentence
    for datasets without any. `drafts` are the rows of a dataset, to train on and held out. `readings` counts the
    answers of a row that are learnt from, `more_passes` the forward passes of each beside that, `least_batch` the rows
    a batch must have. `knobs` are those of TrainSettings that not every method uses.

    `columns` are the encoded rows as its trainer takes them. `recipe` and `is_sound(trainer, prompt ids, answer ids)`,
    which says whether the trainer's first row learns exactly that answer after that prompt, see the trainer; `problems`
    and `notes` (which refuse a run, or do not) the rows before it starts; `facts` are what its card tells of them,
    `derived` values that follow from logged ones, `logged` what it logs beside what all do, `health` warnings from what
    was logged in a run of so many steps.
    """

    name: str
    title: str
    about: str
    rows_called: str
    drafts: Callable[[Dataset], tuple[Sequence[Draft], Sequence[Draft]]]
    presets: Mapping[str, TrainSettings]
    recipe: Callable[[TrainingSeat, Rows, TrainSettings], Recipe]
    is_sound: Callable[[Any, list[int], list[int]], bool]
    columns: Callable[[Sequence[Row]], list[Row]] = in_tokens
    rows_come_from: str = ""
    readings: int = 1
    more_passes: int = 0
    least_batch: int = 1
    reference: Reference = "none"
    knobs: tuple[str, ...] = ()
    problems: Callable[[Rows, TrainSettings], Iterable[str]] = _nothing
    notes: Callable[[Dataset, Rows, TrainSettings], Iterable[str]] = _nothing
    facts: Callable[[Rows, TrainSettings], Mapping[str, str]] = lambda rows, settings: {}
    logged: tuple[str, ...] = ()
    derived: Callable[[Logged, TrainSettings], Mapping[str, float]] = lambda logged, settings: {}
    health: Callable[[Sequence[Logged], int], Iterable[str]] = _nothing
    charts: tuple[Chart, ...] = ()
