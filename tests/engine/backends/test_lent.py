"""Answers where a GPU is lent: a forked worker, everything pickled, killed at the limit. The stand-in does what the
platform's decorator does with a generator; weights and texts are real."""

from __future__ import annotations

import multiprocessing
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from cai_ui.config.app import AppSettings
from cai_ui.engine.backends import lent
from cai_ui.engine.backends.lent import LentEngine
from cai_ui.engine.interface import ScoreRequest
from cai_ui.engine.weights.loading import load_model
from cai_ui.errors import AdapterError, EngineError, NotFoundError, PromptTooLongError
from cai_ui.records import BASE, AdapterInfo, Message

pytestmark = pytest.mark.forks
END = b""


class PlatformError(Exception):
    """As the page's own error that the platform raises: a title and a message."""

    def __init__(self, title: str, message: str = "") -> None:
        super().__init__(message)
        self.title = title


def work(queue: Any, function: Callable[..., Iterator[Any]], asked: bytes) -> None:
    torch.set_num_threads(1)  # the pool of the process it was forked from is not there
    try:
        for item in function(*pickle.loads(asked)):
            queue.put(pickle.dumps(item))
    except Exception as error:
        queue.put(pickle.dumps(PlatformError("ZeroGPU worker error", type(error).__name__)))
    queue.put(END)


class Lender:
    """Lends forks of this process; `kill_after` so many items, or `refuses` with a title. `asked` are the seconds."""

    def __init__(self, kill_after: int | None = None, refuses: str = "") -> None:
        self.kill_after, self.refuses = kill_after, refuses
        self.asked: list[float] = []
        self.children: list[Any] = []

    def __call__(self, function: Callable[..., Any], seconds: Callable[..., float]) -> Callable[..., Iterator[Any]]:
        def borrowed(*arguments: Any) -> Iterator[Any]:
            self.asked.append(seconds(*arguments))
            if self.refuses:
                raise PlatformError(self.refuses)
            fork = multiprocessing.get_context("fork")
            queue = fork.SimpleQueue()
            child = fork.Process(target=work, args=(queue, function, pickle.dumps(arguments)))
            child.start()
            self.children.append(child)
            try:
                given = 0
                while (told := queue.get()) != END:
                    if given == self.kill_after:
                        raise PlatformError("ZeroGPU worker error", "GPU task aborted")
                    item = pickle.loads(told)
                    if isinstance(item, PlatformError):
                        raise item
                    yield item
                    given += 1
            finally:
                child.kill()
                child.join()

        return borrowed


@pytest.fixture
def adapter(tiny_engine: Any, tmp_path: Path, make_adapter: Callable[..., AdapterInfo]) -> AdapterInfo:
    return make_adapter(tiny_engine, tmp_path / "run-1", 0)


Make = Callable[..., tuple[LentEngine, Lender]]


@pytest.fixture
def make(tiny_model: Path) -> Iterator[Make]:
    made: list[LentEngine] = []

    def go(**lender: Any) -> tuple[LentEngine, Lender]:
        lends = Lender(**lender)
        made.append(LentEngine(load_model(AppSettings(model=str(tiny_model))), lends))
        return made[-1], lends

    yield go
    for engine in made:
        engine.close()


def test_texts_are_those_of_an_engine_of_ones_own_and_nothing_is_computed_here(
    make: Make, tiny_engine: Any, ask: Any
) -> None:
    engine, lender = make()
    here: list[int] = []
    engine._loaded.model.get_input_embeddings().register_forward_hook(lambda *_: here.append(1))
    requests = [ask("hello there"), ask("tell me more", temperature=0.8, seed=5)]
    assert [a.text for a in engine.generate(requests)] == [a.text for a in tiny_engine.generate(requests)]
    assert [a.provenance for a in engine.generate(requests)] == [a.provenance for a in tiny_engine.generate(requests)]
    assert not here and len(lender.children) == 2
    engine._here().generate(requests[:1])
    assert here, "the hook sees nothing, so the test would prove nothing"


def test_an_adapter_is_loaded_by_the_worker_that_needs_it(
    make: Make, tiny_engine: Any, adapter: AdapterInfo, ask: Any
) -> None:
    engine, _ = make()
    engine.load_adapter(adapter)
    assert engine.adapters() == [adapter] and engine._here().adapters() == []
    tiny_engine.load_adapter(adapter)
    try:
        requests = [ask("hello there"), ask("hello there", adapter=adapter.name)]
        ours, plain = engine.generate(requests), tiny_engine.generate(requests)
    finally:
        tiny_engine.unload_adapter(adapter.name)
    assert [a.text for a in ours] == [a.text for a in plain] and ours[0].text != ours[1].text
    assert ours[1].provenance.adapter_hash == adapter.hash
    engine.unload_adapter(adapter.name)
    with pytest.raises(NotFoundError):
        engine.generate(requests[1:])


