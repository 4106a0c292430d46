"""Requests, random adapters, and a plain transformers model to compare with."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from cai_ui.config.answers import Sampling
from cai_ui.config.train import TrainSettings
from cai_ui.engine.adapters.files import describe_adapter
from cai_ui.engine.interface import Request
from cai_ui.records import BASE, AdapterInfo, Message

Ask = Callable[..., Request]


@pytest.fixture(scope="session")
def ask() -> Ask:
    """`ask(text, adapter=BASE, **sampling)`: a greedy request of 24 tokens unless told otherwise."""

    def make(text: str, adapter: str = BASE, **sampling: Any) -> Request:
        values = {"temperature": 0.0, "max_new_tokens": 24} | sampling
        return Request((Message("user", text),), Sampling(**values), adapter)

    return make


def _server_module() -> Any:
    spec = importlib.util.spec_from_file_location("bad_server", Path(__file__).with_name("bad_server.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def server() -> Any:
    """A real HTTP server that answers well or badly; see bad_server.py."""
    server = _server_module().Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def plain_model(tiny_model: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(tiny_model).eval()


@pytest.fixture(scope="session")
def make_adapter() -> Callable[..., AdapterInfo]:
    """`make_adapter(engine, folder, seed)`: an adapter of random weights, far enough from zero to be heard."""

    def make(engine: Any, folder: Path, seed: int) -> AdapterInfo:
        with engine.training_seat(TrainSettings(rank=4, seed=seed)) as seat:
            noise = torch.Generator().manual_seed(seed)
            with torch.no_grad():
                for name, weight in seat.model.named_parameters():
                    if "lora_B" in name:
                        weight.copy_(0.3 * torch.randn(weight.shape, generator=noise))
            seat.save(folder)
        return describe_adapter(folder, name=folder.name, title=f"Random {seed}", method="sft")

    return make


@pytest.fixture
def two_adapters(tiny_engine: Any, tmp_path: Path, make_adapter: Callable[..., AdapterInfo]) -> Any:
    """Two random adapters, loaded for the test."""
    infos = [make_adapter(tiny_engine, tmp_path / name, seed) for seed, name in enumerate(("run-1.a", "run-2"))]
    for info in infos:
        tiny_engine.load_adapter(info)
    yield infos
    for info in infos:
        if info in tiny_engine.adapters():
            tiny_engine.unload_adapter(info.name)
