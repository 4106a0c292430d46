"""A model behind a server: good answers, and a named error for each way a server can misbehave."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.train import TrainSettings
from cai_ui.engine import load_engine
from cai_ui.engine.backends.endpoint import EndpointEngine
from cai_ui.engine.interface import Request
from cai_ui.errors import EndpointError, EngineError, InputError, NotFoundError, PromptTooLongError
from cai_ui.records import Answer, Message


@pytest.fixture
def behind(server):
    def make(way: str, **options) -> EndpointEngine:
        return EndpointEngine(server.url, way, **{"silent_s": 20.0, "first_pause_s": 0.01} | options)

    return make


def ask(text: str = "one two three four", **sampling) -> Request:
    return Request((Message("user", text),), Sampling(**{"temperature": 0.5, "seed": 7, **sampling}))


def test_answers_in_order_with_what_they_were_made_with(behind, server):
    engine = behind("good", key="secret")
    answers = engine.generate([replace(ask(f"  hello {i}\n"), stops=("x",)) for i in range(20)])
    assert [a.text for a in answers] == [f"HELLO {i}" for i in range(20)]
    assert (answers[3].finish, answers[3].prompt_tokens, answers[3].tokens) == ("end", 11, 7)
    made = answers[3].provenance
    assert (made.model, made.base_hash, made.adapter, made.seed) == ("good", engine.base_hash, None, 7)
    assert made.sampling["endpoint"] == server.url and "secret" not in repr(answers)
    assert server.seen[0] == {
        "model": "good", "messages": server.seen[0]["messages"], "temperature": 0.5, "top_p": 1.0, "max_tokens": 256,
        "seed": 7, "stop": ["x"],
    }  # fmt: skip
    assert set(server.headers_seen) == {"Bearer secret"}


def test_no_more_at_once_than_the_bound(behind, server):
    behind("good", concurrency=3).generate([ask(str(i)) for i in range(20)])
    assert server.most == 3
    behind("good", concurrency=50).generate([ask(str(i)) for i in range(20)])
    assert server.most > 3


def test_streamed_pieces_join_to_the_answer(behind):
    parts, answers = {0: "", 1: ""}, {}
    for chunk in behind("good").stream([ask("one two three"), ask("four five")]):
        parts[chunk.index] += chunk.text
        answers |= {chunk.index: chunk.answer} if chunk.answer else {}
    assert parts == {0: "ONE TWO THREE", 1: "FOUR FIVE"} == {i: a.text for i, a in answers.items()}
    assert answers[0].tokens == 7


@pytest.mark.parametrize(
    ("way", "cause"),
    [
        ("html", "garbage"),
        ("nothing", "garbage"),
        ("not-json", "garbage"),
        ("list", "garbage"),
        ("no-choices", "garbage"),
        ("number", "garbage"),
        ("half-json", "garbage"),
        ("null", "no text"),
        ("filter", "filtered"),
        ("huge", "too large"),
        ("busy", "too often"),
        ("down", "server error"),
        ("key", "key"),
        ("refuses", "refused"),
        ("silent", "timeout"),
    ],
)
def test_every_bad_answer_is_a_named_error(behind, way, cause):
    engine = behind(way, silent_s=0.2)
    for call in (lambda: engine.generate([ask()]), lambda: list(engine.stream([ask()]))):
        with pytest.raises(EndpointError) as error:
            call()
        assert error.value.cause == cause
        assert len(str(error.value)) < 400 and "\x00" not in str(error.value)
    assert error.value.what in engine.status().detail


@pytest.mark.parametrize("way", ["half", "in-stream-error"])
def test_half_a_stream_is_kept_and_marked_as_cut(behind, server, way):
    engine = behind(way)
    *_, last = engine.stream([ask()])
    assert (last.answer.text, last.answer.finish) == ("ONE TWO", "broken")
    assert len(server.seen) == 1, "text that was shown must not be asked for again"
    assert ("the model fell over" if way == "in-stream-error" else "broke off") in engine.status().detail


def test_failures_that_pass_are_tried_again(behind, server):
    answers = behind("flaky").generate([ask("one"), ask("two")])
    assert [a.text for a in answers] == ["ONE", "TWO"] and len(server.seen) == 6
    assert "".join(c.text for c in behind("flaky").stream([ask("three")])) == "THREE"


def test_failures_that_do_not_pass_are_not(behind, server):
    for way in ("key", "html", "refuses"):
        with pytest.raises(EndpointError):
            behind(way).generate([ask()])
    assert len(server.seen) == 3
    with pytest.raises(EndpointError):
        behind("down").generate([ask()])
    assert len(server.seen) == 3 + 5


def test_too_long_says_what_the_server_says(behind):
    with pytest.raises(PromptTooLongError, match="maximum context length is 10"):
        behind("too-long").generate([ask()])


def test_one_failure_leaves_the_others_their_answers(behind):
    engine = behind("good")
    bad = Request((Message("user", "lone \ud800"),), Sampling())
    results = engine.attempt([ask("one"), bad, ask("two")])
    assert isinstance(results[1], InputError)
    assert [r.text for r in results if isinstance(r, Answer)] == ["ONE", "TWO"]
    assert [getattr(r, "cause", "") for r in behind("html").attempt([ask("one"), ask("two")])] == ["garbage"] * 2


def test_what_cannot_be_shown_is_replaced(behind):
    assert behind("control").generate([ask()])[0].text == "a\ufffdb\ufffdc"


def test_stop_ends_a_slow_stream_and_closes_the_connection(behind, server):
    stop, said, began = threading.Event(), "", time.monotonic()
    for chunk in behind("slow").stream([ask("word " * 100)], stop):
        said += chunk.text
        if said:
            stop.set()
            began = began if chunk.answer else time.monotonic()
    assert time.monotonic() - began < 3, "the whole stream takes ten"
    assert chunk.answer.finish == "stopped" and chunk.answer.text == said
    assert server.gone.wait(3), "the server goes on for nobody"


def test_a_time_limit_and_a_closed_iterator(behind, server):
    chunks = list(behind("slow").stream([replace(ask("word " * 100), timeout_s=2.5)]))
    assert chunks[-1].answer.finish == "timeout" and chunks[-1].answer.text.startswith("WORD")
    stream = behind("slow").stream([ask("word " * 100)])
    next(stream)
    stream.close()
    assert server.gone.wait(3)


def test_scores_where_the_server_gives_them(behind):
    question = (Message("user", "is it wrong"),)
    scores = behind("logs").score_replies(question, ["yes", "not at all"])
    assert [(s.total, s.tokens) for s in scores] == [(-3.0, 1), (-8.0, 3)]
    with pytest.raises(EndpointError, match="log-probabilities"):
        behind("good").score(question, ["yes"])


def test_the_raw_format_is_not_an_endpoints(behind, server):
    with pytest.raises(InputError, match="template of its model"):
        behind("good").stream([replace(ask(), chat_format="human-assistant")])
    assert server.seen == []


def test_what_an_endpoint_cannot_do_is_said(behind):
    engine = behind("good")
    with pytest.raises(EngineError, match="cannot be trained"):
        engine.training_seat(TrainSettings())
    with pytest.raises(NotFoundError):
        engine.stream([replace(ask(), adapter="run-1")])
    with pytest.raises(InputError):
        engine.stream([Request((Message("assistant", "x"),), Sampling())])


def test_chosen_by_settings_and_found_healthy(server):
    engine = load_engine(AppSettings(endpoint=server.url, model="good"), key="sesame")
    assert engine.context_length == 4096 and engine.status().state == "ready"
    assert engine.generate([ask("hi")])[0].text == "HI"
    assert server.headers_seen == ["Bearer sesame"]
    with pytest.raises(EndpointError, match=r"no model 'absent'.*good") as error:
        load_engine(AppSettings(endpoint=server.url, model="absent"))
    assert error.value.cause == "unknown model"


@pytest.mark.parametrize(
    "url", ["", "ftp://x", "http://", "https://user:pass@host/v1", "host:8000", "http://h/v1?key=1"]
)
def test_addresses_that_are_none(url):
    with pytest.raises(InputError, match="not the address"):
        EndpointEngine(url, "m")


def test_nobody_listens():
    with pytest.raises(EndpointError) as error:
        load_engine(AppSettings(endpoint="http://127.0.0.1:9/v1", model="m"))
    assert error.value.cause == "unreachable"
