"""The columns in memory follow the database, whoever writes to it."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from cai_ui.errors import ConflictError
from cai_ui.records import Decision, Example, Message, make_example
from cai_ui.store import QueueFilter, Store, open_store
from cai_ui.store.columns import QueueColumns

Make = Callable[..., list[Example]]
RATERS = ("Ana", "Ben")


@pytest.fixture
def two(tmp_path: Path, postgres_url: str) -> Iterator[tuple[Store, Store]]:
    """Two processes' stores on one server."""
    with open_store(tmp_path / "one", postgres_url) as one, open_store(tmp_path / "two", postgres_url) as two:
        yield one, two


def seen(store: Store, columns: QueueColumns) -> dict[str, object]:
    """Everything that columns hold, in words that do not depend on how they came to be."""
    with columns.lock, store._db.read() as connection:
        columns.follow(connection)
    names = list(columns._codes)
    found: dict[str, object] = {name: values.tolist() for name, values in columns._arrays.items()}
    for name in ("kind", "source", "constitution", "rater"):
        found[name] = [names[code] for code in columns[name]]
    found["marks"] = {key: rows.tolist() for key, rows in columns._marked.items() if len(rows)}
    found["orders"] = [columns.order(name)[0].tolist() for name in ("arrival", "random", "uncertain")]
    return found


def act(store: Store, chance: random.Random, number: int, fresh: Iterator[Example]) -> None:
    """One thing that people, models and imports do to the queue."""
    rater, ids = chance.choice(RATERS), store.open_ids()
    doing = chance.randrange(8)
    if doing == 0 or not ids:
        store.add_examples([next(fresh) for _ in range(chance.randint(1, 3))])
    elif doing == 1:
        store.undo_all(rater)
    elif doing == 2:
        with contextlib.suppress(ConflictError):
            store.redo_all(rater)
    elif doing == 3:
        store.decide_many(chance.sample(ids, min(3, len(ids))), "skip", rater)
    elif doing == 4:
        store.save_judgements("judge", {chance.choice(ids): {"preference": chance.random()}})
    elif doing == 5:
        store.set_step_labels(chance.choice(ids), chance.sample(["kept", "ignored", "finding"], 2))
    elif doing == 6:
        store.set_findings([(id, "leak") for id in chance.sample(ids, min(2, len(ids)))])
    else:
        store.decide(Decision(f"e{number}", chance.choice(ids), "accept", rater), 0)


def made(n: int) -> Iterator[Example]:
    for i in range(n):
        yield make_example(
            (Message("user", f"Question {i}"),),
            "bad",
            f"good {i}",
            source=f"s{i % 3}",
            principle_ids=(f"p{i % 2}", "q"),
        )


@pytest.mark.parametrize("seed", range(3))
def test_what_was_followed_step_by_step_is_what_is_read_at_once(store: Store, seed: int) -> None:
    chance, fresh, following = random.Random(seed), made(1_000), QueueColumns()
    for number in range(60):
        act(store, chance, number, fresh)
        assert seen(store, following) == seen(store, QueueColumns())
    store.rebuild()
    assert seen(store, following) == seen(store, QueueColumns())
    assert store.check() == []


def test_marks_of_very_many_rows_are_read_at_once(store: Store) -> None:
    following = QueueColumns()
    for _ in range(2):
        store.add_examples(list(made(1_200)))
        assert seen(store, following) == seen(store, QueueColumns())
    assert dict(store.marked_values("principle")) == {"q": 1_200, "p0": 600, "p1": 600}


def test_two_processes_on_one_server_see_each_others_work(two: tuple[Store, Store], examples: Make) -> None:
    one, other = two
    one.add_examples(examples(4))
    assert other.counts().open == 4
    id = other.open_ids()[0]
    other.decide(Decision("e1", id, "accept", "Ana"), 0)
    assert one.counts().accepted == 1 and one.raters() == ["Ana"]
    one.undo("Ana")
    assert other.counts().open == 4
    other.add_examples(examples(2, source="late"))
    assert one.sources() == ["test", "late"]
    assert len(one.queue(QueueFilter(search="from late"))) == 2


def test_a_transaction_that_was_rolled_back_is_not_seen(store: Store, examples: Make) -> None:
    store.add_examples(examples(2))
    before = seen(store, store._columns)
    with pytest.raises(ZeroDivisionError), store._db.write("Test") as connection:
        from cai_ui.store.columns import stamp

        stamp(connection, whole=True)
        connection.exec_driver_sql("delete from standing")
        raise ZeroDivisionError
    assert seen(store, store._columns) == before and np.all(store._columns["seq"] > 0)
