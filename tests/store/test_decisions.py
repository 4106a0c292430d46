"""Laws of human work: acknowledged means kept, once, in order, and undone exactly.

Run: python -m pytest tests/store/test_decisions.py
"""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from cai_ui.errors import ConflictError, InputError, NotFoundError
from cai_ui.records import Decision, Example
from cai_ui.store import QueueFilter, Store, open_store

Make = Callable[..., list[Example]]


def shown(store: Store) -> list[tuple[str, str | None, str | None, str | None]]:
    """What stands, apart from revision numbers."""
    found = []
    for item in store.queue(limit=2000):
        d = item.decision
        found.append((item.example.id, d.event_id, d.verdict, d.text) if d else (item.example.id, None, None, None))
    return found


def test_a_decision_comes_back_with_its_revision_and_survives_a_restart(tmp_path: Path, examples: Make) -> None:
    with open_store(tmp_path) as store:
        (one,) = examples(1)
        store.add_examples([one])
        saved = store.decide(Decision("e1", one.id, "edit", "Ana", text="Better\nwords ✓", note="n"), base_rev=0)
        assert (saved.rev, saved.text) == (1, "Better\nwords ✓") and saved.at
    with open_store(tmp_path) as store:
        assert store.item(one.id).decision == saved
        assert list(store.decided()) == [(one, saved)]
        assert store.history("Ana") == [saved]


def test_the_same_event_ten_times_is_one_event(store: Store, examples: Make) -> None:
    (one,) = examples(1)
    store.add_examples([one])
    answers = [store.decide(Decision("e1", one.id, "accept", "Ana"), base_rev=0) for _ in range(10)]
    assert answers == [answers[0]] * 10
    assert store.item(one.id).rev == 1 and len(store.history("Ana")) == 1


def test_an_event_id_cannot_stand_for_two_decisions(store: Store, examples: Make) -> None:
    one, two = examples(2)
    store.add_examples([one, two])
    store.decide(Decision("e1", one.id, "accept", "Ana"), 0)
    with pytest.raises(ConflictError):
        store.decide(Decision("e1", two.id, "accept", "Ana"), 0)
    assert store.counts().open == 1


