"""Answers that come late or together: the page shows what the last key led to, with that example's own text."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cai_ui.pipeline import Services
from cai_ui.store import QueueFilter
from cai_ui.web.curate import judging, walking
from cai_ui.web.kit.events import Changes

from .page import Page

OPEN = QueueFilter("open")


def test_a_look_that_is_answered_after_a_key_takes_nothing_back(filled: Services) -> None:
    for status in ("open", "all"):
        page = Page(filled)
        page.choose(status=status)
        sent = dict(page.given)
        page.judge("reject")
        shown = page.shown
        late = page.tab.visits.look_again(sent)
        assert not {page.example.place, page.example.card, *page.example.given} & set(late)
        assert "judged" in late[page.bar.counts]
        page.take(late)
        assert page.shown == shown and f'data-example="{shown}"' in page.card


def test_a_key_pressed_while_a_look_is_underway_has_the_last_word(
    filled: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A swipe just after the name was said was counted, and the example stood there as before."""
    page = Page(filled)
    page.choose()
    first, sent, answers = page.shown, dict(page.given), list[Changes]()
    looking, go_on, show = threading.Event(), threading.Event(), walking.show_example

    def slowly(*asked: Any) -> walking.View:
        view = show(*asked)
        looking.set()
        assert go_on.wait(20)
        return view

    monkeypatch.setattr(walking, "show_example", slowly)
    with ThreadPoolExecutor(2) as people:
        look = people.submit(lambda: answers.append(page.tab.visits.look_again(sent)))
        assert looking.wait(20)
        key = people.submit(lambda: answers.append(page.tab.judge("reject", sent)))
        with pytest.raises(TimeoutError):
            key.result(0.3)
        go_on.set()
        look.result(20)
        key.result(20)
    for changes in answers:
        page.take(changes)
    assert filled.store.item(first).decision is not None
    assert page.shown != first and page[page.example.text] == filled.store.example(page.shown).revision


def test_a_conflict_behind_a_look_brings_its_own_text(filled: Services) -> None:
    page = Page(filled)
    page.choose()
    first, sent = page.shown, dict(page.given)
    theirs = walking.show_example(filled, "Ana", OPEN, first)
    assert theirs.place is not None
    judging.judge(filled, "Ana", OPEN, theirs.place, "reject")
    page.visit()
    assert page.shown != first
    page.take(page.tab.judge("accept", sent))
    assert page.shown == first and "rejected by Ana" in page[page.bar.said]
    assert page[page.example.text] == filled.store.example(first).revision, "and not that of the example beside it"


def test_a_look_leaves_what_is_being_typed(filled: Services) -> None:
    page = Page(filled)
    page.choose()
    first, before = page.shown, page[page.example.place]
    page.given |= {page.example.text: "half a sent", page.example.note: "Too st"}
    page.visit()
    assert page[page.example.place] == before, "nothing about it changed"
    filled.store.set_findings([(first, "truncated")])
    page.visit()
    assert "Cut off" in page.card and page.shown == first
    assert (page[page.example.text], page[page.example.note]) == ("half a sent", "Too st")


def test_a_draft_of_another_window_is_shown_where_nobody_types(filled: Services) -> None:
    page = Page(filled)
    page.choose()
    filled.store.save_text_draft(page.shown, "me", "From the other window.")
    page.visit()
    assert page[page.example.text] == "From the other window."


def test_a_text_as_it_stands_is_no_draft(filled: Services) -> None:
    """A word about typing may be sent when the next example is there already."""
    view = walking.show(filled, "me", OPEN)
    assert view.place is not None
    assert judging.keep_draft(filled, "me", view.place, "half a sent").startswith("Draft saved")
    assert judging.keep_draft(filled, "me", view.place, view.text) == ""
    assert filled.store.text_draft(view.place.example_id, "me") is None


def test_keys_that_come_faster_than_answers_each_lead_one_example_on(filled: Services) -> None:
    page = Page(filled)
    page.choose(status="all")
    queue = [item.example.id for item in filled.store.queue(QueueFilter("all"), 5)]
    sent = dict(page.given)
    for place, by in enumerate((1, 1, 1, -1, 1)):
        page.take(page.tab.step(by, {**sent, page.example.behind: place > 0}))
    assert page.shown == queue[3] and page[page.example.text] == filled.store.example(queue[3]).revision
    page.step(-1)
    assert page.shown == queue[2]


def test_next_pressed_just_after_a_decision_leads_on_from_the_example_it_led_to(filled: Services) -> None:
    page = Page(filled)
    page.choose()
    queue = [item.example.id for item in filled.store.queue(OPEN, 3)]
    sent = dict(page.given)
    page.take(page.tab.judge("reject", sent))
    assert page.shown == queue[1]
    page.take(page.tab.step(1, {**sent, page.example.behind: True}))
    assert page.shown == queue[2]


def test_a_key_whose_answer_was_lost_leads_to_the_same_example_again(filled: Services) -> None:
    """It led on from the one that nobody had seen."""
    for status in ("open", "all"):
        page = Page(filled)
        page.choose(status=status)
        queue = [item.example.id for item in filled.store.queue(QueueFilter(status), 4)]
        for _ in range(3):
            answer = page.tab.step(1, page.given)
            assert json.loads(answer[page.example.place])["example_id"] == queue[1]
        page.take(answer)
        assert page.shown == queue[1] and f'data-example="{queue[1]}"' in page.card
        page.step(1)
        assert page.shown == queue[2]
        for _ in range(2):
            answer = page.tab.judge("skip", page.given)
            assert json.loads(answer[page.example.place])["example_id"] == queue[3]
