"""What background work did last is told after a restart, in the same way for every kind of work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cai_ui.background import Snapshot
from cai_ui.pipeline.progress import INTERRUPTED, RememberedWork
from cai_ui.store import Store, open_store


@dataclass(frozen=True)
class Part:
    name: str


@dataclass(frozen=True)
class Progress:
    done: int
    parts: tuple[Part, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)


def work_of(store: Store) -> RememberedWork[Progress]:
    return RememberedWork("A count", store, "count", Progress)


def counted(_: threading.Event) -> Iterator[Progress]:
    yield Progress(1)
    yield Progress(2, (Part("a"), Part("b")), {"long": 1})


def test_the_last_progress_is_the_same_record_after_a_restart(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        work = work_of(store)
        assert work.last() is None
        work.start(counted, Progress(0), "Ana")
        assert work.wait(10)
        before = work.last()
    with open_store(tmp_path) as store:
        assert work_of(store).last() == before
    assert before is not None and (before.state, before.owner) == ("done", "Ana")
    assert before.progress == Progress(2, (Part("a"), Part("b")), {"long": 1})


def test_work_that_was_cut_off_has_failed(tmp_path: Path) -> None:
    goes_on = threading.Event()

    def stuck(_: threading.Event) -> Iterator[Progress]:
        yield Progress(1)
        goes_on.wait(10)

    with open_store(tmp_path) as store:
        work = work_of(store)
        work.start(stuck, Progress(0))
        while store.get_setting("background.count") is None:
            pass
        assert work_of(store).last() == Snapshot("failed", Progress(1), INTERRUPTED, 0.0, "")
        goes_on.set()
        assert work.wait(10)


def test_fields_that_were_kept_by_another_version_do_no_harm(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        old = {"state": "stopped", "progress": {"done": 3, "gone": 1, "state": "running"}, "error": ""}
        store.set_setting("background.count", old)
        assert work_of(store).last() == Snapshot("stopped", Progress(3), "", 0.0, "")
