"""Second readings, disputes, leases, redo, and the filters that go with them."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest

from cai_ui.errors import ConflictError, InputError
from cai_ui.records import Decision, Example, Verdict
from cai_ui.store import DOUBLE_SHARE, QueueFilter, Reading, Store
from cai_ui.store.events import Event, replay

Make = Callable[..., list[Example]]
OPEN = QueueFilter("open")


@pytest.fixture
def shared(store: Store, examples: Make) -> Store:
    """Six examples, all of which two raters are to judge."""
    store.add_examples(examples(6))
    store.set_setting(DOUBLE_SHARE, 1.0)
    return store


def judge(store: Store, rater: str, verdict: Verdict, event: str, example_id: str | None = None) -> Decision:
    """What the page does: look, then decide on what was seen."""
    item = store.item(example_id, rater) if example_id else store.next_open(None, rater)
    assert item is not None
    text = "Other words." if verdict == "edit" else None
    return store.decide(Decision(event, item.example.id, verdict, rater, text), item.rev, second=item.second)


def waiting(store: Store, rater: str) -> int:
    """How many examples that somebody judged wait for this rater's second reading."""
    counts = store.counts(OPEN, rater)
    return counts.fits - counts.open


def test_the_second_rater_gets_what_the_first_judged_without_seeing_the_verdict(shared: Store) -> None:
    first = judge(shared, "Ana", "accept", "a1")
    item = shared.item(first.example_id, "Ben")
    assert (item.second, item.decision, item.rev) == (True, None, 1)
    assert shared.item(first.example_id, "Ana").decision == first
    assert waiting(shared, "Ben") == 1 and waiting(shared, "Ana") == 0
    assert len(shared.queue(OPEN, rater="Ben")) == 6 and len(shared.queue(OPEN, rater="Ana")) == 5


def test_agreement_changes_nothing_and_the_example_is_done_for_both(shared: Store) -> None:
    first = judge(shared, "Ana", "accept", "a1")
    second = judge(shared, "Ben", "edit", "b1", first.example_id)
    stands = shared.item(first.example_id, "Ben").decision
    assert stands is not None and (stands.rater, stands.verdict) == ("Ana", "accept")
    assert second.rev == 2
    assert not shared.item(first.example_id).disputed, "an edited revision is a better one too"
    assert shared.counts().disputed == 0 and waiting(shared, "Cem") == 0
    assert [d.rater for d in shared.readings_of(first.example_id)] == ["Ana", "Ben"]


def test_a_contradiction_is_disputed_until_somebody_decides(shared: Store) -> None:
    first = judge(shared, "Ana", "accept", "a1")
    judge(shared, "Ben", "flip", "b1", first.example_id)
    assert [i.example.id for i in shared.queue(QueueFilter("disputed"))] == [first.example_id]
    item = shared.item(first.example_id, "Cem")
    assert item.disputed
    shared.decide(Decision("c1", first.example_id, "flip", "Cem"), item.decision.rev if item.decision else 0)
    assert shared.counts().disputed == 0 and shared.counts().flipped == 1
    assert shared.undo("Cem") and shared.counts().disputed == 1


@pytest.mark.parametrize("verdict", ["skip", "flag"])
def test_skipping_and_flagging_contradict_nothing(shared: Store, verdict: Verdict) -> None:
    first = judge(shared, "Ana", "accept", "a1")
    judge(shared, "Ben", verdict, "b1", first.example_id)
    assert shared.counts().disputed == 0


def test_a_second_reading_is_taken_back_without_touching_the_first(shared: Store) -> None:
    first = judge(shared, "Ana", "accept", "a1")
    judge(shared, "Ben", "flip", "b1", first.example_id)
    undone = shared.undo("Ben")
    assert undone is not None and undone.event_id == "b1"
    assert (shared.counts().accepted, shared.counts().disputed) == (1, 0)
    assert shared.item(first.example_id, "Ben").second
    assert [d.verdict for d in shared.redo_all("Ben")] == ["flip"]
    assert shared.counts().disputed == 1
    assert shared.check() == []


def test_a_second_reading_of_what_changed_meanwhile_is_a_conflict(shared: Store) -> None:
    first = judge(shared, "Ana", "accept", "a1")
    seen = shared.item(first.example_id, "Ben")
    shared.undo("Ana")
    with pytest.raises(ConflictError, match="opened again"):
        shared.decide(Decision("b1", first.example_id, "flip", "Ben"), seen.rev, second=True)
    assert shared.readings_of(first.example_id) == []


def test_nobody_reads_an_example_twice(shared: Store) -> None:
    first = judge(shared, "Ana", "accept", "a1")
    with pytest.raises(ConflictError):
        shared.decide(Decision("a2", first.example_id, "flip", "Ana"), 1, second=True)


def test_the_share_decides_how_many_are_read_twice(store: Store, examples: Make) -> None:
    store.add_examples(examples(400))
    store.decide_many(store.open_ids(), "accept", "Ana")
    assert waiting(store, "Ben") == 0
    store.set_setting(DOUBLE_SHARE, 0.25)
    assert 70 < waiting(store, "Ben") < 130
    assert waiting(store, "") == 0, "somebody without a name reads nothing a second time"


