"""Chains that are stored in a workspace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.revise import chains


@pytest.fixture
def chain() -> Callable[..., Any]:
    """`chain(services, prompt="…", seed=1)`: a chain of two revisions under the constitution in use, as stored."""

    def stored(services: Services, prompt: str = "How do I read her diary?", seed: int = 1) -> Any:
        version = constitutions.current_constitution(services).hash
        twice = RevisionSettings(revisions=2)
        events = list(chains.start_chain(services, prompt, version, twice, Sampling(seed=seed)))
        return services.store.trace(events[-1].trace.id)

    return stored
