"""Comments, highlighted passages, gold examples, guidelines and what raters set for themselves, as they are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cai_ui.errors import ConflictError, InputError
from cai_ui.records import Decision, Example, RaterSettings, Remarks, Span
from cai_ui.store import GOLD_SHARE, QueueFilter, Store, open_store

Make = Callable[..., list[Example]]
SPAN = Span("revision", 0, 4, "I am")
OPEN = QueueFilter("open")


def decided(id: str, rater: str, verdict: str = "accept", event: str = "") -> Decision:
    return Decision(event or f"{rater}-{id}", id, verdict, rater, note="why", spans=(SPAN,))  # type: ignore[arg-type]


@pytest.fixture
def ids(store: Store, examples: Make) -> list[str]:
    store.add_examples(examples(12))
    return [item.example.id for item in store.queue()]


def test_remarks_are_kept_before_with_and_after_a_decision(store: Store, ids: list[str]) -> None:
    store.save_remarks(ids[0], "Ana", Remarks("half", (SPAN,)))
    assert store.item(ids[0], "Ana").remarks == Remarks("half", (SPAN,)) and store.item(ids[0], "Ben").remarks is None
    assert [item.example.id for item in store.queue(QueueFilter("draft"), rater="Ana")] == [ids[0]]
    store.decide(decided(ids[0], "Ana"), 0)
    item = store.item(ids[0], "Ana")
    assert item.remarks is None and item.decision and (item.decision.note, item.decision.spans) == ("why", (SPAN,))
    store.undo("Ana")
    assert store.item(ids[0], "Ana").remarks == Remarks("why", (SPAN,)), "as an edited text stays"
    (again,) = store.redo_all("Ana")
    assert (again.note, again.spans) == ("why", (SPAN,)) and store.check() == []


@pytest.mark.parametrize("bad", [Span("revision", 3, 3, "x"), Span("revision", -1, 3, "x"), Span("else", 0, 1, "x")])  # type: ignore[arg-type]
def test_a_passage_that_is_none_is_refused(store: Store, ids: list[str], bad: Span) -> None:
    with pytest.raises(InputError):
        store.save_remarks(ids[0], "Ana", Remarks("", (bad,)))
    with pytest.raises(InputError):
        store.save_remarks(ids[0], "Ana", Remarks("", (SPAN,) * 51))


def test_gold_is_mixed_in_unseen_and_disputes_nothing(store: Store, ids: list[str]) -> None:
    for id in ids[:3]:
        store.decide(decided(id, "Lead", "reject"), 0)
        store.set_gold(id, "Lead")
    with pytest.raises(InputError, match="no verdict"):
        store.set_gold(ids[5], "Lead")
    assert next_id(store, ids[4], "Ana") == ids[5], "no share is set yet"
    store.set_setting(GOLD_SHARE, 1.0)
    assert next_id(store, ids[4], "Lead") not in ids[:3], "nobody is measured by what they set"
    seen = set()
    for number in range(3):
        item = store.next_open(ids[4], "Ana", OPEN)
        assert item and item.gold and item.second and item.decision is None
        store.decide(decided(item.example.id, "Ana", "accept", f"a{number}"), item.rev, second=True)
        seen.add(item.example.id)
    assert seen == set(ids[:3]) and next_id(store, ids[4], "Ana") == ids[5], "each once"
    assert store.counts().disputed == 0 and store.counts().rejected == 3 and store.check() == []
    undone = store.undo("Ana")
    assert undone and store.item(undone.example_id, "Ana").second, "it is unseen again"
    store.drop_gold(ids[0])
    assert [gold.example_id for gold in store.gold()] == ids[1:3] and store.rebuild() == 12 and store.check() == []


def next_id(store: Store, after: str, rater: str) -> str | None:
    item = store.next_open(after, rater, OPEN)
    return item and item.example.id


def test_guidelines_are_versions_and_nobody_overwrites_anothers(store: Store) -> None:
    assert store.guidelines() is None
    assert store.save_guidelines("# One", "Lead", 0).version == 1
    with pytest.raises(ConflictError, match="Version 1"):
        store.save_guidelines("# Mine", "Ben", 0)
    store.save_guidelines("# Two", "Ben", 1)
    newest, first = store.guidelines(), store.guidelines(1)
    assert newest and first and (newest.version, newest.text, newest.author, first.text) == (2, "# Two", "Ben", "# One")


def test_settings_of_a_rater_and_the_work_of_a_day(store: Store, ids: list[str]) -> None:
    mine = RaterSettings("Ana", (("accept", "z"),), 50)
    store.save_rater_settings(mine)
    assert store.rater_settings("Ana") == mine and store.rater_settings("Ben") == RaterSettings("Ben")
    store.decide(decided(ids[0], "Ana"), 0)
    store.decide_many(ids[1:4], "reject", "Ana")
    assert store.judged_since("Ana", "2000") == 4 and store.judged_since("Ana", "3000") == 0
    store.undo("Ana")
    assert store.judged_since("Ana", "2000") == 1
    assert [(one.rater, one.batch) for one in store.work()] == [("Ana", False)]


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path, examples: Make) -> None:
    store = open_store(tmp_path / "a")
    store.add_examples(examples(1))
    id = store.queue()[0].example.id
    store.save_remarks(id, "Ana", Remarks("kept", (SPAN,)))
    store.save_guidelines("# One", "Lead", 0)
    copied = tmp_path / "b"
    copied.mkdir()
    for file in (tmp_path / "a").glob("cai.db*"):  # as they lie there, without a close
        (copied / file.name).write_bytes(file.read_bytes())
    store.close()
    with open_store(copied) as again:
        assert again.item(id, "Ana").remarks == Remarks("kept", (SPAN,)) and again.guidelines() is not None
