"""What rows were made of what examples: counted in memory and found by an index, and the same as by looking at each."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa

from cai_ui.records import Dataset, Decision, Example, Message, Prompt, TrainingExample, make_example
from cai_ui.store import Store
from cai_ui.store.dataset_examples import example_id

RULES, OTHER = "a" * 64, "b" * 64
HOSTILE = '"example_id":"' + "0" * 24


def example(number: int, constitution: str = RULES) -> Example:
    prompt = Prompt(f"p{number}", f"Question {number}? {HOSTILE}", "harmful")
    told = {"principle_ids": (f"rule-{number % 3}",), "constitution_hash": constitution, "source": HOSTILE}
    return make_example((Message("user", prompt.text),), "Sure.", f"Better not, {number}.", prompt=prompt, **told)  # type: ignore[arg-type]


def row(of: Example | None, number: int) -> TrainingExample:
    said = (Message("user", f"Question {number}? {HOSTILE}"),)
    return TrainingExample(said, HOSTILE, of.id if of else None, HOSTILE)


def frozen(store: Store, name: str, made: list[Example], mixed: int = 3) -> str:
    rows = [row(one, n) for n, one in enumerate(made)] + [row(None, n) for n in range(mixed)]
    return store.save_dataset(Dataset(name, tuple(rows), (), (), (), {}, (RULES,), {}), "me").hash


def test_rows_are_counted_by_principle_and_version(store: Store) -> None:
    made = [example(n) for n in range(20)] + [example(n, OTHER) for n in range(20, 30)]
    store.add_examples(made)
    for n, one in enumerate(made[:9]):
        store.decide(Decision(f"e{n}", one.id, "accept" if n % 2 else "reject", "me"), 0)
    first, second = frozen(store, "one", made), frozen(store, "two", made[:4], mixed=0)
    asked = [first, second, "no such dataset"]
    for rule in range(3):
        mine = [n for n in range(20) if n % 3 == rule]
        expected = {first: len(mine), second: sum(n < 4 for n in mine)}
        assert store.rows_under(f"rule-{rule}", RULES, asked) == {one: n for one, n in expected.items() if n}
        status, newest = store.examples_under(f"rule-{rule}", RULES, 3)
        assert newest == [made[n].id for n in reversed(mine)][:3]
        assert status == Counter("open" if n >= 9 else "accept" if n % 2 else "reject" for n in mine)
    assert store.examples_of_constitution(OTHER) == {"open": 10} and store.examples_of_constitution("none") == {}
    assert store.rows_under("rule-9", RULES, asked) == store.rows_under("rule-1", "none", asked) == {}
    assert store.examples_under("rule-9", RULES) == ({}, [])
    assert store.rows_of_examples([made[2].id, "x" * 24]) == [(first, "sft_train", 2), (second, "sft_train", 2)]


def test_an_example_that_comes_later_is_counted_then(store: Store) -> None:
    made = [example(n) for n in range(6)]
    store.add_examples(made[:3])
    data = frozen(store, "from elsewhere", made)
    assert store.rows_under("rule-0", RULES, [data]) == {data: 1}
    store.add_examples(made)
    assert store.rows_under("rule-0", RULES, [data]) == {data: 2}


def test_the_index_is_there_also_in_a_workspace_from_before_it_and_is_used(store: Store) -> None:
    from cai_ui.store import dataset_examples

    made = [example(n) for n in range(3)]
    store.add_examples(made)
    frozen(store, "one", made)
    with store._db.write("A test") as connection:
        connection.exec_driver_sql("DROP INDEX ix_dataset_rows_example")
        dataset_examples.create(connection)
    with store._db.read() as connection:
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql("SET enable_seqscan = off")  # three rows are faster read one by one
        asked = sa.select(sa.literal_column("1")).select_from(dataset_examples._rows)
        asked = asked.where(example_id(connection) == sa.literal("x", literal_execute=True))
        text = str(asked.compile(connection, compile_kwargs={"literal_binds": True}))
        kind = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        plan = " ".join(str(line) for line in connection.exec_driver_sql(f"{kind} {text}").all())
    assert "ix_dataset_rows_example" in plan
