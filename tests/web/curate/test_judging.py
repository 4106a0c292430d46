"""Judging in the Curate tab: decisions, edits, undo and redo, drafts, conflicts, a second reader."""

from __future__ import annotations

import time

import pytest

from cai_ui.errors import ConflictError, InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.curate import agreement
from cai_ui.store import QueueFilter
from cai_ui.web.curate import judging, walking, words
from cai_ui.web.curate.example_box import card_html
from cai_ui.web.curate.filter_box import decide_all
from cai_ui.web.session import Session

from .page import Page
from .views import ANA, ME, OPEN, Make, at, first, shows


@pytest.mark.parametrize("verdict", ["accept", "reject", "flip", "skip"])
def test_a_decision_is_stored_and_the_next_example_comes(filled: Services, verdict: str) -> None:
    before = first(filled)
    after = judging.judge(filled, ME, OPEN, at(before), verdict, before.text)  # type: ignore[arg-type]
    assert shows(after) == "Question 1?"
    assert "saved " in after.said
    kept = filled.store.item(at(before).example_id).decision
    assert kept is not None and (kept.verdict, kept.rater) == (verdict, ME)


def test_accepting_a_changed_text_keeps_the_change(filled: Services) -> None:
    before = first(filled)
    judging.judge(filled, ME, OPEN, at(before), "accept", "My own words.")
    kept = filled.store.item(at(before).example_id).decision
    assert kept is not None and (kept.verdict, kept.text) == ("edit", "My own words.")


def test_an_edit_that_changes_nothing_is_an_acceptance(filled: Services) -> None:
    before = first(filled)
    judging.judge(filled, ME, OPEN, at(before), "edit", before.text + "\r\n")
    kept = filled.store.item(at(before).example_id).decision
    assert kept is not None and kept.verdict == "accept"


@pytest.mark.parametrize("text", ["", "  \n", "a\x00b", "\ud800", "x" * 5_000_000])
def test_text_that_cannot_be_kept_is_refused_and_nothing_is_decided(filled: Services, text: str) -> None:
    before = first(filled)
    with pytest.raises(InputError):
        judging.judge(filled, ME, OPEN, at(before), "edit", text)
    assert filled.store.counts().open == 6


def test_undo_shows_the_example_again_and_keeps_the_edited_text(filled: Services) -> None:
    before = first(filled)
    judging.judge(filled, ME, OPEN, at(before), "edit", "My own words.")
    view = judging.undo(filled, ME, OPEN)
    assert shows(view) == shows(before)
    assert view.text == "My own words."
    assert filled.store.counts().open == 6
    with pytest.raises(InputError, match="nothing to undo"):
        judging.undo(filled, ME, OPEN)


def test_undo_takes_back_a_bulk_acceptance_as_a_whole(filled: Services) -> None:
    assert "6 examples accepted" in decide_all(filled, ME, OPEN, "accept", 6)
    assert first(filled).item is None
    assert "6 decisions" in judging.undo(filled, ME, OPEN).said
    assert filled.store.counts().open == 6


def test_a_bulk_acceptance_of_another_number_than_announced_is_refused(filled: Services) -> None:
    judging.judge(filled, ANA, OPEN, at(first(filled)), "reject")
    with pytest.raises(ConflictError, match="5 open examples match now, not 6"):
        decide_all(filled, ME, OPEN, "accept", 6)
    assert filled.store.counts().accepted == 0


def test_a_stale_sight_writes_nothing_and_shows_both_texts(filled: Services) -> None:
    mine, hers = first(filled), first(filled, rater=ANA)
    judging.judge(filled, ANA, OPEN, at(hers), "edit", "Ana's words.")
    view = judging.judge(filled, ME, OPEN, at(mine), "edit", "My words.")
    assert view.conflict is not None
    sentence, kept, standing = view.conflict
    assert "was edited by Ana" in sentence
    assert (kept, standing, view.text) == ("My words.", "Ana's words.", "My words.")
    decision = filled.store.item(at(mine).example_id).decision
    assert decision is not None and decision.rater == ANA
    page = Page(filled)
    page.take(page.example.show(ME, OPEN, view))
    html = page[page.bar.said]
    assert "Ana&#x27;s words." in html and "My words." in html


