"""A store in a folder of its own, and examples to judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cai_ui.records import Example, Message, Prompt, make_example
from cai_ui.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def examples() -> Callable[..., list[Example]]:
    """`examples(n, source="test", initial=True)`: n different examples."""

    def make(n: int, source: str = "test", initial: bool = True) -> list[Example]:
        return [
            make_example(
                (Message("user", f"Question {i} from {source}"),),
                f"Bad answer {i}" if initial else None,
                f"Good answer {i}",
                prompt=Prompt(f"p{i}", f"Question {i}", "harmful" if i % 2 else "helpful"),
                source=source,
            )
            for i in range(n)
        ]

    return make