def test_two_raters_do_not_get_the_same_example_while_one_has_it_on_the_page(store: Store, examples: Make) -> None:
    store.add_examples(examples(2))
    first, other = store.open_ids()
    store.take_lease(first, "Ana")
    found = store.next_open(None, "Ben")
    assert found is not None and found.example.id == other
    store.take_lease(other, "Ben")
    assert store.next_open(None, "Cem") is None
    mine = store.next_open(None, "Ana")
    assert mine is not None and mine.example.id == first, "one's own lease is no hindrance"
    store.take_lease(other, "Ana")
    assert store.next_open(None, "Cem") is not None, "a rater has one example at a time"


def test_raters_who_ask_all_at_once_never_get_one_example_twice(store: Store, examples: Make) -> None:
    store.add_examples(examples(90))
    met: list[str] = []
    start = threading.Barrier(3)

    def work(rater: str) -> None:
        start.wait()
        after = None
        while (item := store.next_open(after, rater)) is not None:
            after = item.example.id
            try:
                store.decide(Decision(f"{rater}-{after}", after, "accept", rater), item.rev)
            except ConflictError:
                met.append(rater)

    raters = [threading.Thread(target=work, args=(name,)) for name in ("Ana", "Ben", "Cem")]
    for rater in raters:
        rater.start()
    for rater in raters:
        rater.join()
    assert met == [] and store.counts().open == 0


