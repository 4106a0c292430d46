"""What a server does not take of a request is left out from then on; one question's trouble changes no other's way."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.engine.backends.endpoint import EndpointEngine
from cai_ui.engine.interface import Choice, Request, ScoreRequest
from cai_ui.errors import EndpointError
from cai_ui.records import Answer, Message
from tests.playing_server import Play, Server

Refuse = Callable[[dict[str, Any]], tuple[int, dict[str, Any]] | None]


@pytest.fixture
def engine(stage: Server) -> EndpointEngine:
    stage.seen.clear()
    return EndpointEngine(stage.url, "m", concurrency=1, first_pause_s=0.01)


def refuses(stage: Server, refuse: Refuse) -> None:
    """It answers "B", with log-probabilities if asked for, unless `refuse` says something else of the request."""

    def play(body: dict[str, Any]) -> Play:
        logs = {"logprobs": {"content": [{"token": "B", "logprob": math.log(0.75), "top_logprobs": [
            {"token": "A", "logprob": math.log(0.25)}]}]}} if body.get("logprobs") else {}  # fmt: skip
        good = {"choices": [{"message": {"content": "B"}, "finish_reason": "stop", **logs}]}
        status, told = refuse(body) or (200, good)
        return Play([json.dumps(told).encode()], status, "application/json")

    stage.plays["m"] = play


def no(message: str, status: int = 400) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"message": message, "type": "invalid_request_error"}}


REFUSALS: dict[str, tuple[str, Refuse, list[str]]] = {
    "OpenAI's newer models": (
        "max_tokens", lambda body: no("Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                                      "'max_completion_tokens' instead.") if "max_tokens" in body else None, []),
    "TGI": (
        "top_p", lambda body: no("Input validation error: `top_p` must be > 0.0 and < 1.0", 422)
        if body.get("top_p") == 1 else None, ["top_p"]),
    "Mistral": (
        "seed", lambda body: (422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra "
                                                "inputs are not permitted"}]}) if "seed" in body else None, ["seed"]),
    "older Azure": (
        "stream_options", lambda body: no("Unrecognized request argument supplied: stream_options")
        if "stream_options" in body else None, []),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("streamed", [False, True])
def test_what_is_not_taken_is_left_out_and_said(
    stage: Server, engine: EndpointEngine, name: str, streamed: bool
) -> None:
    part, refuse, said = REFUSALS[name]
    refuses(stage, refuse)
    request = Request((Message("user", "Is it?"),), Sampling(seed=7))
    for _ in range(2):
        [answer] = [c.answer for c in engine.stream([request]) if c.answer] if streamed else engine.generate([request])
        assert answer.text == "B" and answer.provenance.sampling.get("not taken by the server", []) == said
    assert [part in body for body in stage.seen].count(True) == (1 if streamed or part != "stream_options" else 0)
    if part == "max_tokens":
        assert stage.seen[-1]["max_completion_tokens"] == 256


@pytest.mark.parametrize("name", ["seed", "max_completion_tokens"])
def test_a_refusal_that_repeats_the_request_teaches_nothing(stage: Server, engine: EndpointEngine, name: str) -> None:
    def refuse(body: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        odd = body["messages"][0]["content"] == "odd"
        return no(f"1 validation error: bad role [input_value={{'messages': …, '{name}': 7}}]") if odd else None

    refuses(stage, refuse)
    asked = [Request((Message("user", text),), Sampling(seed=7)) for text in ("odd", "Is it?")]
    refused, answer = engine.attempt(asked)
    assert isinstance(refused, EndpointError) and isinstance(answer, Answer)
    assert stage.seen[-1]["seed"] == 7 and "max_tokens" in stage.seen[-1]


def test_what_matters_is_not_left_out(stage: Server, engine: EndpointEngine) -> None:
    refuses(stage, lambda body: no("Unsupported value: 'temperature' does not support 0.5 with this model."))
    with pytest.raises(EndpointError, match=r"does not support 0\.5"):
        engine.generate([Request((Message("user", "Is it?"),), Sampling(temperature=0.5))])
    assert len(stage.seen) == 1


def choices(engine: EndpointEngine, *texts: str) -> list[Choice | EndpointError]:
    asked = [ScoreRequest((Message("user", text),), ("(A)", "(B)")) for text in texts]
    return [found for _, found in sorted(engine.choose_many(asked), key=lambda one: one[0])]  # type: ignore[misc]


def test_a_choice_does_without_a_temperature_and_with_fewer_tokens_told(stage: Server, engine: EndpointEngine) -> None:
    def refuse(body: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        if "temperature" in body:
            return no("Unsupported value: 'temperature' does not support 0 with this model.")
        most = body.get("top_logprobs", 0)
        return no(f"`top_n_tokens` must be >= 0 and <= 5. Given: {most}", 422) if most > 5 else None

    refuses(stage, refuse)
    for found in choices(engine, "one", "two"):
        assert isinstance(found, Choice) and found.shares == pytest.approx((0.25, 0.75))
    told = [("temperature" in body, body["top_logprobs"]) for body in stage.seen]
    assert told == [(True, 20), (False, 20), (True, 5), (False, 5), (False, 5)], "what is not taken is learnt once"


@pytest.mark.parametrize("odd", ["empty", "refused"])
def test_one_odd_question_does_not_change_how_the_others_are_read(
    stage: Server, engine: EndpointEngine, odd: str
) -> None:
    def refuse(body: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        if body["messages"][0]["content"] != "odd":
            return None
        empty = {"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]}
        return (200, empty) if odd == "empty" else no("the image is broken")

    refuses(stage, refuse)
    before, other, after = choices(engine, "one", "odd", "two")
    assert isinstance(before, Choice) and isinstance(after, Choice)
    assert before.shares == after.shares == pytest.approx((0.25, 0.75))
    assert other == Choice(None, "") if odd == "empty" else isinstance(other, EndpointError)


@pytest.mark.parametrize("wrong", [float("nan"), -math.inf, 0.5])
def test_log_probabilities_of_given_text_that_are_none(stage: Server, engine: EndpointEngine, wrong: float) -> None:
    told = {"choices": [{"message": {"content": "x"}}], "prompt_logprobs": [None, {"1": {"logprob": wrong}}]}
    refuses(stage, lambda body: (200, told))
    [(_, found)] = engine.score_many([ScoreRequest((Message("user", "hi"),), ("yes",))])
    assert isinstance(found, EndpointError) and found.cause == "no log-probabilities"
