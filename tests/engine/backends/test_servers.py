"""What real servers send, played by a real server on this machine: docs/servers.md says which does what, and why.

Every case is asked both ways where it makes sense. The shapes are told from the servers' documents and sources.
"""

from __future__ import annotations

import gc
import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.engine.backends.endpoint import EndpointEngine, connect
from cai_ui.engine.backends.endpoint_client import EndpointClient
from cai_ui.engine.backends.endpoint_errors import refusal, shown
from cai_ui.engine.backends.endpoint_logs import token_logs
from cai_ui.engine.backends.endpoint_stream import MAX_BYTES
from cai_ui.engine.interface import Request
from cai_ui.errors import CaiError, EndpointError, InputError, PromptTooLongError
from cai_ui.records import Message
from tests.off_loop import finish

EVENTS = "text/event-stream; charset=utf-8"


@dataclass
class Play:
    """What is sent: pieces with their pauses (seconds) between; `again` is sent from the second request on."""

    pieces: list[bytes]
    status: int = 200
    kind: str = EVENTS
    headers: dict[str, str] = field(default_factory=dict)
    pause_s: float = 0.0
    again: Play | None = None


def event(message: Any, end: str = "\n\n") -> bytes:
    return f"data: {message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)}{end}".encode()


def delta(text: str | None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text, **more}, "finish_reason": finish}]}


