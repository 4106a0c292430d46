"""Steps that a person makes again, edits or labels: branches beside the old chain, and what is then judged."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from cai_ui import revise
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.revise import chains
from cai_ui.pipeline.revise.chains import Reroll

Chain = Callable[..., Any]


def test_a_step_made_again_is_a_branch_with_the_same_principles(services: Services, chain: Chain) -> None:
    before = chain(services)
    events = list(chains.reroll(services, before.id, 2, Reroll(77)))
    after = services.store.trace(events[-1].trace.id)
    assert after.steps == events[-1].trace.steps
    assert (after.parent, after.steps[:2]) == (before.id, before.steps[:2])
    assert [s.principle_id for s in after.steps] == [s.principle_id for s in before.steps]
    seeds = [s.answer.provenance.seed for s in after.steps[2:] if s.answer]
    assert not set(seeds) & {s.answer.provenance.seed for s in before.steps if s.answer}
    assert services.store.trace(before.id) == before
    assert services.store.family(after.id) == [before, after] == services.store.family(before.id)


def test_a_step_made_again_with_its_own_seed_is_the_same(services: Services, chain: Chain) -> None:
    before = chain(services, seed=5)
    again = list(chains.reroll(services, before.id, 0, Reroll(5)))[-1].trace
    assert again.steps == before.steps


def test_a_step_is_made_again_under_another_principle_and_temperature(services: Services, chain: Chain) -> None:
    before = chain(services)
    used = before.steps[1].principle_id
    other = next(p for p in constitutions.current_constitution(services).constitution.principles if p.id != used)
    after = list(chains.reroll(services, before.id, 1, Reroll(3, 0.0, other.id)))[-1].trace
    assert [step.principle_id for step in after.steps[1:3]] == [other.id, other.id]
    assert after.steps[1].request == other.critique_request
    assert all(s.answer.provenance.sampling["temperature"] == 0 for s in after.steps[1:] if s.answer)
    deeper = list(chains.reroll(services, after.id, 2, Reroll(4)))[-1].trace
    assert [t.id for t in services.store.family(deeper.id)] == [before.id, after.id, deeper.id]


def test_a_stop_before_a_branch_has_begun_leaves_nothing_behind(services: Services, chain: Chain) -> None:
    before = chain(services)
    flag = threading.Event()
    flag.set()
    assert list(chains.reroll(services, before.id, 1, Reroll(7), flag)) == []
    assert services.store.family(before.id) == [before]
    with pytest.raises(InputError, match="no step"):
        list(chains.reroll(services, before.id, 9, Reroll(7)))


def test_an_edited_step_is_a_branch_that_can_go_on(services: Services, chain: Chain) -> None:
    before = chain(services)
    edited = chains.edit_step(services, before.id, 1, "It harms her.")
    assert [step.kind for step in edited.steps] == ["draft", "critique"]
    assert edited.steps[1].model_text == before.steps[1].text
    assert chains.missing_steps(edited) == 3
    done = list(chains.go_on(services, edited.id))[-1].trace
    assert (len(done.steps), chains.missing_steps(done)) == (5, 0)
    assert done.steps[2].request == next(
        p.revision_request
        for p in constitutions.current_constitution(services).constitution.principles
        if p.id == before.steps[1].principle_id
    )
    assert list(chains.go_on(services, edited.id)) == []


def test_a_persons_labels_overrule_the_computed_ones_until_they_are_taken_back(
    services: Services, chain: Chain
) -> None:
    trace = chain(services)
    labelled = chains.label_step(services, trace.id, 1, ["no finding", "truncated"])
    assert revise.labels_of(labelled, 1) == ("no finding", "truncated")
    back = chains.label_step(services, trace.id, 1, None)
    assert back == trace
    with pytest.raises(InputError, match="no label"):
        chains.label_step(services, trace.id, 1, ["nice"])


def test_an_edited_revision_is_what_is_judged(services: Services, chain: Chain) -> None:
    trace = chain(services)
    edited = chains.edit_step(services, trace.id, 4, "My own words.")
    example = chains.send_to_curate(services, edited.id)
    assert example.revision == "My own words."
    assert services.store.example(example.id) == example
    assert chains.send_to_curate(services, edited.id) == example
    assert services.store.counts().total == 1
