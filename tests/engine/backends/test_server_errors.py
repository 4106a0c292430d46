"""What real servers refuse with: too long in every wording, their own sentence, keys, addresses, pauses."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import pytest

from cai_ui.engine.backends.endpoint import EndpointEngine
from cai_ui.engine.backends.endpoint_errors import refusal, shown
from cai_ui.errors import CaiError, EndpointError, InputError, PromptTooLongError
from tests.playing_server import DONE, EVENTS, QUESTION, Asked, Play, Server, delta, event, told

TOO_LONG = {
    "OpenAI": (400, {"error": {"message": "This model's maximum context length is 8 tokens.", "code":
                               "context_length_exceeded"}}),
    "OpenAI by its code": (400, {"error": {"message": "Nope.", "code": "context_length_exceeded"}}),
    "vLLM": (400, {"object": "error", "message": "This model's maximum context length is 8 tokens. However, you "
                   "requested 9 tokens", "type": "BadRequestError", "code": 400}),
    "vLLM's engine": (400, {"error": {"message": "The decoder prompt (length 9) is longer than the maximum model "
                                      "length of 8."}}),
    "TGI": (422, {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 9",
                  "error_type": "validation"}),
    "TGI's inputs": (422, {"error": "`inputs` must have less than 1024 tokens. Given: 2000", "error_type":
                           "validation"}),
    "llama.cpp": (400, {"error": {"code": 400, "message": "request (9 tokens) exceeds the available context size (8 "
                                  "tokens), try increasing it", "type": "exceed_context_size_error"}}),
    "llama.cpp's older": (500, {"error": {"code": 500, "message": "the request exceeds the available context size"}}),
    "llama-cpp-python": (500, {"error": {"message": "Requested tokens (9) exceed context window of 8"}}),
    "Ollama": (400, {"error": {"message": "the input length exceeds the context length"}}),
    "LiteLLM": (400, {"error": {"message": "litellm.ContextWindowExceededError: prompt is too long: 9 tokens > 8"}}),
    "Mistral": (400, {"object": "error", "message": "Prompt contains 9 tokens and 0 draft tokens, too large for model "
                      "with 8 maximum context length"}),
    "Gemini": (400, [{"error": {"code": 400, "message": "The input token count (9) exceeds the maximum number of "
                                "tokens allowed (8)."}}]),
    "FastAPI": (422, {"detail": [{"loc": ["body", "messages"], "msg": "the prompt is too long"}]}),
    "in a body": (200, {"error": {"code": 400, "message": "exceeds the available context size"}}),
    "OpenAI's newer": (400, {"error": {"message": "Your input exceeds the context window of this model."}}),
    "Anthropic": (400, {"type": "error", "error": {"type": "invalid_request_error", "message":
                        "input length and `max_tokens` exceed context limit: 9 + 8 > 10"}}),
    "SGLang": (400, {"object": "error", "message": "Input length (9 tokens) exceeds the maximum allowed length (8 "
                     "tokens). Use a shorter input or enable --allow-auto-truncate.", "code": 400}),
    "LMDeploy": (400, {"error": {"message": "The input prompt token length 9 exceeds session_len 8"}}),
    "LM Studio": (400, {"error": "The number of tokens to keep from the initial prompt is greater than the context "
                        "length."}),
    "Moonshot": (400, {"error": {"message": "Invalid request: Your request exceeded model token limit: 8"}}),
    "xAI": (400, {"error": "This model's maximum prompt length is 8 but the request contains 9 tokens."}),
    "Cohere": (400, {"message": "too many tokens: total number of tokens in the prompt cannot exceed 8"}),
    "Qwen's own": (400, {"error": {"message": "Range of input length should be [1, 8]", "code": "invalid_parameter"}}),
    "Zhipu": (400, {"error": {"code": "1261", "message": "Prompt 超长", "type": "invalid_request_error"}}),
    "OpenRouter passes it on": (400, {"error": {"code": 400, "message": "Provider returned error", "metadata": {
        "raw": '{"error":{"message":"maximum context length is 8"}}', "provider_name": "X"}}}),
    "a proxy by its status": (413, {"error": {"code": 413, "message": "Payload reached size limit."}}),
}  # fmt: skip
NOT_TOO_LONG = [
    (422, {"detail": [{"loc": ["body", "temperature"], "msg": "Input should be less than or equal to 2"}]}),
    (400, {"error": {"message": "temperature must be <= 2"}}),
    (500, {"error": {"message": "CUDA error: invalid device context"}}),
    (408, {"error": {"message": "The request took too long to process."}}),
    (504, {"error": {"message": "Request is taking too long."}}),
    (503, {"error": {"message": "The request queue is too long."}}),
    (400, {"error": {"message": "max_tokens is too large: 9. This model supports at most 8 completion tokens."}}),
    (429, {"error": {"message": "Request too large: tokens per minute exceeded, reduce the length"}}),
]
SENTENCES = {
    "detail as text": (422, {"detail": "no such field: seed"}, "no such field: seed"),
    "detail as a list": (422, {"detail": [{"loc": ["body", "seed"], "msg": "is no number"}]}, "seed: is no number"),
    "error as text": (400, {"error": "bad things"}, "bad things"),
    "message at the top": (400, {"object": "error", "message": "bad things"}, "bad things"),
    "plain text": (400, b"bad things", "bad things"),
    "moved": (307, b"", "sends on to another address"),
    "in a list": (400, [{"error": {"message": "bad things"}}], "bad things"),
}


@pytest.mark.parametrize("name", TOO_LONG)
def test_too_long_is_known_in_every_wording(playing: Asked, name: str) -> None:
    status, body = TOO_LONG[name]
    engine = playing(Play([json.dumps(body).encode()], status, "application/json"))
    for ask in (lambda: engine.generate([QUESTION]), lambda: list(engine.stream([QUESTION]))):
        with pytest.raises(PromptTooLongError):
            ask()
    in_stream = playing(Play([event(body if isinstance(body, dict) else body[0])]))
    with pytest.raises(PromptTooLongError):
        list(in_stream.stream([QUESTION]))


@pytest.mark.parametrize(("status", "body"), NOT_TOO_LONG)
def test_other_refusals_are_not_taken_for_it(status: int, body: dict[str, Any]) -> None:
    assert not isinstance(refusal(status, json.dumps(body).encode()), PromptTooLongError)


@pytest.mark.parametrize("name", SENTENCES)
def test_the_servers_own_sentence_is_shown(playing: Asked, name: str) -> None:
    status, body, words = SENTENCES[name]
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(EndpointError, match=words) as error:
        playing(Play([sent], status, "application/json")).generate([QUESTION])
    assert error.value.cause == ("moved" if status == 307 else "refused")


FILTERED = [
    (400, {"error": {"message": "The response was filtered due to the prompt triggering Azure OpenAI's content "
                     "management policy.", "code": "content_filter", "status": 400}}),
    (403, {"error": {"code": 403, "message": "Your chosen model requires moderation and your input was flagged"}}),
    (400, {"error": {"message": "Content Exists Risk", "type": "invalid_request_error"}}),
    (400, {"error": {"code": "data_inspection_failed", "message": "Input data may contain inappropriate content."}}),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body"), FILTERED)
def test_a_filter_is_no_refusal_of_the_server(status: int, body: dict[str, Any]) -> None:
    """It concerns one text, and neither the key nor other texts."""
    found = refusal(status, json.dumps(body).encode())
    assert isinstance(found, EndpointError) and found.cause == "filtered" and not found.passes


def test_a_server_that_was_too_slow_is_asked_again() -> None:
    found = refusal(408, b"")
    assert isinstance(found, EndpointError) and (found.cause, found.passes) == ("timeout", True)


@pytest.mark.parametrize(
    "play",
    [
        Play([b'{"error": {"message": "Wrong key sk-secret-1"}}'], 401, "application/json"),
        Play([b'{"error": {"message": "Wrong key sk-secret-1"}}'], 200, "application/json"),
        Play([event({"error": {"message": "Wrong key sk-secret-1"}}), DONE]),
    ],
)
def test_a_key_that_a_server_repeats_is_not_shown(stage: Server, play: Play) -> None:
    stage.plays["repeats"] = play
    engine = EndpointEngine(stage.url, "repeats", key="sk-secret-1\n")
    with pytest.raises(EndpointError, match=r"Wrong key \(the key\)"):
        list(engine.stream([QUESTION]))
    if play.kind != EVENTS:
        with pytest.raises(EndpointError, match=r"Wrong key \(the key\)"):
            engine.generate([QUESTION])


@pytest.mark.parametrize("cut", [1, 6, 10])
def test_a_key_that_comes_in_two_pieces_is_not_shown_either(stage: Server, cut: int) -> None:
    key = "sk-secret-1"
    whole = event(delta(f"It is {key}, and sk- is how it begins: sk-se"))
    place = whole.index(key.encode()) + cut
    stage.plays["repeats"] = Play([whole[:place], whole[place:], event(delta(".", "stop")), DONE], pause_s=0.05)
    engine = EndpointEngine(stage.url, "repeats", key=key)
    said = "".join(piece.text for piece in engine.stream([QUESTION]))
    assert said == "It is (the key), and sk- is how it begins: sk-se."


def test_a_servers_sentence_turns_no_terminal_around() -> None:
    assert shown("gone\u202e dne \u2066x") == "gone dne x"


def test_a_key_that_is_no_secret_may_stand_in_a_text(stage: Server) -> None:
    stage.plays["short"] = Play([told({"content": "It is EMPTY."})], 200, "application/json")
    assert EndpointEngine(stage.url, "short", key="EMPTY").generate([QUESTION])[0].text == "It is EMPTY."


@pytest.mark.parametrize("key", ["sk-\u201cx\u201d", "sk\nx", "sk\x00x"])
def test_a_key_that_cannot_be_sent_is_refused_at_once(key: str) -> None:
    """Not by the thread that asks, for which everybody would wait for ever."""
    with pytest.raises(InputError, match="key"):
        EndpointEngine("http://127.0.0.1:9", "m", key=key)


@pytest.mark.parametrize(
    "url",
    ["http://h:99999/v1", "http://h:x/v1", "http://[::1", "http://a b/v1", "http://h/v1\x00", "http://:secret@h/v1"],
)
def test_addresses_with_odd_parts_are_refused(url: str) -> None:
    with pytest.raises(InputError, match="not the address"):
        EndpointEngine(url, "m")


def test_an_address_that_was_pasted_whole_is_understood() -> None:
    for place in ("", "/", "/chat/completions", "/models", "/completions/"):
        assert EndpointEngine(f"https://h/api/v1{place}", "m").url == "https://h/api/v1"


def test_a_sentence_is_bounded_and_no_web_page() -> None:
    assert len(shown("x" * 10_000)) == 201 and shown("<html>502 Bad Gateway</html>") == ""
    assert shown("a\x00\x1b[31m\nb\ud800") and "\x1b" not in shown("a\x1b[31m")
    page = refusal(502, b"<!doctype html><h1>Bad gateway</h1>")
    assert isinstance(page, EndpointError) and page.cause == "server error" and "<" not in str(page)
    deep = refusal(400, b"[" * 100_000)
    assert isinstance(deep, CaiError) and len(str(deep)) < 400


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [({"Retry-After": "7"}, 7, 7), ({"Retry-After": "0.5"}, 0.5, 0.5), ({"retry-after-ms": "1500"}, 1.5, 1.5),
     ({"Retry-After": "in an hour"}, 3000, 3600), ({"Retry-After": "soon"}, 0, 0),
     ({}, 0, 0)],
)  # fmt: skip
def test_a_server_that_is_asked_too_often_says_until_when(headers: dict[str, str], least: float, most: float) -> None:
    hour = formatdate(time.time() + 3600, usegmt=True)  # read now: all tests are collected long before the last is run
    sent = {name.lower(): value.replace("in an hour", hour) for name, value in headers.items()}
    found = refusal(429, b"", sent)
    assert isinstance(found, EndpointError) and least <= found.pause_s <= most and found.passes