def test_what_cannot_be_asked_is_refused_before_a_gpu_is(make: Make, ask: Any) -> None:
    engine, lender = make()
    with pytest.raises(NotFoundError):
        engine.stream([ask("hello", adapter="none")])
    with pytest.raises(PromptTooLongError):
        engine.stream([ask("hello " * 5000)])
    assert lender.asked == []


def test_an_error_of_ours_in_the_worker_arrives_as_it_was(make: Make, adapter: AdapterInfo, ask: Any) -> None:
    engine, _ = make()
    engine.load_adapter(adapter)
    next(Path(adapter.path).glob("*.safetensors")).write_bytes(b"damaged since")
    with pytest.raises(AdapterError):
        engine.generate([ask("hello", adapter=adapter.name)])


def slowed(engine: LentEngine) -> LentEngine:
    """The engine with a pause at every token, so that there is a middle of an answer to be met."""
    engine._loaded.model.get_input_embeddings().register_forward_hook(lambda *_: time.sleep(0.01))
    return engine


def test_a_stop_keeps_the_text_and_ends_the_worker(make: Make, ask: Any) -> None:
    engine, lender = make()
    slowed(engine)
    stop, text = threading.Event(), ""
    for chunk in engine.stream([ask("hello there", max_new_tokens=400, temperature=1.0)], stop):
        text += chunk.text
        if text:
            stop.set()
        if chunk.answer:
            assert (chunk.answer.finish, chunk.answer.text) == ("stopped", text)
            assert 0 < chunk.answer.tokens < 400 and chunk.answer.prompt_tokens > 0
            break
    assert not lender.children[0].is_alive()
    watched = engine.stream([ask("hello there", max_new_tokens=400)])
    next(watched)
    watched.close()
    assert not lender.children[1].is_alive()


def test_a_gpu_taken_back_in_the_middle_leaves_what_was_written(make: Make, ask: Any) -> None:
    engine, _ = make(kill_after=1)
    slowed(engine)
    (answer,) = engine.generate([ask("hello there", max_new_tokens=400, temperature=1.0)])
    assert answer.finish == "broken" and answer.text
    engine, _ = make(kill_after=0)
    with pytest.raises(EngineError, match="taken back"):
        engine.generate([ask("hello there")])


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("ZeroGPU quota exceeded", "used up"),
        ("ZeroGPU pending credits exceeded", "used up"),
        ("Space app has reached its GPU limit", "own share"),
        ("ZeroGPU illegal duration", "longer than"),
        ("No GPU was available", "No GPU was free"),
        ("something new", "gave no answer"),
    ],
)
def test_each_refusal_of_the_platform_is_a_sentence(make: Make, ask: Any, title: str, said: str) -> None:
    engine, _ = make(refuses=title)
    with pytest.raises(EngineError, match=said):
        engine.generate([ask("hello")])
    with pytest.raises(EngineError, match=said):
        list(engine.score_many([ScoreRequest((Message("user", "hello"),), ("a",))]))


def test_scores_are_those_of_an_engine_of_ones_own(
    make: Make, tiny_engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lent, "SCORED_A_CALL", 2)
    engine, lender = make()
    long = ScoreRequest((Message("user", "hello " * 5000),), ("a",))
    requests = [*(ScoreRequest((Message("user", f"hello {n}"),), ("yes", "no")) for n in range(3)), long]
    ours, plain = dict(engine.score_many(requests)), dict(tiny_engine.score_many(requests))
    assert len(lender.children) == 2 and isinstance(ours[3], PromptTooLongError)
    for place in range(3):
        assert [s.total for s in ours[place]] == pytest.approx([s.total for s in plain[place]], abs=1e-4)


def test_the_time_asked_for_grows_with_what_is_asked_within_bounds(make: Make, ask: Any) -> None:
    engine, lender = make(refuses="quota")
    for tokens, rows in ((8, 1), (600, 1), (600, 64), (900, 400)):
        with pytest.raises(EngineError):
            engine.generate([ask("hello", max_new_tokens=tokens)] * rows)
    assert lender.asked == [20, 50, 90, 120] and all(isinstance(seconds, int) for seconds in lender.asked)
    assert engine.status().state == "ready" and engine.adapters() == [] and engine.count_tokens((Message("user", "a"),))
    assert BASE not in [info.name for info in engine.adapters()]
