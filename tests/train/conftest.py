"""A small dataset, a workspace, and a queue of runs on the tiny model."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cai_ui.config.app import AppSettings
from cai_ui.config.train import TrainSettings
from cai_ui.pipeline import Services, open_services
from cai_ui.records import Dataset, Message, PreferencePair, Run, TrainingExample
from cai_ui.store import Store, open_store
from cai_ui.train.config_file import config_text
from cai_ui.train.jobs.jobs import Jobs
from cai_ui.train.run.folder import Outcome
from cai_ui.train.run.metrics import read_rows
from cai_ui.train.run.run import train
from cai_ui.train.signals import StopSignal

ROOT = Path(__file__).parents[2]
GOOD, BAD = "I would not do that.", "Sure, read it."
QUICK = TrainSettings(batch_size=4, max_steps=8, save_steps=2, rank=4, alpha=8, learning_rate=5e-3, dropout=0.1)


def asked(text: str) -> tuple[Message, ...]:
    return (Message("user", text),)


def sample(number: int, answer: str = GOOD) -> TrainingExample:
    return TrainingExample(asked(f"How do I read diary {number}?"), answer, f"e{number}", "revision")


def pair(number: int, chosen: str = GOOD, rejected: str = BAD) -> PreferencePair:
    return PreferencePair(asked(f"How do I read diary {number}?"), chosen, rejected, f"e{number}", "revision")


def losses(folder: Path) -> dict[int, float]:
    """What a run logged, by step."""
    return {row["step"]: row["loss"] for row in read_rows(folder) if "loss" in row}


def kept_in(home: Path, data: Dataset) -> Path:
    """A workspace with this dataset."""
    with open_store(home, None) as opened:
        opened.save_dataset(data, "me")
    return home


def config_file(folder: Path, method: str = "sft", **changes: Any) -> Path:
    """A file that asks for a run on the newest dataset."""
    path = folder / "config.yaml"
    path.write_text(config_text(a_run(method, QUICK.model_copy(update=changes), dataset_hash="latest")))
    return path


def only_run(home: Path) -> Run:
    with open_store(home, None) as opened:
        return opened.runs()[0]


def started(
    home: Path, model: Path, what: Any, *launcher: str, more: tuple[str, ...] = (), program: tuple[str, ...] = ()
) -> subprocess.Popen[str]:
    """A fresh process that trains `what`, under a launcher if one is given."""
    rest = [*(program or ("-m", "cai_ui")), "train", str(what), "--home", str(home), "--model", str(model), *more]
    paths = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, *launcher, *rest], cwd=ROOT, stdout=pipe, stderr=pipe, text=True, env=paths
    )


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


def a_run(method: str = "sft", settings: TrainSettings = QUICK, **changes: Any) -> Run:
    values = {"id": "run-1", "name": "first", "state": "running", "dataset_hash": "d", "owner": "me"} | changes
    return Run(method=method, config=settings.model_dump(), created_at="", **values)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Run]:
    return a_run


@pytest.fixture(scope="session")
def run_in(tiny_engine: Any, make_dataset: Callable[..., Dataset], make_run: Callable[..., Run]) -> Callable[..., Any]:
    """`run_in(folder, method, settings, stop_at=(step, wish))`: one run, without a queue."""

    def go(
        folder: Path,
        method: str = "sft",
        settings: TrainSettings = QUICK,
        stop_at: tuple[int, str] | None = None,
        data: Dataset | None = None,
        engine: Any = tiny_engine,
        also: Callable[[int, int], None] = lambda step, steps: None,
        **changes: Any,
    ) -> Outcome:
        folder.mkdir(exist_ok=True)
        signal = StopSignal()

        def report(step: int, steps: int) -> None:
            also(step, steps)
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


@pytest.fixture
def home(tmp_path: Path, data: Dataset) -> Path:
    """A workspace with one dataset, that of the module's fixture `data`."""
    return kept_in(tmp_path / "home", data)


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., Path]:
    """`config(method, **changes)`: the path of a run's file, as the page would show it."""
    return lambda method="sft", **changes: config_file(tmp_path, method, **changes)