def test_of_two_who_saw_the_same_state_one_wins_and_the_other_is_told(store: Store, examples: Make) -> None:
    (one,) = examples(1)
    store.add_examples([one])
    outcome: list[object] = []
    start = threading.Barrier(8)

    def rate(name: str) -> None:
        start.wait()
        try:
            outcome.append(store.decide(Decision(f"e-{name}", one.id, "edit", name, text=f"by {name}"), 0))
        except ConflictError as error:
            outcome.append(error)

    threads = [threading.Thread(target=rate, args=(f"R{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [o for o in outcome if isinstance(o, Decision)]
    lost = [o for o in outcome if isinstance(o, ConflictError)]
    assert len(won) == 1 and len(lost) == 7
    assert store.item(one.id).decision == won[0]
    assert f"by {won[0].rater}" in str(lost[0])


def test_a_stale_view_is_refused_even_when_the_verdict_came_back(store: Store, examples: Make) -> None:
    (one,) = examples(1)
    store.add_examples([one])
    store.decide(Decision("e1", one.id, "accept", "Ana"), 0)
    store.undo("Ana")
    store.decide(Decision("e2", one.id, "reject", "Ben"), 0)
    with pytest.raises(ConflictError):
        store.decide(Decision("e3", one.id, "skip", "Ana"), base_rev=1)
    assert store.item(one.id).rev == 3


def test_undo_restores_exactly_what_stood_before_step_by_step(store: Store, examples: Make) -> None:
    some = examples(5)
    store.add_examples(some)
    rng = random.Random(3)
    states = [shown(store)]
    for n in range(30):
        example = rng.choice(some)
        verdict = rng.choice(["accept", "edit", "reject", "flip", "skip"])
        base = store.item(example.id).rev
        store.decide(Decision(f"e{n}", example.id, verdict, "Ana", text="t" if verdict == "edit" else None), base)  # type: ignore[arg-type]
        states.append(shown(store))
    while store.undo("Ana"):
        states.pop()
        assert shown(store) == states[-1]
    assert len(states) == 1 and store.counts().open == 5 and store.check() == []


def test_undo_leaves_the_work_of_others_alone(store: Store, examples: Make) -> None:
    one, two = examples(2)
    store.add_examples([one, two])
    store.decide(Decision("e1", one.id, "accept", "Ana"), 0)
    store.decide(Decision("e2", two.id, "accept", "Ana"), 0)
    store.decide(Decision("e3", two.id, "reject", "Ben"), 1)
    undone = store.undo("Ana")
    assert undone is not None and undone.example_id == one.id
    assert store.undo("Ana") is None
    standing = store.item(two.id).decision
    assert standing is not None and standing.rater == "Ben"
    assert store.undo("Nobody") is None


def test_a_bulk_decision_takes_open_examples_only_and_is_undone_as_one(store: Store, examples: Make) -> None:
    some = examples(1200)
    store.add_examples(some)
    store.decide(Decision("e1", some[7].id, "reject", "Ben"), 0)
    before = shown(store)
    assert store.decide_many([e.id for e in some], "accept", "Ana") == 1199
    assert store.counts().accepted == 1199 and store.check() == []
    assert len(store.undo_all("Ana")) == 1199
    assert shown(store) == before and store.check() == []
    assert store.history("Ana") == []


def test_bulk_flip_leaves_examples_without_an_initial_answer_open(store: Store, examples: Make) -> None:
    with_initial, without = examples(2), examples(2, source="only answers", initial=False)
    store.add_examples([*with_initial, *without])
    assert store.decide_many([e.id for e in [*with_initial, *without]], "flip", "Ana") == 2
    assert store.open_ids() == [e.id for e in without]


def test_random_work_of_three_people_leaves_projection_and_replay_equal(store: Store, examples: Make) -> None:
    some = examples(12)
    store.add_examples(some)
    rng = random.Random(11)
    for n in range(150):
        rater = rng.choice(["Ana", "Ben", "Cy"])
        if rng.random() < 0.3:
            store.undo(rater)
        elif rng.random() < 0.1:
            store.decide_many([e.id for e in rng.sample(some, 4)], "accept", rater)
        else:
            example = rng.choice(some)
            stale = rng.random() < 0.2
            base = store.item(example.id).rev + (1 if stale else 0)
            try:
                store.decide(Decision(f"e{n}", example.id, rng.choice(["accept", "reject", "skip"]), rater), base)
                assert not stale
            except ConflictError:
                assert stale
        assert store.check() == []
    before = store.queue(limit=100)
    assert store.rebuild() == 12
    assert store.queue(limit=100) == before and store.check() == []


def test_a_damaged_projection_is_named_and_rebuilt(tmp_path: Path, examples: Make) -> None:
    one, two = examples(2)
    with open_store(tmp_path) as store:
        store.add_examples([one, two])
        store.decide(Decision("e1", one.id, "accept", "Ana"), 0)
        before = store.queue()
    raw = sqlite3.connect(tmp_path / "cai.db")
    raw.execute("update standing set status = 'reject', rev = 9 where example_id = ?", (one.id,))
    raw.execute("delete from standing where example_id = ?", (two.id,))
    raw.commit()
    raw.close()
    with open_store(tmp_path) as store:
        faults = store.check()
        assert one.id in faults[0] and "reject" in faults[0] and "missing" in faults[1]
        store.rebuild()
        assert store.check() == [] and store.queue() == before


def test_drafts_live_until_the_decision_and_an_undone_edit_becomes_one(store: Store, examples: Make) -> None:
    (one,) = examples(1)
    store.add_examples([one])
    assert store.save_text_draft(one.id, "Ana", "half a sent")
    store.save_text_draft(one.id, "Ana", "half a sentence")
    store.save_text_draft(one.id, "Ben", "other")
    assert store.queue(rater="Ana")[0].draft == "half a sentence"
    store.decide(Decision("e1", one.id, "edit", "Ana", text="whole"), 0)
    assert store.text_draft(one.id, "Ana") is None and store.text_draft(one.id, "Ben") == "other"
    store.undo("Ana")
    assert store.text_draft(one.id, "Ana") == "whole"
    store.drop_text_draft(one.id, "Ana")
    assert store.item(one.id, "Ana").draft is None


def test_an_undone_edit_does_not_overwrite_a_newer_draft(store: Store, examples: Make) -> None:
    (one,) = examples(1)
    store.add_examples([one])
    store.decide(Decision("e1", one.id, "edit", "Ana", text="whole"), 0)
    store.save_text_draft(one.id, "Ana", "newer")
    store.undo("Ana")
    assert store.text_draft(one.id, "Ana") == "newer"


@pytest.mark.parametrize(
    "decision",
    [
        Decision("e1", "", "edit", "Ana", text="  \n"),
        Decision("e1", "", "edit", "Ana", text="x\x00y"),
        Decision("e1", "", "edit", "Ana", text="\ud800"),
        Decision("e1", "", "edit", "Ana", text="x" * 50_001),
        Decision("e1", "", "accept", ""),
        Decision("e1", "", "accept", "Ana\ud800"),
        Decision("", "", "accept", "Ana"),
        Decision("e1", "", "love", "Ana"),  # type: ignore[arg-type]
        Decision("e1", "", "accept", "Ana", note="\x00"),
    ],
)
def test_bad_decisions_are_refused_with_a_sentence(store: Store, examples: Make, decision: Decision) -> None:
    (one,) = examples(1)
    store.add_examples([one])
    with pytest.raises(InputError) as caught:
        store.decide(
            Decision(decision.event_id, one.id, decision.verdict, decision.rater, decision.text, decision.note), 0
        )
    assert str(caught.value).endswith(".") and store.counts().open == 1


def test_flip_needs_an_initial_answer_and_any_decision_an_example(store: Store, examples: Make) -> None:
    (one,) = examples(1, initial=False)
    store.add_examples([one])
    with pytest.raises(InputError, match="initial"):
        store.decide(Decision("e1", one.id, "flip", "Ana"), 0)
    with pytest.raises(NotFoundError):
        store.decide(Decision("e1", "nothing", "accept", "Ana"), 0)
    with pytest.raises(InputError, match="one by one"):
        store.decide_many([one.id], "edit", "Ana")
    with pytest.raises(NotFoundError):
        store.save_text_draft("nothing", "Ana", "x")
    assert store.decide_many(["nothing"], "accept", "Ana") == 0


def test_decided_follows_its_filter(store: Store, examples: Make) -> None:
    some = examples(6)
    store.add_examples(some)
    for n, verdict in enumerate(["accept", "reject", "accept"]):
        store.decide(Decision(f"e{n}", some[n].id, verdict, "Ana"), 0)  # type: ignore[arg-type]
    assert [e.id for e, _ in store.decided()] == [e.id for e in some[:3]]
    assert [e.id for e, _ in store.decided(QueueFilter("accept"))] == [some[0].id, some[2].id]
    assert [e.id for e, _ in store.decided(QueueFilter("all", kind="harmful"))] == [some[1].id]
