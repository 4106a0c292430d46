"""What a run may cost: evaluations within their share, memory as foretold, and settings that fit where it is scarce."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cai_ui.cli import main
from cai_ui.train.check.estimate import estimate
from cai_ui.train.check.plan import EVALUATION_COST, HELD_OUT_ROWS, evaluations, rows_in
from cai_ui.train.check.preflight import preflight
from cai_ui.train.encoding import make_rows
from cai_ui.train.methods import METHODS
from cai_ui.train.run.metrics import read_rows
from cai_ui.train.run.run import train
from cai_ui.train.signals import StopSignal

from .conftest import QUICK, kept_in, losses, only_run, sample


@pytest.fixture
def rows(tiny_engine, make_dataset):
    held_out = tuple(sample(1000 + n) for n in range(150))
    return make_rows("sft", make_dataset(sft_eval=held_out), QUICK, tiny_engine.chat)


@pytest.mark.parametrize("steps,rows_and_times", [(40, (16, 2)), (100, (16, 5)), (400, (64, 5)), (4000, (100, 5))])
def test_evaluations_take_their_share_of_a_run_at_most(rows, steps, rows_and_times):
    settings = QUICK.model_copy(update={"batch_size": 8})
    planned = evaluations(rows, settings, steps)
    assert (planned.rows, planned.times(steps)) == rows_and_times
    assert planned.rows * planned.times(steps) * EVALUATION_COST <= 0.05 * rows_in(settings, steps)


def test_a_short_run_has_one_evaluation_and_a_share_of_nothing_none(rows):
    assert evaluations(rows, QUICK, 8).times(8) == 1 and evaluations(rows, QUICK, 8).rows == 16
    freely = QUICK.model_copy(update={"evaluation_share": 0.5})
    assert evaluations(rows, freely, 400).rows == HELD_OUT_ROWS
    none = evaluations(rows, QUICK.model_copy(update={"evaluation_share": 0.0}), 400)
    assert (none.rows, none.times(400)) == (0, 0)


def test_a_run_without_evaluations_has_none(tiny_engine, make_dataset, make_run, tmp_path):
    settings = QUICK.model_copy(update={"evaluation_share": 0.0})
    report = preflight("sft", make_dataset(), settings, tiny_engine)
    assert report.estimate.parts["evaluations"] == 0
    run = make_run("sft", settings)
    assert train(run, make_dataset(), tiny_engine, tmp_path, StopSignal(), lambda step, steps: None).state == "done"
    assert not [row for row in read_rows(tmp_path) if "eval_loss" in row]


def test_activations_computed_twice_teach_the_same(run_in, tmp_path):
    even = QUICK.model_copy(update={"dropout": 0.0})
    run_in(tmp_path / "once", settings=even)
    run_in(tmp_path / "twice", settings=even.model_copy(update={"checkpointing": "on"}))
    assert losses(tmp_path / "twice") == pytest.approx(losses(tmp_path / "once"), abs=1e-5)


def scarce(tiny_engine, rows, share, settings=QUICK):
    """The estimate where this share of what the run needs is free."""
    needs = tiny_engine.training_needs(settings)
    needed = estimate(METHODS["sft"], rows, settings, needs, 8).memory_bytes
    return estimate(METHODS["sft"], rows, settings, replace(needs, free_bytes=int(share * needed)), 8)


def test_settings_that_fit_are_proposed_with_what_they_cost(tiny_engine, rows):
    many = QUICK.model_copy(update={"batch_size": 256})
    assert not scarce(tiny_engine, rows, 2.0, many).proposals
    found = scarce(tiny_engine, rows, 1.0, many)
    assert found.scarce and len(found.proposals) == 2
    for way in found.proposals:
        assert way.memory_bytes <= 0.8 * found.free_memory and way.slower >= 1.0
        assert way.settings.batch_size * way.settings.accumulation == 256
    first, second = found.proposals
    assert {first.settings.checkpointing, second.settings.checkpointing} == {"auto", "on"}
    assert first.slower <= second.slower
    assert scarce(tiny_engine, rows, 0.0, many).proposals == ()


def test_a_flag_takes_the_proposal_and_says_what_it_is(
    tiny_model, tiny_engine, make_dataset, tmp_path, monkeypatch, capsys
):
    """In a container whose limit leaves just what the run needs, of which not all is counted on."""
    many = QUICK.model_copy(update={"batch_size": 256})
    needed = preflight("sft", make_dataset(), many, tiny_engine).estimate.memory_bytes
    limit = {"memory.max": f"{2 * needed}", "memory.current": f"{needed}", "memory.stat": "inactive_file 0"}
    for name, said in limit.items():
        (tmp_path / name).write_text(f"{said}\n")
    monkeypatch.setattr("signal.signal", lambda *_: None)  # the command would take SIGTERM from the tests
    monkeypatch.setattr("cai_ui.engine.weights.estimate._CONTROL_GROUPS", tmp_path)
    home = kept_in(tmp_path / "home", make_dataset())
    asked = ["train", "sft", "--fit", "--batch-size", "256", "--accumulation", "1", "--rank", "4", "--max-steps", "1"]
    assert main([*asked, "--home", str(home), "--model", str(tiny_model)]) == 0
    said = capsys.readouterr().err
    assert "These fit and learn from the same rows: batch size" in said
    config = only_run(home).config
    assert config["batch_size"] * config["accumulation"] == 256 and (
        config["batch_size"] < 256 or config["checkpointing"] == "on"
    )
