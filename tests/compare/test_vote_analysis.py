"""What many votes say: mirrored by an exchange of names, and a sentence where nothing can be said."""

from __future__ import annotations

import dataclasses
import random
import time

import pytest

from cai_ui.compare.variants import VariantText
from cai_ui.compare.vote_analysis import analyse
from cai_ui.compare.vote_words import sentences
from cai_ui.compare.votes import Ballot, make_vote, swapped
from cai_ui.errors import InputError
from cai_ui.records import Answer, Prompt, Provenance, Vote


def variant(name: str, length: int = 3, base: str = "b") -> VariantText:
    answer = Answer(f"{name}{'x' * length}", "end", 1, length, Provenance("m", base, None, None, 0, {}))
    return VariantText(name, name, answer.text, None, answer)


def vote(left: str, right: str, choice: str, rater: str = "Ana", prompt: str = "q", kind: str = "harmful") -> Vote:
    asked = Prompt("1", prompt, kind)  # type: ignore[arg-type]
    return make_vote(asked, variant(left), variant(right), choice, rater)


def many(seed: int = 0, number: int = 90) -> list[Vote]:
    """Of a, b and c; a is the best, and answers of random length."""
    rng, found = random.Random(seed), []
    for place in range(number):
        one, other = rng.sample("abc", 2)
        better = min(one, other) if rng.random() < 0.8 else max(one, other)
        choice = rng.choice(["tie", "both_bad"]) if rng.random() < 0.1 else "left" if better == one else "right"
        sides = variant(one, rng.randint(1, 90)), variant(other, rng.randint(1, 90))
        asked = Prompt("", f"q{place % 40}", rng.choice(["harmful", "helpful"]))
        found.append(make_vote(asked, *sides, choice, rng.choice(["Ana", "Ben"])))
    return found


def said(votes: list[Vote]) -> str:
    return " ".join(sentences(analyse(votes), str))


def test_sides_exchanged_change_nothing_but_the_share_of_the_left() -> None:
    votes = many()
    one, other = analyse(votes), analyse([swapped(vote) for vote in votes])
    assert one.pairs == other.pairs and one.strengths == other.strengths and one.raters == other.raters
    assert one.left.value == pytest.approx(1 - (other.left.value or 0))


def test_names_exchanged_mirror_every_share() -> None:
    votes = many()
    other_name = {"a": "b", "b": "a", "c": "c"}
    renamed = [dataclasses.replace(v, left=other_name[v.left], right=other_name[v.right]) for v in votes]
    one, other = analyse(votes), analyse(renamed)
    assert one.strengths["a"].value == pytest.approx(other.strengths["b"].value)
    first, mirrored = one.pairs[0], other.pairs[0]
    assert (first.first_wins, first.second_wins) == (mirrored.second_wins, mirrored.first_wins)
    assert first.rate.value == pytest.approx(1 - (mirrored.rate.value or 0))
    assert first.equal_length is not None and mirrored.equal_length is not None
    assert first.equal_length.share == pytest.approx(1 - (mirrored.equal_length.share or 0))
    assert (first.p_value, first.more) == (mirrored.p_value, mirrored.more)


def test_the_best_is_ranked_first_and_parts_add_up() -> None:
    found = analyse(many())
    assert found.strengths["a"].value > found.strengths["b"].value > found.strengths["c"].value
    assert found.strengths["a"].low < found.strengths["a"].value < found.strengths["a"].high
    for parts in (found.raters, {k: v for k, v in found.slices.items() if k[0] == "kind"}):
        assert sum(pair.first_wins for pairs in parts.values() for pair in pairs) == sum(
            pair.first_wins for pair in found.pairs
        )
    assert set(found.raters) == {"Ana", "Ben"}
    assert found.agreement is not None and found.agreement.units > 0


def test_no_votes_one_vote_and_only_ties_are_sentences() -> None:
    assert said([]) == "Nobody has voted yet."
    one = said([vote("a", "b", "left")])
    assert "a won 1 of 1 decided votes" in one and "not significant" in one and "more decided votes" in one
    ties = said([vote("a", "b", "tie"), vote("b", "a", "both_bad")])
    assert "nothing is decided yet (1 tied, 1 both bad); no share can be given" in ties
    assert "as often as each other (1 each)" in said([vote("a", "b", "left"), vote("a", "b", "right")])


def test_three_raters_who_disagree_are_said_to() -> None:
    votes = [
        vote("a", "b", choice, rater, f"q{place}")
        for place in range(12)
        for rater, choice in zip(("Ana", "Ben", "Cy"), ("left", "right", "tie"), strict=True)
    ]
    found = analyse(votes)
    assert found.agreement is not None and found.agreement.value is not None and found.agreement.value < 0
    assert "Raters agree: alpha -0." in said(votes) and "the same choice in 0 %" in said(votes)


def test_identical_answers_are_ties_by_identity_and_nobody_is_asked() -> None:
    left = variant("a")
    assert left.answer is not None
    right = dataclasses.replace(variant("b"), text=left.text, answer=left.answer)
    with pytest.raises(InputError, match="the same so far"):
        make_vote("q", left, right, "left", "Ana")
    by_itself = make_vote("q", left, right, "tie", "Ana", Ballot(by="identity"))
    found = analyse([by_itself, vote("a", "b", "left")])
    assert (found.pairs[0].identical, found.pairs[0].ties, found.pairs[0].rate.total) == (1, 0, 1)
    assert found.raters["Ana"][0].identical == 0


def test_variants_that_never_met_are_not_ranked_together() -> None:
    found = analyse([vote("a", "b", "left"), vote("c", "d", "left")])
    assert found.strengths == {} and "never met" in found.no_strengths
    assert "never met" in said([vote("a", "b", "left"), vote("c", "d", "left")])


def test_bases_of_two_models_are_two_variants() -> None:
    mine = make_vote("q", variant("base", base="1" * 64), variant("run"), "left", "Ana")
    other = make_vote("q", variant("base", base="2" * 64), variant("run"), "right", "Ana")
    assert [(pair.first, pair.first_wins) for pair in analyse([mine, other]).pairs] == [
        ("base:11111111", 1),
        ("base:22222222", 0),
    ]
    assert [pair.first for pair in analyse([mine]).pairs] == ["base"]
    told = [dataclasses.replace(vote, left="base::strength=0.5") for vote in (mine, other)]
    assert [pair.first for pair in analyse(told).pairs] == [
        "base:11111111::strength=0.5",
        "base:22222222::strength=0.5",
    ]


def test_reasons_are_counted_for_the_winner_and_unknown_ones_refused() -> None:
    one = make_vote("q", variant("a"), variant("b"), "left", "Ana", reasons=["safer", "more helpful"])
    assert one.reasons == ("safer", "more helpful")
    assert analyse([one]).reasons == {("a", "more helpful"): 1, ("a", "safer"): 1}
    with pytest.raises(InputError):
        make_vote("q", variant("a"), variant("b"), "left", "Ana", reasons=["<b>"])


def test_twenty_thousand_votes_are_analysed_in_seconds() -> None:
    votes = many(1, 300) * 66
    began = time.monotonic()
    found = analyse(votes)
    assert found.votes == len(votes) and time.monotonic() - began < 15
