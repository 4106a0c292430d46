"""The queue: one at a time, in order, nothing twice, nothing lost."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from cai_ui.errors import ConflictError, NotFoundError, PreflightError
from cai_ui.pipeline.train import sweeps
from cai_ui.train.jobs.jobs import Jobs
from cai_ui.train.jobs.training_thread import REPORT_S
from cai_ui.train.run.checkpoints import latest_checkpoint
from cai_ui.train.run.folder import read_outcome

from .conftest import QUICK, sample

SHORT = QUICK.model_copy(update={"max_steps": 3, "save_steps": 0})
LONG = QUICK.model_copy(update={"max_steps": 2000, "save_steps": 1000})


@pytest.fixture
def data(store, make_dataset):
    return store.save_dataset(make_dataset(), "me").hash


def until(store, run_id, *states, seconds=60):
    end = time.monotonic() + seconds
    while store.run(run_id).state not in states:
        assert time.monotonic() < end, store.run(run_id)
        time.sleep(0.02)
    return store.run(run_id)


def test_a_run_ends_with_an_adapter_that_answers(jobs, store, data, tiny_engine):
    run = jobs.submit("sft", data, SHORT, "me", name="first")
    run = jobs.wait(run.id, 120)
    assert (run.state, run.step, run.total_steps, run.error) == ("done", 3, 3, None)
    assert run.adapter == run.id and run.base_hash == tiny_engine.base_hash and run.started_at and run.ended_at
    assert [info.name for info in tiny_engine.adapters()] == [run.id]
    assert [(info.name, info.hash) for info in jobs.adapters()] == [(run.id, run.adapter_hash)]
    following = jobs.wait(jobs.submit("dpo", data, SHORT, "me", start_adapter=run.adapter).id, 120)
    assert following.state == "done" and following.start_adapter == run.id


def test_asked_twice_it_is_one_run(jobs, store, data):
    """Two clicks, or two people at once."""
    got = []
    threads = [threading.Thread(target=lambda: got.append(jobs.submit("sft", data, LONG, "me").id)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(got)) == 1 and len(store.runs()) == 1
    jobs.stop(got[0], save=False)
    assert jobs.wait(got[0], 60).state == "cancelled"
    assert jobs.submit("sft", data, SHORT, "me").id != got[0], "what is over may be run again"


def test_a_second_run_waits_its_turn(jobs, store, data):
    first = jobs.submit("sft", data, LONG, "me")
    second = jobs.submit("dpo", data, SHORT, "you")
    third = jobs.submit("sft", data, SHORT, "you")
    until(store, first.id, "running")
    assert store.run(second.id).state == store.run(third.id).state == "queued"
    jobs.stop(third.id)
    assert store.run(third.id).state == "cancelled"
    jobs.stop(first.id, save=True)
    assert jobs.wait(first.id, 60).state == "stopped"
    assert jobs.wait(second.id, 120).state == "done"
    with pytest.raises(ConflictError, match="not going on"):
        jobs.stop(first.id)


def test_stop_keeps_the_adapter_and_cancel_keeps_nothing(jobs, store, data, tiny_engine):
    run = jobs.submit("sft", data, LONG, "me")
    until(store, run.id, "running")
    jobs.stop(run.id, save=True)
    stopped = jobs.wait(run.id, 60)
    assert stopped.state == "stopped" and stopped.adapter == run.id and 0 < stopped.step < 2000
    jobs.resume(run.id)
    until(store, run.id, "running")
    jobs.stop(run.id, save=False)
    cancelled = jobs.wait(run.id, 60)
    assert cancelled.state == "cancelled" and cancelled.adapter is None
    assert latest_checkpoint(store.workspace.run_dir(run.id)) is None
    with pytest.raises(ConflictError, match="nothing to go on with"):
        jobs.resume(run.id)


def test_what_the_check_refuses_is_not_begun(jobs, store, make_dataset):
    empty = store.save_dataset(make_dataset(sft_train=()), "me").hash
    with pytest.raises(PreflightError, match="no rows"):
        jobs.submit("sft", empty, SHORT, "me")
    with pytest.raises(NotFoundError):
        jobs.submit("sft", empty, SHORT, "me", start_adapter="run-nowhere")
    with pytest.raises(NotFoundError):
        jobs.submit("sft", "f" * 64, SHORT, "me")
    assert store.runs() == []


def test_names_tell_runs_apart(jobs, store, data, make_dataset):
    one = jobs.submit("sft", data, SHORT, "me")
    two = jobs.submit("sft", data, SHORT.model_copy(update={"seed": 1}), "me")
    named = jobs.submit("sft", data, SHORT.model_copy(update={"seed": 2}), "me", name="<b>mine</b>")
    assert [one.name, two.name, named.name] == ["SFT diaries", "SFT diaries 2", "<b>mine</b>"]


def test_closing_the_program_interrupts_and_starting_it_again_goes_on(store, data, tiny_engine):
    jobs = Jobs(store, lambda: tiny_engine)
    settings = LONG.model_copy(update={"max_steps": 60})
    run = jobs.submit("sft", data, settings, "me")
    waiting = jobs.submit("sft", data, SHORT, "me")
    until(store, run.id, "running")
    jobs.close()
    assert store.run(run.id).state == "interrupted" and store.run(waiting.id).state == "queued"
    assert latest_checkpoint(store.workspace.run_dir(run.id)) is not None
    again = Jobs(store, lambda: tiny_engine)
    assert again.wait(waiting.id, 120).state == "done", "what was waiting begins by itself"
    again.resume(run.id)
    done = again.wait(run.id, 120)
    assert (done.state, done.step, done.error) == ("done", 60, None)
    again.close()
    for info in tiny_engine.adapters():
        tiny_engine.unload_adapter(info.name)


def test_the_exit_record_decides_where_the_database_was_not_told(store, data, tiny_engine):
    jobs = Jobs(store, lambda: tiny_engine)
    run = jobs.wait(jobs.submit("sft", data, SHORT, "me").id, 120)
    store.update_run(run.id, state="interrupted", adapter=None, adapter_hash=None)
    Jobs(store, lambda: tiny_engine).close()
    assert store.run(run.id).state == "done" and store.run(run.id).adapter_hash == run.adapter_hash
    jobs.close()
    tiny_engine.unload_adapter(run.id)


def test_a_run_whose_process_was_killed_before_it_had_a_folder_begins_at_the_next_start(
    store, data, tiny_engine, make_run
):
    store.create_run(make_run("sft", SHORT, state="queued", dataset_hash=data, base_hash=tiny_engine.base_hash))
    assert store.workspace.run_folders() == []
    jobs = Jobs(store, lambda: tiny_engine)
    try:
        assert jobs.wait("run-1", 120).state == "done"
        assert "method: sft" in (store.workspace.run_dir("run-1") / "config.yaml").read_text()
    finally:
        jobs.close()
        tiny_engine.unload_adapter("run-1")


@contextmanager
def rows_of_runs_held(store):
    """While this lasts no row of a run can be changed, as when the disk is full."""
    with closing(sqlite3.connect(store.workspace.database)) as database:
        database.execute("CREATE TRIGGER held BEFORE UPDATE ON runs BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
        database.commit()
        try:
            yield
        finally:
            database.execute("DROP TRIGGER held")
            database.commit()


@pytest.mark.slow
def test_a_database_that_takes_nothing_for_a_while_costs_no_training(jobs, store, data):
    """A step that could not be noted ended the run; an end that could not be noted ended the thread, and all runs that
    waited then waited for ever."""
    run = jobs.submit("sft", data, LONG.model_copy(update={"max_steps": 300}), "me")
    until(store, run.id, "running")
    following = jobs.submit("dpo", data, SHORT, "me")
    with rows_of_runs_held(store):
        time.sleep(REPORT_S + 0.5)
        end = time.monotonic() + 120
        while read_outcome(store.workspace.run_dir(run.id)) is None:
            assert time.monotonic() < end
            time.sleep(0.05)
        time.sleep(0.5)
        assert store.run(run.id).state == "running", "its end is not noted yet"
    ended = jobs.wait(run.id, 60)
    assert (ended.state, ended.step, ended.error) == ("done", 300, None)
    assert jobs.wait(following.id, 120).state == "done"


def test_a_failed_run_says_why_and_the_next_one_begins(jobs, store, data):
    going = jobs.submit("sft", data, LONG, "me")
    lost = jobs.submit("dpo", data, SHORT, "me")
    good = jobs.submit("sft", data, SHORT, "me")
    store.update_run(lost.id, base_hash="0" * 64)
    jobs.stop(going.id, save=False)
    failed = jobs.wait(lost.id, 60)
    assert failed.state == "failed" and "other base weights" in (failed.error or "") and failed.adapter is None
    assert jobs.wait(good.id, 120).state == "done"


def test_a_run_with_knobs_of_another_version_fails_by_name_and_the_next_one_begins(jobs, store, data, make_run):
    other = replace(make_run(id="run-2", state="interrupted", dataset_hash=data), base_hash="")
    store.create_run(replace(other, config={**other.config, "temperature_of_the_moon": 3}))
    jobs.resume("run-2")
    failed = jobs.wait("run-2", 60)
    assert failed.state == "failed" and "temperature_of_the_moon" in failed.error
    assert jobs.wait(jobs.submit("sft", data, SHORT, "me").id, 120).state == "done"


def test_chats_are_answered_between_the_steps(jobs, store, data, tiny_engine):
    from cai_ui.config.answers import Sampling
    from cai_ui.engine.interface import Request

    request = Request(sample(50).conversation, Sampling(temperature=0.0, max_new_tokens=12))
    quiet = tiny_engine.generate([request])[0].text
    run = jobs.submit("sft", data, LONG, "me")
    until(store, run.id, "running")
    texts = {tiny_engine.generate([request])[0].text for _ in range(10)}
    assert store.run(run.id).state == "running"
    jobs.stop(run.id, save=False)
    jobs.wait(run.id, 60)
    assert texts == {quiet}


def test_a_waiting_run_can_be_put_first_and_runs_can_be_named_and_put_away(jobs, store, data, tiny_engine):
    going = jobs.submit("sft", data, LONG, "me")
    second, third = (jobs.submit("sft", data, SHORT.model_copy(update={"seed": n}), "me") for n in (1, 2))
    until(store, going.id, "running")
    jobs.move_up(third.id)
    assert [run.id for run in jobs.queue()] == [third.id, second.id]
    for refused in (lambda: jobs.move_up(going.id), lambda: jobs.trash(going.id, tiny_engine)):
        with pytest.raises(ConflictError):
            refused()
    jobs.stop(going.id, save=True)
    assert jobs.wait(second.id, 120).state == jobs.wait(third.id, 120).state == "done"
    assert store.run(third.id).started_at < store.run(second.id).started_at
    jobs.rename(third.id, "best <one>", tiny_engine)
    assert [i.title for i in tiny_engine.adapters() if i.name == third.id] == ["best <one>"]
    jobs.trash(third.id, tiny_engine)
    assert third.id not in {i.name for i in tiny_engine.adapters()} | {i.name for i in jobs.adapters()}
    assert (store.workspace.run_dir(third.id) / "adapter").is_dir(), "what lies in the trash can be brought back"
    jobs.restore(third.id, tiny_engine)
    assert third.id in {i.name for i in tiny_engine.adapters()}


def test_a_run_that_starts_from_one_that_is_not_over_waits_for_its_adapter(jobs, store, data):
    going = jobs.submit("sft", data, LONG, "me")
    until(store, going.id, "running")
    first = jobs.submit("sft", data, SHORT, "me")
    after = jobs.submit("dpo", data, SHORT, "me", start_adapter=first.id)
    jobs.move_up(after.id)
    jobs.stop(going.id, save=False)
    assert jobs.wait(after.id, 120).state == "done", "it was begun before the adapter was there"
    assert store.run(first.id).ended_at <= store.run(after.id).started_at

    going = jobs.submit("sft", data, LONG, "me")
    orphan = jobs.submit("dpo", data, SHORT, "me", start_adapter=going.id)
    until(store, going.id, "running")
    jobs.stop(going.id, save=False)
    lost = jobs.wait(orphan.id, 60)
    assert lost.state == "failed" and "adapter to start from is not there" in lost.error


def test_the_three_variants_of_the_literature_are_queued_by_one_call(services, make_dataset):
    data = services.store.save_dataset(make_dataset(), "me").hash
    made = sweeps.start_variants(services, data, {"sft": SHORT, "dpo": SHORT}, "me")
    ended = [services.jobs.wait(run.id, 120) for run in made]
    assert [(run.state, run.method, run.start_adapter) for run in ended] == [
        ("done", "sft", None), ("done", "dpo", None), ("done", "dpo", made[0].id),
    ]  # fmt: skip
    assert len({run.group for run in ended}) == 1 and len({run.adapter_hash for run in ended}) == 3
