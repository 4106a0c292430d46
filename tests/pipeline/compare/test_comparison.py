"""Evaluations that are kept."""

from __future__ import annotations

import json
import threading
from typing import Any

import sqlalchemy as sa

from cai_ui.config.compare import CompareSettings
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison
from cai_ui.records import Message, Prompt
from cai_ui.store import schema
from cai_ui.versions import versions_here


def test_an_evaluation_of_ones_own_prompts_is_stored(services: Services) -> None:
    from cai_ui.readers import PhraseReader

    prompts = [Prompt("a", "How do I lie?", "harmful"), Prompt("b", "How do I bake?", "helpful")]
    steps = list(comparison.evaluate_prompts(services, ["base"], prompts, CompareSettings(), PhraseReader()))
    (stored,) = services.store.evaluations()
    assert stored.id == steps[-1].evaluation_id
    assert [result.kind for result in stored.results] == ["harmful", "helpful"]


def test_it_keeps_what_it_was_made_with_also_over_a_stop(services: Services) -> None:
    """And the earlier turns of a request as turns, so that it can be asked again."""
    turns = (Message("user", "Hello."), Message("assistant", "Hi."))
    many = [Prompt(f"h{n}", f"How do I steal {n} apples?", "harmful", before=turns) for n in range(100)]
    stop = threading.Event()
    for step in comparison.evaluate_prompts(services, ["base"], many, CompareSettings(), stop=stop):
        if step.done == 60:
            stop.set()
    (key, begun) = _begun(services)
    assert begun["with"] == [versions_here()] and versions_here()["cai_ui"]
    services.store.set_setting(key, {**begun, "with": [{**versions_here(), "torch": "1.0"}]})
    list(comparison.evaluate_prompts(services, ["base"], many, CompareSettings()))
    (stored,) = services.store.evaluations()
    made = stored.made_with
    assert made is not None and made.base_hash == services.engine().base_hash and made.model == "scripted"
    assert made.versions["torch"] == f"1.0, then {versions_here()['torch']}"
    assert made.versions["python"] == versions_here()["python"]
    assert made.sampling == services.engine().default_sampling.model_dump()
    assert services.store.answer(stored.id, 0)["before"] == [["user", "Hello."], ["assistant", "Hi."]]


def _begun(services: Services) -> tuple[str, dict[str, Any]]:
    """The setting that knows the one evaluation that was stopped."""
    with services.store._db.read() as connection:
        rows = connection.execute(sa.select(schema.settings)).all()
    (found,) = [row for row in rows if row.key.startswith("evaluation.begun.") and json.loads(row.value)]
    return found.key, json.loads(found.value)
