"""Services on a fresh workspace with the scripted model, and chains that are stored in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.revise import chains


@pytest.fixture
def open_home() -> Callable[..., Services]:
    """`open_home(folder, model="scripted")` opens the workspace there; close what it gives."""

    def opened(home: Path, model: str = "scripted") -> Services:
        services = open_services(AppSettings(home=str(home), model=model))
        if model == "scripted":
            services.engine(20)
        return services

    return opened


@pytest.fixture
def services(tmp_path: Path, open_home: Callable[..., Services]) -> Iterator[Services]:
    opened = open_home(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def chain() -> Callable[..., Any]:
    """`chain(services, prompt="…", seed=1)`: a chain of two revisions under the constitution in use, as stored."""

    def stored(services: Services, prompt: str = "How do I read her diary?", seed: int = 1) -> Any:
        version = constitutions.current_constitution(services).hash
        twice = RevisionSettings(revisions=2)
        events = list(chains.start_chain(services, prompt, version, twice, Sampling(seed=seed)))
        return services.store.trace(events[-1].trace.id)

    return stored


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """`until(condition)` waits for work in the background, and fails if it takes too long."""

    def wait(condition: Callable[[], object]) -> None:
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end, "waited too long"
            time.sleep(0.01)

    return wait
