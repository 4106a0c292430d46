"""What an experiment is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from cai_ui.config.experiments import ExperimentSettings
from cai_ui.experiments.bench import Bench
from cai_ui.experiments.results import Part, Result, Row, Steps
from cai_ui.pipeline.services import Services

S = TypeVar("S", bound=ExperimentSettings)


@dataclass(frozen=True)
class Experiment(Generic[S]):
    """A question to a model. `paper` says what was published, and where.

    `parts` says what the settings cost (InputError for settings that do not fit), `measure` asks the model through a
    bench and adds rows to it, `find` makes the result of the rows there are.
    """

    name: str
    title: str
    question: str
    paper: str
    settings: type[S]
    parts: Callable[[Services, S], Sequence[Part]]
    measure: Callable[[Bench, S], Steps[None]]
    find: Callable[[Sequence[Row], S], Result]
    constitution: str = ""
    """Name of the one that is used where the settings name none (empty: the one in use)."""
