"""A row says what its own request asks for, whatever runs beside it."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest
import torch

from cai_ui.errors import NotFoundError, PromptTooLongError
from cai_ui.records import Message

PROMPTS = (
    "How do I bake bread?",
    "x",
    "How do I read my friend's diary without her noticing? Please tell me all the steps, one by one.",
    "Why?",
    "Is it wrong to take the last slice of the cake of my neighbour when nobody sees it at all?",
    "Mix flour and water.",
    "Ask her.",
    "The response helps with a wrong done to another person. Please rewrite it so that it does no harm.",
)
CONTROL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127), "�")


def texts(engine: Any, requests: list[Any]) -> list[str]:
    return [answer.text for answer in engine.generate(requests)]


def test_greedy_equals_transformers_generate(tiny_engine, plain_model, ask):
    for prompt in PROMPTS:
        ids = tiny_engine.chat.encode((Message("user", prompt),))
        with torch.no_grad():
            out = plain_model.generate(torch.tensor([ids]), max_new_tokens=24, do_sample=False)
        new = [i for i in out[0, len(ids) :].tolist() if i != 2]
        answer = tiny_engine.generate([ask(prompt)])[0]
        assert answer.text == tiny_engine.chat.decode(new).translate(CONTROL).strip()
        assert (answer.tokens, answer.prompt_tokens) == (len(new), len(ids))


def test_same_text_alone_and_in_a_batch_of_mixed_lengths(tiny_engine, ask):
    requests = [ask(p, max_new_tokens=8 + 5 * i) for i, p in enumerate(PROMPTS)]
    alone = [texts(tiny_engine, [r])[0] for r in requests]
    assert texts(tiny_engine, requests) == alone
    assert texts(tiny_engine, requests[::-1]) == alone[::-1]
    assert len(set(alone)) == len(alone)


def test_same_text_next_to_other_adapters(tiny_engine, two_adapters, ask):
    base = [ask(p) for p in PROMPTS[:4]]
    first, second = ([replace(r, adapter=info.name) for r in base] for info in two_adapters)
    alone = [texts(tiny_engine, [r])[0] for r in (*base, *first, *second)]
    mixed = [r for rows in zip(base, first, second, strict=True) for r in rows]
    together = texts(tiny_engine, mixed)
    assert together == [alone[i + 4 * variant] for i in range(4) for variant in range(3)]
    assert len(set(alone)) == 12, "the adapters change nothing, so the test would prove nothing"


def test_seeded_sampling_repeats_and_ignores_neighbours(tiny_engine, ask):
    requests = [ask(p, temperature=1.0, top_p=0.9, seed=7) for p in PROMPTS]
    alone = [texts(tiny_engine, [r])[0] for r in requests]
    torch.manual_seed(1)
    assert texts(tiny_engine, requests) == alone
    other = ask(PROMPTS[0], temperature=1.0, top_p=0.9, seed=8)
    assert texts(tiny_engine, [other])[0] != alone[0]


def test_sampling_draws_from_the_softmax_within_top_p():
    from cai_ui.config.answers import Sampling
    from cai_ui.engine.kernels.sampling import draw

    shares = torch.tensor([0.5, 0.3, 0.15, 0.05])
    noise = torch.Generator().manual_seed(0)
    for top_p, wanted in ((1.0, shares), (0.6, torch.tensor([0.625, 0.375, 0.0, 0.0]))):
        rows = [(Sampling(temperature=1.0, top_p=top_p), noise, ())] * 20_000
        drawn = torch.tensor(draw(shares.log().repeat(len(rows), 1), rows))
        counts = torch.bincount(drawn, minlength=4) / len(rows)
        assert torch.allclose(counts, wanted, atol=0.015)


@pytest.mark.parametrize(
    ("knobs", "wanted"),
    [
        ({"top_k": 2}, [0.625, 0.375, 0, 0]),
        ({"min_p": 0.2}, [0.526, 0.316, 0.158, 0]),
        ({"top_k": 3, "min_p": 0.5}, [0.625, 0.375, 0, 0]),
        ({"repetition_penalty": 2.0}, None),
    ],
)
def test_tokens_are_left_out_or_made_less_likely(knobs, wanted):
    from cai_ui.config.answers import Sampling
    from cai_ui.engine.kernels.sampling import draw

    logits, noise = torch.tensor([0.5, 0.3, 0.15, 0.05]).log() + 1.0, torch.Generator().manual_seed(0)
    rows = [(Sampling(temperature=1.0, **knobs), noise, (0, 0))] * 20_000  # the text holds token 0
    counts = torch.bincount(torch.tensor(draw(logits.repeat(len(rows), 1), rows)), minlength=4) / len(rows)
    if wanted is None:  # as transformers: the positive score of the known token divided
        wanted = torch.tensor([logits[0] / 2, *logits[1:]]).softmax(-1)
    assert torch.allclose(counts, torch.as_tensor(wanted), atol=0.015)


@pytest.mark.parametrize("columns", [1, 7, 64])
def test_prefill_in_pieces_gives_the_same_text(tiny_engine, ask, columns):
    requests = [ask(p) for p in PROMPTS]
    whole = texts(tiny_engine, requests)
    before = tiny_engine._scheduler.limits.read_tokens
    tiny_engine._scheduler.limits.read_tokens = columns * len(requests)
    try:
        assert texts(tiny_engine, requests) == whole
    finally:
        tiny_engine._scheduler.limits.read_tokens = before


def test_more_rows_than_one_batch_holds(tiny_engine, ask):
    requests = [ask(PROMPTS[i % 8], max_new_tokens=3) for i in range(150)]
    answers = tiny_engine.generate(requests)
    assert [a.text for a in answers[:8]] == [a.text for a in answers[64:72]] == [a.text for a in answers[136:144]]


def test_chunks_join_to_the_answer_without_half_characters(tiny_engine, ask):
    requests = [ask(p, temperature=1.0, seed=i, max_new_tokens=60) for i, p in enumerate(PROMPTS)]
    parts: dict[int, list[str]] = {}
    answers = {}
    for chunk in tiny_engine.stream(requests):
        assert chunk.index not in answers, "text after the last chunk"
        parts.setdefault(chunk.index, []).append(chunk.text)
        if chunk.answer is not None:
            answers[chunk.index] = chunk.answer
    assert {i: "".join(p) for i, p in parts.items()} == {i: a.text for i, a in answers.items()}
    assert set(answers) == set(range(8))


def test_a_character_split_over_tokens_is_held_back_until_it_is_whole(tiny_engine):
    from cai_ui.engine.decoding.text_stream import TextStream

    told = "  Smile 😀, für dich – 漢字!  "
    ids = tiny_engine.chat.tokenizer(told, add_special_tokens=False)["input_ids"]
    assert len(ids) > len(told), "the tokenizer does not split characters, so the test would prove nothing"
    stream = TextStream(tiny_engine.chat.decode)
    pieces = []
    for token in ids:
        stream.ids.append(token)
        pieces.append(stream.take())
    pieces.append(stream.take(final=True))
    assert "".join(pieces) == stream.text == told.strip()
    assert not any("\ufffd" in piece for piece in pieces)


def test_stop_ends_every_row_within_one_token(tiny_engine, ask):
    stop = threading.Event()
    steps = []

    def count(*_: Any) -> None:
        steps.append(1)
        if len(steps) == 5:
            stop.set()

    hook = tiny_engine._adapters.base.lm_head.register_forward_hook(count)
    try:
        answers = tiny_engine.generate([ask(p, max_new_tokens=400) for p in PROMPTS[:3]], stop)
    finally:
        hook.remove()
    assert [a.finish for a in answers] == ["stopped"] * 3
    assert len(steps) == 5 and all(a.tokens <= 5 for a in answers)


def test_stop_is_heard_while_waiting_in_line(tiny_engine, ask):
    stop = threading.Event()
    with tiny_engine.lease.hold("test"):
        threading.Timer(0.1, stop.set).start()
        began = time.monotonic()
        answers = tiny_engine.generate([ask("hello")], stop)
    assert time.monotonic() - began < 1
    assert (answers[0].finish, answers[0].text) == ("stopped", "")


def test_closing_the_iterator_ends_the_generation(tiny_engine, ask):
    stream = tiny_engine.stream([ask(PROMPTS[0], max_new_tokens=480, temperature=1.5)])
    next(stream)
    stream.close()
    assert tiny_engine._adapters.look_up("base").users == 0
    with tiny_engine.lease.hold("test"):
        assert all(row.finish is not None for row in tiny_engine._scheduler._inside)
    assert tiny_engine.generate([ask("hello")])[0].tokens > 0


def test_answers_of_several_threads_equal_the_quiet_ones(tiny_engine, ask):
    requests = [[ask(p, temperature=1.0, seed=i), ask(p)] for i, p in enumerate(PROMPTS[:4])]
    quiet = [texts(tiny_engine, r) for r in requests]
    got: dict[int, list[list[str]]] = {i: [] for i in range(4)}

    def run(i: int) -> None:
        got[i] = [texts(tiny_engine, requests[i]) for _ in range(3)]

    threads = [threading.Thread(target=run, args=(i,)) for i in got]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {i: [quiet[i]] * 3 for i in range(4)}


def test_an_overlong_prompt_is_refused_with_both_numbers_before_anything_runs(tiny_engine, ask):
    fitting = ask("a" * 8)
    long = ask("y " * 600)
    count = tiny_engine.count_tokens(long.messages)
    with pytest.raises(PromptTooLongError, match=f"{count:,} tokens.*511") as error:
        tiny_engine.stream([fitting, long])
    assert "Shorten" in str(error.value)


def test_a_prompt_of_all_but_one_token_of_the_context_is_answered_and_the_next_longer_is_not(tiny_engine, ask):
    lengths = {tiny_engine.count_tokens(ask("y " * n).messages): n for n in range(200, 600)}
    (answer,) = tiny_engine.generate([ask("y " * lengths[511])])
    assert (answer.prompt_tokens, answer.tokens) == (511, 1)
    for tokens in (512, 513):
        with pytest.raises(PromptTooLongError, match=f"{tokens} tokens.*511"):
            tiny_engine.generate([ask("y " * lengths[tokens])])


def test_megabytes_are_refused_at_once(tiny_engine, ask):
    began = time.monotonic()
    for times, said in ((1_500_000, "more than"), (5_000_000, "10,000,000 characters; at most 4,000,000")):
        with pytest.raises(PromptTooLongError, match=said):
            tiny_engine.generate([ask("y " * times)])
    assert time.monotonic() - began < 4


def test_an_answer_stops_at_the_end_of_the_context(tiny_engine, ask):
    requests = [ask("y " * 200, max_new_tokens=2048, temperature=1.0, seed=seed) for seed in range(8)]
    cut = [a for a in tiny_engine.generate(requests) if a.finish == "length"]
    assert cut and all(a.prompt_tokens + a.tokens == tiny_engine.context_length for a in cut)


def test_the_end_token_ends_a_row(tiny_engine, ask):
    requests = [ask(PROMPTS[0], temperature=2.0, seed=s, max_new_tokens=300) for s in range(20)]
    ended = [a for a in tiny_engine.generate(requests) if a.finish == "end"]
    assert ended and all(a.tokens < 300 and "</s>" not in a.text for a in ended)


def test_an_unknown_adapter_is_refused_by_name(tiny_engine, ask):
    with pytest.raises(NotFoundError, match="nowhere"):
        tiny_engine.stream([ask("hello", adapter="nowhere")])


def test_provenance_says_what_really_answered(tiny_engine, two_adapters, ask):
    answers = tiny_engine.generate([ask("hello", seed=3), ask("hello", adapter=two_adapters[1].name, seed=4)])
    base, tuned = (a.provenance for a in answers)
    assert (base.adapter, base.adapter_hash, base.seed) == (None, None, 3)
    assert (tuned.adapter, tuned.adapter_hash, tuned.seed) == ("run-2", two_adapters[1].hash, 4)
    assert base.base_hash == tuned.base_hash == tiny_engine.base_hash
    assert tuned.sampling["max_new_tokens"] == 24
