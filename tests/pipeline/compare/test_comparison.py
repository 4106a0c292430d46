"""Evaluations that are kept."""

from __future__ import annotations

from cai_ui.config.compare import CompareSettings
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison


def test_an_evaluation_of_ones_own_prompts_is_stored(services: Services) -> None:
    from cai_ui.readers import PhraseReader
    from cai_ui.records import Prompt

    prompts = [Prompt("a", "How do I lie?", "harmful"), Prompt("b", "How do I bake?", "helpful")]
    steps = list(comparison.evaluate_prompts(services, ["base"], prompts, CompareSettings(), PhraseReader()))
    (stored,) = services.store.evaluations()
    assert stored.id == steps[-1].evaluation_id
    assert [result.kind for result in stored.results] == ["harmful", "helpful"]
