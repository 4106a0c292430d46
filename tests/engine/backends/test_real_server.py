"""Bulk against a real OpenAI-compatible server that serves the embedded model: its greedy texts are ours.

`transformers serve` is started where its extras (openai, fastapi, uvicorn) are installed; CAI_TEST_ENDPOINT names a
server that runs already instead, such as `vllm serve cai_ui/engine/embedded --dtype float32`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from cai_ui.cli import main
from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.demo.prompt_sets import prompt_set
from cai_ui.engine import load_engine
from cai_ui.engine.interface import Request
from cai_ui.engine.weights.sources import EMBEDDED
from cai_ui.records import Message
from tests.app_server import free_port

START_S = 240
GREEDY = Sampling(temperature=0, max_new_tokens=48)


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    if named := os.environ.get("CAI_TEST_ENDPOINT"):
        yield named
        return
    if not all(importlib.util.find_spec(extra) for extra in ("openai", "fastapi", "uvicorn")):
        pytest.skip("transformers serve needs openai, fastapi and uvicorn; or name a server in CAI_TEST_ENDPOINT")
    port = free_port()
    log = (tmp_path_factory.mktemp("serve") / "log.txt").open("w+")
    server = subprocess.Popen(
        [sys.executable, "-m", "transformers.cli.transformers", "serve", str(EMBEDDED), "--host", "127.0.0.1",
         "--port", str(port), "--device", "cpu", "--dtype", "float32"],
        stdout=log, stderr=log, env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    try:
        _wait(server, f"http://127.0.0.1:{port}/health", log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(30)


def _wait(server, address, log):
    end = time.monotonic() + START_S
    while server.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    log.seek(0)
    pytest.fail(f"transformers serve did not come up: {log.read()[-2000:]}")


@pytest.fixture(scope="module")
def served(url):
    with urllib.request.urlopen(f"{url}/models", timeout=60) as answer:
        names = [model["id"] for model in json.load(answer)["data"]]
    own = [name for name in names if name.rstrip("/").endswith("embedded")]
    return load_engine(AppSettings(endpoint=url, model=(own or names)[0]))


@pytest.fixture(scope="module")
def local():
    return load_engine(AppSettings(model="embedded"))


def asked(number):
    kinds = ("harmful", "helpful", "twin")
    prompts = [p for kind in kinds for p in prompt_set(f"heldout-{kind}", number // 3, 0)]
    return [Request((Message("user", prompt.text),), GREEDY) for prompt in prompts]


def test_greedy_texts_are_the_local_ones(served, local):
    requests = asked(12)
    there, here = served.generate(requests), local.generate(requests)
    assert [a.text for a in there] == [a.text for a in here]
    assert [(a.finish, a.prompt_tokens) for a in there] == [(a.finish, a.prompt_tokens) for a in here]


def test_streamed_pieces_join_to_the_local_text(served, local):
    (request,) = asked(3)[:1]
    pieces = [chunk.text for chunk in served.stream([request])]
    assert "".join(pieces) == local.generate([request])[0].text and len(pieces) > 3


def test_bulk_chains_agree_with_the_local_ones(served, tmp_path):
    """Draft, critique and revision each: three answers in a row, every one read by the next."""
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("\n".join(r.messages[0].content for r in asked(12)), encoding="utf-8")
    texts = []
    models = {"here": ["--model", "embedded"], "there": ["--endpoint", served.url, "--model", served.name]}
    for name, model in models.items():
        out = tmp_path / f"{name}.jsonl"
        told = ["generate", "--home", str(tmp_path / name), "--prompts", str(prompts), "--out", str(out), *model]
        assert main([*told, "--temperature", "0", "--max-new-tokens", "48"]) == 0
        chains = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        texts.append({c["prompt"]["text"]: [step["text"] for step in c["steps"]] for c in chains})
    assert texts[0] == texts[1] and len(texts[0]) >= 6
