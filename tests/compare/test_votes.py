"""Blind order and tally."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest

from cai_ui.compare.variants import VariantText
from cai_ui.compare.votes import blind_order, make_vote, swapped, tally, winner
from cai_ui.errors import InputError
from cai_ui.records import Answer, Provenance, Vote

ANSWER = Answer("text", "end", 1, 1, Provenance("m", "b", None, None, 0, {}))


def variant(name: str) -> VariantText:
    return VariantText(name, name.title(), name, None, dataclasses.replace(ANSWER, text=name))


def vote(left: str, right: str, choice: str) -> Vote:
    return make_vote("A question", variant(left), variant(right), choice, "me")


def test_the_order_is_drawn_by_the_seed_and_fair() -> None:
    assert blind_order(["a", "b"], 5) == blind_order(["b", "a"], 5)
    lefts = Counter(blind_order(["a", "b"], seed)[0] for seed in range(2000))
    assert 900 < lefts["a"] < 1100
    assert {frozenset(blind_order(["a", "b", "c"], seed)) for seed in range(50)} == {
        frozenset("ab"), frozenset("ac"), frozenset("bc"),
    }  # fmt: skip


def test_two_different_variants_are_needed() -> None:
    with pytest.raises(InputError, match="two different variants"):
        blind_order(["a", "a"], 0)


@pytest.mark.parametrize("choice", ["left", "right", "tie", "both_bad"])
def test_exchanging_the_sides_turns_the_choice_and_keeps_the_winner(choice: str) -> None:
    one = vote("a", "b", choice)
    other = swapped(one)
    assert (other.left, other.right) == ("b", "a")
    assert winner(other) == winner(one)
    assert swapped(other) == one
    if choice in ("left", "right"):
        assert other.choice != one.choice
    assert tally([one]) == tally([other])


def test_a_vote_on_unfinished_answers_or_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match="not finished"):
        make_vote("q", dataclasses.replace(variant("a"), answer=None), variant("b"), "left", "me")
    with pytest.raises(InputError, match="not a vote"):
        make_vote("q", variant("a"), variant("b"), "middle", "me")


def test_the_tally_counts_by_variant_whichever_side_it_stood_on() -> None:
    votes = [vote("a", "b", "left"), vote("b", "a", "right"), vote("b", "a", "left"), vote("a", "b", "tie")]
    votes += [vote("a", "b", "both_bad"), vote("c", "a", "left")]
    first, second = tally(votes)
    assert (first.first, first.second) == ("a", "b")
    assert (first.first_wins, first.second_wins, first.ties, first.both_bad) == (2, 1, 1, 1)
    assert (first.rate.successes, first.rate.total) == (2, 3)
    assert (second.first, second.second, second.second_wins) == ("a", "c", 1)
    assert tally([]) == []
    assert tally([vote("a", "b", "tie")])[0].p_value is None
