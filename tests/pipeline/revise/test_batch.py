"""Batches in the background: what they store, stop, restart, going on, and prompts that fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.errors import ConflictError, ConstitutionError, InputError
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.revise import batch

Open = Callable[..., Services]
Until = Callable[[Callable[[], object]], None]
TWICE = RevisionSettings(revisions=2)


def in_use(services: Services) -> str:
    return constitutions.current_constitution(services).hash


def test_a_batch_runs_in_the_background_and_fills_the_queue(services: Services, until: Until) -> None:
    assert services.batch.last() is None
    batch.start_batch(services, [f"Request {i}" for i in range(10)], in_use(services), TWICE, Sampling(), 4)
    until(lambda: services.batch.last().state == "done")  # type: ignore[union-attr]
    status = services.batch.last()
    assert status is not None
    assert (status.progress.done, status.progress.total, status.progress.failed) == (10, 10, 0)
    assert status.progress.examples_added == 10
    assert services.store.counts().open == 10
    assert services.store.count_traces() == 10


def test_the_last_batch_is_still_shown_after_a_restart(tmp_path: Path, open_home: Open) -> None:
    services = open_home(tmp_path)
    batch.start_batch(services, ["One", "Two"], in_use(services), TWICE, Sampling())
    assert services.batch.wait(20)
    before = services.batch.last()
    services.close()
    again = open_home(tmp_path)
    after = again.batch.last()
    assert before is not None and after is not None
    assert (after.state, after.progress.done, after.progress.examples_added) == ("done", 2, 2)
    again.close()


def test_a_batch_whose_process_died_says_so(tmp_path: Path, open_home: Open) -> None:
    services = open_home(tmp_path)
    plain = {"done": 3, "total": 9, "eta_s": 1.0, "failed": 0, "examples_added": 3, "failures": {}, "state": "running"}
    services.store.set_setting(
        "background.batch", {"state": "running", "progress": {**plain, "error": ""}, "error": "", "seconds": 1}
    )
    status = services.batch.last()
    services.close()
    assert status is not None
    assert (status.state, status.progress.done) == ("failed", 3)
    assert "closed or stopped before the end" in status.error


def test_a_stopped_batch_keeps_what_it_stored(services: Services, until: Until) -> None:
    class Slow(ScriptedEngine):
        def generate(self, requests: Any, stop: Any = None) -> Any:
            time.sleep(0.02)
            return super().generate(requests, stop)

    services.host.use(Slow())
    batch.start_batch(services, [f"Request {i}" for i in range(400)], in_use(services), TWICE, Sampling(), 2)
    until(lambda: services.batch.last().progress.done >= 4)  # type: ignore[union-attr]
    with pytest.raises(ConflictError, match="already running"):
        batch.start_batch(services, ["x"], in_use(services), TWICE, Sampling())
    services.batch.stop()
    assert services.batch.wait(10)
    status = services.batch.last()
    assert status is not None
    assert status.state == "stopped"
    assert 4 <= status.progress.done < 400
    assert services.store.counts().total == status.progress.examples_added == status.progress.done


def test_a_batch_that_was_stopped_goes_on_to_what_it_would_have_been(
    services: Services, tmp_path: Path, until: Until
) -> None:
    prompts = [f"Request {i}" for i in range(9)]
    apart = open_services(AppSettings(home=str(tmp_path / "apart"), model="scripted"))
    for _ in batch.run_batch(apart, prompts, in_use(apart), TWICE, Sampling(seed=4), 2):
        pass
    whole = {t.prompt.text: t.steps for t in apart.store.traces(9)}
    apart.close()
    gate = threading.Event()

    class Stuck(ScriptedEngine):
        def generate(self, requests: Any, stop: Any = None) -> Any:
            if "Request 4" in requests[0].messages[0].content:
                gate.wait(10)
            return super().generate(requests, stop)

    services.host.use(Stuck())
    batch.start_batch(services, prompts, in_use(services), TWICE, Sampling(seed=4), 2)
    until(lambda: services.batch.last().progress.done == 4)  # type: ignore[union-attr]
    services.batch.stop()
    gate.set()
    assert services.batch.wait(10)
    batch.resume_batch(services)
    assert services.batch.wait(20)
    status = services.batch.last()
    assert status is not None and (status.state, status.progress.done) == ("done", 9)
    assert {t.prompt.text: t.steps for t in services.store.traces(9)} == whole
    with pytest.raises(InputError, match="no batch to go on with"):
        batch.resume_batch(services)


def test_chains_that_are_made_again_are_stored_once(services: Services) -> None:
    """After a crash, those are that were stored and not counted yet."""
    asked = ([f"Request {i}" for i in range(5)], in_use(services), TWICE)
    for seed, stored in ((4, 5), (4, 5), (5, 10)):
        *_, last = batch.run_batch(services, *asked, Sampling(seed=seed), 2)
        assert last.done == 5
        assert len(services.store.traces(50)) == stored


def test_failed_prompts_are_counted_by_reason_and_do_not_end_the_batch(services: Services) -> None:
    services.host.use(
        ScriptedEngine(
            lambda r: "" if "silent" in r.messages[0].content else "\x01" if "odd" in r.messages[0].content else "Fine."
        )
    )
    prompts = ["fine", "silent", "silent too", "odd", "word " * 1500]
    status = list(batch.run_batch(services, prompts, in_use(services), TWICE, Sampling(max_new_tokens=50)))[-1]
    services.host.use(ScriptedEngine(context_length=600))
    long = list(batch.run_batch(services, ["word " * 700, "ok"], in_use(services), TWICE, Sampling()))[-1]
    assert status.failures["The revision is empty."] == 2
    assert status.failures["The model wrote characters that cannot be kept."] == 1
    assert long.failures == {"The conversation is too long for the model.": 1}
    assert (long.done, long.examples_added) == (2, 1)


def test_a_batch_of_nothing_or_without_a_principle_is_refused_at_once(services: Services) -> None:
    with pytest.raises(InputError, match="no requests"):
        batch.start_batch(services, [], in_use(services), TWICE, Sampling())
    preferences = next(v for v in services.store.versions() if v.constitution.name == "preferences")
    with pytest.raises(ConstitutionError, match="no principle to draw"):
        batch.start_batch(services, ["x"], preferences.hash, TWICE, Sampling())
    assert services.batch.last() is None


def test_traces_with_a_cut_step_are_kept_and_counted(services: Services) -> None:
    *_, last = batch.run_batch(services, ["One", "Two"], in_use(services), TWICE, Sampling(max_new_tokens=2))
    assert last.ends == {"length": 2} and (last.failed, last.examples_added) == (0, 2)
    *_, last = batch.run_batch(services, ["Three"], in_use(services), TWICE, Sampling())
    assert last.ends == {}
