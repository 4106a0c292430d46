"""A stand-in of the Hub, and copies that keep their database there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests import hub_repository
from tests.hub_repository import Hub

from .copies import TOKEN, Copy


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub_repository.running() as found:
        monkeypatch.setenv("HF_ENDPOINT", found.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        yield found


@pytest.fixture
def copy(hub: Hub, tmp_path: Path) -> Callable[..., Copy]:
    made: list[Copy] = []

    def begin(name: str = "home", **how: float) -> Copy:
        made.append(Copy(tmp_path / name, **how))
        return made[-1]

    return begin
