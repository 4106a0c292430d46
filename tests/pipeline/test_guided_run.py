"""The guided run on the embedded model, with small numbers: every stage, a stop in the middle, and what is left."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cai_ui.config import AppSettings, GuidedRunSettings
from cai_ui.pipeline import Services, guided_run, open_services
from cai_ui.pipeline.constitution import constitutions

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


def test_every_stage_ends_and_leaves_what_it_made(services: Services) -> None:
    chosen = SMALL.model_copy(update={"sets": "heldout-harmful,train-twin"})
    *_, last = guided_run.run_stages(services, threading.Event(), chosen, "test")
    assert [stage.state for stage in last.stages] == ["done"] * 6
    assert last.evaluation_id is not None and last.dataset_hash is not None
    runs = {method: services.store.run(id) for method, id in last.run_ids.items()}
    assert [run.state for run in runs.values()] == ["done", "done"]
    assert runs["dpo"].start_adapter == runs["sft"].adapter
    evaluation = services.store.evaluation(last.evaluation_id)
    assert {result.variant for result in evaluation.results} == {"base", runs["sft"].adapter, runs["dpo"].adapter}
    assert [row["set"] for row in evaluation.rows[::3]] == ["heldout-harmful"] * 2 + ["train-twin"] * 2
    hashes = {result.variant: result.adapter_hash for result in evaluation.results}
    assert hashes == {"base": None, **{str(run.adapter): run.adapter_hash for run in runs.values()}}
    assert services.store.dataset(last.dataset_hash).parents == (constitutions.current_constitution(services).hash,)


def test_a_stop_keeps_finished_stages_and_begins_no_other(services: Services) -> None:
    stop = threading.Event()
    seen = None
    for seen in guided_run.run_stages(services, stop, SMALL, "test"):
        if seen.stages[2].state == "done":
            stop.set()
    assert seen is not None
    assert [stage.state for stage in seen.stages] == ["done", "done", "done", "waiting", "waiting", "waiting"]
    assert seen.dataset_hash is not None and services.store.runs(trashed=False) == []