def told(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> bytes:
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": finish, **more}]}).encode()


DONE, SO, STOP = event("[DONE]"), event(delta("So ")), event(delta("it is.", "stop"))
USAGE = event({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}})
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


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.plays: dict[str, Play] = {}
        self.asked: list[str] = []
        self.models = Play([b'{"data": []}'], kind="application/json")

    def handle_error(self, *_: Any) -> None:
        """A client that went away."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._play(self.server.models)

    def do_POST(self) -> None:
        name = json.loads(self.rfile.read(int(self.headers["content-length"])))["model"]
        play = self.server.plays[name]
        self._play(play.again if play.again and name in self.server.asked else play, name)

    def _play(self, play: Play, name: str = "") -> None:
        self.server.asked.append(name)
        self.send_response(play.status)
        for key, value in {"Content-Type": play.kind, **play.headers}.items():
            self.send_header(key, value)
        self.end_headers()
        for piece in play.pieces:
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(play.pause_s)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    found = Server()
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


Asked = Callable[[Play], EndpointEngine]


@pytest.fixture
def playing(server: Server, request: pytest.FixtureRequest) -> Asked:
    def start(play: Play, **more: Any) -> EndpointEngine:
        name = request.node.name
        server.plays[name] = play
        return EndpointEngine(f"http://127.0.0.1:{server.server_address[1]}", name, first_pause_s=0.01, **more)

    return start


QUESTION = Request((Message("user", "Is it?"),), Sampling())


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_gives_the_text_that_was_in_it(playing: Asked, server: Server, name: str) -> None:
    pieces, text, finish = STREAMS[name]
    engine = playing(Play(pieces, kind=KINDS.get(name, EVENTS), headers=PACKED.get(name, {})))
    chunks = list(engine.stream([QUESTION]))
    answer = chunks[-1].answer
    assert answer is not None and (answer.text, answer.finish) == (text, finish)
    assert "".join(chunk.text for chunk in chunks) == text
    assert server.asked.count(engine.name) == 1
    trouble = finish == "broken" or name == "llama.cpp: the context is full"
    assert ("The last request failed" in engine.status().detail) == trouble


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


def test_a_key_that_a_server_repeats_is_not_shown(server: Server) -> None:
    server.plays["repeats"] = Play([b'{"error": {"message": "Wrong key sk-secret-1"}}'], 401, "application/json")
    url = f"http://127.0.0.1:{server.server_address[1]}"
    with pytest.raises(EndpointError, match=r"Wrong key \(the key\)"):
        EndpointEngine(url, "repeats", key="sk-secret-1\n").generate([QUESTION])


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
    "no content by status": (Play([], 204), r"\(204\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMED_NO_TEXT)
def test_a_stream_without_text_says_why(playing: Asked, name: str) -> None:
    play, words = STREAMED_NO_TEXT[name]
    with pytest.raises(EndpointError, match=words):
        list(playing(play).stream([QUESTION]))


def test_a_stream_that_is_left_before_its_end_leaves_no_task_behind(
    playing: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    before = threading.active_count()
    list(playing(Play([SO, STOP, DONE, *[b": still here\n\n"] * 3], pause_s=0.05)).stream([QUESTION]))
    while threading.active_count() > before:
        time.sleep(0.02)
    gc.collect()
    assert [said.message for said in caplog.records if said.name == "asyncio"] == []


def test_a_failure_before_any_text_is_asked_again(playing: Asked, server: Server) -> None:
    good = Play([SO, STOP, DONE])
    engine = playing(Play([b"<html>502</html>"], 502, "text/html", again=good))
    assert list(engine.stream([QUESTION]))[-1].answer.text == "So it is."  # type: ignore[union-attr]
    assert server.asked.count(engine.name) == 2


def test_a_trickling_answer_ends_and_keeps_its_text(server: Server) -> None:
    server.plays["trickle"] = Play([SO, *[b": still here\n\n"] * 100], pause_s=0.1)

    async def ask() -> tuple[Any, list[str]]:
        said: list[str] = []
        client = EndpointClient(f"http://127.0.0.1:{server.server_address[1]}/v1", longest_s=0.5)
        try:
            return await client.chat({"model": "trickle"}, said.append), said
        finally:
            await client.close()

    began = time.monotonic()
    reply, said = finish(ask())
    assert time.monotonic() - began < 5 and (reply.text, reply.finish, said) == ("So", "broken", ["So"])


MODEL_LISTS: dict[str, tuple[Any, list[tuple[str, int | None]]]] = {
    "vLLM": ({"object": "list", "data": [{"id": "m", "max_model_len": 8}]}, [("m", 8)]),
    "Together: no frame": ([{"id": "m", "context_length": 8}, {"id": "n"}], [("m", 8), ("n", None)]),
    "Ollama: none yet": ({"object": "list", "data": None}, []),
    "names": (["m", "n"], [("m", None), ("n", None)]),
    "by another name": ({"models": [{"name": "m", "context_window": 8}]}, [("m", 8)]),
    "one without a name": ({"data": [{"id": None}, {"id": "m", "max_model_len": True}]}, [("m", None)]),
}


@pytest.mark.parametrize("name", MODEL_LISTS)
def test_lists_of_models_in_each_form(playing: Asked, server: Server, name: str) -> None:
    body, expected = MODEL_LISTS[name]
    engine = playing(Play([]))
    server.models = Play([json.dumps(body).encode()], kind="application/json")
    assert [(one["id"], one["max_model_len"]) for one in engine.check()] == expected


@pytest.mark.parametrize(("there", "asked"), [("llama3.2:latest", "llama3.2"), ("models/gemini-2", "gemini-2")])
def test_a_model_is_found_by_its_short_name(server: Server, there: str, asked: str) -> None:
    server.models = Play([json.dumps({"data": [{"id": there}, {"id": "x/y"}]}).encode()], kind="application/json")
    settings = AppSettings(endpoint=f"http://127.0.0.1:{server.server_address[1]}", model=asked)
    assert connect(settings).name == there


def test_lists_of_models_are_bounded(playing: Asked, server: Server) -> None:
    engine = playing(Play([]))
    server.models = Play([b" " * 2**20] * (MAX_BYTES // 2**20 + 1), kind="application/json")
    with pytest.raises(EndpointError, match="more than"):
        engine.check()
    many = {"data": [{"id": f"m{n}"} for n in range(20_000)]}
    server.models = Play([json.dumps(many).encode()], kind="application/json")
    assert len(engine.check()) == 10_000


LOGS = {
    "OpenAI, vLLM": {"content": [{"token": "A", "logprob": -0.1, "top_logprobs": [{"token": "B", "logprob": -2.0}]}]},
    "llama.cpp": {"content": [{"id": 3, "token": "A", "bytes": [65], "logprob": 1e-7, "top_logprobs": [
        {"id": 4, "token": "B", "bytes": [66], "logprob": -2.0}]}]},
    "Ollama": {"content": [{"token": "A", "logprob": -0.1, "bytes": [65], "top_logprobs": [
        {"token": "A", "logprob": -0.1}, {"token": "B", "logprob": -2.0}]}]},
    "top ones by token": {"content": [{"token": "A", "logprob": -0.1, "top_logprobs": {"B": -2.0}}]},
    "null beside its own among the likeliest": {"content": [{"token": "A", "logprob": None, "top_logprobs": [
        {"token": "A", "logprob": -0.1}, {"token": "B", "logprob": -2.0}]}]},
    "null for minus infinity": {"content": [{"token": "A", "logprob": -0.1, "top_logprobs": [
        {"token": "B", "logprob": -2.0}, {"token": "C", "logprob": None}]}]},
    "llama-cpp-python": {"tokens": ["A"], "token_logprobs": [-0.1], "top_logprobs": [{"B": -2.0}],
                         "text_offset": [0]},
}  # fmt: skip


@pytest.mark.parametrize("name", LOGS)
def test_log_probabilities_in_each_form(name: str) -> None:
    [(token, likely)] = token_logs(LOGS[name]) or [("", {})]
    assert token == "A" and likely["B"] == -2.0 and likely["A"] > -0.2


NAN, ABOVE = float("nan"), 3.0
NO_LOGS: list[Any] = [
    None, {}, {"content": None}, {"content": []},
    *({"content": [{"token": "A", "logprob": wrong}]} for wrong in (NAN, ABOVE, "x")),
]  # fmt: skip


@pytest.mark.parametrize("found", NO_LOGS)
def test_log_probabilities_that_are_none(found: Any) -> None:
    assert token_logs(found) is None
