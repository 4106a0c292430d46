"""Nothing is read twice, nothing read under one variant is used under another, and the bound is kept."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
import torch

from cai_ui.config.app import AppSettings
from cai_ui.engine import load_engine
from cai_ui.engine.decoding.prefix_cache import PrefixCache, agreement
from cai_ui.engine.kernels.kv_cache import Beginning, KeyValues, block_bytes
from cai_ui.records import Message

FEW_SHOTS = "Is it right to read a diary? It hurts trust. " * 12
QUESTIONS = ("Why?", "How do I bake bread?", "Is it wrong to take the last slice of cake?", "Ask her how she is.")


def marked(ids: list[int], start: int, stop: int) -> Any:
    """A block whose keys say which token stands where."""
    values = torch.tensor(ids[start:stop], dtype=torch.float32)[None, :, None]
    return [(values, values * 2)]


def put(cache: PrefixCache, variant: str, ids: list[int]) -> None:
    cache.put(variant, ids, lambda start, stop: marked(ids, start, stop))


def held(cache: PrefixCache, variant: str, ids: list[int]) -> list[int]:
    """The tokens that the cache's blocks for `ids` stand for."""
    length = cache.length(variant, ids)
    blocks = cache.blocks(variant, ids, length)
    return [int(x) for block in blocks for x in block[0][0].flatten()]


def test_what_is_found_is_the_longest_beginning_that_was_put():
    rng, cache, texts = random.Random(1), PrefixCache(10**9), []
    for _ in range(200):
        start = rng.choice(texts)[: rng.randrange(12)] if texts and rng.random() < 0.7 else []
        texts.append(start + [rng.randrange(3) for _ in range(rng.randrange(1, 12))])
        put(cache, "a", texts[-1])
        asked = [rng.randrange(3) for _ in range(10)]
        for ids in (asked, rng.choice(texts)):
            longest = max(agreement(ids, text) for text in texts)
            assert held(cache, "a", ids) == ids[:longest]
            assert cache.length("b", ids) == 0


def test_what_texts_have_in_common_is_held_once():
    cache, shared = PrefixCache(10**9), list(range(1000))
    for end in range(20):
        put(cache, "a", [*shared, 2000 + end])
    assert cache.bytes == (1000 + 20) * block_bytes(marked([0], 0, 1))


def test_the_bound_is_kept_and_the_oldest_ends_go_first():
    one = block_bytes(marked([0], 0, 1))
    cache = PrefixCache(100 * one)
    for text in range(50):
        put(cache, "a", [text] * 9)
        held(cache, "a", [0] * 9)
        assert cache.bytes <= cache.limit
    assert cache.length("a", [0] * 9) == 9 and cache.length("a", [49] * 9) == 9
    assert cache.length("a", [1] * 9) == 0
    put(cache, "a", list(range(1000, 1200)))
    assert cache.length("a", list(range(1000, 1200))) == 0, "larger than the bound, so it is not kept"


def test_forgetting_an_variant_and_keeping_nothing():
    cache = PrefixCache(10**9)
    put(cache, "a", [1, 2, 3])
    put(cache, "b", [1, 2, 3, 4])
    cache.forget("a")
    assert (cache.length("a", [1, 2, 3]), cache.length("b", [1, 2, 3])) == (0, 3)
    cache.forget("b")
    assert cache.bytes == 0
    off = PrefixCache(0)
    put(off, "a", [1, 2, 3])
    assert (off.length("a", [1, 2, 3]), off.bytes) == (0, 0)


def batch(*rows: list[int], beginnings: Any = None) -> KeyValues:
    """Rows of these tokens, flush right; a row's tokens that lie in its beginning are left out of its own part."""
    beginnings = beginnings or [None] * len(rows)
    begun = [0 if b is None else b.length for b in beginnings]
    width = max(len(ids) - start for ids, start in zip(rows, begun, strict=True))
    starts = [width - len(ids) + start for ids, start in zip(rows, begun, strict=True)]
    blocks = [[marked(ids, start, len(ids))] for ids, start in zip(rows, begun, strict=True)]
    return KeyValues.of(blocks, width, torch.tensor(starts), beginnings)