def test_after_a_conflict_the_next_decision_counts(filled: Services) -> None:
    mine = first(filled)
    judging.judge(filled, ANA, OPEN, at(first(filled, rater=ANA)), "reject")
    view = judging.judge(filled, ME, OPEN, at(mine), "accept", mine.text)
    judging.judge(filled, ME, OPEN, at(view), "accept", view.text)
    decision = filled.store.item(at(mine).example_id).decision
    assert decision is not None and (decision.verdict, decision.rater) == ("accept", ME)


def test_the_same_request_twice_is_one_decision(filled: Services) -> None:
    before = first(filled)
    for _ in range(2):
        after = judging.judge(filled, ME, OPEN, at(before), "accept", before.text)
    assert shows(after) == "Question 1?"
    assert len(filled.store.history(ME)) == 1


def test_a_second_key_before_the_next_example_is_left_out(filled: Services) -> None:
    before = first(filled)
    judging.judge(filled, ME, OPEN, at(before), "accept", before.text)
    view = judging.judge(filled, ME, OPEN, at(before), "reject")
    assert view.said == words.TOO_FAST
    assert shows(view) == "Question 1?"
    assert (filled.store.counts().accepted, filled.store.counts().rejected) == (1, 0)


def test_a_draft_comes_back_and_is_not_kept_for_an_outdated_sight(filled: Services) -> None:
    before = first(filled)
    assert judging.keep_draft(filled, ME, at(before), "half a sent").startswith("Draft saved ")
    again = walking.resume(filled, ME, OPEN, at(before).example_id)
    assert again.text == "half a sent"
    judging.judge(filled, ME, OPEN, at(again), "accept", "A whole sentence.")
    assert judging.keep_draft(filled, ME, at(before), "late") == ""
    assert filled.store.text_draft(at(before).example_id, ME) is None


def test_the_models_revision_can_be_put_back(filled: Services) -> None:
    before = first(filled)
    judging.keep_draft(filled, ME, at(before), "half a sent")
    assert judging.forget_draft(filled, ME, at(before)) == before.text
    assert filled.store.text_draft(at(before).example_id, ME) is None


def test_a_decision_takes_a_moment_also_in_a_long_queue(services: Services, example: Make) -> None:
    services.store.add_examples([example(number) for number in range(3_000)])
    page = Page(services)
    page.choose(status="open")
    began = time.perf_counter()
    for _ in range(10):
        page.judge("accept", "Better not.")
    assert (time.perf_counter() - began) / 10 < 0.25


def test_redo_shows_what_was_taken_back_and_says_when_it_was_saved(filled: Services) -> None:
    before = first(filled)
    judging.judge(filled, ME, OPEN, at(before), "edit", "My own words.")
    judging.undo(filled, ME, OPEN)
    view = judging.redo(filled, ME, OPEN)
    assert shows(view) == shows(before) and view.said.startswith("Redone: edited · saved")
    decision = filled.store.item(at(before).example_id).decision
    assert decision is not None and decision.text == "My own words."
    with pytest.raises(InputError, match="nothing to redo"):
        judging.redo(filled, ME, OPEN)


def test_a_second_reader_does_not_see_the_first_verdict_and_a_dispute_shows_both(filled: Services) -> None:
    agreement.set_double_share(filled, 1.0)
    hers = first(filled, rater=ANA)
    judging.judge(filled, ANA, OPEN, at(hers), "edit", "Ana's words.")
    mine = walking.show_example(filled, ME, OPEN, at(hers).example_id)
    card = card_html(filled, mine, OPEN)
    assert "second annotation" in card and "Ana" not in card and mine.text == "Better not, 0."
    judging.judge(filled, ME, OPEN, at(mine), "flip")
    disputed = QueueFilter("disputed")
    view = first(filled, disputed, rater="Cem")
    card = card_html(filled, view, disputed)
    assert all(words in card for words in ("contradict each other", "Ana&#x27;s words.", "Ana", "initial preferred"))
    judging.judge(filled, "Cem", disputed, at(view), "accept", view.text)
    assert filled.store.counts().disputed == 0


def test_a_decision_that_waited_for_a_name_is_not_kept_without_one(filled: Services) -> None:
    """An event of its own, which whoever sends it may send at any time; it answered with a component that is none of
    its outputs."""
    page = Page(filled)
    page.given[page.session], page.given[page.bar.pending] = Session(), "accept"
    changes = page.tab.judge_pending(page.given)
    assert page.bar.ask not in changes and changes[page.bar.pending] == ""
    assert filled.store.counts().done == 0
