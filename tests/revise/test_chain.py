"""One chain: its messages, seeds, stopping and going on, edits, and the example that comes of it."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from typing import Any

import pytest

from cai_ui import revise
from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.engine.interface import Request
from cai_ui.errors import InputError
from cai_ui.records import Message, Trace
from cai_ui.revise import StepEvent

from .echo import CONSTITUTION, TWICE, echo


def run(
    engine: Any, prompt: Any = "Hello", settings: RevisionSettings = TWICE, seed: int = 0, **rest: Any
) -> list[StepEvent]:
    sampling = Sampling(seed=seed)
    trace = revise.new_trace(prompt, CONSTITUTION, settings, sampling)
    return list(revise.revise(engine, trace, CONSTITUTION, settings, sampling, **rest))


def texts(trace: Trace) -> list[str]:
    return [step.text for step in trace.steps]


def test_a_chain_is_one_growing_conversation() -> None:
    asked: list[Request] = []

    def answer(request: Request) -> str:
        asked.append(request)
        return f"answer {len(asked)}"

    trace = run(ScriptedEngine(answer))[-1].trace
    assert [step.kind for step in trace.steps] == ["draft", "critique", "revision", "critique", "revision"]
    for before, after in itertools.pairwise(asked):
        assert after.messages[: len(before.messages)] == before.messages
    assert [m.role for m in asked[-1].messages] == ["user", "assistant"] * 4 + ["user"]
    by = trace.steps[1].principle_id
    assert trace.steps[2].principle_id == by
    assert trace.steps[1].request == f"Critique by {by}."
    assert trace.steps[2].request == f"Rewrite by {by}."


def test_events_grow_into_each_step() -> None:
    events = run(ScriptedEngine(echo))
    for before, after in itertools.pairwise(events):
        if before.step is None:
            assert after.kind == before.kind
            assert after.text.startswith(before.text)
        else:
            assert before.trace.steps[-1] == before.step
    assert sum(event.step is not None for event in events) == 5


def test_without_critiques_the_answer_is_revised_directly() -> None:
    trace = run(ScriptedEngine(echo), settings=RevisionSettings(revisions=3, critique=False))[-1].trace
    assert [step.kind for step in trace.steps] == ["draft", "revision", "revision", "revision"]


def test_the_same_seed_gives_the_same_chain_and_another_another() -> None:
    engine = ScriptedEngine(echo)
    assert run(engine, seed=3)[-1].trace.steps == run(engine, seed=3)[-1].trace.steps
    assert texts(run(engine, seed=3)[-1].trace) != texts(run(engine, seed=4)[-1].trace)


def test_each_step_has_a_seed_of_its_own_and_records_it() -> None:
    trace = run(ScriptedEngine(echo), seed=3)[-1].trace
    seeds = [step.answer.provenance.seed for step in trace.steps if step.answer]
    assert seeds == [revise.step_seed(3, index) for index in range(5)]
    assert len(set(seeds)) == 5


def test_a_chain_goes_on_from_the_steps_it_has() -> None:
    engine = ScriptedEngine(echo)
    whole = run(engine, seed=5)[-1].trace
    half = revise.cut(whole, 3)
    again = list(revise.revise(engine, half, CONSTITUTION, TWICE, Sampling(seed=5)))[-1].trace
    assert again == whole


def test_a_conversation_of_several_turns_is_revised_in_its_last_answer() -> None:
    turns = [Message("user", "Hi"), Message("assistant", "Hello!"), Message("user", "Help me lie.")]
    trace = run(ScriptedEngine(echo), turns)[-1].trace
    assert trace.conversation == tuple(turns)
    assert trace.prompt.text == "Help me lie."
    assert "/ 3 turns /" in trace.steps[0].text
    with pytest.raises(InputError, match="not the user's"):
        run(ScriptedEngine(echo), turns[:2])


@pytest.mark.parametrize("text", ["", " \n", "a\x00", "\ud800", "x" * 10_000])
def test_a_request_that_cannot_be_asked_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        run(ScriptedEngine(echo), text)


def test_stop_keeps_what_was_said_and_makes_no_other_step() -> None:
    flag = threading.Event()
    sampling = Sampling()
    trace = revise.new_trace("Hello", CONSTITUTION, TWICE, sampling)
    events = revise.revise(ScriptedEngine(echo), trace, CONSTITUTION, TWICE, sampling, flag)
    seen = []
    for event in events:
        seen.append(event)
        if event.kind == "critique" and event.text:
            flag.set()
    last = seen[-1].trace
    assert [step.kind for step in last.steps] == ["draft", "critique"]
    assert last.steps[-1].answer is not None
    assert last.steps[-1].answer.finish == "stopped"
    assert list(revise.revise(ScriptedEngine(echo), trace, CONSTITUTION, TWICE, sampling, flag)) == []


def test_an_edit_keeps_the_models_words_however_often() -> None:
    trace = run(ScriptedEngine(echo))[-1].trace
    first = dataclasses.replace(trace, steps=revise.edited(trace, 2, "mine"))
    second = dataclasses.replace(first, steps=revise.edited(first, 2, "mine again"))
    assert second.steps[2].text == "mine again"
    assert second.steps[2].model_text == trace.steps[2].text
    assert second.steps[2].edited
    assert second.steps[3:] == trace.steps[3:]
    with pytest.raises(InputError, match="no step 9"):
        revise.edited(trace, 8, "x")


def test_an_example_holds_first_and_last_answer_and_its_parents() -> None:
    trace = run(ScriptedEngine(echo))[-1].trace
    example = revise.to_example(trace, "chain")
    assert example.initial == trace.steps[0].text
    assert example.revision == trace.steps[-1].text
    assert (example.trace_id, example.constitution_hash) == (trace.id, CONSTITUTION.hash)
    assert set(example.principle_ids) <= {"first", "second"}
    assert example.critique is not None and trace.steps[1].text in example.critique


@pytest.mark.parametrize(("steps", "limit", "words"), [(1, 256, "no revision yet"), (5, 2, ""), (5, 256, "")])
def test_an_unfinished_chain_is_no_example(steps: int, limit: int, words: str) -> None:
    sampling = Sampling(max_new_tokens=limit)
    trace = revise.new_trace("Hello", CONSTITUTION, TWICE, sampling)
    done = list(revise.revise(ScriptedEngine(echo), trace, CONSTITUTION, TWICE, sampling))[-1].trace
    cut = dataclasses.replace(done, steps=done.steps[:steps])
    assert (words in revise.flaw(cut)) and bool(words) == bool(revise.flaw(cut))
    if words:
        with pytest.raises(InputError, match=words):
            revise.to_example(cut, "chain")
        mended = dataclasses.replace(done, steps=revise.edited(done, 4, "A whole answer."))
        assert revise.to_example(mended, "chain").revision == "A whole answer."
