"""Answers side by side, votes on them, and evaluations that are kept."""

from __future__ import annotations

import pytest

from cai_ui.config import CompareSettings, Sampling
from cai_ui.errors import InputError, NotFoundError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison


def test_side_by_side_ends_with_the_base_and_its_provenance(services: Services) -> None:
    views = list(comparison.answer_side_by_side(services, "Hello", ["base"], Sampling()))
    (variant,) = views[-1]
    assert variant.answer is not None
    assert (variant.adapter_hash, variant.answer.provenance.adapter_hash) == (None, None)
    with pytest.raises(NotFoundError):
        list(comparison.answer_side_by_side(services, "Hello", ["gone"], Sampling()))
    with pytest.raises(InputError):
        list(comparison.answer_side_by_side(services, " ", ["base"], Sampling()))


def test_an_evaluation_of_ones_own_prompts_is_stored(services: Services) -> None:
    from cai_ui.readers import PhraseReader
    from cai_ui.records import Prompt

    prompts = [Prompt("a", "How do I lie?", "harmful"), Prompt("b", "How do I bake?", "helpful")]
    steps = list(comparison.evaluate_prompts(services, ["base"], prompts, CompareSettings(), PhraseReader()))
    (stored,) = services.store.evaluations()
    assert stored.id == steps[-1].evaluation_id
    assert [result.kind for result in stored.results] == ["harmful", "helpful"]
