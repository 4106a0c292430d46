"""Services on a fresh workspace with the scripted model: the same parts as in the app, ready in no time."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cai_ui.config.app import AppSettings
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.models import engine_status
from cai_ui.records import Example, Message, Prompt, make_example


@pytest.fixture(scope="session", autouse=True)
def settled_heap() -> None:
    """Loading a model begins with a garbage collection, which takes half a second once gradio is imported."""
    gc.freeze()


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = open_services(AppSettings(home=str(tmp_path / "home"), model="scripted"))
    _until(lambda: engine_status(opened).state != "loading")
    yield opened
    opened.close()


@pytest.fixture
def example() -> Callable[..., Example]:
    """`example(number, kind="harmful", initial="…")`: Question {number}, from one of two sources in turn."""
    return _example


@pytest.fixture
def filled(services: Services) -> Services:
    """Services with six examples to judge."""
    services.store.add_examples([_example(number) for number in range(6)])
    return services


def _example(number: int, kind: str = "harmful", initial: str | None = "Sure, do it.") -> Example:
    prompt = Prompt(f"p{number}", f"Question {number}?", kind, source="test")  # type: ignore[arg-type]
    turns = (Message("user", prompt.text),)
    return make_example(turns, initial, f"Better not, {number}.", prompt=prompt, source=f"set {number % 2}")


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """`until(condition)` waits for a background job, and fails if it takes too long."""
    return _until


def _until(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)
