"""Laws of the embedded model's world: what is held out stays out, the same seed gives the same texts."""

from __future__ import annotations

import itertools
import random
import re

import pytest

from cai_ui.demo import prompt_sets
from cai_ui.demo.answers import declining, plan
from cai_ui.demo.corpus import conversations
from cai_ui.demo.critiques import critique, has_fault, revise
from cai_ui.demo.demands import Demands
from cai_ui.demo.principles import CANONICAL, HELDOUT_PRINCIPLES, principle_requests
from cai_ui.demo.recipes import RECIPES
from cai_ui.demo.requests import HELDOUT_WORDINGS, WORDINGS, draw_request
from cai_ui.demo.responses import decline, respond
from cai_ui.demo.scoring import score_answer, score_critique
from cai_ui.demo.world import KINDS, acts, words
from cai_ui.errors import NotFoundError
from cai_ui.records import Prompt

SAMPLE = 4000


@pytest.fixture(scope="module")
def said() -> str:
    """What a stretch of the training corpus says, a part from each round, in lower case."""
    rounds = (itertools.islice(conversations(3, round=number), SAMPLE // 5) for number in range(1, len(RECIPES) + 1))
    drawn = itertools.chain(*rounds)
    return "\n".join(message.content for c in drawn for message in c.messages).lower()


def test_the_tables_are_whole() -> None:
    assert {act.kind for act in acts()} == {*KINDS, "everyday", "twin"}
    for act in acts():
        assert act.domains and act.heldout and not set(act.domains) & set(act.heldout), act.name
        assert len(act.ways) >= 2 and all(len(variants) == 2 for variants in act.steps), act.name
        assert all("{o}" in way or "{p" in way for way in act.ways), act.name
        assert bool(act.instead) == act.harmful, act.name
        texts = [*act.ways, *act.instead, *itertools.chain(*act.steps)]
        assert set(re.findall(r"\{\w+\}", " ".join(texts))) <= {"{p}", "{ps}", "{o}"}, act.name
    assert len({act.name for act in acts()}) == len(acts())
    assert {d for act in acts() for d in act.domains + act.heldout + act.people} <= set(words())


def test_what_an_act_says_can_be_said_of_all_it_goes_with() -> None:
    """No step names a person whom the request leaves out, and no article stands before a word that may need another."""
    for act in acts():
        said = [*act.instead, *itertools.chain(*act.steps)]
        if any("{p" in text for text in said):
            assert all("{p" in way for way in act.ways), act.name
        assert not [text for text in (*act.ways, *said) if re.search(r"\ban? \{o\}", text)], act.name


def test_no_two_acts_are_asked_for_in_the_same_words() -> None:
    """Else only the object tells them apart, and a held-out one tells nothing."""
    owner: dict[str, str] = {}
    for act in acts():
        for way in act.ways:
            bare = re.sub(r"\b(?:the|my) (?=\{)", "", way)
            assert owner.setdefault(bare, act.name) == act.name, way


def test_a_text_with_choices_stands_for_each_of_them() -> None:
    asked = {principle_requests(random.Random(n), Demands(("person",)))[1] for n in range(300)}
    assert not [text for text in asked if set(text) & set("(|)")]
    told = {text for text in asked if text.startswith(("Mention ", "Suggest ", "Offer "))}
    assert len(told) > 10
    unseen = {principle_requests(random.Random(n), Demands(("person",)), heldout=True)[1] for n in range(300)}
    assert not unseen & asked


def test_women_have_womens_names() -> None:
    rng = random.Random(0)
    for _ in range(2000):
        request = draw_request(rng, KINDS, heldout=rng.random() < 0.5)
        said = request.person.split()
        if len(said) == 3 and said[1] in ("sister", "aunt", "mother", "niece", "daughter"):
            assert said[2] in (*words()["women"].train, *words()["women"].heldout), request.person
        if request.act.name == "frighten":
            assert not {"boss", "landlord", "mother"} & set(said)


def test_no_word_is_on_both_sides() -> None:
    train = {word.lower() for entry in words().values() for word in entry.train}
    heldout = [word for entry in words().values() for word in entry.heldout]
    assert not [word for word in heldout if word.lower() in train]
    assert not set(WORDINGS) & set(HELDOUT_WORDINGS)


@pytest.mark.slow
def test_held_out_words_and_wordings_are_never_said(said: str) -> None:
    heldout = [word for entry in words().values() for word in entry.heldout]
    assert not [word for word in heldout if re.search(rf"\b{re.escape(word.lower())}\b", said)]
    for wording in HELDOUT_WORDINGS:
        before, after = wording.lower().split("{do}")
        assert not re.search(rf"(?m)^{re.escape(before)}.*{re.escape(after)}$", said), wording
    for ask, demand in itertools.chain(*HELDOUT_PRINCIPLES.values()):
        assert ask.lower() not in said and demand.lower() not in said


def test_held_out_topics_are_not_on_the_training_side() -> None:
    for kind in ("harmful", "helpful", "twin"):
        train = {prompt.topic for prompt in prompt_sets.load(f"train-{kind}")}
        heldout = {prompt.topic for prompt in prompt_sets.load(f"heldout-{kind}")}
        assert not train & heldout and len(heldout) >= 24


@pytest.mark.parametrize("name", list(prompt_sets.SETS))
def test_a_set_is_large_distinct_and_always_the_same(name: str) -> None:
    first = prompt_sets.load(name)
    prompt_sets._made.cache_clear()
    assert prompt_sets.load(name) == first
    assert len(first) >= 400 and len({p.text for p in first}) == len({p.id for p in first}) == len(first)
    assert {p.kind for p in first} == {name.partition("-")[2]}
    drawn = prompt_sets.prompt_set(name, 30, seed=4)
    assert drawn == prompt_sets.prompt_set(name, 30, seed=4) != prompt_sets.prompt_set(name, 30, seed=5)
    assert len(set(drawn)) == 30


def test_an_unknown_set_says_what_there_is() -> None:
    with pytest.raises(NotFoundError, match="no prompt set"):
        prompt_sets.load("train-nothing")


def test_reference_answers_help() -> None:
    for name in ("train-helpful", "train-twin"):
        for prompt in prompt_sets.prompt_set(name, 60):
            answer = prompt_sets.reference_answer(prompt)
            assert answer == prompt_sets.reference_answer(prompt) and score_answer(prompt, answer or "").helped
    assert prompt_sets.reference_answer(prompt_sets.load("train-harmful")[0]) is None
    assert prompt_sets.reference_answer(Prompt("typed", "Hello")) is None


def test_a_prompt_kept_from_an_earlier_version_has_no_reference_answer() -> None:
    """Its text is another: an answer to the prompt that has its number now would be an answer to something else."""
    now = prompt_sets.load("train-helpful")[0]
    assert f"-{prompt_sets.VERSION}." in now.id and prompt_sets.request_of(now) is not None
    for before in (Prompt("train-helpful-0001", now.text), Prompt(now.id, "How do I bake the thesis?")):
        assert prompt_sets.request_of(before) is None and prompt_sets.reference_answer(before) is None


def test_the_same_seed_gives_the_same_conversations() -> None:
    first, again, other = (list(itertools.islice(conversations(seed), 50)) for seed in (1, 1, 2))
    assert first == again != other


def test_roles_take_turns(said: str) -> None:
    for conversation in itertools.islice(conversations(5), 300):
        roles = [message.role for message in conversation.messages]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        assert all(message.content.strip() for message in conversation.messages)


def test_what_the_generator_writes_is_what_the_scorer_reads() -> None:
    rng = random.Random(0)
    for number in range(300):
        request = draw_request(rng, KINDS, heldout=number % 2 == 0)
        prompt = Prompt(str(number), request.text, "harmful", request.topic)
        done = respond(plan(rng, request))
        assert score_answer(prompt, done.text).complied, (request.text, done.text)
        declined = score_answer(prompt, declining(rng, request))
        assert declined.refused and declined.gives_reason and declined.offers_alternative, request.text
        assert score_critique(prompt, done.text, critique(rng, Demands(("general",)), request, done)).names_fault


def test_a_principle_sees_its_own_kind_only() -> None:
    rng = random.Random(0)
    for _ in range(200):
        request = draw_request(rng, KINDS)
        done = respond(plan(rng, request))
        minding = {kind for kind in ("general", *KINDS) if has_fault(Demands((kind,)), request, done)}
        assert minding == {"general", request.act.kind}
        refused = decline(rng, request)
        for kind in ("general", *KINDS, "spelling", "helpful"):
            after = revise(rng, Demands((kind,)), request, refused)
            assert after is refused


def test_harmless_answers_are_kept() -> None:
    rng = random.Random(0)
    for _ in range(200):
        request = draw_request(rng, ("everyday", "twin"))
        done = respond(plan(rng, request))
        for kind in ("general", *KINDS, "spelling", "helpful"):
            assert revise(rng, Demands((kind,)), request, done) is done
            assert "Nothing is wrong" in critique(rng, Demands((kind,)), request, done)


def test_shipped_principles_stand_in_the_corpus() -> None:
    rng = random.Random(0)
    drawn = {principle_requests(rng, Demands(("general",))) for _ in range(2000)}
    assert set(CANONICAL["general"]) <= drawn and len(drawn) > 500
