"""Metrics sent to other programs as well (`report_to`), as far as those are installed here."""

from __future__ import annotations

import importlib.util
import sqlite3
from typing import Any

import pytest

from cai_ui.train.check.preflight import preflight
from cai_ui.train.run.metrics import read_rows

from .conftest import QUICK

WANTED = ("loss", "rewards/margins")


def logged(folder: Any, name: str) -> list[tuple[int, float]]:
    return [(row["step"], row[name]) for row in read_rows(folder) if name in row]


def test_the_event_file_of_tensorboard_has_what_the_run_logged(run_in: Any, tmp_path: Any) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed (pip install tensorboard)")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    outcome = run_in(tmp_path / "run", "dpo", QUICK.model_copy(update={"report_to": "tensorboard"}))
    assert outcome.state == "done", outcome.error
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    for name in WANTED:
        found = [(event.step, event.value) for event in events.Scalars(f"train/{name}")]
        assert [step for step, _ in found] == list(range(1, 9))
        assert dict(found) == pytest.approx(dict(logged(tmp_path / "run", name)), abs=1e-6)


def test_trackio_gets_what_the_run_logged_and_keeps_it_on_this_machine(
    run_in: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("trackio", reason="trackio is not installed (pip install trackio)")
    monkeypatch.setattr("trackio.utils.TRACKIO_DIR", tmp_path / "trackio")
    monkeypatch.setattr("trackio.sqlite_storage.TRACKIO_DIR", tmp_path / "trackio")
    outcome = run_in(tmp_path / "run", "dpo", QUICK.model_copy(update={"report_to": "trackio"}))
    assert outcome.state == "done", outcome.error
    (file,) = (tmp_path / "trackio").rglob("*.db")
    with sqlite3.connect(file) as database:
        said = " ".join(str(row) for row in database.execute("select * from metrics"))
    assert all(f"train/{name}" in said for name in WANTED)


@pytest.mark.parametrize("program", ["tensorboard", "trackio", "wandb"])
def test_a_program_that_is_missing_is_named_before_a_start(program: str, tiny_engine: Any, make_dataset: Any) -> None:
    if importlib.util.find_spec(program) is not None:
        pytest.skip(f"{program} is installed here")
    report = preflight("sft", make_dataset(), QUICK.model_copy(update={"report_to": program}), tiny_engine)
    assert not report.ok and f"it is not installed (pip install {program})" in report.problems[0]
