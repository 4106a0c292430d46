"""The table of training methods: whole, asked everywhere, and a method that is not in it is an error that says so."""

from __future__ import annotations

import pytest

from cai_ui.cli import main
from cai_ui.config.train import TrainSettings
from cai_ui.errors import InputError
from cai_ui.store import open_store
from cai_ui.train.config_file import read_config_file
from cai_ui.train.methods import METHODS, method_of, method_title, own_knobs
from cai_ui.train.presets import PRESETS, default_preset, preset
from cai_ui.train.run.health import run_warnings
from cai_ui.train.timings import read_rates

from .conftest import QUICK

UNKNOWN = r"no training method 'ppo'.*sft, dpo, kto"


def test_every_method_has_knobs_that_exist_and_all_presets():
    for method in METHODS.values():
        assert set(method.knobs) <= set(TrainSettings.model_fields)
        assert set(method.presets) == set(PRESETS)
        assert all(preset(name, method.name) is method.presets[name] for name in PRESETS)
    assert set(own_knobs()) == {knob for method in METHODS.values() for knob in method.knobs}
    assert default_preset(small=True) == next(iter(PRESETS)) and default_preset(small=False) in PRESETS


def test_an_unknown_method_is_refused_by_check_start_resume_and_file(jobs, store, make_dataset, make_run):
    data = store.save_dataset(make_dataset(), "me").hash
    store.create_run(make_run("ppo", id="run-9", dataset_hash=data, state="interrupted"))
    asked = (
        lambda: method_of("ppo"),
        lambda: preset("seed study", "ppo"),
        lambda: jobs.check("ppo", data, QUICK),
        lambda: jobs.submit("ppo", data, QUICK, "me"),
        lambda: jobs.resume("run-9"),
        lambda: read_config_file("method: ppo", "seed study"),
    )
    for ask in asked:
        with pytest.raises(InputError, match=UNKNOWN):
            ask()
    assert store.run("run-9").state == "interrupted" and len(store.runs()) == 1
    with pytest.raises(InputError, match="no training method"):
        method_of(["sft"])


def test_a_run_of_an_unknown_method_fails_with_its_name(run_in, tmp_path):
    outcome = run_in(tmp_path / "run", "ppo")
    assert outcome.state == "failed" and "no training method 'ppo'" in outcome.error
    assert method_title("ppo") == "ppo" and run_warnings("ppo", [{"step": 1, "loss": 1.0}], [], 1) == []


def test_the_command_line_names_the_methods_it_knows(tmp_path, tiny_model, capsys):
    open_store(tmp_path / "home").close()
    assert main(["train", "ppo", "--home", str(tmp_path / "home"), "--model", str(tiny_model)]) != 0
    said = capsys.readouterr().err
    assert "'ppo' is no training method, file or run" in said and "sft, dpo, kto" in said


def test_rates_of_an_older_summary_are_read():
    """Before the words were changed, evaluations were called looks."""
    old = {"start": 2.0, "steps": 0.001, "looks": 0.5, "probes": 0.0, "gone": 3.0, "saves": "x"}
    assert read_rates(old) == {"start": 2.0, "steps": 0.001, "evaluations": 0.5}
