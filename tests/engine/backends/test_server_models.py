"""Lists of models as real servers give them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cai_ui.config.app import AppSettings
from cai_ui.engine.backends.endpoint import connect
from cai_ui.engine.backends.endpoint_stream import MAX_BYTES
from cai_ui.errors import EndpointError
from tests.playing_server import Asked, Play, Server

MODEL_LISTS: dict[str, tuple[Any, list[tuple[str, int | None]]]] = {
    "vLLM": ({"object": "list", "data": [{"id": "m", "max_model_len": 8}]}, [("m", 8)]),
    "Together: no frame": ([{"id": "m", "context_length": 8}, {"id": "n"}], [("m", 8), ("n", None)]),
    "Ollama: none yet": ({"object": "list", "data": None}, []),
    "names": (["m", "n"], [("m", None), ("n", None)]),
    "by another name": ({"models": [{"name": "m", "context_window": 8}]}, [("m", 8)]),
    "one without a name": ({"data": [{"id": None}, {"id": "m", "max_model_len": True}]}, [("m", None)]),
}


@pytest.mark.parametrize("name", MODEL_LISTS)
def test_lists_of_models_in_each_form(playing: Asked, stage: Server, name: str) -> None:
    body, expected = MODEL_LISTS[name]
    engine = playing(Play([]))
    stage.models = Play([json.dumps(body).encode()], kind="application/json")
    assert [(one["id"], one["max_model_len"]) for one in engine.check()] == expected


@pytest.mark.parametrize(("there", "asked"), [("llama3.2:latest", "llama3.2"), ("models/gemini-2", "gemini-2")])
def test_a_model_is_found_by_its_short_name(stage: Server, there: str, asked: str) -> None:
    stage.models = Play([json.dumps({"data": [{"id": there}, {"id": "x/y"}]}).encode()], kind="application/json")
    settings = AppSettings(endpoint=stage.url, model=asked)
    assert connect(settings).name == there


def test_lists_of_models_are_bounded(playing: Asked, stage: Server) -> None:
    engine = playing(Play([]))
    stage.models = Play([b" " * 2**20] * (MAX_BYTES // 2**20 + 1), kind="application/json")
    with pytest.raises(EndpointError, match="more than"):
        engine.check()
    many = {"data": [{"id": f"m{n}"} for n in range(20_000)]}
    stage.models = Play([json.dumps(many).encode()], kind="application/json")
    assert len(engine.check()) == 10_000
