"""Shared by all tests: a tiny random model, and an engine on it."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _tiny_model_module() -> ModuleType:
    """tests/tiny_model.py by its path, since tests are imported without a package."""
    path = Path(__file__).with_name("tiny_model.py")
    spec = importlib.util.spec_from_file_location("tiny_model", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A copy of a process has none of its threads, and waits for ever for a lock that one of them held."""
    items.sort(key=lambda item: item.get_closest_marker("forks") is None)


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