def texts(kv: KeyValues) -> list[list[int]]:
    rows = range(len(kv.starts))
    return [[int(x) for x in kv.take(row, 0, kv.length(row))[0][0].flatten()] for row in rows]


def test_rows_joined_and_left_keep_their_own_keys():
    shared = Beginning(3, marked([7, 7, 8], 0, 3))
    a = batch([1, 2, 3], [4])
    a.join(batch([7, 7, 8, 5, 6], [5, 6, 7, 8, 9], [7, 7, 8, 1], beginnings=[shared, None, shared]))
    assert texts(a) == [[1, 2, 3], [4], [7, 7, 8, 5, 6], [5, 6, 7, 8, 9], [7, 7, 8, 1]]
    assert [(b is shared, rows.tolist()) for b, rows in a.groups] == [(True, [2, 4])]
    assert a.drop({0, 3}) == [4, 1, 2]
    assert texts(a) == [[7, 7, 8, 1], [4], [7, 7, 8, 5, 6]]
    assert a.width == 2, "columns that nobody fills are given up"
    assert [int(x) for x in a.take(0, 2, 4)[0][0].flatten()] == [8, 1], "across the end of the beginning"
    assert a.drop([1]) == [0, 2]
    assert a.groups[0][1] is None, "all rows have it"


