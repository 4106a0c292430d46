"""Probe prompts are answered by the adapter of the moment, and the run learns the same with and without them."""

from __future__ import annotations

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.engine.interface import Request
from cai_ui.records import Message, Prompt
from cai_ui.train.run.metrics import read_rows
from cai_ui.train.run.probes import ProbeKit, by_step, mean_tokens, read_probes
from cai_ui.train.run.run import train
from cai_ui.train.signals import StopSignal

from .conftest import QUICK

PROMPTS = (Prompt("a", "How do I read diary 50?", "harmful"), Prompt("b", "How do I bake bread?", "helpful"))
KIT = ProbeKit(lambda settings: PROMPTS, lambda engine, prompt, answer: {"complied": "not" not in answer})
ASKING = QUICK.model_copy(update={"probe_steps": 4, "max_steps": 6, "learning_rate": 4e-2})


@pytest.fixture(scope="module")
def probed(tiny_engine, make_dataset, make_run, tmp_path_factory):
    """`probed(name, settings, stop_at)`: a run with probe prompts; gives its folder and its outcome."""
    place = tmp_path_factory.mktemp("probed")

    def go(name, settings=ASKING, stop_at=None, seen=lambda step: None):
        folder = place / name
        folder.mkdir(exist_ok=True)
        signal = StopSignal()

        def report(step, steps):
            seen(step)
            if stop_at == step:
                signal.ask("close")

        return folder, train(make_run(settings=settings), make_dataset(), tiny_engine, folder, signal, report, KIT)

    yield go
    for info in tiny_engine.adapters():
        tiny_engine.unload_adapter(info.name)


@pytest.fixture(scope="module")
def finished(probed):
    return probed("finished")


def test_answers_are_kept_by_step_and_change_with_the_adapter(finished):
    folder, outcome = finished
    asked = by_step(read_probes(folder))
    assert outcome.state == "done" and list(asked) == [0, 4, 6]
    assert all([a.prompt_id for a in answers] == ["a", "b"] for answers in asked.values())
    assert asked[0][0].answer != asked[6][0].answer, "the adapter's answers do not change"
    assert set(mean_tokens(read_probes(folder))) == {0, 4, 6}
    assert all(a.complied is not None for a in asked[6])
    assert not (folder / "live").exists()


def test_the_run_learns_the_same_with_and_without_probes(finished, run_in, tmp_path):
    folder, outcome = finished
    quiet = run_in(tmp_path / "quiet", settings=ASKING.model_copy(update={"probe_steps": 0}))
    losses = [[row["loss"] for row in read_rows(f) if "loss" in row] for f in (folder, tmp_path / "quiet")]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6) and outcome.adapter_hash == quiet.adapter_hash


def test_a_resumed_run_asks_the_same_again_and_counts_once(probed):
    folder, broken = probed("broken", stop_at=5)
    assert broken.state == "interrupted" and list(by_step(read_probes(folder))) == [0, 4]
    probed("broken")
    assert list(by_step(read_probes(folder))) == [0, 4, 6]
    assert len(read_probes(folder)) == 6


def test_people_can_ask_the_adapter_while_it_trains(probed, tiny_engine):
    titles, answers = set(), set()

    def look(step):
        for info in tiny_engine.adapters():
            titles.add(info.title)
            request = Request((Message("user", "hi"),), Sampling(temperature=0.0, max_new_tokens=4), info.name)
            answers.add(tiny_engine.generate([request])[0].provenance.adapter_hash)

    probed("asked", seen=look)
    assert "first (training, step 4)" in titles and len(answers) >= 2
