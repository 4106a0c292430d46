"""What real servers send as an answer, in a stream and whole: the text that was in it, or why there is none."""

from __future__ import annotations

import gc
import gzip
import json
import threading
import time
import tracemalloc
from typing import Any

import brotli
import pytest

from cai_ui.engine.backends.endpoint_client import EndpointClient
from cai_ui.errors import EndpointError
from tests.off_loop import finish
from tests.playing_server import DONE, EVENTS, QUESTION, SO, STOP, USAGE, Asked, Play, Server, delta, event, told

SPLIT = "data: " + json.dumps(delta("é😀", "stop"), ensure_ascii=False) + "\n\n"
STREAMS: dict[str, tuple[list[bytes], str, str]] = {
    "OpenAI: a role first, counts last, without choices": (
        [event(delta("", role="assistant")), SO, STOP, USAGE, DONE], "So it is.", "end"),
    "OpenAI: a message without choices in the middle": ([SO, event({"id": "x"}), STOP, DONE], "So it is.", "end"),
    "vLLM: counts with every message": (
        [event(delta("So") | {"usage": {"prompt_tokens": 3, "completion_tokens": 1}}), event(delta(" it is.", "stop")),
         DONE], "So it is.", "end"),
    "vLLM: the engine died": ([SO, event({"object": "error", "message": "EngineCore failed", "code": 500}), DONE],
                              "So", "broken"),
    "vLLM: aborted": ([SO, event(delta("", "abort")), DONE], "So", "broken"),
    "vLLM: thoughts beside the answer": (
        [event(delta(None, reasoning_content="hm")), event(delta(None, reasoning="hm")), SO, STOP, DONE],
        "So it is.", "end"),
    "TGI: null where there is nothing": (
        [event({"choices": [{"index": 0, "delta": None, "finish_reason": None}]}), SO,
         event({"choices": [{"index": 0, "finish_reason": None}]}), STOP, DONE], "So it is.", "end"),
    "TGI: an error in mid stream": ([SO, event({"error": "Request failed: CUDA", "error_type": "generation"})],
                                    "So", "broken"),
    "TGI: signs of life": ([b":\n\n", event(""), b": keep\n\n", SO, b"event: ping\nid: 7\nretry: 10\n\n", STOP, DONE],
                           "So it is.", "end"),
    "llama.cpp: null first, no sign at the end": ([event(delta(None)), SO, STOP], "So it is.", "end"),
    "llama.cpp: an error field": ([SO, b'error: {"code":500,"message":"slot lost","type":"server_error"}\n\n'],
                                  "So", "broken"),
    "llama.cpp: the context is full": (
        [SO, event({"error": {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}})],
        "So", "length"),
    "Ollama: over without a reason": ([SO, event(delta("it is.")), DONE], "So it is.", "end"),
    "Ollama: an error as text": ([SO, event({"error": "model runner has unexpectedly stopped"})], "So", "broken"),
    "LiteLLM: pings": ([event({"type": "ping"}), SO, event({"type": "ping"}), STOP, DONE], "So it is.", "end"),
    "LiteLLM: the provider failed": (
        [SO, event({"error": {"message": "MidStreamFallbackError", "type": None, "code": "500"}})], "So", "broken"),
    "transformers serve: a finish of its own": (
        [event(delta("", role="assistant")), event(delta("So it is.")), event({"choices": [{"delta": {},
         "finish_reason": "stop", "index": 0}]})], "So it is.", "end"),
    "Mistral: parts, and a limit by another name": (
        [event({"choices": [{"index": 0, "delta": {"content": [{"type": "thinking", "thinking": [{"text": "hm"}]},
         {"type": "text", "text": "So"}]}, "finish_reason": "model_length"}]}), DONE], "So", "length"),
    "a filter in the middle": ([SO, event(delta("", "content_filter")), DONE], "So", "broken"),
    "closed in the middle": ([SO, event(delta("it"))], "So it", "broken"),
    "closed in the middle of a message": ([SO, b'data: {"choices": [{"del'], "So", "broken"),
    "not JSON in the middle": ([SO, event("oops")], "So", "broken"),
    "carriage returns": ([event(delta("So "), "\r\n\r\n"), event(delta("it is.", "stop"), "\r\n\r\n"),
                          b"data: [DONE]\r\n\r\n"], "So it is.", "end"),
    "lone carriage returns, cut between": ([event(delta("So "), "\r"), b"\r", event(delta("it is.", "stop"), "\r\r")],
                                           "So it is.", "end"),
    "several data lines": ([b'data: {"choices": [{"index": 0,\ndata: "delta": {"content": "So"},\n'
                            b'data: "finish_reason": "stop"}]}\n\n', DONE], "So", "end"),
    "no blank lines": ([event(delta("So "), "\n"), event(delta("it is.", "stop"), "\n"), b"data: [DONE]\n"],
                       "So it is.", "end"),
    "no space, a byte-order mark": ([b"\xef\xbb\xbfdata:" + event(delta("So", "stop"))[6:], b"data:[DONE]\n\n"],
                                    "So", "end"),
    "cut inside characters": ([bytes([byte]) for byte in SPLIT.encode()], "é😀", "end"),
    "other answers beside": ([SO, event({"choices": [{"index": 1, "delta": {"content": "No"}}]}), STOP], "So it is.",
                             "end"),
    "OpenAI: a refusal in a field of its own": (
        [event(delta(None, refusal="So ")), event(delta(None, refusal="it is.")), event(delta(None, "stop")), DONE],
        "So it is.", "end"),
    "text, then a call of a tool": (
        [SO, event(delta(None, tool_calls=[{"index": 0, "function": {"name": "f", "arguments": ""}}])),
         event(delta(None, "tool_calls", tool_calls=[{"index": 0, "function": {"arguments": "{}"}}])), DONE],
        "So", "end"),
    "comments that end as proxies end them": (
        [b": ping - 2026-01-01 00:00:00\r\n\r\n", SO, b": ping\r\n\r\n", STOP, DONE], "So it is.", "end"),
    "text behind its end": ([event(delta("So ", "stop")), event(delta("it is.")), DONE, SO], "So it is.", "end"),
    "plain text by name": ([SO, STOP, DONE], "So it is.", "end"),
    "null for error and choices": ([event(delta("So ") | {"error": None}), event({"choices": None}), STOP, DONE],
                                   "So it is.", "end"),
    "the whole message at once": ([told({"content": "So it is."}, index=0)], "So it is.", "end"),
    "OpenRouter: an error beside an empty answer": (
        [b": OPENROUTER PROCESSING\n\n", SO, event(delta("", "error") | {"error": {"code": "server_error", "message":
         "Provider disconnected"}}), DONE], "So", "broken"),
    "OpenRouter: an error in the answer, beside text": (
        [event({"choices": [{"index": 0, "delta": {"content": "So"}, "error": {"code": 502, "message": "Lost"}}]}),
         DONE],
        "So", "broken"),
    "Anthropic's form of an error": (
        [SO, b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "No"}}\n\n',
         DONE], "So", "broken"),
    "an event named error, a sentence in it": ([SO, b'event: error\ndata: {"text": "slot lost"}\n\n', DONE], "So",
                                               "broken"),
    "an event named error, plain text in it": ([SO, b"event: error\ndata: slot lost\n\n", DONE], "So", "broken"),
    "llama.cpp: an error field, then the sign of the end": (
        [SO, b'error: {"code":500,"message":"slot lost","type":"server_error"}\n\n', DONE], "So", "broken"),
    "a sentence in place of an answer": ([SO, event({"code": 500, "message": "out of memory"}), DONE], "So", "broken"),
    "an event named ping, no message in it": ([b"event: ping\ndata: still here\n\n", SO, event("null"), STOP, DONE],
                                              "So it is.", "end"),
    "a message without the field's name": ([SO, json.dumps({"error": {"message": "lost"}}).encode() + b"\n\n", DONE],
                                           "So", "broken"),
    "DeepSeek: interrupted": ([SO, event(delta("", "insufficient_system_resource")), DONE], "So", "broken"),
    "Zhipu: the network failed": ([SO, event(delta("", "network_error")), DONE], "So", "broken"),
    "Zhipu: withheld": ([SO, event(delta("", "sensitive")), DONE], "So", "broken"),
    "Gemini's reasons: the limit": ([SO, event(delta("it", "MAX_TOKENS")), DONE], "So it", "length"),
    "Gemini's reasons: safety": ([SO, event(delta("", "SAFETY")), DONE], "So", "broken"),
    "Cohere's reasons": ([SO, event(delta("it is.", "COMPLETE")), DONE], "So it is.", "end"),
    "LocalAI: an empty reason with every message": (
        [event(delta("So ", "")), event(delta("it", "")), b"data: [DONE]\n\n"], "So it", "end"),
    "an empty reason, then closed": ([event(delta("So ", "")), event(delta("it", "null"))], "So it", "broken"),
    "a reason that is no text": ([event({"choices": [{"index": 0, "delta": {"content": "So"}, "finish_reason": 1}]}),
                                  DONE], "So", "end"),
    "chat and text forms mixed": ([event({"choices": [{"index": 0, "delta": {"content": None}, "text": "So "}]}),
                                   event({"choices": [{"index": "0", "text": "it is.", "finish_reason": "stop"}]})],
                                  "So it is.", "end"),
    "empty lists for nothing": ([event({"choices": [{"index": 0, "delta": []}]}), SO, STOP, DONE], "So it is.", "end"),
    "text where a message is meant": ([event({"choices": [{"delta": "So "}]}), STOP, DONE], "So it is.", "end"),
    "the whole answer once more at its end": (
        [SO, event(delta("it is. ")), b"data: " + told({"content": "So it is."}) + b"\n\n", DONE], "So it is.", "end"),
    "halves of a character in two messages": (
        [event(json.dumps(delta("So \ud83d"))), event(json.dumps(delta("\ude00", "stop"))), DONE], "So 😀", "end"),
    "half a character at the end": ([event(json.dumps(delta("So \ud83d", "stop"))), DONE], "So \ufffd", "end"),
    "thoughts in the text": (
        [event(delta("\n<th")), event(delta("ink>hm, ")), event(delta("so</think>")), event(delta("\n\nSo ")), STOP,
         DONE],
        "So it is.", "end"),
    "a text that begins like thoughts": ([event(delta("<", "stop")), DONE], "<", "end"),
    "counts before the end": ([USAGE, SO, USAGE, STOP, DONE], "So it is.", "end"),
    "events by no name": ([b":ping\r\n\r\n", SO, STOP, DONE], "So it is.", "end"),
    "events with numbers by no name": ([b"\nid: 1\n", SO, STOP, DONE], "So it is.", "end"),
    "another answer first in a message": (
        [event({"choices": [{"index": 1, "delta": {"content": "No"}}, {"index": 0, "delta": {"content": "So"}}]}), STOP,
         DONE], "Soit is.", "end"),
    "an answer with a number of its own": (
        [event({"choices": [{"index": 7, "delta": {"content": "So "}}]}),
         event({"choices": [{"index": 7, "delta": {"content": "it is."}, "finish_reason": "stop"}]}), DONE],
        "So it is.", "end"),
    "SGLang: a reason with more beside it": (
        [event({"choices": [{"index": 0, "delta": {"content": "So"}, "finish_reason": {"type": "length",
         "length": 1}}]}), DONE], "So", "length"),
    "Anthropic's reasons: the context is full": ([SO, event(delta("", "model_context_window_exceeded")), DONE], "So",
                                                 "length"),
    "framed twice": ([b"data: " + SO, b"data: " + STOP, b"data: data: [DONE]\n\n"], "So it is.", "end"),
    "the sign of the end in small letters": ([SO, STOP, b"data: [done]\n\n"], "So it is.", "end"),
    "packed though plain was asked for": ([gzip.compress(SO + STOP + DONE)], "So it is.", "end"),
}  # fmt: skip
KINDS = {"the whole message at once": "application/json", "plain text by name": "text/plain",
         "events by no name": "text/plain", "events with numbers by no name": "application/octet-stream"}  # fmt: skip
