"""Which adapters are in memory: those whose folders last come when they are asked, and go when others need the room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cai_ui.config.app import AppSettings
from cai_ui.config.train import TrainSettings
from cai_ui.engine import load_engine
from cai_ui.errors import AdapterError, NotFoundError
from cai_ui.records import AdapterInfo

QUESTION = "What is your favourite colour?"


@pytest.fixture(scope="module")
def infos(tiny_engine, tmp_path_factory, make_adapter) -> list[AdapterInfo]:
    folder = tmp_path_factory.mktemp("kept")
    return [make_adapter(tiny_engine, folder / f"run-{seed}", seed) for seed in range(4)]


@pytest.fixture
def engine(tiny_model: Path, infos, monkeypatch) -> Any:
    """An engine that keeps hardly more than one adapter beside those in use."""
    monkeypatch.setattr("cai_ui.engine.backends.local.ADAPTER_BYTES", 1.5 * one_of(infos))
    monkeypatch.setattr("cai_ui.engine.backends.local.ADAPTER_SHARE", 0)
    engine = load_engine(AppSettings(model=str(tiny_model)))
    for info in infos:
        engine.load_adapter(info, lasting=True)
    yield engine
    engine.close()


def one_of(infos) -> int:
    """Bytes of an adapter's tensors: all have the same shapes."""
    from safetensors.torch import load_file

    return sum(tensor.nbytes for tensor in load_file(Path(infos[0].path) / "adapter_model.safetensors").values())


def taken(engine, base: int) -> int:
    return engine.status().memory_bytes - base


def test_adapters_that_nobody_asks_take_no_memory_and_each_answers_as_if_it_stayed(engine, tiny_engine, infos, ask):
    bare = tiny_engine.status().memory_bytes
    assert [info.name for info in engine.adapters()] == [info.name for info in infos] and taken(engine, bare) == 0
    for info in infos:
        tiny_engine.load_adapter(info)
    said = {}
    for _ in range(2):
        for info in infos:
            request = ask(QUESTION, info.name)
            said[info.name] = engine.generate([request])[0]
            assert said[info.name].text == tiny_engine.generate([request])[0].text
            assert said[info.name].provenance.adapter_hash == info.hash
            assert 0 < taken(engine, bare) <= 1.5 * one_of(infos)
    assert len({answer.text for answer in said.values()}) == len(infos)
    for info in infos:
        tiny_engine.unload_adapter(info.name)


def test_all_that_a_batch_asks_are_there_until_it_ends(engine, tiny_engine, infos, ask):
    bare = tiny_engine.status().memory_bytes
    alone = [engine.generate([ask(QUESTION, info.name)])[0].text for info in infos]
    stream = engine.stream([ask(QUESTION, info.name) for info in infos])
    first = next(stream)
    assert taken(engine, bare) == 4 * one_of(infos)
    texts = {chunk.index: chunk.answer.text for chunk in (first, *stream) if chunk.answer}
    assert [texts[place] for place in range(4)] == alone
    assert engine.generate([ask(QUESTION, infos[0].name)])[0].text == alone[0]
    engine.generate([ask(QUESTION, infos[1].name)])
    engine.unload_adapter(infos[1].name)
    assert taken(engine, bare) <= 2 * one_of(infos)


def test_strengths_and_trainings_work_on_one_that_left_memory(engine, infos, ask):
    half = ask(QUESTION, infos[0].name)
    half = type(half)(half.messages, half.sampling, half.adapter, strength=0.5)
    before = engine.generate([half])[0].text
    engine.generate([ask(QUESTION, info.name) for info in infos[1:]])
    assert engine.generate([half])[0].text == before
    engine.generate([ask(QUESTION, info.name) for info in infos[1:]])
    with engine.training_seat(TrainSettings(rank=4), infos[0].name) as seat:
        kept = seat.state()
    with engine.training_seat(TrainSettings(rank=4), infos[0].name) as seat:
        assert all((kept[name] == tensor).all() for name, tensor in seat.state().items())


def test_one_whose_files_are_gone_or_exchanged_is_named_and_the_others_answer(
    engine, tmp_path, tiny_engine, make_adapter, infos, ask
):
    last = make_adapter(tiny_engine, tmp_path / "last", 7)
    engine.load_adapter(last, lasting=True)
    make_adapter(tiny_engine, tmp_path / "last", 8)
    with pytest.raises(AdapterError, match="not the one that was recorded"):
        engine.generate([ask(QUESTION, last.name)])
    assert engine.generate([ask(QUESTION, infos[0].name)])[0].text
    engine.unload_adapter(last.name)
    with pytest.raises(NotFoundError):
        engine.generate([ask(QUESTION, last.name)])


def test_one_whose_folder_does_not_last_stays_in_memory(engine, tmp_path, tiny_engine, make_adapter, infos, ask):
    import shutil

    passing = make_adapter(tiny_engine, tmp_path / "passing", 9)
    engine.load_adapter(passing)
    shutil.rmtree(passing.path)
    before = engine.generate([ask(QUESTION, passing.name)])[0].text
    for info in infos:
        engine.generate([ask(QUESTION, info.name)])
    assert engine.generate([ask(QUESTION, passing.name)])[0].text == before
