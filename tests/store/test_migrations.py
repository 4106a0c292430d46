"""A database of an older format is brought up to date when it is opened, with nothing lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from cai_ui.records import Decision, Message, SetPrompt
from cai_ui.store import QueueFilter, open_store, schema
from cai_ui.store.migrations import MIGRATIONS

FORMAT_1 = Path(__file__).with_name("format_1.sql")
FORMAT_3_ROWS = Path(__file__).with_name("format_3_rows.sql")
ASKED, BREAD = "own-f568967a0149bf1b", "own-5a6cf353cd76e901"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    raw = sqlite3.connect(tmp_path / "cai.db")
    raw.executescript(FORMAT_1.read_text(encoding="utf-8"))
    raw.executescript(FORMAT_3_ROWS.read_text(encoding="utf-8"))
    raw.close()
    return tmp_path


def columns(home: Path) -> dict[str, list[str]]:
    raw = sqlite3.connect(home / "cai.db")
    tables = [row[0] for row in raw.execute("select name from sqlite_master where type = 'table'")]
    found = {table: sorted(row[1] for row in raw.execute(f"pragma table_info({table})")) for table in tables}
    raw.close()
    return found


def test_there_is_a_step_for_every_format() -> None:
    assert sorted(MIGRATIONS) == list(range(1, schema.SCHEMA_VERSION))


@pytest.fixture
def old_server(old: Path, postgres_url: str) -> str:
    """The same database on PostgreSQL; gives its address."""
    kept, server = sa.create_engine(f"sqlite:///{old / 'cai.db'}"), sa.create_engine(postgres_url)
    tables = sa.MetaData()
    tables.reflect(kept)
    with kept.connect() as source, server.begin() as target:
        tables.create_all(target)
        for table in tables.sorted_tables:
            rows = [dict(row._mapping) for row in source.execute(sa.select(table))]
            if rows:
                target.execute(table.insert(), rows)
            if "seq" in table.c and table.c.seq.autoincrement is not False and table.name != "standing":
                name = f"pg_get_serial_sequence('{table.name}', 'seq')"
                last = f"(select coalesce(max(seq), 0) + 1 from {table.name})"
                target.exec_driver_sql(f"select setval({name}, {last}, false)")
    kept.dispose()
    server.dispose()
    return postgres_url


@pytest.mark.parametrize("server", [False, True], ids=["sqlite", "postgresql"])
def test_human_work_is_all_there_and_the_new_columns_are_filled(
    old: Path, server: bool, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("old_server") if server else None
    with open_store(old if url is None else old / "beside", url) as store:
        assert store.check() == []
        counts = store.counts()
        assert (counts.rejected, counts.edited, counts.open, counts.total) == (1, 1, 3, 5)
        items = store.queue(rater="Ana")
        assert [item.decision.rater if item.decision else None for item in items] == ["Ben", "Ana", None, None, None]
        assert items[1].decision is not None and items[1].decision.text == "Edited by Ana"
        assert items[4].draft == "half"
        assert store.get_setting("x") == [1]
        assert len(store.queue(QueueFilter(principle="kind"))) == 3
        assert len(store.queue(QueueFilter(constitution="c" * 64, words=(3, 3), change=(30, 40)))) == 4
        assert len(store.readings_of(items[0].example.id)) == 2
        assert store.decide(Decision("new", items[2].example.id, "tie", "Ana", labels=("harmful",)), 2).rev == 3
        assert store.undo("Ana") and store.redo_all("Ana")
        assert store.check() == []


@pytest.mark.parametrize("server", [False, True], ids=["sqlite", "postgresql"])
def test_what_was_settings_is_rows_and_an_arm_is_a_variant(
    old: Path, server: bool, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("old_server") if server else None
    with open_store(old if url is None else old / "beside", url) as store:
        assert [(s.key, s.title, s.count, s.kinds) for s in store.prompt_sets()] == [
            (ASKED, "Asked", 3, {"helpful": 1, "unknown": 1, "harmful": 1}), (BREAD, "Bread", 1, {"unknown": 1}),
        ]  # fmt: skip
        bread, talk, diary = store.set_prompts(ASKED, range(9))
        assert bread == SetPrompt((Message("user", "How do I bake bread?"),), "helpful", "baking")
        assert [turn.role for turn in talk.turns] == ["user", "assistant", "user"] and diary.kind == "harmful"
        assert store.find_prompt(bread) == (ASKED, bread)

        base = store.versions("mine")[0].hash
        for author, title in (("Ana", "Mine, later"), ("Cleo", "Mine")):
            draft = store.draft("mine", author)
            assert draft is not None and (draft.base, draft.constitution.title) == (base, title)
            assert len(draft.constitution.principles) == 2
        change = store.last_change("mine", "Ana")
        assert change is not None and (change.before.title, change.after.title) == ("Mine", "Mine, later")
        store.save_draft(change.before, "Ana", base, undone=change)
        first = store.last_change("mine", "Ana")
        assert first is not None and first.before == store.version(base).constitution
        dropped = store.last_change("mine", "Ben")
        assert dropped is not None and len(dropped.before.principles) == 2 and store.draft("mine", "Ben") is None

        assert [result.variant for result in store.evaluation("e1").results] == ["__base__"]
        assert [one.answers for one in store.evaluations()] == [len(store.evaluation("e1").rows)]
        assert store.answer_names("e1")[0][1] == "__base__"
        assert store.evaluation("e1").rows[0]["variant"] == "__base__" and "arm" not in store.evaluation("e1").rows[0]
        assert [(vote.left, vote.right) for vote in store.votes()] == [("__base__", "r1")]
        with store._db.read() as connection:
            assert sorted(connection.scalars(sa.select(schema.settings.c.key))) == ["x", "x_kept"]


def test_it_ends_with_the_same_tables_as_a_new_one(old: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    new = tmp_path_factory.mktemp("new")
    for home in (old, new):
        open_store(home).close()
    assert columns(old) == columns(new)


def test_opening_it_again_changes_nothing(old: Path) -> None:
    open_store(old).close()
    before = "\n".join(sqlite3.connect(old / "cai.db").iterdump())
    open_store(old).close()
    assert "\n".join(sqlite3.connect(old / "cai.db").iterdump()) == before


def test_a_step_that_fails_leaves_the_old_database(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = sqlite3.connect(old / "cai.db")
    raw.execute("update examples set body = 'damaged' where seq = 3")
    raw.commit()
    before = "\n".join(raw.iterdump())
    raw.close()
    with pytest.raises(ValueError):
        open_store(old)
    assert "\n".join(sqlite3.connect(old / "cai.db").iterdump()) == before
