"""Copies of one workspace that meet in its repository: one writes, the other is told."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.hub_repository import Hub

from .copies import Copy, manifest, told


def test_a_copy_that_was_killed_is_followed_once_nothing_comes_from_it(hub: Hub, copy: Callable[..., Copy]) -> None:
    first = copy()
    first.decide(1, 2)
    first.look()
    first.decide(3)  # the loss of a kill: what came after the last look
    first.end(killed=True)
    second = copy("emptied", lease_s=0.5)
    assert len(told(second.store)) == 2
    second.decide(4)
    before = hub.head
    assert "may still be writing" in second.look() and hub.head == before
    assert second.off_site.standing.whole_at is None
    time.sleep(0.6)
    assert second.look() == "" and manifest(hub).upto["events"] == 3
    assert second.off_site.standing.whole_at is not None
    second.end()


def test_of_two_copies_one_writes_and_the_other_is_told(hub: Hub, copy: Callable[..., Copy]) -> None:
    first = copy()
    first.decide(1)
    first.look()
    second = copy("second", lease_s=0.0)  # it takes the first for ended, and is wrong
    second.decide(2, rater="Ben")
    assert second.look() == ""
    kept = dict(hub.files)
    first.decide(3)
    for _ in range(3):
        assert "another copy" in first.look()
        assert hub.files == kept
    first.end()
    assert hub.files == kept, "not at its end either"
    second.decide(4, rater="Ben")
    assert second.look() == ""
    second.end()
    assert len(manifest(hub).later) == 2 and manifest(hub).upto["events"] == 3


def test_two_copies_at_the_same_moment(hub: Hub, copy: Callable[..., Copy]) -> None:
    """Both have read the same state, and both commit: the Hub takes the first."""
    first = copy()
    first.decide(1)
    first.end()
    one, other = (copy(name) for name in ("one", "other"))
    for each in (one, other):
        assert each.look() == ""
        each.decide(2)
    assert one.look() == "" and "at the same time" in other.look()
    kept = dict(hub.files)
    assert "has written there what is not here" in other.look() and hub.files == kept
    for each in (one, other):
        each.end()


def test_an_answer_that_was_lost_is_no_second_writer(hub: Hub, copy: Callable[..., Copy]) -> None:
    only = copy()
    only.decide(1)
    only.look()
    hub.loses_answers = True
    only.decide(2)
    assert only.look() != ""
    hub.loses_answers = False
    only.decide(3)
    assert only.look() == "" and manifest(hub).upto["events"] == 3
    only.end(killed=True)
    again = copy()  # the same disk
    again.decide(4)
    assert again.brought_back is None and again.look() == "" and manifest(hub).upto["events"] == 4
    again.end()