def test_a_lease_ends(store: Store, examples: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add_examples(examples(1))
    monkeypatch.setattr("cai_ui.store.queue_views.LEASE_S", -1)
    store.take_lease(store.open_ids()[0], "Ana")
    assert store.next_open(None, "Ben") is not None


def test_redo_does_again_what_was_taken_back_step_by_step(store: Store, examples: Make) -> None:
    store.add_examples(examples(4))
    ids = store.open_ids()
    for number, id in enumerate(ids):
        store.decide(Decision(f"e{number}", id, "edit", "Ana", text=f"words {number}"), 0)
    for _ in range(3):
        store.undo("Ana")
    assert store.taken_back("Ana") == 3
    assert [d.text for d in store.redo_all("Ana")] == ["words 1"]
    assert [d.text for d in store.redo_all("Ana")] == ["words 2"]
    assert store.taken_back("Ana") == 1 and store.counts().edited == 3
    assert store.undo("Ana") is not None
    assert [d.text for d in store.redo_all("Ana")] == ["words 2"]
    assert [d.text for d in store.redo_all("Ana")] == ["words 3"]
    assert store.redo_all("Ana") == []
    assert [d.text for d in store.history("Ana")] == ["words 3", "words 2", "words 1", "words 0"]
    assert store.check() == []


def test_a_new_decision_ends_what_can_be_redone(store: Store, examples: Make) -> None:
    store.add_examples(examples(2))
    one, two = store.open_ids()
    store.decide(Decision("e1", one, "accept", "Ana"), 0)
    store.undo("Ana")
    store.decide(Decision("e2", two, "accept", "Ana"), 0)
    assert store.redo_all("Ana") == [] and store.taken_back("Ana") == 0


def test_a_bulk_decision_is_redone_as_a_whole(store: Store, examples: Make) -> None:
    store.add_examples(examples(700))
    store.decide_many(store.open_ids(), "accept", "Ana")
    assert len(store.undo_all("Ana")) == 700
    assert store.taken_back("Ana") == 1
    assert len(store.redo_all("Ana")) == 700
    assert len(store.undo_all("Ana")) == 700, "and taken back as a whole again"
    assert store.check() == []


def test_redo_over_the_work_of_somebody_else_is_refused(store: Store, examples: Make) -> None:
    store.add_examples(examples(1))
    id = store.open_ids()[0]
    store.decide(Decision("e1", id, "accept", "Ana"), 0)
    store.undo("Ana")
    store.decide(Decision("e2", id, "reject", "Ben"), store.item(id).rev)
    with pytest.raises(ConflictError, match="rejected by Ben"):
        store.redo_all("Ana")
    assert store.counts().rejected == 1


def test_labels_are_kept_with_the_decision_and_checked(store: Store, examples: Make) -> None:
    store.add_examples(examples(1))
    id = store.open_ids()[0]
    saved = store.decide(Decision("e1", id, "accept", "Ana", labels=("overstated", "preachy")), 0)
    assert store.item(id).decision == saved and saved.labels == ("overstated", "preachy")
    with pytest.raises(InputError):
        store.decide(Decision("e2", id, "accept", "Ana", labels=("x" * 41,)), 1)
    with pytest.raises(InputError):
        store.decide(Decision("e2", id, "accept", "Ana", labels=tuple(map(str, range(21)))), 1)


def test_a_tie_needs_two_answers(store: Store, examples: Make) -> None:
    store.add_examples(examples(1, initial=False))
    with pytest.raises(InputError, match="no initial answer"):
        store.decide(Decision("e1", store.open_ids()[0], "tie", "Ana"), 0)


def test_filters_by_length_change_rater_draft_and_finding(store: Store, examples: Make) -> None:
    store.add_examples(examples(4))
    ids = store.open_ids()
    store.decide(Decision("e1", ids[0], "accept", "Ana"), 0)
    store.save_text_draft(ids[1], "Ana", "half")
    store.set_findings([(ids[2], "truncated"), (ids[2], "emoji"), (ids[3], "emoji"), ("unknown", "emoji")])

    def shown(**wanted: object) -> list[str]:
        return [item.example.id for item in store.queue(QueueFilter(**wanted), rater="Ana")]  # type: ignore[arg-type]

    assert shown(rater="Ana") == [ids[0]] and store.raters() == ["Ana"]
    assert shown(status="draft") == [ids[1]] and store.counts(QueueFilter("draft"), "Ana").fits == 1
    assert shown(finding="emoji") == ids[2:] and store.findings_of(ids[2]) == ["emoji", "truncated"]
    assert list(store.marked_values("finding")) == [("emoji", 2), ("truncated", 1)]
    assert shown(words=(4, None)) == [] and shown(words=(3, 3)) == ids
    assert shown(change=(None, 20)) == [] and shown(change=(30, 40)) == ids
    store.set_findings([])
    assert shown(finding="emoji") == []


def test_orders_show_every_example_once_and_going_on_follows_them(store: Store, examples: Make) -> None:
    store.add_examples(examples(30))
    ids = store.open_ids()
    store.save_judgements("judge", {id: {"preference": n / 29} for n, id in enumerate(ids[:20])})
    for order in ("arrival", "random", "uncertain"):
        filter = QueueFilter("open", order=order)  # type: ignore[arg-type]
        listed = [item.example.id for item in store.queue(filter, 100)]
        assert sorted(listed) == sorted(ids)
        walked, after = [], None
        for _ in ids:
            item = store.next_open(after, "Ana", filter)
            assert item is not None
            after = item.example.id
            walked.append(after)
        assert walked == listed
        assert [store.place_in_queue(id, filter) for id in listed] == list(range(30))
    assert [i.example.id for i in store.queue(QueueFilter(order="random"), 100)] != ids
    first = store.queue(QueueFilter(order="uncertain"), 2)
    assert {item.example.id for item in first} == {ids[14], ids[15]}
    assert first[0].preference == pytest.approx(0.5, abs=0.02)


def test_a_judgement_of_the_same_judge_is_replaced_and_survives_a_rebuild(store: Store, examples: Make) -> None:
    store.add_examples(examples(1))
    id = store.open_ids()[0]
    for preference in (0.9, 0.2):
        store.save_judgements("j", {id: {"preference": preference, "order_bias": 0.1}})
    assert store.judgements() == {id: {"judge": "j", "preference": 0.2, "order_bias": 0.1}}
    store.save_judgements("other", {id: {"preference": None}})
    assert store.judgements("j")[id]["preference"] == 0.2
    store.rebuild()
    assert store.item(id).preference == pytest.approx(0.2)
    with pytest.raises(InputError):
        store.save_judgements("j", {id: {"preference": float("nan")}})


def test_readings_tell_blind_ones_from_others(shared: Store) -> None:
    first = judge(shared, "Ana", "accept", "a1")
    judge(shared, "Ben", "flip", "b1", first.example_id)
    shared.decide(Decision("c1", first.example_id, "flip", "Cem"), 2)
    assert [(r.rater, r.verdict, r.blind) for r in shared.readings()] == [
        ("Ana", "accept", True), ("Ben", "flip", True), ("Cem", "flip", False),
    ]  # fmt: skip
    shared.undo("Cem")
    assert all(isinstance(r, Reading) and r.blind for r in shared.readings())


def test_any_sequence_of_work_is_what_its_log_says(shared: Store) -> None:
    rng = random.Random(7)
    ids = shared.open_ids()
    verdicts: list[Verdict] = ["accept", "reject", "flip", "tie", "skip", "flag"]
    for number in range(150):
        rater = rng.choice(["Ana", "Ben", "Cem"])
        what = rng.random()
        try:
            if what < 0.55:
                judge(shared, rater, rng.choice(verdicts), f"e{number}", rng.choice(ids))
            elif what < 0.6:
                shared.decide_many(rng.sample(ids, 3), "accept", rater)
            elif what < 0.85:
                shared.undo_all(rater)
            else:
                shared.redo_all(rater)
        except ConflictError:
            pass
    assert shared.check() == []
    before = shared.queue(rater="Ana")
    shared.rebuild()
    assert shared.queue(rater="Ana") == before and shared.check() == []


def test_replay_keeps_the_judgement_before_one_that_was_taken_back() -> None:
    def event(seq: int, kind: str, verdict: str | None = None, **rest: str) -> Event:
        return Event(seq, f"e{seq}", "x", kind, verdict, "Ana", seq, **rest)  # type: ignore[arg-type]

    log = [event(1, "decide", "accept"), event(2, "decide", "reject"), event(3, "undo", undoes="e2", restores="e1")]
    standing = replay(log)["x"]
    assert (standing.status, standing.readings["Ana"].seq, standing.rev) == ("accept", 1, 3)
