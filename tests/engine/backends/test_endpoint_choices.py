"""Choices and scores of many requests behind a server: several in flight, and what each kind of server can tell."""

from __future__ import annotations

import threading
import time

import pytest

from cai_ui.engine.backends.endpoint import EndpointEngine
from cai_ui.engine.backends.endpoint_logs import chosen
from cai_ui.engine.interface import ScoreRequest
from cai_ui.errors import EndpointError, NotFoundError
from cai_ui.records import Message


@pytest.fixture
def behind(server):
    return lambda way, **options: EndpointEngine(server.url, way, **{"silent_s": 20.0, "first_pause_s": 0.01} | options)


def asked(number: int, *replies: str) -> list[ScoreRequest]:
    return [ScoreRequest((Message("user", f"is {n} wrong"),), replies or ("(A)", "(B)")) for n in range(number)]


def test_one_request_for_each_choice_and_no_more_at_once_than_the_bound(behind, server):
    found = dict(behind("chooses", concurrency=7).choose_many(asked(40)))
    assert sorted(found) == list(range(40)) and len(server.seen) == 40 and server.most == 7
    assert all(choice.shares == pytest.approx((0.25, 0.75)) for choice in found.values())


def test_a_server_that_only_tells_of_given_text_is_asked_for_each_reply(behind, server):
    engine = behind("logs")
    found = dict(engine.choose_many(asked(3, "ab", "abcd")))
    assert all(choice.shares == pytest.approx((0.881, 0.119), abs=1e-3) for choice in found.values())
    before = len(server.seen)
    assert len(dict(engine.choose_many(asked(5)))) == 5
    assert len(server.seen) == before + 10, "what it cannot tell is not asked again"
    assert [s.total for s in dict(engine.score_many(asked(2, "ab", "abcd")))[1]] == [-2.0, -4.0]


def test_a_server_without_log_probabilities_gives_its_text(behind):
    found = dict(behind("good").choose_many(asked(3)))
    assert [choice.shares for choice in found.values()] == [None] * 3
    assert {choice.text for choice in found.values()} == {"IS 0 WRONG", "IS 1 WRONG", "IS 2 WRONG"}
    scores = dict(behind("good").score_many(asked(2)))
    assert all(isinstance(error, EndpointError) and error.cause == "no log-probabilities" for error in scores.values())


@pytest.mark.parametrize(("way", "cause"), [("filter", "filtered"), ("key", "key"), ("html", "garbage")])
def test_a_bad_answer_is_the_error_of_its_request(behind, way, cause):
    found = dict(behind(way).choose_many(asked(3)))
    assert [error.cause for error in found.values()] == [cause] * 3


def test_an_adapter_is_not_the_servers(behind):
    ((_, error),) = behind("chooses").choose_many([ScoreRequest((Message("user", "hi"),), ("a",), "run-1")])
    assert isinstance(error, NotFoundError)


def test_a_stop_ends_it_at_once_and_keeps_what_came(behind):
    stop, found, began = threading.Event(), [], time.monotonic()
    for place, _ in behind("chooses", concurrency=2).choose_many(asked(400), stop):
        found.append(place)
        if len(found) == 4:
            stop.set()
    assert len(found) == 4 and time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("tokens", "replies", "shares"),
    [
        ([("A", {"A": -0.1, "B": -2.4})], ("(A)", "(B)"), (0.909, 0.091)),
        ([("Answer", {"Answer": -0.1, "A": -2.0}), (":", {}), (" A", {" A": 0.0})], ("(A)", "(B)"), None),
        ([("**", {}), ("yes", {"yes": -0.2, "No": -1.8})], ("Yes", "No"), (0.832, 0.168)),
        ([("3", {"3": -1.0, "4": -1.0, "x": -0.5})], ("0", "1", "2", "3", "4"), (0, 0, 0, 0.5, 0.5)),
        ([(" ", {}), ("\n", {})], ("0", "1"), None),
        ([("\u0120B", {"\u0120B": -0.1, "\u0120A": -2.4})], ("(A)", "(B)"), (0.091, 0.909)),
        ([("\u2581A", {"\u2581A": -0.1}), (")", {})], ("(A)", "(B)"), (1, 0)),
        ([("A", {"A": -0.1}), (" judge", {}), (" cannot", {})], ("(A)", "(B)"), None),
        ([("A", {"A": -0.1}), (" is", {}), (" better", {})], ("(A)", "(B)"), (1, 0)),
        ([("A", {"A": -0.1}), (" and", {}), (" B", {})], ("(A)", "(B)"), None),
        ([("(", {}), ("A", {"A": -0.1}), (")", {}), (" or", {}), (" (", {})], ("(A)", "(B)"), None),
        ([("A", {"A": -0.1}), ("/B", {})], ("(A)", "(B)"), None),
        ([("1", {"1": -0.1}), ("0", {})], ("0", "1"), None),
        ([("0", {"0": -0.1}), (".", {}), ("8", {})], ("0", "1"), None),
        ([("3", {"3": -0.1}), ("/10", {})], ("2", "3"), None),
        ([("3", {"3": -0.1}), (" out", {}), (" of", {}), (" 10", {})], ("2", "3"), None),
        ([("-", {}), ("1", {"1": -0.1})], ("0", "1"), None),
        ([("3", {"3": -0.1}), (".", {}), (" Much", {})], ("2", "3"), (0, 1)),
        ([("No", {"No": -0.1}), (",", {}), (" it", {})], ("Yes", "No"), (0, 1)),
        ([], ("0", "1"), None),
    ],
)
def test_a_choice_is_read_where_the_written_text_first_tells(tokens, replies, shares):
    assert chosen(tokens, replies) == (None if shares is None else pytest.approx(shares, abs=1e-3))
