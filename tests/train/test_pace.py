"""What a run is foretold to take: amounts times rates, and where the rates come from."""

from __future__ import annotations

import pytest

from cai_ui.records import Prompt
from cai_ui.train.check.estimate import Pace
from cai_ui.train.check.preflight import preflight
from cai_ui.train.encoding import make_rows
from cai_ui.train.methods import METHODS
from cai_ui.train.run.metrics import read_rows
from cai_ui.train.run.probes import ProbeKit, read_probes
from cai_ui.train.run.run import train
from cai_ui.train.signals import StopSignal
from cai_ui.train.timings import read_rates

from .conftest import QUICK


@pytest.mark.parametrize("method", METHODS)
def test_an_estimate_counts_all_that_a_run_does(tiny_engine, make_dataset, make_run, tmp_path, method):
    """Amounts times rates: evaluations, probe answers, checkpoints, reference as often as the run really has them."""
    rates = {"start": 5.0, "steps": 0.001, "evaluations": 0.5, "probes": 2.0, "saves": 3.0, "reference": 0.25}
    settings = QUICK.model_copy(update={"probe_steps": 3, "save_seconds": 0})
    prompts = [Prompt(str(n), f"How do I bake loaf {n}?", "helpful") for n in range(2)]
    kit = ProbeKit(lambda settings: prompts, lambda engine, prompt, answer: {})
    known = {"probes": prompts, "pace": lambda *_: Pace("run", rates)}
    costs = preflight(method, make_dataset(), settings, tiny_engine, **known).estimate
    run = make_run(method, settings)
    outcome = train(run, make_dataset(), tiny_engine, tmp_path, StopSignal(), lambda step, steps: None, kit)
    tiny_engine.unload_adapter(run.id)
    evaluations = [row for row in read_rows(tmp_path) if "eval_loss" in row]
    assert (
        costs.parts["start"] == 5
        and costs.parts["evaluations"] == len(evaluations) * (4 if method == "kto" else 2) * 0.5
    )
    assert costs.parts["probes"] == len(read_probes(tmp_path)) * 2.0 == 8 * 2.0
    assert costs.parts["saves"] == 4 * 3.0, "eight steps, a checkpoint at each second one"
    assert costs.parts.get("reference", 0) == (3.0 if method == "dpo" else 0), "ten pairs and two held out, once"
    rows = make_rows(method, make_dataset(), settings, tiny_engine.chat)
    assert costs.parts["steps"] == pytest.approx(rows.tokens / len(rows.train) * 4 * 8 * 0.001)
    assert costs.seconds == sum(costs.parts.values()) and costs.between == (costs.seconds / 1.5, costs.seconds * 1.5)
    found = read_rates(outcome.summary["rates"])
    kinds = {"start", "steps", "evaluations", "probes", "saves"}
    assert set(found) == kinds | ({"reference"} if method == "dpo" else set())


def test_what_is_known_from_runs_or_a_trial_is_used_and_a_trial_is_made_once(jobs, store, make_dataset):
    data = store.save_dataset(make_dataset(), "me").hash
    first = jobs.check("sft", data, QUICK).estimate
    assert first.source == "trial" and first.seconds and first.between[1] == 2 * first.seconds
    assert jobs.check("sft", data, QUICK).estimate.seconds == first.seconds
    jobs.wait(jobs.submit("sft", data, QUICK, "me").id, 120)
    assert jobs.check("sft", data, QUICK).estimate.source == "run"
    assert jobs.check("dpo", data, QUICK).estimate.source == "trial", "another method has other costs"


def test_no_trial_is_made_while_a_run_has_the_weights(jobs, store, make_dataset, tiny_engine):
    data = store.save_dataset(make_dataset(), "me").hash
    with tiny_engine.training_seat(QUICK):
        assert jobs.check("sft", data, QUICK).estimate.source == "size"
    assert jobs.check("sft", data, QUICK).estimate.source == "trial"
