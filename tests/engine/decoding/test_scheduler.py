"""Many askers, one batch: together, in turn, and none disturbed by another's end or failure."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
import torch

from cai_ui.config.app import AppSettings
from cai_ui.engine import load_engine
from cai_ui.engine.decoding.limits import MAX_ROWS
from cai_ui.errors import EngineError, InputError, NoRoomError


class Widths:
    """How many rows each pass of the model had."""

    def __init__(self, engine):
        self.rows = []
        self._hook = engine._adapters.base.get_input_embeddings().register_forward_pre_hook(self._note)

    def _note(self, _, args):
        self.rows.append(args[0].shape[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._hook.remove()


def in_threads(engine, calls):
    """The texts of several calls that arrive together."""
    told = [None] * len(calls)

    def run(place):
        told[place] = [a.text for a in engine.generate(calls[place])]

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    with engine.lease.hold("test"):
        for thread in threads:
            thread.start()
        while len(engine._scheduler._arrived) < len(calls):
            time.sleep(0.001)
    for thread in threads:
        thread.join(60)
    return told


def test_calls_that_arrive_together_are_decoded_together(tiny_engine, ask):
    calls = [[ask(f"Question {i}", max_new_tokens=120, temperature=1.5, seed=i)] for i in range(6)]
    alone = [[tiny_engine.generate(call)[0].text] for call in calls]
    with Widths(tiny_engine) as widths:
        assert in_threads(tiny_engine, calls) == alone
    assert max(widths.rows) == 6
    assert sum(n == 6 for n in widths.rows) > 20


def test_a_chat_joins_a_long_batch_at_once(tiny_engine, ask):
    """The chat comes in the middle of the batch's tenth pass: it is read next, and then they go on as one batch."""
    bulk = [ask(f"Question {i}", max_new_tokens=60, temperature=2.0, seed=i) for i in range(MAX_ROWS + 30)]
    answers = []
    chat = threading.Thread(target=lambda: answers.extend(tiny_engine.generate([ask("hello", max_new_tokens=5)])))
    widths = Widths(tiny_engine)

    def arrive(*_):
        if len(widths.rows) == 10:
            chat.start()
            while not tiny_engine._scheduler._arrived:
                time.sleep(0.001)

    hook = tiny_engine._adapters.base.get_input_embeddings().register_forward_pre_hook(arrive)
    with widths:
        tiny_engine.generate(bulk)
    hook.remove()
    chat.join(60)
    assert answers[0].finish in ("length", "end")
    before, read, together = widths.rows[9:12]
    assert (read, together) == (1, before + 1), "the chat waited for the batch"


def test_the_thread_ends_when_there_is_nothing_to_do(tiny_engine, ask):
    tiny_engine.generate([ask("hello")])
    until = time.monotonic() + 5
    while tiny_engine._scheduler._thread is not None:
        assert time.monotonic() < until
        time.sleep(0.005)


def test_a_time_limit_ends_its_row_only(tiny_engine, ask):
    slow = tiny_engine._adapters.base.lm_head.register_forward_hook(lambda *_: time.sleep(0.02))
    try:
        long = ask("Question 1", max_new_tokens=60, temperature=2.0, seed=3)
        answers = tiny_engine.generate([replace(long, timeout_s=0.3), replace(long, timeout_s=60), long])
    finally:
        slow.remove()
    assert answers[0].finish == "timeout"
    assert answers[1].text == answers[2].text and answers[1].finish != "timeout"
    assert answers[2].text.startswith(answers[0].text)
    assert answers[0].provenance.sampling["timeout_s"] == 0.3


def test_a_time_limit_is_kept_while_a_training_step_runs(tiny_engine, ask):
    began = time.monotonic()
    with tiny_engine.lease.hold("training"):
        answer = tiny_engine.generate([replace(ask("hello"), timeout_s=0.2)])[0]
    assert answer.finish == "timeout" and time.monotonic() - began < 1


