"""A run packed for another machine is the same run there; as a job it goes out privately or not at all."""

from __future__ import annotations

import inspect
import json
import re
import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from cai_ui.cli import main
from cai_ui.config.app import AppSettings
from cai_ui.errors import CaiError, InputError
from cai_ui.pipeline import open_services
from cai_ui.pipeline.train import runs
from cai_ui.pipeline.train.hub_job import job_commands, pack, submit_job
from cai_ui.store import open_store

from .conftest import QUICK

TOKEN = "hf_" + "a1" * 17


SHORT = QUICK.model_copy(update={"max_steps": 3, "save_steps": 0})


@pytest.fixture(scope="module")
def services(tmp_path_factory, tiny_engine, tiny_model):
    """One workspace for all tests here: none of them changes what is kept."""
    home = tmp_path_factory.mktemp("home")
    opened = open_services(AppSettings(home=str(home), model=str(tiny_model)), tiny_engine)
    yield opened
    opened.close()
    for info in tiny_engine.adapters():
        tiny_engine.unload_adapter(info.name)


@pytest.fixture(scope="module")
def run(services, make_dataset):
    """A finished DPO run that went on from an SFT adapter."""
    data = services.store.save_dataset(make_dataset(), "me").hash
    first = services.jobs.wait(services.jobs.submit("sft", data, SHORT, "me").id, 120)
    return services.jobs.wait(services.jobs.submit("dpo", data, SHORT, "me", start_adapter=first.adapter).id, 120)


def use(services, name):
    """Say that the model in use has this name."""
    services.host.use(Named(name, services.engine()))


class Named:
    """An engine under another name."""

    def __init__(self, name, engine):
        self._name, self._engine = name, engine

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def status(self):
        return replace(self._engine.status(), model=self._name)


class Hub:
    """Stands for the Hub's client: takes what the real one takes, and keeps it."""

    def __init__(self, private=True):
        self.private, self.calls, self.files = private, [], {}

    def __getattr__(self, name):
        from huggingface_hub import HfApi

        signature = inspect.signature(getattr(HfApi, name))

        def call(*words, **named):
            signature.bind(None, *words, **named)
            self.calls.append((name, words, named))
            if name == "upload_folder":
                folder = Path(named["folder_path"])
                self.files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
            return SimpleNamespace(private=self.private, url="https://hub/jobs/1")

        return call


def test_a_packed_run_gives_the_same_adapter_elsewhere(services, run, tiny_model, tmp_path, capfd):
    folder = pack(services, run, tmp_path / "job")
    assert (folder / "cai_ui" / "__main__.py").exists() and not list(folder.rglob("__pycache__"))
    before = signal.getsignal(signal.SIGTERM)
    try:
        words = ["train", str(folder / "config.yaml"), "--data", str(folder / "dataset.json")]
        words += ["--adapter", str(folder / "start_adapter"), "--home", str(tmp_path / "other")]
        assert main([*words, "--model", str(tiny_model)]) == 0, capfd.readouterr().err
    finally:
        signal.signal(signal.SIGTERM, before)
    with open_store(tmp_path / "other", None) as store:
        again = store.runs()[0]
    assert again.adapter_hash == run.adapter_hash and again.dataset_hash == run.dataset_hash


def test_a_job_gets_all_it_needs_privately_and_the_token_as_a_secret(services, run, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    use(services, "embedded")
    hub = Hub()
    job = submit_job(services, run.id, "ann", "l4x1", hub)
    assert (job.url, job.adapter) == ("https://hub/jobs/1", f"ann/cai-{run.id}")
    calls = {name: named for name, _, named in hub.calls}
    assert calls["create_repo"]["private"] is True
    sent = calls["run_job"]
    assert sent["secrets"] == {"HF_TOKEN": TOKEN} and sent["flavor"] == "l4x1" and sent["namespace"] == "ann"
    assert sent["volumes"][0].source == job.package and sent["volumes"][0].mount_path == "/job"
    assert f"--push {job.adapter}" in sent["command"][-1] and "--adapter /job/start_adapter" in sent["command"][-1]
    assert {"config.yaml", "dataset.json", "start_adapter/adapter.json", "requirements.txt"} <= set(hub.files)
    assert json.loads(hub.files["dataset.json"])["name"] == "diaries"
    assert not [name for name, content in hub.files.items() if TOKEN.encode() in content], "the token is in a file"
    assert TOKEN not in " ".join(sent["command"]) and "--model embedded" in sent["command"][-1]
    assert not list((services.store.workspace.home / "tmp").glob("*/job")), "the package is left lying about"


def test_a_base_that_lies_in_a_folder_here_is_not_asked_of_another_machine(services, run, monkeypatch, tiny_model):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    use(services, str(tiny_model))
    hub = Hub()
    with pytest.raises(InputError, match="a folder of this machine"):
        submit_job(services, run.id, "ann", "l4x1", hub)
    assert hub.calls == []


def test_the_commands_by_hand_name_the_same_package(services, run):
    lines = job_commands(services, run, "ann", "l4x1").splitlines()
    assert [line.split()[0] for line in lines] == ["python", "hf", "hf"]
    assert all("ann/cai-" in line for line in lines[1:]) and "--flavor l4x1" in lines[2]
    assert run.id in runs.run_view(services, run.id).commands


def test_without_a_token_or_with_a_public_repository_nothing_is_sent(services, run, monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    use(services, "embedded")
    with pytest.raises(InputError, match="no token"):
        submit_job(services, run.id, "ann", "l4x1", Hub())
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub = Hub(private=False)
    with pytest.raises(CaiError, match="is public"):
        submit_job(services, run.id, "ann", "l4x1", hub)
    assert [name for name, _, _ in hub.calls] == ["create_repo", "repo_info"]
    for owner, flavor in (("../x", "l4x1"), ("", "l4x1"), ("-x", "l4x1"), ("ann", "l4x1; rm")):
        with pytest.raises(InputError):
            submit_job(services, run.id, owner, flavor, hub)


def test_what_is_no_package_is_refused(tmp_path, tiny_model, capfd):
    before = signal.getsignal(signal.SIGTERM)
    config = tmp_path / "config.yaml"
    config.write_text("method: sft")
    try:
        for text in ("{}", "[]", "null", "not json", '{"name": 3}'):
            (tmp_path / "data.json").write_text(text)
            words = ["train", str(config), "--data", str(tmp_path / "data.json"), "--home", str(tmp_path / "home")]
            assert main([*words, "--model", str(tiny_model)]) == 2, text
            assert re.search("no dataset of a package|The name", capfd.readouterr().err), text
    finally:
        signal.signal(signal.SIGTERM, before)
