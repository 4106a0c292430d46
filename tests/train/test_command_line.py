"""Runs from a file, and what a file may say; ended by SIGTERM and taken up again."""

from __future__ import annotations

import signal
import time
from dataclasses import replace

import pytest

from cai_ui.cli import main
from cai_ui.config.train import TrainSettings
from cai_ui.errors import CaiError, InputError
from cai_ui.store import open_store
from cai_ui.train.config_file import config_text, read_config_file
from cai_ui.train.presets import LARGE, PRESETS, SMALL
from cai_ui.train.run.checkpoints import latest_checkpoint, step_of

from .conftest import QUICK, losses, only_run, sample, started


@pytest.fixture
def data(make_dataset):
    return make_dataset()


@pytest.fixture
def in_this_process(home, tiny_model):
    """`in_this_process("train", …)`: the command's exit status, without the seconds a fresh process needs."""
    before = signal.getsignal(signal.SIGTERM)
    yield lambda *words: main([*words, "--home", str(home), "--model", str(tiny_model)])
    signal.signal(signal.SIGTERM, before)


@pytest.mark.slow
def test_sigterm_ends_after_the_step_and_the_run_goes_on_where_it_was(
    home, tiny_model, config, run_in, tmp_path, in_this_process, data
):
    path = config(max_steps=80, save_steps=1000)
    with started(home, tiny_model, path) as child:
        end = time.monotonic() + 300
        while not any(losses(folder) for folder in home.glob("runs/*")):
            assert time.monotonic() < end and child.poll() is None, child.communicate()
            time.sleep(0.02)
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=120)
    run = only_run(home)
    folder = home / "runs" / run.id
    assert child.returncode == 128 + signal.SIGTERM and "interrupted" in out and f"train {run.id}" in err
    assert run.state == "interrupted" and run.error == "The program was closed."
    checkpoint = latest_checkpoint(folder)
    assert checkpoint is not None and 0 < step_of(checkpoint) == run.step < 80
    assert in_this_process("train", run.id) == 0 and only_run(home).state == "done"
    run_in(tmp_path / "whole", settings=QUICK.model_copy(update={"max_steps": 80, "save_steps": 1000}), data=data)
    assert losses(folder) == pytest.approx(losses(tmp_path / "whole"), abs=1e-5)


@pytest.mark.slow
def test_a_second_sigterm_ends_at_once_and_the_last_complete_checkpoint_counts(home, tiny_model, config, make_dataset):
    """A5. A step of 128 rows one by one takes seconds, so the second signal comes before the first is obeyed."""
    with open_store(home, None) as store:
        store.save_dataset(make_dataset(sft_train=tuple(map(sample, range(256))), name="many"), "me")
    with started(home, tiny_model, config(batch_size=1, accumulation=128, max_steps=50, save_steps=1)) as child:
        end = time.monotonic() + 300
        while not any(latest_checkpoint(folder) for folder in home.glob("runs/*")):
            assert time.monotonic() < end and child.poll() is None, child.communicate()
            time.sleep(0.02)
        child.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        child.send_signal(signal.SIGTERM)
        assert child.wait(2) == -signal.SIGTERM
        child.communicate()
    with open_store(home, None) as store:
        (run,) = store.mark_interrupted()
    kept = latest_checkpoint(home / "runs" / run.id)
    assert kept is not None and step_of(kept) == 1
    assert run.state == "interrupted" or only_run(home).state == "interrupted"


@pytest.mark.parametrize("method", ["sft", "dpo"])
@pytest.mark.parametrize("preset", PRESETS)
def test_the_file_of_a_run_asks_for_the_same_run(make_run, preset, method):
    run = replace(make_run(method, PRESETS[preset][method], name="no: [1]"), start_adapter="run-0", base_hash="ab")
    read = read_config_file(config_text(run), SMALL)
    assert (read.method, read.settings, read.dataset) == (method, PRESETS[preset][method], "d")
    assert (read.name, read.start_adapter, read.base_hash) == ("no: [1]", "run-0", "ab")


def test_a_runs_record_is_a_file_to_run(tmp_path, run_in):
    run_in(tmp_path / "run")
    read = read_config_file((tmp_path / "run" / "config.json").read_bytes(), SMALL)
    assert (read.method, read.settings) == ("sft", QUICK)


def test_settings_change_a_preset():
    read = read_config_file("method: dpo\npreset: seed study\nsettings: {beta: 0.3}", SMALL)
    assert read.settings == PRESETS["seed study"]["dpo"].model_copy(update={"beta": 0.3})


