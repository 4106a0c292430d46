"""A workspace of November 2026, with a row in every table, opens and goes on as on the day it was left."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.errors import ConflictError, EngineError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare.columns import answer_columns
from cai_ui.pipeline.compare.comparison import (
    variants,
    variants_left_out,
)
from cai_ui.pipeline.constitution.constitutions import (
    current_constitution,
)
from cai_ui.pipeline.revise.batch import resume_batch, run_batch
from cai_ui.pipeline.revise.chains import find_traces, replay_chain
from cai_ui.pipeline.train.runs import restore_run, run_metrics
from cai_ui.records import Prompt

from .workspace_2026_11.facts import FACTS, HERE, QUESTION, columns, opened, rows, told, unpack


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def now(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return told(unpack(tmp_path_factory.mktemp("told")))


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The workspace with the model that answered and was trained in it."""
    services = opened(unpack(tmp_path_factory.mktemp("embedded")), "embedded")
    yield services
    services.close()


@pytest.mark.parametrize("fact", [fact.__name__ for fact in FACTS])
def test_the_old_workspace_says_what_it_said(now: dict[str, Any], expected: dict[str, Any], fact: str) -> None:
    assert now[fact] == expected[fact]


def test_every_table_and_every_kind_of_setting_has_a_row(expected: dict[str, Any], tmp_path: Path) -> None:
    home = unpack(tmp_path)
    found = rows(home, columns(home))
    assert {name: len(held) for name, held in found.items()} == expected["rows"] and all(found.values())
    kinds = {key.partition(".")[0] for key, _ in found["settings"]}
    assert kinds == {
        "background", "batch", "constitution", "double_share", "draft_base", "draft_undo", "few_shot", "left_off",
        "notes", "prompt_set", "prompt_sets",
    }  # fmt: skip


def test_opening_leaves_every_row_and_file_as_it_is(tmp_path: Path) -> None:
    home = unpack(tmp_path)
    shown = columns(home)
    before, files = rows(home, shown), contents(home / "runs")
    opened(home).close()
    after = rows(home, shown)
    changed = {name: held - after[name] for name, held in before.items() if held - after[name]}
    moved = {key.partition(".")[0] for key, _ in changed.pop("settings")}
    assert moved == {"draft_base", "draft_undo", "prompt_set", "prompt_sets"}, "they have tables of their own"
    assert changed.pop("meta") == {("schema_version", "3")}
    assert all('"arm":' in str(row) for row in changed.pop("evaluations")), "a variant was called an arm"
    assert changed == {}
    assert {**contents(home / "runs"), **files} == contents(home / "runs")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_in_it_names_a_machine(tmp_path: Path) -> None:
    unpack(tmp_path)
    (tmp_path / "workspace" / "cai.db").unlink()
    texts = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert [name for name, text in texts.items() if re.search(rb"/(tmp|home|root|Users)/", text)] == []


# With the embedded model, which has other weights than the one it was made with


def test_adapters_of_the_former_base_are_kept_and_said_to_be_of_it(embedded: Services) -> None:
    run = next(run for run in embedded.store.runs() if run.name == "Tiny SFT")
    assert [variant.name for variant in variants(embedded)] == ["base"]
    assert ("Tiny SFT", "it belongs to another base model") in variants_left_out(embedded)
    assert run.adapter_hash in [info.hash for info in embedded.jobs.adapters()]
    with pytest.raises(EngineError, match="trained on another base model"):
        list(answer_columns(embedded, QUESTION, [run.id], Sampling(temperature=0, max_new_tokens=8)))


def test_old_chains_say_why_they_come_out_differently(embedded: Services) -> None:
    found = [replay_chain(embedded, trace.id) for trace in find_traces(embedded, "diary", 10)]
    causes = [replay.difference.cause for replay in found if replay.difference is not None]
    assert len(found) > 3 and len(causes) == len(found)
    assert {cause.partition(":")[0] for cause in causes} == {"Another base", "It cannot be asked again"}


def test_the_trashed_run_comes_back(embedded: Services) -> None:
    (run,) = embedded.store.runs(trashed=True)
    restore_run(embedded, run.id)
    assert run.id in [back.id for back in embedded.store.runs()] and embedded.store.runs(trashed=True) == []


def test_a_file_of_chains_by_other_weights_is_not_gone_on_with(embedded: Services) -> None:
    file = embedded.store.workspace.home.parent / "files" / "chains.jsonl"
    before = file.read_bytes()
    kept = json.loads((HERE / "requests.json").read_text(encoding="utf-8"))
    requests, short = [Prompt(**row) for row in kept], Sampling(seed=5, max_new_tokens=64)
    version = current_constitution(embedded).hash
    with pytest.raises(ConflictError):
        list(run_batch(embedded, requests, version, RevisionSettings(), short, 1, results=file))
    assert file.read_bytes() == before


def test_the_stopped_batch_goes_on(embedded: Services) -> None:
    was = embedded.batch.last()
    assert was is not None and was.state == "stopped"
    resume_batch(embedded)
    embedded.batch.wait(120)
    is_now = embedded.batch.last()
    assert is_now is not None and (is_now.state, is_now.progress.done, is_now.progress.failed) == (
        "done",
        was.progress.total,
        0,
    )


@pytest.mark.parametrize("name", ["Half a DPO", "Cut off"])
def test_a_run_of_the_former_base_keeps_its_checkpoints_and_says_why_it_does_not_go_on(
    embedded: Services, name: str
) -> None:
    run = next(run for run in embedded.store.runs() if run.name == name)
    before, files = run_metrics(embedded, run.id), contents(embedded.store.workspace.run_dir(run.id) / "checkpoints")
    embedded.jobs.resume(run.id)
    again = embedded.jobs.wait(run.id, 120)
    assert (again.state, again.step) == ("failed", run.step)
    assert re.search("other base weights|made for embedded", again.error or "")
    assert run_metrics(embedded, run.id) == before and files
    assert contents(embedded.store.workspace.run_dir(run.id) / "checkpoints") == files
