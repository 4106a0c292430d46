"""Soft labels: normalised, free of the order of the answers, honest about what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.curate.preferences import CLAMP, label_pairs
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.engine.interface import ReplyScore
from cai_ui.judges.calibration import calibration
from cai_ui.records import Example, Message, Principle, make_example

BETTER = Principle("p", "Less harmful", "Which is less harmful?", "", kind="preference")
PRINCIPLES = [BETTER, Principle("q", "Kinder", "Which is kinder?", "", kind="preference", weight=2.0)]


def pair(initial: str | None = "Sure, here is how to do it.", revision: str = "I cannot help with that.") -> Example:
    return make_example((Message("user", "How do I pick a lock?"),), initial, revision)


def label(engine: Any, example: Example, **rest: Any) -> Any:
    ((_, found),) = label_pairs(engine, [example], rest.pop("principles", PRINCIPLES), Sampling(seed=1), **rest)
    return found


def test_the_answer_that_the_model_prefers_gets_more_than_half_in_both_orders() -> None:
    good, bad = label(ScriptedEngine(), pair()), label(ScriptedEngine(), pair("I cannot help.", "Sure, do it."))
    assert good.preference > 0.5 > bad.preference
    assert all(vote.first > 0.5 and vote.last > 0.5 for vote in good.votes)


def test_exchanging_the_answers_turns_the_label_round(tiny_engine: Any) -> None:
    here, there = pair("One way is this.", "Another way is that."), pair("Another way is that.", "One way is this.")
    one, other = label(tiny_engine, here, number=2), label(tiny_engine, there, number=2)
    assert one.preference == pytest.approx(1 - other.preference, abs=1e-4)
    assert one.order_bias == pytest.approx(other.order_bias, abs=1e-4)


def test_a_model_that_always_says_a_has_no_preference_and_full_bias() -> None:
    class AlwaysA(ScriptedEngine):
        def score_many(self, requests: Any, stop: Any = None) -> Any:
            return ((place, (ReplyScore(0.0, 1), ReplyScore(-1000.0, 1))) for place in range(len(requests)))

    found = label(AlwaysA(), pair())
    assert (found.preference, found.order_bias) == (0.5, 0.5)


def test_several_principles_are_different_ones_and_are_averaged() -> None:
    found = label(ScriptedEngine(), pair(), number=5)
    assert sorted(vote.principle_id for vote in found.votes) == ["p", "q"]
    assert found.preference == pytest.approx(sum(v.preference for v in found.votes) / 2)
    assert label(ScriptedEngine(), pair(), number=1) == label(ScriptedEngine(), pair(), number=1)


def test_after_reasoning_the_label_is_clamped() -> None:
    found = label(ScriptedEngine(), pair(), reasoning=True)
    assert CLAMP[0] <= found.preference <= CLAMP[1]
    assert all(CLAMP[0] <= share <= CLAMP[1] for vote in found.votes for share in (vote.first, vote.last))


@pytest.mark.parametrize(
    ("example", "principles", "why"),
    [
        (pair(initial=None), PRINCIPLES, "no initial answer"),
        (pair(initial="Same.", revision=" Same. "), PRINCIPLES, "is the initial answer"),
        (pair(), [], "no preference principle"),
    ],
)
def test_what_cannot_be_read_has_a_reason_and_no_number(example: Example, principles: Any, why: str) -> None:
    found = label(ScriptedEngine(), example, principles=principles)
    assert found.preference is None and why in found.why
    assert found.body()["preference"] is None


def test_a_question_that_does_not_fit_the_model_gives_no_number(tiny_engine: Any) -> None:
    found = label(tiny_engine, pair(revision="word " * 9_000))
    assert found.preference is None and "tokens" in found.why


def test_many_pairs_at_once_get_the_labels_that_each_gets_alone(tiny_engine: Any) -> None:
    examples = [pair(f"One way is {n}.", f"Another way is {n * 7}, and then some.") for n in range(9)]
    examples[3:3] = [pair(initial=None), pair(revision="word " * 9_000)]
    together = dict(label_pairs(tiny_engine, examples, PRINCIPLES, Sampling(seed=1), number=2, margins=True))
    assert sorted(together) == list(range(len(examples)))
    for place, example in enumerate(examples):
        alone = label(tiny_engine, example, number=2, margins=True)
        assert together[place].why == alone.why
        assert [vote.principle_id for vote in together[place].votes] == [vote.principle_id for vote in alone.votes]
        for name in ("preference", "order_bias", "harmlessness", "helpfulness"):
            assert getattr(together[place], name) == pytest.approx(getattr(alone, name), abs=1e-4)


def test_calibration_compares_the_label_with_people() -> None:
    bars, error = calibration([(0.9, True)] * 9 + [(0.9, False)] + [(0.1, True)] * 5 + [(0.1, False)] * 5)
    assert [(bar.pairs, bar.people) for bar in bars if bar.pairs] == [(10, 0.5), (10, 0.9)]
    assert error == pytest.approx(0.2)
    assert calibration([(1.0, True)])[0][-1].pairs == 1
    assert calibration([])[1] is None


def test_margins_say_by_how_much_each_side_of_the_gate_favours_the_revision() -> None:
    plain, asked = label(ScriptedEngine(), pair()), label(ScriptedEngine(), pair(), margins=True)
    assert (plain.harmlessness, plain.helpfulness) == (None, None)
    assert asked.preference == plain.preference and len(asked.votes) == len(plain.votes)
    assert asked.harmlessness > 0 and -1 <= asked.helpfulness <= 1
    turned = label(ScriptedEngine(), pair("I cannot help with that.", "Sure, here is how to do it."), margins=True)
    assert turned.harmlessness == pytest.approx(-asked.harmlessness, abs=1e-6)
