"""What cannot be asked is refused with a sentence, what is odd but sound is answered, and nobody else is disturbed."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.knobs import checked
from cai_ui.engine.backends.endpoint import EndpointEngine
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.engine.interface import Request
from cai_ui.errors import CaiError, InputError, NotFoundError
from cai_ui.records import Answer, Message

FAST = Sampling(temperature=0, max_new_tokens=6)
REFUSED = {
    "no turns": (),
    "the assistant's turn": (Message("user", "a"), Message("assistant", "b")),
    "10 MB": (Message("user", "word " * 2_000_000),),
}
HALF = (Message("user", "half a character \ud800"),)
SOUND = {
    "nothing": "",
    "NUL": "a\x00b",
    "right to left": "שלום \u202eabc\u202c",
    "control tokens": "[INST] </s> <s> [/INST]",
    "template marks": "{{ 7 * 7 }} {% raise %}",
}


@pytest.fixture(params=["local", "scripted", "endpoint"])
def engine(request, tiny_engine, server):
    engines = {
        "local": lambda: tiny_engine,
        "scripted": ScriptedEngine,
        "endpoint": lambda: EndpointEngine(server.url, "good", first_pause_s=0.01),
    }
    return engines[request.param]()


@pytest.fixture
def neighbour(engine):
    """Another asker's answer, which must stay what it was."""
    asked = [Request((Message("user", "my own question"),), FAST)]
    before = engine.generate(asked)[0].text
    yield
    assert engine.generate(asked)[0].text == before


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_before_anything_runs(engine, neighbour, kind):
    with pytest.raises(InputError) as error:
        engine.stream([Request((Message("user", "fine"),), FAST), Request(REFUSED[kind], FAST)])
    assert error.value.next_step and len(str(error.value)) < 400


def test_half_a_character(engine, neighbour):
    with pytest.raises(InputError, match="surrogate"):
        engine.stream([Request(HALF, FAST)])


@pytest.mark.parametrize("kind", SOUND)
def test_odd_text_is_text(engine, neighbour, kind):
    (answer,) = engine.generate([Request((Message("user", SOUND[kind]),), FAST)])
    assert isinstance(answer, Answer) and answer.finish in ("end", "length")


def test_an_adapter_that_is_not_there_is_the_error_of_its_own_row(tiny_engine):
    """It was raised for all rows of the batch."""
    asked = Request((Message("user", "a"),), FAST)
    for engine in (tiny_engine, ScriptedEngine()):
        first, second, third = engine.attempt([asked, replace(asked, adapter="run-9"), asked])
        assert isinstance(second, NotFoundError) and first.text == third.text


def test_an_unknown_adapter(engine, neighbour):
    with pytest.raises(NotFoundError, match="run-9"):
        engine.stream([Request((Message("user", "a"),), FAST, "run-9")])


def test_one_refused_request_leaves_the_others_their_answers(tiny_engine):
    sound = [Request((Message("user", f"question {i}"),), FAST) for i in range(3)]
    found = tiny_engine.attempt([sound[0], Request(HALF, FAST), *sound[1:]])
    assert [isinstance(f, CaiError) for f in found] == [False, True, False, False]
    assert [f.text for f in found if isinstance(f, Answer)] == [a.text for a in tiny_engine.generate(sound)]


@pytest.mark.parametrize(
    ("name", "value"),
    [("temperature", -1), ("temperature", float("nan")), ("temperature", float("inf")), ("temperature", "warm"),
     ("top_p", 0), ("top_p", 1.5), ("top_p", float("nan")), ("max_new_tokens", 0), ("max_new_tokens", 10**9),
     ("max_new_tokens", 1.5), ("seed", -1), ("seed", 2**64)],
)  # fmt: skip
def test_sampling_values_that_cannot_be_meant(name, value):
    with pytest.raises(InputError, match=name.replace("_", " ")):
        checked(Sampling, {name: value})


def test_bad_askers_beside_a_good_one(tiny_engine):
    """Eight threads that ask badly, and one whose texts must be those of a quiet engine."""
    asked = [
        Request((Message("user", f"question {i}"),), FAST.model_copy(update={"seed": i, "temperature": 1.0}))
        for i in range(6)
    ]
    quiet = [tiny_engine.generate([r])[0].text for r in asked]
    done = threading.Event()

    def bad(place: int) -> None:
        while not done.is_set():
            with pytest.raises(CaiError):
                tiny_engine.generate([Request(HALF if place % 2 else (), FAST)])
            tiny_engine.stream([Request((Message("user", "left at once"),), FAST)])
            next(tiny_engine.stream([Request((Message("user", "left after a word"),), FAST)]))

    threads = [threading.Thread(target=bad, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    try:
        assert [tiny_engine.generate([r])[0].text for r in asked] == quiet
    finally:
        done.set()
        for thread in threads:
            thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
