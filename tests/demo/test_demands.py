"""Principles of several demands: what the corpus teaches of them, and what the readers make of it."""

from __future__ import annotations

import random

import pytest

from cai_ui.demo.answers import plan
from cai_ui.demo.critiques import critique, has_fault, revise
from cai_ui.demo.demands import (
    DEMANDS,
    HARMS,
    HELDOUT_PAIRS,
    OFFERS,
    TONES,
    Demands,
    draw_demands,
    draw_several,
    draw_word,
    minds,
)
from cai_ui.demo.demands_met import does, speaks_of
from cai_ui.demo.evaluate_demands import cases
from cai_ui.demo.principles import preference_request, principle_requests
from cai_ui.demo.requests import draw_request
from cai_ui.demo.responses import Response, respond
from cai_ui.demo.world import KINDS, blocks
from cai_ui.records import Prompt


@pytest.mark.parametrize("demand", DEMANDS)
def test_every_demand_can_be_said_in_every_form(demand: str) -> None:
    for form in ("flaws", "goals", "orders", "questions"):
        texts = blocks("principles")[f"{form} {demand}"]
        assert len(texts) >= 2 and len(set(texts)) == len(texts)
        assert all(("{w}" in text) == (demand == "add") for text in texts)


def test_what_is_kept_out_of_training_is_never_drawn_there() -> None:
    rng = random.Random(0)
    kept_out = {t[1:] for texts in blocks("principles").values() for t in texts if t.startswith("*") and "{" not in t}
    assert len(kept_out) >= 30
    for _ in range(3000):
        demands = draw_demands(rng, draw_request(rng, KINDS))
        assert not any(pair <= set(demands.asks) for pair in HELDOUT_PAIRS)
        said = " ".join(principle_requests(rng, demands)) + preference_request(rng, demands)
        assert "*" not in said and "{" not in said
        assert not any(said.endswith(text + ".") for text in kept_out)
    measured = [c.demands.asks for c in cases(60)]
    assert sum(any(pair <= set(asks) for pair in HELDOUT_PAIRS) for asks in measured) >= 30


def test_several_demands_go_with_harmful_and_harmless_requests_alike() -> None:
    """Asked of harmful requests only, they would teach that such a principle finds a fault."""
    rng, harmful = random.Random(2), []
    for _ in range(2000):
        request = draw_request(rng, (*KINDS, "everyday", "twin"))
        demands = draw_several(rng, request)
        assert 2 <= len(set(demands.asks)) == len(demands.asks) <= 4
        assert not any(pair <= set(demands.asks) for pair in HELDOUT_PAIRS)
        assert len(demands.harms) <= 1 and bool(demands.word) == ("add" in demands.asks)
        harmful.append((request.act.harmful, bool(demands.harms), minds(demands, request)))
    for kind in (True, False):
        mine = [harms for its, harms, _ in harmful if its == kind]
        assert 0.5 < sum(mine) / len(mine) < 0.7
    called_for = [minded for its, harms, minded in harmful if its and harms]
    assert 0.8 < sum(called_for) / len(called_for) < 1


def test_the_readers_read_what_the_corpus_teaches() -> None:
    rng = random.Random(1)
    seen: set[str] = set()
    for case in cases(400):
        draft = respond(plan(rng, case.request))
        minded = minds(case.demands, case.request)
        said, after = (rule(rng, case.demands, case.request, draft) for rule in (critique, revise))
        for ask in case.demands.asks:
            if ask == "short" and len(case.demands.asks) > 1:
                continue  # what else is asked for may make it longer
            assert speaks_of(ask, case.demands, minded, case.prompt, draft.text, said) in (True, None), (case, said)
            assert does(ask, case.demands, minded, case.prompt, draft.text, after.text) in (True, None), (case, after)
            if minded and ask not in HARMS:
                assert not speaks_of(ask, case.demands, minded, case.prompt, draft.text, "Nothing here."), ask
                assert not does(ask, case.demands, minded, case.prompt, draft.text, draft.text), ask
            seen.add(ask)
    assert seen >= {*OFFERS, *KINDS, "general", "polite", "formal", "add", "care", "ask"}


def test_different_principles_give_visibly_different_revisions() -> None:
    rng = random.Random(2)
    request = draw_request(rng, KINDS)
    draft = respond(plan(rng, request))
    asked = [
        Demands((d,), "bananas" if d == "add" else "") for d in ("general", "formal", *OFFERS, "add", "care", "ask")
    ]
    texts = {demands.asks: revise(random.Random(3), demands, request, draft).text for demands in asked}
    assert len(set(texts.values())) == len(texts)
    assert "bananas" in texts[("add",)] and "Yours faithfully" in texts[("formal",)]
    assert texts[("add",)].startswith(draft.text)


def test_what_is_asked_for_is_done_once() -> None:
    rng = random.Random(4)
    for _ in range(300):
        request = draw_request(rng, (*KINDS, "everyday", "twin"))
        demands = draw_demands(rng, request)
        once = revise(rng, demands, request, respond(plan(rng, request)))
        if "short" not in demands.asks or not set(demands.asks) & {*TONES} - {"short"}:
            assert not has_fault(demands, request, once), (demands, once.text)
            assert revise(rng, demands, request, once) is once
            assert critique(rng, demands, request, once).startswith("Nothing is wrong")


def test_full_help_undoes_a_refusal() -> None:
    rng = random.Random(5)
    request = draw_request(rng, KINDS)
    refused = revise(rng, Demands(("general",)), request, respond(plan(rng, request)))
    assert refused.refuses and has_fault(Demands(("help",)), request, refused)
    assert revise(rng, Demands(("help",)), request, refused).plan is not None


def test_a_text_of_unknown_parts_is_kept_word_for_word() -> None:
    rng = random.Random(6)
    request = draw_request(rng, ("everyday",))
    odd = Response(raw="Take the brillock and wait.")
    assert revise(rng, Demands(("general",)), request, odd) is odd
    told = revise(rng, Demands(("add",), "tea"), request, odd).text
    assert told.startswith(odd.text) and "tea" in told


def test_words_to_mention_on_the_held_out_side_are_held_out() -> None:
    rng = random.Random(7)
    train = {draw_word(rng).strip('"').rstrip("s") for _ in range(3000)}
    assert not [w for w in (draw_word(rng, heldout=True).strip('"').rstrip("s") for _ in range(200)) if w in train]


def test_nothing_is_said_of_what_a_principle_does_not_call_for() -> None:
    prompt = Prompt("p", "How do I bake bread?", "helpful", "everyday/bake/bakes")
    assert speaks_of("helpline", Demands(("general", "helpline")), False, prompt, "", "Nothing is wrong.") is None
    assert does("helpline", Demands(("general", "helpline")), False, prompt, "", "Bake it.") is None
    assert does("helpline", Demands(("helpline",)), False, prompt, "", "Bake it.") is False
