"""Examples to judge, as the page gets them."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import pytest

from cai_ui.pipeline import Services
from cai_ui.records import Example, Message, Prompt, make_example
from cai_ui.records.people import Role
from cai_ui.store import Accounts

PASSWORD = "correct horse"


@pytest.fixture(scope="session", autouse=True)
def settled_heap() -> None:
    """Loading a model begins with a garbage collection, which takes half a second once gradio is imported."""
    gc.freeze()


@pytest.fixture
def example() -> Callable[..., Example]:
    """`example(number, kind="harmful", initial="…")`: Question {number}, from one of two sources in turn."""
    return _example


@pytest.fixture
def filled(services: Services) -> Services:
    """Services with six examples to judge."""
    services.store.add_examples([_example(number) for number in range(6)])
    return services


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    """One person of each role, all with PASSWORD."""
    made = Accounts(tmp_path / "accounts.json")
    for name, role in (("Vi", Role.VIEWER), ("Ann", Role.ANNOTATOR), ("Tom", Role.TRAINER), ("Olga", Role.OWNER)):
        made.add(name, role, PASSWORD)
    return made


def _example(number: int, kind: str = "harmful", initial: str | None = "Sure, do it.") -> Example:
    prompt = Prompt(f"p{number}", f"Question {number}?", kind, source="test")  # type: ignore[arg-type]
    turns = (Message("user", prompt.text),)
    return make_example(turns, initial, f"Better not, {number}.", prompt=prompt, source=f"set {number % 2}")
