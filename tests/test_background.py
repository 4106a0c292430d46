"""Jobs that outlive a page: progress, stopping, errors, one at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from cai_ui.background import Background, Snapshot, time_left
from cai_ui.engine.interface import StopFlag
from cai_ui.errors import ConflictError, InputError, NoRoomError


def test_a_job_shows_its_progress_and_its_end() -> None:
    seen: list[Snapshot[int]] = []
    job: Background[int] = Background("A count", seen.append)
    assert job.snapshot() is None
    job.start(lambda stop: iter([1, 2, 3]), 0, "me")
    assert job.wait(5)
    end = job.snapshot()
    assert end is not None
    assert (end.state, end.progress, end.owner, end.active) == ("done", 3, "me", False)
    assert [s.progress for s in seen] == [1, 2, 3, 3]
    assert seen[-1].state == "done"


def test_only_one_runs_and_it_can_be_stopped() -> None:
    job: Background[int] = Background("A count")
    began = threading.Event()

    def work(stop: StopFlag) -> Iterator[int]:
        yield 1
        began.set()
        stop.wait(5)
        yield 2

    job.start(work, 0, "Ada")
    assert began.wait(5)
    with pytest.raises(ConflictError, match=r"A count is already running \(begun by Ada\)"):
        job.start(work, 0)
    job.stop()
    assert job.wait(5)
    end = job.snapshot()
    assert end is not None
    assert (end.state, end.progress) == ("stopped", 2)
    job.start(lambda stop: iter([7]), 0)
    assert job.wait(5)
    again = job.snapshot()
    assert again is not None
    assert (again.state, again.progress) == ("done", 7)


def test_a_job_says_how_long_it_was_not_heard_of_and_why_it_was_ended() -> None:
    job: Background[int] = Background("A count")
    heard = threading.Event()

    def work(stop: StopFlag) -> Iterator[int]:
        yield 1
        heard.set()
        stop.wait(5)

    assert job.quiet_s() == 0
    job.start(work, 0)
    assert heard.wait(5)
    before = job.quiet_s()
    time.sleep(0.05)
    assert job.quiet_s() >= before + 0.05
    job.stop("The lights went out.")
    assert job.wait(5)
    end = job.snapshot()
    assert end is not None and (end.state, end.error, job.quiet_s()) == ("stopped", "The lights went out.", 0)
    job.start(lambda stop: iter([7]), 0)
    assert job.wait(5)
    again = job.snapshot()
    assert again is not None and (again.state, again.error) == ("done", "")


@pytest.mark.parametrize(
    ("error", "words"), [(InputError("It is empty."), "It is empty."), (ZeroDivisionError("x"), "ZeroDivisionError")]
)
def test_an_error_ends_the_job_and_keeps_its_progress(error: Exception, words: str) -> None:
    def work(stop: StopFlag) -> Iterator[int]:
        yield 5
        raise error

    job: Background[int] = Background("A count")
    job.start(work, 0)
    assert job.wait(5)
    end = job.snapshot()
    assert end is not None
    assert (end.state, end.progress) == ("failed", 5)
    assert words in end.error


def test_stopping_nothing_does_nothing() -> None:
    job: Background[int] = Background("A count")
    job.stop()
    assert job.wait(0)


def test_time_left_is_unknown_before_anything_is_done() -> None:
    assert time_left(0, 10, 5.0) is None
    assert time_left(5, 10, 5.0) == 5.0


def test_without_a_thread_or_a_way_to_keep_its_end_a_place_is_free_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It said "running" for ever once."""

    def refuse(*_: object) -> None:
        raise MemoryError

    job: Background[int] = Background("A count")
    with monkeypatch.context() as tight:
        tight.setattr(threading.Thread, "start", lambda thread: (_ for _ in ()).throw(RuntimeError("can't start")))
        with pytest.raises(NoRoomError):
            job.start(lambda stop: iter([1]), 0)
    assert job.snapshot() is None
    for keep in (lambda _: None, refuse):
        job = Background("A count", keep)
        job.start(lambda stop: (refuse() for _ in range(2)), 0)  # type: ignore[misc]
        assert job.wait(5)
        end = job.snapshot()
        assert end is not None and end.state == "failed" and "no memory left" in end.error