def failing(engine, kinds):
    """Let the model raise these errors, one at each pass, before it works again."""
    left = list(kinds)

    def hook(*_):
        if left:
            error = left.pop(0)
            if error is not None:
                raise error

    return engine._adapters.base.lm_head.register_forward_hook(hook)


def test_memory_that_runs_out_once_halves_the_batch_and_changes_no_text(tiny_model, ask):
    engine = load_engine(AppSettings(model=str(tiny_model)))
    requests = [ask(f"Question {i}", temperature=i % 2, seed=i) for i in range(8)]
    quiet = [a.text for a in engine.generate(requests)]
    hook = failing(engine, [None] * 9 + [torch.OutOfMemoryError("CUDA out of memory")])
    try:
        with Widths(engine) as widths:
            assert [a.text for a in engine.generate(requests)] == quiet
    finally:
        hook.remove()
    failed_at = 9
    assert max(widths.rows[:failed_at]) == 8 and max(widths.rows[failed_at + 1 :]) == 4
    assert [a.text for a in engine.generate(requests)] == quiet


def test_memory_that_runs_out_twice_says_which_knob_to_turn(tiny_engine, ask):
    hook = failing(tiny_engine, [RuntimeError("DefaultCPUAllocator: can't allocate memory")] * 2)
    try:
        with pytest.raises(EngineError, match=r"out of memory.*fewer answers"):
            tiny_engine.generate([ask(f"Question {i}") for i in range(4)])
    finally:
        hook.remove()
    assert tiny_engine.generate([ask("hello")])[0].tokens > 0


def test_without_room_for_a_thread_or_to_make_room_the_asker_is_told_and_the_next_is_served(
    tiny_engine, ask, monkeypatch
):
    """Seen under a real limit of memory: whoever asked next waited for ever for a thread that had never begun."""
    request = [ask("Why?", max_new_tokens=3)]
    said = tiny_engine.generate(request)[0].text
    with monkeypatch.context() as tight:
        tight.setattr(threading.Thread, "start", raises(RuntimeError("can't start new thread")))
        with pytest.raises(NoRoomError, match="no memory left"):
            tiny_engine.generate(request)
    assert tiny_engine.generate(request)[0].text == said
    with monkeypatch.context() as tight:
        tight.setattr(tiny_engine._scheduler, "_slice", raises(RuntimeError("std::bad_alloc")))
        tight.setattr(tiny_engine._scheduler, "_recover", raises(MemoryError()))
        with pytest.raises(EngineError, match="ran out of memory"):
            tiny_engine.generate(request)
    assert tiny_engine.generate(request)[0].text == said


def raises(error):
    def fail(*_):
        raise error

    return fail


def test_a_failure_reaches_every_asker_and_the_next_is_served(tiny_engine, ask):
    hook = failing(tiny_engine, [ValueError("broken")])
    got = []

    def run():
        try:
            tiny_engine.generate([ask("hello")])
        except EngineError as error:
            got.append(str(error))

    threads = [threading.Thread(target=run) for _ in range(3)]
    try:
        with tiny_engine.lease.hold("test"):
            for thread in threads:
                thread.start()
            while len(tiny_engine._scheduler._arrived) < 3:
                time.sleep(0.001)
        for thread in threads:
            thread.join(20)
    finally:
        hook.remove()
    assert len(got) == 3 and all("failed while answering (ValueError)" in text for text in got)
    assert tiny_engine.generate([ask("hello")])[0].tokens > 0


@pytest.mark.parametrize(
    "change",
    [
        {"strength": -0.1},
        {"strength": 1.6},
        {"strength": float("nan")},
        {"stops": ("",)},
        {"stops": ("x" * 201,)},
        {"stops": tuple("abcdefghijklmnopq")},
        {"timeout_s": 0},
        {"timeout_s": float("nan")},
    ],
)
def test_limits_that_cannot_be_meant_are_refused(tiny_engine, ask, change):
    with pytest.raises(InputError):
        tiny_engine.stream([replace(ask("hello"), **change)])
