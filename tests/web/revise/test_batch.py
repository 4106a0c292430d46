"""Many requests in the background."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.prompts import sets
from cai_ui.web.revise import batch


def test_a_batch_runs_in_the_background_and_fills_the_queue(
    services: Services, until: Callable[[Callable[[], object]], None]
) -> None:
    assert batch.batch_view(services).running is False
    first = sets.prompt_sets(services)[0].key
    batch.start_batch(services, first, 6, RevisionSettings(), Sampling())
    until(lambda: not batch.batch_view(services).running)
    html = batch.batch_view(services).html
    assert "Done: 6 of 6" in html
    assert services.store.counts().total > 0


@pytest.mark.parametrize("number", [0, -1, None, float("nan")])
def test_a_batch_of_nothing_is_refused(services: Services, number: float | None) -> None:
    first = sets.prompt_sets(services)[0].key
    with pytest.raises(InputError):
        batch.start_batch(services, first, number, RevisionSettings(), Sampling())
