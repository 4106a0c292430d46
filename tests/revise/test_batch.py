"""Many chains at once: each is the chain alone, whatever the size; failures and stops."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from cai_ui import revise
from cai_ui.config.answers import Sampling
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.engine.interface import Request
from cai_ui.errors import EngineError
from cai_ui.records import Prompt, Trace
from cai_ui.revise import ChainFailure, StepEvent

from .echo import CONSTITUTION, TWICE, echo


def run(engine: Any, prompt: str, seed: int) -> list[StepEvent]:
    trace = revise.new_trace(prompt, CONSTITUTION, TWICE, Sampling(seed=seed))
    return list(revise.revise(engine, trace, CONSTITUTION, TWICE, Sampling(seed=seed)))


def texts(trace: Trace) -> list[str]:
    return [step.text for step in trace.steps]


def batch(engine: Any, prompts: list[Any], size: int = 4, **rest: Any) -> list[Trace | ChainFailure]:
    return list(revise.revise_batch(engine, prompts, CONSTITUTION, TWICE, Sampling(seed=2), size, **rest))


def test_a_batch_advances_all_its_chains_together() -> None:
    sizes: list[int] = []

    class Counting(ScriptedEngine):
        def generate(self, requests: Any, stop: Any = None) -> Any:
            sizes.append(len(requests))
            return super().generate(requests, stop)

    done = batch(Counting(echo), [f"prompt {i}" for i in range(6)])
    assert sizes == [4] * 5 + [2] * 5
    assert [trace.prompt.text for trace in done if isinstance(trace, Trace)] == [f"prompt {i}" for i in range(6)]


def test_the_size_of_a_batch_changes_no_text() -> None:
    prompts = [f"prompt {i}" for i in range(5)]
    one = [texts(t) for t in batch(ScriptedEngine(echo), prompts, 1) if isinstance(t, Trace)]
    all_at_once = [texts(t) for t in batch(ScriptedEngine(echo), prompts, 64) if isinstance(t, Trace)]
    assert one == all_at_once
    assert len({t[0].split("seed")[1] for t in one}) == 5


def test_a_chain_of_a_batch_is_the_chain_alone_with_its_seed() -> None:
    third = batch(ScriptedEngine(echo), ["a", "b", "c"])[2]
    assert isinstance(third, Trace)
    alone = run(ScriptedEngine(echo), "c", seed=third.seed)[-1].trace
    assert alone.steps == third.steps


def test_a_prompt_that_fails_is_named_and_the_others_go_on() -> None:
    engine = ScriptedEngine(lambda request: "" if "silent" in request.messages[0].content else echo(request), 0, 200)
    prompts = ["fine", Prompt("long", "word " * 250), "silent", "fine too"]
    done = batch(engine, prompts)
    assert [isinstance(result, Trace) for result in done] == [True, False, False, True]
    reasons = [result.reason for result in done if isinstance(result, ChainFailure)]
    assert reasons == ["The conversation is too long for the model.", "The revision is empty."]


def test_a_batch_that_is_stopped_ends_without_the_chains_in_flight() -> None:
    flag = threading.Event()
    done = []
    for result in revise.revise_batch(ScriptedEngine(echo), list("abcdef"), CONSTITUTION, TWICE, Sampling(), 2, flag):
        done.append(result)
        if len(done) == 2:
            flag.set()
    assert len(done) == 2


def test_a_broken_engine_is_not_taken_for_a_failed_prompt() -> None:
    def broken(request: Request) -> str:
        raise EngineError("The device is gone.")

    with pytest.raises(EngineError):
        batch(ScriptedEngine(broken), ["a", "b"])
