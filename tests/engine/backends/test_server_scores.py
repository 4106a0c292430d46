"""Log-probabilities as real servers give them."""

from __future__ import annotations

from typing import Any

import pytest

from cai_ui.engine.backends.endpoint_logs import token_logs

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
