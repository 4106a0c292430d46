"""Slices as a Space lends them: a forked worker each, a pickled result, killed at the limit."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import replace

import pytest
from torch.utils._python_dispatch import TorchDispatchMode

from cai_ui.pipeline.zero_gpu import lent_slices
from cai_ui.train.jobs.jobs import Jobs
from cai_ui.train.jobs.slices import Slices, read_slices, slices_for, train_in_slices
from cai_ui.train.run.probes import NO_PROBES
from cai_ui.train.signals import StopSignal

from .conftest import QUICK, losses

pytestmark = pytest.mark.forks
SETTINGS = QUICK.model_copy(update={"max_steps": 30, "save_steps": 3})


def _answer(box, call):
    box.put(call())


class Lender:
    """Lends a fork of this process for a while, and kills it when the time is over.

    `kill_in` are slices whose worker is killed as soon as it has taken so many new steps.
    """

    def __init__(self, folder, kill_in=None):
        self.folder, self.kill_in, self.slices = folder, kill_in or {}, []

    def __call__(self, call, seconds):
        fork = multiprocessing.get_context("fork")
        box = fork.SimpleQueue()
        number, begun = len(self.slices), max(losses(self.folder), default=0)
        child = fork.Process(target=_answer, args=(box, call))
        child.start()
        end = time.monotonic() + seconds
        least = self.kill_in.get(number)
        while child.is_alive() and time.monotonic() < end and box.empty():
            if least is not None and max(losses(self.folder), default=0) >= begun + least:
                break
            time.sleep(0.01)
        found = None if box.empty() else box.get()
        child.kill()
        child.join()
        self.slices.append(found)
        return found


@pytest.fixture
def sliced(tiny_engine, make_run, make_dataset, tmp_path):
    """`sliced(lender, seconds, …)`: a run in slices, with what was reported of it."""
    folder = tmp_path / "run"
    folder.mkdir()

    def go(seconds, kill_in=None, signal=None, settings=SETTINGS):
        lender, steps = Lender(folder, kill_in), []
        outcome = train_in_slices(
            make_run(settings=settings), make_dataset(), tiny_engine, folder, signal or StopSignal(),
            lambda step, _: steps.append(step), NO_PROBES, Slices(seconds, lender),
        )  # fmt: skip
        return outcome, lender, steps

    return go, folder


@pytest.mark.slow
def test_slices_add_up_to_the_run_that_was_never_cut(sliced, run_in, tmp_path):
    """The first worker is killed in the middle; what it did after its last checkpoint is done again."""
    go, folder = sliced
    outcome, lender, _ = go(120.0, kill_in={0: 7})
    assert lender.slices[0] is None and outcome.state == "done" and len(lender.slices) == 2
    whole = run_in(tmp_path / "whole", settings=SETTINGS)
    assert losses(folder) == pytest.approx(losses(tmp_path / "whole"), abs=1e-5)
    assert outcome.adapter_hash == whole.adapter_hash
    use = read_slices(folder)
    assert use is not None and (use.seconds, use.begun, use.lost) == (120.0, 2, 1) and use.used > 0


def test_a_wish_to_stop_reaches_the_worker(sliced):
    go, _ = sliced
    signal = StopSignal()
    signal.ask("stop")
    outcome, _, _ = go(120.0, signal=signal, settings=SETTINGS.model_copy(update={"max_steps": 100_000}))
    assert outcome.state == "stopped" and outcome.adapter_hash


def test_slices_too_short_for_a_checkpoint_end_the_run_by_name(sliced):
    go, _ = sliced
    outcome, lender, _ = go(0.01)
    assert outcome.state == "failed" and "ended twice without a new checkpoint" in outcome.error
    assert lender.slices == [None, None]


class NoGpu(TorchDispatchMode):
    """The main process of such a Space holds the weights, and cannot compute with them."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        assert "mm" not in str(func), "a product was computed outside the decorated call"
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("method", ["sft", "dpo"])
def test_the_time_that_is_lent_is_told_before_a_run_without_a_gpu(store, make_dataset, make_run, tiny_engine, method):
    data = store.save_dataset(make_dataset(), "me").hash
    lent = Jobs(store, lambda: tiny_engine, slices=Slices(60.0, lambda call, seconds: call()))
    with NoGpu():
        report = lent.check(method, data, QUICK)
        assert report.ok and report.slice_seconds == 60 and report.estimate.seconds
        assert report.estimate.source == "lent" and report.estimate.free_memory is None
        ended = replace(make_run(method), state="done", base_hash=tiny_engine.base_hash)
        store.create_run(replace(ended, summary={"rates": {"steps": 0.001}}))
        assert lent.check(method, data, QUICK).estimate.source == "run"
    lent.close()


def test_slices_are_counted_with_their_margin():
    assert [slices_for(seconds, 60.0) for seconds in (1, 51, 52, 200)] == [1, 1, 2, 4]


def test_elsewhere_nothing_is_lent():
    assert lent_slices({}) is None