@pytest.mark.parametrize(
    "text,words",
    {
        "[1]": "not a list of keys",
        "a: [": "error in line",
        "": "empty",
        "methd: sft": "'methd' is no key",
        "method: ppo": "no training method 'ppo'",
        "method: sft\nsettings: 3": "`settings` is not",
        "method: sft\npreset: best": "no preset 'best'",
        "method: sft\nsettings: {rank: 100000}": "rank",
        "method: sft\nsettings: {lerning_rate: 1}": "no setting 'lerning_rate'.*Perhaps 'learning_rate' is meant",
        "method: sft\nsettings: {<<: {rank: 8}}": "no setting '<<'",
        "method: sft\nsettings: {rank: 0o10}": "rank",
        "method: sft\n---\nmethod: dpo": "another document",
        "method: sft\nsettings: {learning_rate: .nan}": "learning rate",
        "method: sft\ndataset: [1]": "`dataset` is not text",
        "method: sft\nname: a\nname: b": "'name' is there twice",
        "method: sft\nsettings: {rank: 4, rank: 8}": "'rank' is there twice",
        '{"method": "sft", "method": "dpo"}': "'method' is there twice",
        '{"method": "sft", "settings": {"rank": true}}': "rank",
        "method: sft\nsettings: {epochs: yes}": "epochs",
        "method: sft\nsettings: {max_steps: 1:30}": "max steps",
        "? [a]\n: b": "a key is not text",
        "method: &a sft\nname: *a": "anchor",
        "method: !!python/object:os.system sft": "tag",
    }.items(),
)
def test_what_a_file_may_not_say_is_named(text, words):
    with pytest.raises(CaiError, match=words):
        read_config_file(text, SMALL)


@pytest.mark.parametrize("written", ["no", "007", "01234567", "1e5", "0x1F", "1:30", "2024-01-01", "~a", "1_000", "y"])
def test_a_text_is_what_is_written(written):
    """YAML would make a truth value, an octal or sexagesimal number or a date of it."""
    read = read_config_file(f"method: sft\ndataset: {written}\nname: {written}", SMALL)
    assert (read.dataset, read.name) == (written, written)
    tabs = f'{{\n\t"method": "sft",\n\t"name": "{written} \\ud83d\\ude00", "start_adapter": null}}'
    assert read_config_file(tabs, SMALL).name == f"{written} 😀" and read_config_file(tabs, SMALL).start_adapter is None


def test_numbers_are_read_as_people_write_them():
    read = read_config_file("method: sft\nsettings: {rank: 010, learning_rate: 1e-4, group_by_length: no}", SMALL)
    assert read.settings.rank == 10 and read.settings.learning_rate == 1e-4 and not read.settings.group_by_length


def test_without_a_preset_that_of_the_model_fills_in_and_is_told(in_this_process, tmp_path, capfd, home, data):
    """The embedded model's settings on another model trained with an added loss and probes, unasked."""
    wanted = read_config_file("method: dpo\nsettings: {beta: 0.3}", LARGE)
    assert wanted.settings == PRESETS[LARGE]["dpo"].model_copy(update={"beta": 0.3})
    assert "beta" not in wanted.filled_in_words() and "sft_weight 0.0" in wanted.filled_in_words()
    with open_store(home, None) as store:
        store.save_dataset(data, "me")
    path = tmp_path / "run.yaml"
    path.write_text("\ufeffmethod: sft\nname: no\nsettings: {rank: 2, batch_size: 4, save_steps: 0}")
    assert in_this_process("train", str(path), "--max-steps", "1") == 0
    run, said = only_run(home), capfd.readouterr().err
    assert f"run {run.id}: {run.name}" in said, "whoever breaks it off can name it"
    assert run.name == "no" and run.config["probe_steps"] == PRESETS[LARGE]["sft"].probe_steps
    assert f"From the preset '{LARGE}': learning_rate" in said and "max_steps" not in said and "rank" not in said

    assert in_this_process("train", run.id, "--epochs", "1", "--name", "again", "--preset", SMALL) == 2
    said = capfd.readouterr().err
    copy = f"train {home / 'runs' / run.id / 'config.yaml'} --epochs 1 --name again"
    assert "--epochs changes nothing" in said and copy in said


def test_a_file_for_another_base_is_refused(in_this_process, tmp_path, capfd):
    path = tmp_path / "other.yaml"
    path.write_text("method: sft\nbase_hash: feedfeed00")
    assert in_this_process("train", str(path)) == 2
    assert "other weights (feedfeed" in capfd.readouterr().err


def test_every_knob_stands_in_the_file(make_run):
    text = config_text(make_run())
    assert all(f"  {name}:" in text for name in TrainSettings.model_fields)
    with pytest.raises(InputError):
        read_config_file(text.replace("rank: 4", "rank: 0"), SMALL)
