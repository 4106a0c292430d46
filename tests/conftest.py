"""Shared by all tests: a tiny random model and an engine on it; services on a fresh workspace."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cai_ui.pipeline import Services

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

MOST_WORKERS = 4
"""Each may hold a model, a server and a browser, about 3 GB."""


def _tiny_model_module() -> ModuleType:
    """tests/tiny_model.py by its path, since tests are imported without a package."""
    path = Path(__file__).with_name("tiny_model.py")
    spec = importlib.util.spec_from_file_location("tiny_model", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes share the tests: one for each of up to MOST_WORKERS cores where all tests are run, and none
    beside this one where some are named, since a worker needs seconds to begin."""
    cores = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, MOST_WORKERS)
    return cores if _all_are_meant(config) and cores > 1 else 0


def _all_are_meant(config: pytest.Config) -> bool:
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.keyword


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Workers have to agree on the tests' names, and packed bytes hold the second in which they were packed."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """First the tests that fork: a copy of a process has none of its threads, and waits for ever for a lock that one of
    them held, so they need a process that has run nothing yet. Then the browser's, which are the longest.

    Slow tests wait until they are asked for, by name or by `-m slow`.
    """
    if _all_are_meant(config) and not config.option.markexpr:
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    return 0 if item.get_closest_marker("forks") else 1 if item.get_closest_marker("browser") else 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files with tests that fork go to one worker, any other file to one that is free, since its tests share what is
    costly, such as a server; only tests that are `apart` are given out one by one. (xdist's own groups are lost with
    pytest 9.2, which no longer takes an item's name from where they are written.)"""
    from xdist.scheduler import LoadScopeScheduling

    texts = {path: path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py")}

    def marked(mark: str) -> set[str]:
        return {path.relative_to(config.rootpath).as_posix() for path, text in texts.items() if f"mark.{mark}" in text}

    forks, apart = marked("forks"), marked("apart")

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "forks" if file in forks else nodeid if file in apart else file

    return ByFile(config, log)


@pytest.fixture(scope="session")
def build_tiny_model() -> Callable[..., Path]:
    """`build_tiny_model(folder, seed=0)`, for tests that need a model folder of their own."""
    build: Callable[..., Path] = _tiny_model_module().build_tiny_model
    return build


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory, build_tiny_model: Callable[..., Path]) -> Path:
    """Folder of a tiny random Mistral with a chat template. Do not write into it."""
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny_engine(tiny_model: Path) -> Any:
    """An engine on the tiny model. Shared by the session: leave no adapter loaded and no seat taken."""
    from cai_ui.config.app import AppSettings
    from cai_ui.engine import load_engine

    return load_engine(AppSettings(model=str(tiny_model)))


@pytest.fixture
def open_home() -> Callable[..., Services]:
    """`open_home(folder, model="scripted")` opens the workspace there; close what it gives."""

    def opened(home: Path, model: str = "scripted") -> Services:
        from cai_ui.config.app import AppSettings
        from cai_ui.pipeline import open_services

        services = open_services(AppSettings(home=str(home), model=model))
        if model == "scripted":
            services.engine(20)
        return services

    return opened


@pytest.fixture
def services(tmp_path: Path, open_home: Callable[..., Services]) -> Iterator[Services]:
    """The same parts as in the app, on a fresh workspace with the scripted model, which is ready in no time."""
    opened = open_home(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def until() -> Callable[..., None]:
    """`until(condition)` waits for work in the background, and fails if it takes longer than a busy machine needs."""

    def wait(condition: Callable[[], object], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "waited too long"
            time.sleep(0.01)

    return wait