PACKED = {name: {"Content-Encoding": "gzip"} for name in STREAMS if name.startswith("packed")}
WHOLE: dict[str, tuple[bytes, str]] = {
    "parts": (told({"content": [{"type": "text", "text": "So "}, {"type": "text", "text": "it is."}]}), "So it is."),
    "thoughts beside": (told({"content": "So", "reasoning_content": "hm"}), "So"),
    "empty": (told({"content": ""}), ""),
    "no index": (json.dumps({"choices": [{"message": {"content": "So"}}]}).encode(), "So"),
    "a refusal in a field of its own": (told({"content": None, "refusal": "I will not."}), "I will not."),
    "null counts": (told({"content": "So"}, "eos_token"), "So"),
    "OpenAI's newer parts": (
        told({"content": [{"type": "output_text", "text": "So"}, {"type": "refusal", "refusal": " no"}, " it"]}),
        "So no it",
    ),
    "thoughts in the text": (told({"content": "<think>hm</think>\n\nSo"}), "So"),
    "thoughts that the prompt began": (told({"content": "hm, so\n</think>\n\nSo"}), "So"),
    "a word on thoughts": (told({"content": "It ends with </think>\nhere."}), "It ends with </think>\nhere."),
    "the older form": (json.dumps({"choices": [{"text": " So", "index": 0, "finish_reason": "eos"}]}).encode(), "So"),
    "no text in the newer form": (told({"content": None}, text="So"), "So"),
    "a reason that is no text": (told({"content": "So"}, 0), "So"),  # type: ignore[arg-type]
    "a place of its own": (told({"content": "So"}, index=1), "So"),
    "a kind that is no text": (told({"content": [{"type": {}, "text": "x"}, {"type": "text", "text": "So"}]}), "So"),
    "a byte-order mark": (b"\xef\xbb\xbf" + told({"content": "So"}), "So"),
}
NO_TEXT = {
    "a tool": (told({"content": None, "tool_calls": [{"id": "x"}]}, "tool_calls"), "call of a tool"),
    "thoughts alone": (told({"content": None, "reasoning_content": "hm"}, "length"), "only thoughts"),
    "empty beside thoughts": (told({"content": "", "reasoning_content": "hm"}, "length"), "only thoughts"),
    "nothing": (told({"content": None}), "no text"),
    "thoughts that the prompt began alone": (told({"content": "hm, so\n</think>"}), "only thoughts"),
    "thoughts in the text alone": (told({"content": "<think>hm, so"}, "length"), "only thoughts"),
    "an error in the answer": (
        told({"content": ""}, "error", error={"code": 400, "message": "No such voice"}),
        "such voice",
    ),
    "a number too long for any status": (
        told({"content": ""}, error={"code": "4" * 5_000, "type": "invalid_request", "message": "No such voice"}),
        "such voice",
    ),
    "a sentence in place of an answer": (b'{"code": "400", "message": "No such voice"}', "No such voice"),
    "Cloudflare's errors": (
        b'{"success": false, "errors": [{"code": 7003, "message": "No such voice"}]}',
        "No such voice",
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_gives_the_text_that_was_in_it(playing: Asked, stage: Server, name: str) -> None:
    pieces, text, finish = STREAMS[name]
    engine = playing(Play(pieces, kind=KINDS.get(name, EVENTS), headers=PACKED.get(name, {})))
    chunks = list(engine.stream([QUESTION]))
    answer = chunks[-1].answer
    assert answer is not None and (answer.text, answer.finish) == (text, finish)
    assert "".join(chunk.text for chunk in chunks) == text
    assert stage.asked.count(engine.name) == 1
    trouble = finish == "broken" or name == "llama.cpp: the context is full"
    assert ("The last request failed" in engine.status().detail) == trouble


@pytest.mark.parametrize("kind", [EVENTS, "application/json"])
@pytest.mark.parametrize(("packing", "said"), [("br", "packed"), ("gzip, gzip", "packed"), ("gzip", "more than 4 MB")])
def test_a_little_that_unpacks_to_much_is_refused(playing: Asked, kind: str, packing: str, said: str) -> None:
    """Seen: 809 bytes became a gigabyte."""
    much = bytes(2**26)
    once = gzip.compress(much) if "gzip" in packing else brotli.compress(much)
    sent = gzip.compress(once) if packing == "gzip, gzip" else once
    engine = playing(Play([sent], kind=kind, headers={"Content-Encoding": packing}))
    del much
    tracemalloc.start()
    try:
        for ask in (engine.stream, engine.generate):
            with pytest.raises(EndpointError, match=said):
                list(ask([QUESTION]))
        assert tracemalloc.get_traced_memory()[1] < 2**25
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("thoughts", "text"),
    [
        (["hm, ", "so\n</th", "ink>\n\nSo "], "So it is."),
        (["\n</think>\n\n", "So "], "So it is."),
        (["So </think> "], None),
    ],
)
def test_thoughts_that_the_prompt_began_are_gone_at_the_end_of_a_stream(
    playing: Asked, thoughts: list[str], text: str | None
) -> None:
    engine = playing(Play([*(event(delta(piece)) for piece in thoughts), STOP, DONE], kind=EVENTS))
    *came, last = engine.stream([QUESTION])
    assert last.answer is not None and last.answer.text == (text or "So </think> it is.")
    assert "".join(chunk.text for chunk in came).endswith("So it is." if text else "it is.") and last.text == ""


def test_a_stream_of_thoughts_alone_is_no_answer(playing: Asked) -> None:
    engine = playing(Play([event(delta("hm\n</think>", "stop")), DONE], kind=EVENTS))
    with pytest.raises(EndpointError, match="only thoughts"):
        list(engine.stream([QUESTION]))


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_answer(playing: Asked, name: str) -> None:
    body, text = WHOLE[name]
    [answer] = playing(Play([body], kind="application/json")).generate([QUESTION])
    assert (answer.text, answer.finish) == (text, "end")


@pytest.mark.parametrize("name", NO_TEXT)
def test_what_came_in_place_of_text_is_said(playing: Asked, name: str) -> None:
    body, words = NO_TEXT[name]
    with pytest.raises(EndpointError, match=words):
        playing(Play([body], kind="application/json")).generate([QUESTION])


STREAMED_NO_TEXT: dict[str, tuple[Play, str]] = {
    "calls of a tool alone": (Play([event(delta(None, tool_calls=[{"index": 0}])), DONE]), "call of a tool"),
    "a filter before any text": (Play([event(delta("", "content_filter")), DONE]), "filter withheld"),
    "nothing with a good status": (Play([b""]), "broke off"),
    "a sign-in page": (Play([b"<!doctype html><title>Sign in</title>"], kind="text/html"), "a web page"),
    "a page of a proxy": (Play([b"<html>busy</html>"], 503, "text/html"), r"failed \(503\)\. Try again"),
    "too often": (Play([b'{"error": "slow down"}'], 429, "application/json", {"Retry-After": "0.01"}),
                  r"slow down\. Try again"),
    "Ollama's own form": (Play([b'{"message": {"content": "So"}}\n{"done": true}\n'], kind="application/x-ndjson"),
                          "not JSON"),
    "the sign of the end alone": (Play([DONE]), "gave no text"),
    "signs of life alone": (Play([event({"type": "ping"}), DONE]), "gave no text"),
    "no content by status": (Play([], 204), r"\(204\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMED_NO_TEXT)
def test_a_stream_without_text_says_why(playing: Asked, name: str) -> None:
    play, words = STREAMED_NO_TEXT[name]
    with pytest.raises(EndpointError, match=words):
        list(playing(play).stream([QUESTION]))


@pytest.mark.parametrize("count", [True, -3, 10**30, "4", None])
def test_a_count_of_tokens_that_is_none_is_not_kept(playing: Asked, count: Any) -> None:
    usage = event({"choices": [], "usage": {"prompt_tokens": count, "completion_tokens": count}})
    *_, last = playing(Play([SO, STOP, usage, DONE])).stream([QUESTION])
    assert last.answer is not None and (last.answer.prompt_tokens, last.answer.tokens) == (0, 0)
    assert type(last.answer.tokens) is int


def test_a_stream_that_is_left_before_its_end_leaves_no_task_behind(
    playing: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    before = threading.active_count()
    list(playing(Play([SO, STOP, DONE, *[b": still here\n\n"] * 3], pause_s=0.05)).stream([QUESTION]))
    while threading.active_count() > before:
        time.sleep(0.02)
    gc.collect()
    assert [said.message for said in caplog.records if said.name == "asyncio"] == []


def test_a_failure_before_any_text_is_asked_again(playing: Asked, stage: Server) -> None:
    good = Play([SO, STOP, DONE])
    engine = playing(Play([b"<html>502</html>"], 502, "text/html", again=good))
    assert list(engine.stream([QUESTION]))[-1].answer.text == "So it is."  # type: ignore[union-attr]
    assert stage.asked.count(engine.name) == 2


def test_a_trickling_answer_ends_and_keeps_its_text(stage: Server) -> None:
    stage.plays["trickle"] = Play([SO, *[b": still here\n\n"] * 100], pause_s=0.1)

    async def ask() -> tuple[Any, list[str]]:
        said: list[str] = []
        client = EndpointClient(f"{stage.url}/v1", longest_s=0.5)
        try:
            return await client.chat({"model": "trickle"}, said.append), said
        finally:
            await client.close()

    began = time.monotonic()
    reply, said = finish(ask())
    assert time.monotonic() - began < 5 and (reply.text, reply.finish, said) == ("So", "broken", ["So"])
