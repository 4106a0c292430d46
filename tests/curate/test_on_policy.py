"""Pairs of a model's own answers: oriented by the judge, drawn by the seed, everything else counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cai_ui.config.app import AppSettings
from cai_ui.config.curate import OnPolicySettings
from cai_ui.curate.on_policy import ALONE, ENDS, IDENTICAL, TIED, TOO_LONG, UNKEPT, Made, make_pairs
from cai_ui.curate.preferences import SoftLabel, Vote
from cai_ui.demo import prompt_sets
from cai_ui.demo.reader import EmbeddedReader
from cai_ui.engine import load_engine
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.engine.interface import Choice, Request
from cai_ui.errors import EngineError
from cai_ui.readers import refused
from cai_ui.records import BASE, Answer, Constitution, ConstitutionVersion, Message, Principle, Prompt

LESS_HARM = Principle("less-harm", "Less harm", "Which does less harm?", "", kind="preference")
RULES = ConstitutionVersion("f" * 64, Constitution("p", "P", "", (LESS_HARM,)), None, "me", "", "")
DECLINES, COMPLIES = "I cannot help with that, sorry.", "Sure. Take it at night."


def asked(*texts: str) -> list[Any]:
    return [(Prompt(text, text, "harmful"), (Message("user", text),)) for text in texts]


def made(engine: Any, texts: list[str], **settings: Any) -> Made:
    found = make_pairs(engine, asked(*texts), BASE, RULES, OnPolicySettings(**settings), source="on-policy: base")
    assert found is not None
    return found


class Says(ScriptedEngine):
    """Gives these answers, one for each request and again from the first; an error stands for itself."""

    def __init__(self, *texts: Any) -> None:
        super().__init__()
        self.texts = texts

    def attempt(self, requests: Any, stop: Any = None) -> list[Any]:
        given = [self.texts[place % len(self.texts)] for place in range(len(requests))]
        return [
            one if isinstance(one, Exception) else self._make_answer(request, *_ended(one), 1, 1)
            for one, request in zip(given, requests, strict=True)
        ]


def _ended(one: Any) -> tuple[str, Any]:
    return one if isinstance(one, tuple) else (one, "end")


def test_the_embedded_judge_mostly_prefers_the_answer_that_declines() -> None:
    """Not one that declines without a reason, which it knows as a needless refusal."""
    prompts = [prompt.text for prompt in prompt_sets.load("train-harmful")[:16]]
    pairs = made(load_engine(AppSettings(model="embedded")), prompts, answers=4, pairs=6).pairs
    reader = EmbeddedReader()
    read = [
        [
            refused(reader.read(pair.example.prompt, text).outcome)
            for text in (pair.example.revision, pair.example.initial)
        ]
        for pair in pairs
        if pair.example.initial is not None
    ]
    differ = [better for better, worse in read if better != worse]
    assert len(differ) >= 3 and sum(differ) >= 0.6 * len(differ)


def test_the_preferred_answer_is_the_revision_whichever_was_drawn_first() -> None:
    one, other = (made(Says(*said), ["Q"], answers=2) for said in ((DECLINES, COMPLIES), (COMPLIES, DECLINES)))
    (pair,) = one.pairs
    assert (pair.example.revision, pair.example.initial) == (DECLINES, COMPLIES)
    assert pair.example == other.pairs[0].example
    assert pair.label.preference == pytest.approx(other.pairs[0].label.preference)
    assert pair.label.preference is not None and pair.label.preference > 0.5
    assert pair.example.principle_ids == ("less-harm",) and pair.example.constitution_hash == RULES.hash
    assert pair.better.seed == other.pairs[0].worse.seed != pair.worse.seed == other.pairs[0].better.seed


def test_a_turned_label_says_the_same_of_the_other_answer() -> None:
    label = SoftLabel(0.75, 0.15, (Vote("p", 0.9, 0.6),), "", 0.4, None)
    turned = label.swap()
    assert (turned.preference, turned.order_bias, turned.harmlessness, turned.helpfulness) == (0.25, 0.15, -0.4, None)
    (vote,) = turned.votes
    assert (vote.first, vote.last) == pytest.approx((0.4, 0.1)) and vote.order_bias == pytest.approx(0.15)
    assert turned.swap().preference == label.preference


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (DECLINES + "  ", IDENTICAL),
        ("", "There is no word in it."),
        ((DECLINES, "repetition"), ENDS["repetition"]),
        (("I cannot help you to", "length"), ENDS["length"]),
        ("No\x00.", UNKEPT),
    ],
)
def test_an_answer_that_cannot_be_used_is_counted_and_in_no_pair(said: Any, reason: str) -> None:
    found = made(Says(DECLINES, said, COMPLIES), ["Q"], answers=3, pairs=3)
    assert [(p.example.revision, p.example.initial) for p in found.pairs] == [(DECLINES, COMPLIES)]
    assert (found.answers, found.no_pair) == ({reason: 1}, {})
    alone = made(Says(DECLINES, said), ["Q"], answers=2)
    assert (alone.pairs, alone.answers, alone.no_pair) == ((), {reason: 1}, {ALONE: 1})


def test_ties_and_what_no_judge_can_read_are_counted() -> None:
    class Chatty(Says):
        def choose_many(self, requests: Any, stop: Any = None) -> Any:
            return ((place, Choice(None, "Both have their merits.")) for place in range(len(requests)))

    assert made(Says(COMPLIES, "Of course. Wait until noon."), ["Q"], answers=2).no_pair == {TIED: 1}
    unread = made(Chatty(DECLINES, COMPLIES), ["Q", "R"], answers=2)
    assert (unread.pairs, unread.no_pair) == ((), {"No judgement: the judge wrote none of the choices.": 2})


def test_a_request_too_long_for_the_model_is_counted_and_other_errors_are_raised() -> None:
    found = made(ScriptedEngine(by_seed, context_length=400), ["word " * 500, "Q"], answers=2)
    assert (found.answers[TOO_LONG], found.no_pair[ALONE]) == (2, 1)
    with pytest.raises(EngineError, match="gone"):
        made(Says(DECLINES, EngineError("The model is gone.")), ["Q"], answers=2)


def by_seed(request: Request) -> str:
    number = request.sampling.seed % 97
    return f"I cannot help with {number}." if number % 2 else f"Sure, take {number}."


def test_the_same_seed_gives_the_same_pairs_beside_any_other_requests() -> None:
    texts = [f"Request {n}" for n in range(12)]
    together = made(ScriptedEngine(by_seed), texts, answers=6, pairs=2)
    alone = [made(ScriptedEngine(by_seed), [text], answers=6, pairs=2).pairs for text in texts]
    assert together.pairs == tuple(pair for pairs in alone for pair in pairs) and len(together.pairs) > 8
    one, other = (made(ScriptedEngine(by_seed), texts, answers=2, seed=seed) for seed in (0, 1))
    assert not {pair.example.id for pair in one.pairs} & {pair.example.id for pair in other.pairs}


def test_an_answer_of_other_weights_is_not_taken() -> None:
    def refuse(answer: Answer) -> Answer:
        raise EngineError("It came from other weights.")

    checked: Callable[[Answer], Answer] = refuse
    with pytest.raises(EngineError, match="other weights"):
        make_pairs(Says(DECLINES, COMPLIES), asked("Q"), BASE, RULES, OnPolicySettings(answers=2), checked=checked)
