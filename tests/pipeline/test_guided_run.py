"""The guided run on the embedded model, with small numbers: every stage, a stop in the middle, and what is left."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cai_ui.config.app import AppSettings
from cai_ui.config.guided_run import GuidedRunSettings
from cai_ui.pipeline import Services, guided_result, guided_run, open_services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.curate.helpful import changed_by_revision

SMALL = GuidedRunSettings(harmful=8, twins=2, helpful=4, per_kind=2, max_steps=2)


@pytest.fixture(scope="module")
def engine() -> Any:
    from cai_ui.engine import load_engine

    return load_engine(AppSettings())


@pytest.fixture
def services(tmp_path: Path, engine: Any) -> Iterator[Services]:
    opened = open_services(AppSettings(home=str(tmp_path)), engine)
    yield opened
    opened.close()
    for adapter in engine.adapters():
        engine.unload_adapter(adapter.name)


@pytest.mark.slow
def test_every_stage_ends_and_leaves_what_it_made(services: Services) -> None:
    chosen = SMALL.model_copy(update={"sets": "heldout-harmful,train-twin"})
    *_, last = guided_run.run_stages(services, threading.Event(), chosen, "test")
    assert [stage.state for stage in last.stages] == ["done"] * 6
    assert last.evaluation_id is not None and last.dataset_hash is not None
    runs = {method: services.store.run(id) for method, id in last.run_ids.items()}
    assert [run.state for run in runs.values()] == ["done", "done"]
    assert runs["dpo"].start_adapter == runs["sft"].adapter
    assert {method: run.config["epochs"] for method, run in runs.items()} == {"sft": 3, "dpo": 2}
    evaluation = services.store.evaluation(last.evaluation_id)
    assert {result.variant for result in evaluation.results} == {"base", runs["sft"].adapter, runs["dpo"].adapter}
    assert [row["set"] for row in evaluation.rows[::3]] == ["heldout-harmful"] * 2 + ["train-twin"] * 2
    hashes = {result.variant: result.adapter_hash for result in evaluation.results}
    assert hashes == {"base": None, **{str(run.adapter): run.adapter_hash for run in runs.values()}}
    assert services.store.dataset(last.dataset_hash).parents == (constitutions.current_constitution(services).hash,)


@pytest.mark.slow
def test_a_stop_keeps_finished_stages_and_begins_no_other(services: Services) -> None:
    stop = threading.Event()
    seen = None
    for seen in guided_run.run_stages(services, stop, SMALL, "test"):
        if seen.stages[2].state == "done":
            stop.set()
    assert seen is not None
    assert [stage.state for stage in seen.stages] == ["done", "done", "done", "waiting", "waiting", "waiting"]
    assert seen.dataset_hash is not None and services.store.runs(trashed=False) == []
    *_, last = guided_run.run_stages(services, threading.Event(), SMALL, "test", seen)
    assert [stage.state for stage in last.stages] == ["done"] * 6
    assert last.dataset_hash == seen.dataset_hash and last.example_ids == seen.example_ids
    (kept,) = guided_result.all_results(services)
    assert kept.evaluation_id == last.evaluation_id and kept.run_ids == last.run_ids
    assert set(kept.seconds) == set(guided_result.EXPECTED_S)


def test_a_revision_that_changed_nothing_is_not_accepted_and_a_look_alike_helps_all_the_same(
    services: Services,
) -> None:
    """The embedded model revises few answers to benign look-alikes, as it should."""
    chosen = SMALL.model_copy(update={"twins": 12, "helpful": 12})
    for last in guided_run.run_stages(services, stop := threading.Event(), chosen, "test"):
        if last.stages[2].state == "done":
            stop.set()
    made = services.store.examples_by_id(last.example_ids)
    same = {id for id, one in made.items() if not changed_by_revision(one)}
    dataset = services.store.dataset(str(last.dataset_hash))
    rows = [*dataset.sft_train, *dataset.sft_eval]
    assert same and not same & {row.example_id for row in rows if not row.helpful}
    assert same & {row.example_id for row in rows if row.helpful}
