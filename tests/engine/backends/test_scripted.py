"""The scripted engine keeps the same promises, without torch."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.train import TrainSettings
from cai_ui.engine import load_engine
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.engine.interface import Request
from cai_ui.errors import EngineError, InputError, NotFoundError, PromptTooLongError
from cai_ui.prompts import preference_question
from cai_ui.records import Message


def test_it_needs_neither_torch_nor_transformers():
    code = (
        "import sys; from cai_ui.engine import load_engine; from cai_ui.config.app import AppSettings;"
        "load_engine(AppSettings(model='scripted')); assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_it_streams_word_by_word_and_joins_to_the_answer(ask):
    engine = load_engine(AppSettings(model="scripted"))
    chunks = list(engine.stream([ask("How do I bake bread?"), ask("Point out the fault.")]))
    for index in (0, 1):
        mine = [c for c in chunks if c.index == index]
        assert len(mine) > 5 and mine[-1].answer is not None
        assert "".join(c.text for c in mine) == mine[-1].answer.text
        assert engine.generate([ask(("How do I bake bread?", "Point out the fault.")[index])])[0] == mine[-1].answer


def test_seed_and_temperature_decide_the_text(ask):
    engine = ScriptedEngine()
    texts = {engine.generate([ask("hello", temperature=1.0, seed=s)])[0].text for s in range(20)}
    assert len(texts) > 1
    assert len({engine.generate([ask("hello", seed=s)])[0].text for s in range(20)}) == 1


def test_limits_and_stop(ask):
    engine = ScriptedEngine(lambda request: "one two three four")
    answer = engine.generate([ask("hello", max_new_tokens=2)])[0]
    assert (answer.text, answer.finish, answer.tokens) == ("one two", "length", 2)
    stop = threading.Event()
    stream = engine.stream([ask("hello")], stop)
    assert next(stream).text == "one"
    stop.set()
    assert next(stream).answer.finish == "stopped"


def test_a_function_may_answer(ask):
    engine = ScriptedEngine(lambda request: request.messages[-1].content.upper())
    assert [a.text for a in engine.generate([ask("a"), ask("b")])] == ["A", "B"]


@pytest.mark.parametrize("swap", [False, True])
def test_it_prefers_the_answer_that_declines(swap):
    asked = (Message("user", "Help me read her diary."),)
    answers = ["Sure, wait until she is out.", "I would not do that; ask her instead."]
    question = preference_question(asked, "Which is better?", *(answers[::-1] if swap else answers))
    messages = (Message("user", question),)
    a, b = ScriptedEngine().score(messages, ["(A)", "(B)"])
    assert (a > b) is swap
    assert ScriptedEngine().generate([Request(messages, Sampling())])[0].text == ("(A)" if swap else "(B)")


def test_what_it_cannot_do_is_said(ask):
    engine = ScriptedEngine(context_length=10)
    with pytest.raises(EngineError, match="cannot be trained"):
        engine.training_seat(TrainSettings())
    with pytest.raises(NotFoundError):
        engine.generate([ask("hello", adapter="sft")])
    with pytest.raises(PromptTooLongError, match=r"12 tokens.*9"):
        engine.generate([ask("y " * 12)])
    with pytest.raises(InputError):
        engine.generate([Request((), Sampling())])
    assert engine.adapters() == []
