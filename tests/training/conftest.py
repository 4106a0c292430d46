"""A small dataset, a workspace, and a queue of runs on the tiny model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cai_ui.config import AppSettings, TrainSettings
from cai_ui.pipeline import Services, open_services
from cai_ui.records import Dataset, Message, PreferencePair, Run, TrainingExample
from cai_ui.store import Store, open_store
from cai_ui.training.jobs import Jobs
from cai_ui.training.run import Outcome, train
from cai_ui.training.signals import StopSignal

GOOD, BAD = "I would not do that.", "Sure, read it."
QUICK = TrainSettings(batch_size=4, max_steps=8, save_steps=2, rank=4, alpha=8, learning_rate=5e-3, dropout=0.1)


def asked(text: str) -> tuple[Message, ...]:
    return (Message("user", text),)


def sample(number: int, answer: str = GOOD) -> TrainingExample:
    return TrainingExample(asked(f"How do I read diary {number}?"), answer, f"e{number}", "revision")


def pair(number: int, chosen: str = GOOD, rejected: str = BAD) -> PreferencePair:
    return PreferencePair(asked(f"How do I read diary {number}?"), chosen, rejected, f"e{number}", "revision")


@pytest.fixture(scope="session")
def make_dataset() -> Callable[..., Dataset]:
    """`make_dataset(**changes)`: ten rows and ten pairs to train on, two of each held out."""

    def make(**changes: Any) -> Dataset:
        parts: dict[str, Any] = {
            "sft_train": tuple(map(sample, range(10))),
            "sft_eval": tuple(map(sample, (20, 21))),
            "pairs_train": tuple(map(pair, range(10))),
            "pairs_eval": tuple(map(pair, (20, 21))),
        }
        return Dataset(**({"name": "diaries"} | parts | changes), settings={}, parents=(), left_out={})

    return make


@pytest.fixture
def make_run(tiny_engine: Any) -> Callable[..., Run]:
    def make(method: str = "sft", settings: TrainSettings = QUICK, **changes: Any) -> Run:
        values = {"id": "run-1", "name": "first", "state": "running", "dataset_hash": "d", "owner": "me"} | changes
        return Run(method=method, config=settings.model_dump(), created_at="", **values)  # type: ignore[arg-type]

    return make


@pytest.fixture
def run_in(tiny_engine: Any, make_dataset: Callable[..., Dataset], make_run: Callable[..., Run]) -> Callable[..., Any]:
    """`run_in(folder, method, settings, stop_at=(step, wish))`: one run, without a queue."""

    def go(
        folder: Path,
        method: str = "sft",
        settings: TrainSettings = QUICK,
        stop_at: tuple[int, str] | None = None,
        data: Dataset | None = None,
        engine: Any = tiny_engine,
        **changes: Any,
    ) -> Outcome:
        folder.mkdir(exist_ok=True)
        signal = StopSignal()

        def report(step: int, steps: int) -> None:
            if stop_at and step >= stop_at[0]:
                signal.ask(stop_at[1])  # type: ignore[arg-type]

        run = make_run(method, settings, **changes)
        return train(run, data or make_dataset(), engine, folder, signal, report)

    return go


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", None)
    yield opened
    opened.close()


@pytest.fixture
def jobs(store: Store, tiny_engine: Any) -> Iterator[Jobs]:
    made = Jobs(store, lambda: tiny_engine)
    yield made
    made.close()
    for info in tiny_engine.adapters():
        tiny_engine.unload_adapter(info.name)


@pytest.fixture
def services(tmp_path: Path, tiny_engine: Any, tiny_model: Path) -> Iterator[Services]:
    """All that the app has, on the tiny model."""
    opened = open_services(AppSettings(home=str(tmp_path / "home"), model=str(tiny_model)), tiny_engine)
    yield opened
    opened.close()
    for info in tiny_engine.adapters():
        tiny_engine.unload_adapter(info.name)
