"""Chains in the workspace: what is stored, what a stop or a restart leaves, going on, replay, search."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions, few_shot
from cai_ui.pipeline.revise import batch, chains

Open = Callable[..., Services]
Chain = Callable[..., Any]
TWICE = RevisionSettings(revisions=2)


def in_use(services: Services) -> str:
    return constitutions.current_constitution(services).hash


def test_each_step_is_stored_before_its_event(services: Services) -> None:
    for event in chains.start_chain(services, "Hello there", in_use(services), TWICE, Sampling()):
        stored = services.store.trace(event.trace.id)
        assert stored.steps == event.trace.steps


def test_a_refused_request_leaves_no_trace(services: Services, chain: Chain) -> None:
    services.host.use(ScriptedEngine(context_length=100))
    for text in ("", "a\x00b", "word " * 5000, "word " * 150):
        with pytest.raises(InputError):
            chain(services, text)
    assert services.store.count_traces() == 0


def test_the_same_seed_gives_the_same_chain(services: Services, chain: Chain) -> None:
    assert chain(services, seed=9).steps == chain(services, seed=9).steps


def test_stop_keeps_the_finished_steps_after_a_restart(tmp_path: Path, open_home: Open) -> None:
    services = open_home(tmp_path)
    flag = threading.Event()
    last = None
    for event in chains.start_chain(services, "Hello", in_use(services), TWICE, Sampling(), flag):
        last = event.trace
        if event.step is not None and event.kind == "critique":
            flag.set()
    assert last is not None
    services.close()
    again = open_home(tmp_path)
    assert [step.kind for step in again.store.trace(last.id).steps] == ["draft", "critique"]
    again.close()


def test_a_stopped_chain_goes_on_as_if_it_had_not_been_stopped(services: Services, chain: Chain) -> None:
    whole = chain(services, seed=8)
    flag = threading.Event()
    for event in chains.start_chain(
        services, "How do I read her diary?", in_use(services), TWICE, Sampling(seed=8), flag
    ):
        if event.step is not None and event.kind == "critique":
            flag.set()
    half = services.store.traces(1)[0]
    assert len(half.steps) == 2
    list(chains.go_on(services, half.id))
    assert services.store.trace(half.id).steps == whole.steps


def test_a_chain_replays_the_same_and_names_the_cause_where_it_does_not(services: Services, chain: Chain) -> None:
    trace = chain(services)
    assert (chains.replay_chain(services, trace.id).same, len(trace.steps)) == (5, 5)
    other = ScriptedEngine(lambda request: "Something else.")
    other.base_hash = "0" * 64
    services.host.use(other)
    found = chains.replay_chain(services, trace.id).difference
    assert found is not None
    assert (found.index, found.again) == (0, "Something else.")
    assert "Another base" in found.cause


def test_chains_are_found_by_their_words(services: Services, chain: Chain) -> None:
    chain(services, "Wie backe ich Brötchen?")
    other = chain(services, "How do I read 100% of her_diary?")
    assert [t.prompt.text for t in chains.find_traces(services, "BRÖTCHEN")] == ["Wie backe ich Brötchen?"]
    assert chains.find_traces(services, "100%")[0].id == other.id
    assert chains.find_traces(services, other.steps[-1].text[:20].upper()) != []
    assert chains.find_traces(services, "principle_id") == []
    assert len(chains.find_traces(services, " ")) == 2


def test_worked_examples_are_kept_counted_and_brought_back(services: Services) -> None:
    name = constitutions.current_constitution(services).constitution.name
    shipped = few_shot.few_shot(services, name)
    assert len(shipped) >= 2
    mine = (dataclasses.replace(shipped[1], critique="Mine."), dataclasses.replace(shipped[0], enabled=False))
    assert few_shot.save_few_shot(services, name, mine) == few_shot.few_shot(services, name) == mine
    fewer, more = (few_shot.few_shot_tokens(services, e) for e in (mine, shipped))
    assert fewer is not None and more is not None and 0 < fewer < more
    with pytest.raises(InputError, match="Example 1: critique"):
        few_shot.save_few_shot(services, name, (dataclasses.replace(mine[0], critique="a\x00"),))
    events = list(chains.start_chain(services, "Hi", in_use(services), RevisionSettings(few_shot=True), Sampling()))
    assert [e["critique"] for e in events[-1].trace.settings["few_shot"]] == ["Mine."]
    assert few_shot.reset_few_shot(services, name) == few_shot.few_shot(services, name) == shipped


def test_the_chain_works_on_weights(services: Services, tiny_engine: Any) -> None:
    services.host.use(tiny_engine)
    short = Sampling(max_new_tokens=8)
    tone = next(v for v in services.store.versions() if v.constitution.name == "tone").hash
    events = list(chains.start_chain(services, "Hello", tone, RevisionSettings(), short))
    assert [step.kind for step in events[-1].trace.steps] == ["draft", "critique", "revision"]
    again = list(chains.start_chain(services, "Hello", tone, RevisionSettings(), short))
    assert again[-1].trace.steps == events[-1].trace.steps
    one, three = (
        list(batch.run_batch(services, prompts, tone, RevisionSettings(), short, 4))
        for prompts in (["Hello"], ["Hello", "Ho", "Hi"])
    )
    assert (one[-1].done, three[-1].done) == (1, 3)
    traces = {t.prompt.text: t for t in services.store.traces(3)}
    assert traces["Hello"].steps == services.store.traces(4)[-1].steps