def test_rows_lie_on_what_saves_most_and_later_ones_on_the_same():
    cache, shots = PrefixCache(10**9, shares=True), list(range(1000))
    ids = [[*shots, 2000 + row // 2, *range(3000 + row * 10, 3010 + row * 10)] for row in range(8)]
    for row in ids:
        put(cache, "a", row)
    put(cache, "b", ids[0])
    found = cache.beginnings([("a", row) for row in ids])
    assert found[0] is not None and found[0].length == 1000 and all(b is found[0] for b in found)
    assert cache.beginnings([("a", ids[3])])[0] is found[0], "a text that comes later"
    assert cache.beginnings([("b", ids[0])]) == [None], "alone under its variant"
    assert cache.beginnings([("a", shots[:100])] * 2) == [None, None], "the end of nothing that is kept whole"
    del found
    assert cache.beginnings([("a", ids[3])]) == [None], "alone"
    assert PrefixCache(10**9).beginnings([("a", ids[0])] * 2) == [None, None], "a model that cannot"


# With a model


@pytest.fixture(scope="module")
def without_cache(tiny_model):
    return load_engine(AppSettings(model=str(tiny_model), cache_gb=0))


class Reads:
    """Counts the tokens that go through the base model."""

    def __init__(self, engine: Any) -> None:
        self.tokens = 0
        self._hook = engine._adapters.base.get_input_embeddings().register_forward_pre_hook(self._count)

    def _count(self, _: Any, args: Any) -> None:
        self.tokens += args[0].numel()

    def __enter__(self) -> Reads:
        return self

    def __exit__(self, *_: object) -> None:
        self._hook.remove()


def chain(engine: Any, ask: Any, texts: list[str], **sampling: Any) -> list[list[str]]:
    """Draft, critique and revision twice, for several prompts at once."""
    requests = [ask(text, **sampling) for text in texts]
    said: list[list[str]] = [[] for _ in texts]
    for turn in ("", "What is wrong?", "Write it again.", "What is wrong now?", "Write it again."):
        if turn:
            requests = [
                replace(r, messages=(*r.messages, Message("assistant", s[-1]), Message("user", turn)))
                for r, s in zip(requests, said, strict=True)
            ]
        for mine, answer in zip(said, engine.generate(requests), strict=True):
            mine.append(answer.text)
    return said


@pytest.mark.parametrize("sampling", [{"max_new_tokens": 12}, {"temperature": 1.0, "seed": 5, "max_new_tokens": 12}])
def test_chains_say_the_same_with_the_cache_off(tiny_engine, without_cache, ask, sampling):
    texts = [FEW_SHOTS + question for question in QUESTIONS]
    once = chain(tiny_engine, ask, texts, **sampling)
    assert once == chain(without_cache, ask, texts, **sampling)
    assert once == chain(tiny_engine, ask, texts, **sampling), "all found in the cache this time"
    assert without_cache.status().cache_bytes == 0 and tiny_engine.status().cache_bytes > 0
    assert len({text for said in once for text in said}) > 10


def test_a_shared_beginning_is_read_once_and_a_later_call_finds_it(tiny_engine, ask):
    tiny_engine._cache.clear()
    requests = [ask(FEW_SHOTS + question, max_new_tokens=1) for question in QUESTIONS]
    lengths = [tiny_engine.count_tokens(r.messages) for r in requests]
    with Reads(tiny_engine) as reads:
        tiny_engine.generate(requests)
    assert reads.tokens < max(lengths) + 4 * 40 < sum(lengths) / 2
    with Reads(tiny_engine) as again:
        tiny_engine.generate(requests)
    assert again.tokens == 4, "one token each: the last, for its logits"


def test_the_next_turn_reads_only_what_is_new(tiny_engine, ask):
    first = ask(FEW_SHOTS + "What now?", max_new_tokens=12)
    answer = tiny_engine.generate([first])[0]
    second = replace(
        first, messages=(*first.messages, Message("assistant", answer.text), Message("user", "Why is that so?"))
    )
    with Reads(tiny_engine) as reads:
        told = tiny_engine.generate([second])[0]
    assert reads.tokens <= tiny_engine.count_tokens(second.messages) - answer.prompt_tokens + told.tokens


def test_one_variant_never_uses_what_another_has_read(tiny_engine, without_cache, two_adapters, ask):
    for info in two_adapters:
        without_cache.load_adapter(info)
    requests = [ask(FEW_SHOTS + q, variant) for q in QUESTIONS for variant in ("base", *(i.name for i in two_adapters))]
    fresh = [a.text for a in without_cache.generate(requests)]
    for _ in range(2):
        assert [a.text for a in tiny_engine.generate(requests)] == fresh
    assert len(set(fresh)) == len(fresh)
    for info in two_adapters:
        without_cache.unload_adapter(info.name)


def test_an_exchanged_adapter_is_read_anew_and_an_unloaded_one_leaves_nothing(
    tiny_engine, without_cache, tmp_path, make_adapter, ask
):
    tiny_engine._cache.clear()
    infos = [make_adapter(tiny_engine, tmp_path / name, seed) for seed, name in enumerate(("x", "y"))]
    request = ask(FEW_SHOTS, "x")
    for info in (infos[0], replace(infos[1], name="x")):
        told = []
        for engine in (tiny_engine, without_cache):
            engine.load_adapter(info)
            told.append([engine.generate([request])[0].text for _ in range(2)])
        assert told[0] == told[1]
    assert tiny_engine._cache.bytes > 0
    for engine in (tiny_engine, without_cache):
        engine.unload_adapter("x")
    assert tiny_engine._cache.bytes == 0


def test_scoring_reads_the_question_once_and_gives_the_same(tiny_engine, without_cache):
    question = (Message("user", FEW_SHOTS + "Answer with (A) or (B)."),)
    tiny_engine._cache.clear()
    with Reads(tiny_engine) as reads:
        scores = tiny_engine.score(question, ["(A)", "(B)"])
    assert reads.tokens < tiny_engine.count_tokens(question) + 30
    assert scores == pytest.approx(without_cache.score(question, ["(A)", "(B)"]), abs=1e-4)


def test_a_small_bound_is_kept_while_answering(tiny_model, ask):
    engine = load_engine(AppSettings(model=str(tiny_model), cache_gb=3e-4))
    texts = [f"{FEW_SHOTS} {question} {i}" for i in range(6) for question in QUESTIONS]
    for start in range(0, len(texts), 6):
        engine.generate([ask(text, max_new_tokens=4) for text in texts[start : start + 6]])
        status = engine.status()
        assert 0 < status.cache_bytes <= status.cache_limit_bytes == 300_000
